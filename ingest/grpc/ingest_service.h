#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "telltale/v1/ingest.grpc.pb.h"

#include "base/mutex.h"
#include "base/status.h"
#include "ingest/checked_layouts.h"
#include "ingest/pipeline.h"
#include "ingest/sender_limits.h"
#include "storage/vehicle_registry.h"

namespace telltale {

struct IngestServiceOptions {
  // Batches of one stream that are read but not yet answered. Two keep the disk busy; more hide a slow network.
  std::size_t batches_in_flight = 8;
  std::size_t vehicles_per_stream_max = 200'000;
  std::size_t streams_max = 20'000;
  // Packed frames of a batch: few bytes may be very many.
  std::size_t packed_frames_per_batch_max = 4'096;
  // Memory for the last rows of vehicles that send packed frames, of all streams; further ones have none kept.
  std::size_t last_rows_bytes_max = std::size_t{256} << 20;
  SenderLimitOptions sender_limit;
};

// Errors: INVALID_ARGUMENT.
Status Validate(const IngestServiceOptions& options);

// A stream that can be asked to end.
class DrainableStream {
 public:
  virtual ~DrainableStream() = default;

  // Reads no more; answers what was read, then ends with UNAVAILABLE.
  virtual void Drain() = 0;
};

// The open streams, for a graceful stop. Thread-safe.
class OpenStreams {
 public:
  // False: the server is stopping, or there are too many.
  bool Add(DrainableStream* stream, std::size_t streams_max);
  void Remove(DrainableStream* stream);

  // Asks every stream to end; later ones are not taken.
  void DrainAll();
  bool draining() const;
  std::size_t size() const;

 private:
  mutable Mutex mutex_;
  std::unordered_set<DrainableStream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

// The memory that the last rows of all streams may take. Thread-safe.
class LastRowsBudget {
 public:
  explicit LastRowsBudget(std::size_t bytes_max) : bytes_left_(bytes_max) {}

  // False: it is used up.
  bool Take(std::size_t bytes) {
    std::size_t left = bytes_left_;
    while (left >= bytes && !bytes_left_.compare_exchange_weak(left, left - bytes)) {
    }
    return left >= bytes;
  }
  void GiveBack(std::size_t bytes) { bytes_left_ += bytes; }

 private:
  std::atomic<std::size_t> bytes_left_;
};

// Finds a vehicle, by VIN in upper case, that a call may send frames of; id 0: there is none.
using VehicleFinder = std::function<VehicleRegistry::Entry(std::string_view vin)>;
// That of a call, which has requests of this type.
using VehicleFinderOf =
    std::function<VehicleFinder(const grpc::CallbackServerContext&, const google::protobuf::Message& request)>;

// telltale.v1.IngestService on gRPC's callback API. Thread-safe.
class IngestServiceImpl final : public v1::IngestService::CallbackService {
 public:
  // What refers to something outlives the service.
  IngestServiceImpl(Pipeline& pipeline, VehicleFinderOf finder_of, IngestServiceOptions options);

  grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>* Stream(grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* Import(grpc::CallbackServerContext* context) override;

  // Lets every stream answer what it has read, then end. Does not wait.
  void Drain() { streams_.DrainAll(); }
  std::size_t stream_count() const { return streams_.size(); }

 private:
  Pipeline& pipeline_;
  const VehicleFinderOf finder_of_;
  const IngestServiceOptions options_;
  OpenStreams streams_;
  CheckedLayouts layouts_;
  SenderLimits sender_limits_{options_.sender_limit};
  LastRowsBudget last_rows_{options_.last_rows_bytes_max};
};

}  // namespace telltale
