#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "telltale/v1/ingest.grpc.pb.h"

#include "base/status.h"
#include "bench/load/fleet.h"
#include "bench/load/latency_histogram.h"
#include "bench/load/options.h"
#include "bench/load/truck_model.h"

namespace telltale {

// What a stream has done so far; read by the progress line while it runs.
struct StreamCounts {
  std::atomic<std::uint64_t> sent_frames{0};
  std::atomic<std::uint64_t> answered_frames{0};  // of the batches that were answered
  std::atomic<std::uint64_t> accepted_frames{0};  // as the answers say
  std::atomic<std::uint64_t> refusals{0};         // frames and samples
  std::atomic<std::uint64_t> sent_batches{0};
  std::atomic<std::uint64_t> answered_batches{0};
};

// One IngestService/Stream with a connection of its own, a thread that writes and one that reads the answers. The
// caller starts it, and joins before reading anything but the counts. What it refers to outlives it.
class LoadStream {
 public:
  static constexpr std::size_t kMaxRefusalExamples = 5;
  // Of the VINs in one message: 100 kB.
  static constexpr std::size_t kVinsPerMessage = 5000;

  struct Plan {
    StreamShare share;
    double batches_per_second = 0.0;  // 0: as fast as the server answers
  };

  LoadStream(const LoadOptions& options, const TruckModel& model, const Fleet& fleet, const Timeline& timeline,
             Plan plan, const std::atomic<bool>& stop);
  ~LoadStream();
  LoadStream(const LoadStream&) = delete;
  LoadStream& operator=(const LoadStream&) = delete;

  // Says Hello and names the vehicles. Errors: those of the stream; NOT_FOUND a vehicle is not registered.
  Status Open();

  void Start(std::chrono::steady_clock::time_point end_time);
  void Join();  // until the server has answered everything or the stream broke
  void Cancel() { context_.TryCancel(); }
  bool ended() const { return ended_; }

  const StreamShare& share() const { return plan_.share; }
  const StreamCounts& counts() const { return counts_; }
  const LatencyHistogram& latencies() const { return latencies_; }
  const Status& status() const { return status_; }  // of the stream's end
  const std::vector<std::string>& refusal_examples() const { return refusal_examples_; }
  std::chrono::steady_clock::time_point last_answer_time() const { return last_answer_time_; }
  bool caught_up() const { return caught_up_; }  // ended early, as the vehicles' clocks had reached ours

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Status NameVehicles();
  void Write();
  void Read();
  void Pace(std::uint64_t batch) const;
  bool FillBatch(v1::FrameBatch& batch, std::uint64_t first_frame) const;
  void NoteAnswer(const v1::BatchAck& ack);

  const LoadOptions& options_;
  const TruckModel& model_;
  const Fleet& fleet_;
  const Timeline& timeline_;
  const Plan plan_;
  const std::atomic<bool>& stop_;

  std::unique_ptr<v1::IngestService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;

  std::uint64_t sequence_ = 0;  // of the last batch that was sent
  SteadyTime start_time_;
  SteadyTime end_time_;
  std::counting_semaphore<> free_batches_;
  std::vector<std::atomic<std::int64_t>> send_times_ns_;  // by sequence, as many as may be in flight
  StreamCounts counts_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> ended_{false};
  bool caught_up_ = false;

  std::thread writer_;
  std::thread reader_;
  LatencyHistogram latencies_;
  std::vector<std::string> refusal_examples_;
  SteadyTime last_answer_time_;
  std::uint64_t answered_sequence_ = 0;
  Status status_;
};

}  // namespace telltale
