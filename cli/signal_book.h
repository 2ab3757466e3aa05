#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <grpcpp/support/status.h>

#include "telltale/v1/catalog.pb.h"
#include "telltale/v1/common.pb.h"

#include "cli/client.h"

namespace telltale::cli {

// The server's catalogue: what the ids in its answers mean. Not thread-safe.
class SignalBook {
 public:
  // Reads the whole catalogue, some hundred signals.
  grpc::Status Load(const Client& client);

  // A signal that is not in the catalogue is called "signal 4711", without a unit.
  std::string NameOf(std::uint32_t signal_id) const;
  std::string UnitOf(std::uint32_t signal_id) const;
  std::string GroupOf(std::uint32_t signal_id) const;

  // Where the signal's group stands among the groups: they are in the order of their first ids.
  std::uint32_t GroupOrderOf(std::uint32_t signal_id) const;

  // As many decimals as the signal's grid has steps for; the state's name if the value is not valid.
  std::string ValueText(std::uint32_t signal_id, v1::ValueState state, double physical) const;

 private:
  std::map<std::uint32_t, v1::Signal> signals_;
  std::map<std::string, std::uint32_t> first_id_of_group_;
};

}  // namespace telltale::cli
