#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "base/status.h"
#include "bench/load/options.h"
#include "bench/load/truck_model.h"

namespace telltale {

// The status of a finished call; `what` was tried.
Status FromGrpc(const grpc::Status& status, const std::string& what);

// A connection of its own, shared with no other channel, once it is up. Errors: UNAVAILABLE after 10 s.
StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& server);

// Every signal that the server knows. Errors: those of the call.
StatusOr<std::vector<ModelSignal>> ReadCatalogue(const std::shared_ptr<grpc::Channel>& channel);

struct Fleet {
  std::vector<std::string> vins;  // by the vehicle's number in the model
  // The newest frame that the server has of any of them; none: it has none.
  std::optional<std::int64_t> newest_time_ms;
};

// Registers the vehicles, many at a time. Stops early, with CANCELLED, when `stop` turns true.
StatusOr<Fleet> RegisterFleet(const std::shared_ptr<grpc::Channel>& channel, const LoadOptions& options,
                              const std::atomic<bool>& stop);

// Which of the vehicles' instants a run has. Steps count from 2025-01-01, so that a later run goes on where an earlier
// one ended, counters too.
class Timeline {
 public:
  static constexpr std::int64_t kEpochMs = 1'735'689'600'000;  // 2025-01-01T00:00:00Z

  Timeline(std::int64_t start_time_ms, std::chrono::milliseconds cadence);

  std::uint64_t first_step() const { return first_step_; }
  std::int64_t TimeOf(std::uint64_t step) const { return kEpochMs + static_cast<std::int64_t>(step) * cadence_ms_; }

 private:
  std::int64_t cadence_ms_;
  std::uint64_t first_step_;
};

// One vehicle's frame at one step.
struct FrameKey {
  std::uint32_t vehicle = 0;
  std::uint64_t step = 0;
};

// The vehicles of one stream and the order of its frames: every vehicle's first step, then every vehicle's second, ...
struct StreamShare {
  std::uint32_t first_vehicle = 0;
  std::uint32_t vehicle_count = 0;

  FrameKey At(std::uint64_t frame, std::uint64_t first_step) const {
    return {.vehicle = first_vehicle + static_cast<std::uint32_t>(frame % vehicle_count),
            .step = first_step + frame / vehicle_count};
  }
};

// Share `index` of `stream_count` nearly equal ones.
StreamShare ShareOf(std::uint32_t vehicle_count, std::uint32_t stream_count, std::uint32_t index);

}  // namespace telltale
