#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_field.h>
#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include "telltale/v1/common.pb.h"

#include "base/status.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "storage/vehicle_registry.h"

// What the services share: requests as our own types, results as messages.
namespace telltale {

// A Status together with the field of the request that caused it, on its way to being a grpc::Status.
class RequestError {
 public:
  RequestError() = default;
  RequestError(Status status, std::string reason, std::string field = "")
      : status_(std::move(status)), reason_(std::move(reason)), field_(std::move(field)) {}
  bool ok() const { return status_.ok(); }
  grpc::Status ToGrpc() const;

 private:
  Status status_;
  std::string reason_;
  std::string field_;
};

// Each of these fills `out`; if it cannot, the error names the field.
RequestError ReadRange(const v1::TimeRange& range, TimeRange* out);
RequestError ReadPageSize(std::int32_t page_size, std::size_t default_size, std::size_t max_size, std::size_t* out);

// The ids of the named signals and the given ids together, in order, each once.
RequestError ReadSignals(const Catalog& catalog, const google::protobuf::RepeatedField<std::uint32_t>& ids,
                         const google::protobuf::RepeatedPtrField<std::string>& names, std::vector<SignalId>* out);

void SetTime(std::int64_t time_ms, google::protobuf::Timestamp* out);
void SetValue(const Signal& signal, RawValue raw, std::int64_t measure_time_ms, v1::Value* out);

}  // namespace telltale

// Returns the grpc::Status of a RequestError from an rpc.
#define RETURN_IF_REQUEST_ERROR(expression)                                   \
  do {                                                                        \
    if (const ::telltale::RequestError error_ = (expression); !error_.ok()) { \
      return error_.ToGrpc();                                                 \
    }                                                                         \
  } while (false)
