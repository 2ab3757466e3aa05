#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/ingest.grpc.pb.h"
#include "telltale/v1/telemetry.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "base/mutex.h"
#include "bench/load/truck_model.h"

namespace telltale {

// A server of the services that telltale-load calls, which keeps everything in memory and misbehaves as told: against
// it the load generator itself is tested. Thread-safe.
class MemoryServer {
 public:
  struct Faults {
    std::uint64_t refuse_from_frame = ~0ULL;       // frames from this one on are refused
    std::uint64_t forget_from_frame = ~0ULL;       // acknowledged, not kept
    std::uint64_t change_from_frame = ~0ULL;       // kept with another value
    std::optional<std::uint64_t> end_after_batch;  // the stream ends with UNAVAILABLE behind this sequence number
    std::optional<std::uint32_t> unregistered_from_vehicle;  // registrations from this one on fail
  };

  explicit MemoryServer(Faults faults);
  ~MemoryServer();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::size_t vehicle_count() const;
  std::size_t frame_count() const;
  // The greatest number of frames of one vehicle.
  std::size_t frames_per_vehicle_max() const;

 private:
  class Catalogue;
  class Vehicles;
  class Ingest;
  class Telemetry;
  using Frames = std::map<std::int64_t, std::vector<RawValue>>;  // of a vehicle, by time

  void Take(const v1::FrameBatch& batch, const std::vector<std::string>& vins, v1::BatchAck& ack);

  const Faults faults_;
  const std::vector<ModelSignal> signals_;
  int port_ = 0;

  mutable Mutex mutex_;
  std::map<std::string, Frames> frames_ ABSL_GUARDED_BY(mutex_);  // of every registered vehicle
  std::vector<std::uint32_t> layout_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t frame_count_ ABSL_GUARDED_BY(mutex_) = 0;

  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace telltale
