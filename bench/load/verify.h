#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "telltale/v1/telemetry.pb.h"

#include "base/status.h"
#include "bench/load/fleet.h"
#include "bench/load/options.h"
#include "bench/load/truck_model.h"

namespace telltale {

struct VerifyResult {
  static constexpr std::size_t kMaxExamples = 5;

  std::uint64_t frame_count = 0;     // read back
  std::uint64_t missing_frames = 0;  // not there at all
  std::uint64_t wrong_frames = 0;    // there, with at least one value that was not sent
  std::vector<std::string> examples;
};

// Signals of the layout with the scaling that turns history's physical values back into raw ones.
struct VerifySignal {
  SignalId id = 0;
  double scale = 1.0;
  double offset = 0.0;
};

// What of `row`, which has a cell for each of `signals`, is not as sent; empty: nothing.
std::string Difference(std::span<const VerifySignal> signals, std::span<const RawValue> sent,
                       const v1::HistoryRow& row);

// Reads the frames back through TelemetryService/GetHistory. Errors: those of the calls.
StatusOr<VerifyResult> Verify(const std::shared_ptr<grpc::Channel>& channel, std::span<const ModelSignal> catalogue,
                              const TruckModel& model, const Fleet& fleet, const Timeline& timeline,
                              std::span<const FrameKey> frames);

}  // namespace telltale
