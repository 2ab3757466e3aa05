#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "telltale/v1/ingest.grpc.pb.h"

#include "base/mutex.h"
#include "base/status.h"
#include "bench/load/fleet.h"
#include "bench/load/latency_histogram.h"
#include "bench/load/options.h"
#include "bench/load/send_order.h"
#include "bench/load/truck_model.h"

namespace telltale {

// What a stream has done so far; read by the progress line while it runs.
struct StreamCounts {
  std::atomic<std::uint64_t> sent_frames{0};         // each time that it is due, not when it is sent again
  std::atomic<std::uint64_t> wrong_clock_frames{0};  // of these
  std::atomic<std::uint64_t> answered_frames{0};     // of the batches that were answered
  std::atomic<std::uint64_t> accepted_frames{0};     // as the answers say
  std::atomic<std::uint64_t> refusals{0};            // frames and samples, but for wrong clocks
  std::atomic<std::uint64_t> sent_batches{0};
  std::atomic<std::uint64_t> answered_batches{0};
  std::atomic<std::uint64_t> reconnects{0};
};

// Frames of a share of the vehicles on an IngestService/Stream: a thread that writes and one that reads the answers. If
// the stream breaks, another one goes on with what was not answered. The caller starts it, and joins before reading
// anything but the counts. What it refers to outlives it.
class LoadStream {
 public:
  static constexpr std::size_t kMaxRefusalExamples = 5;
  // Of the VINs in one message: 100 kB.
  static constexpr std::size_t kVinsPerMessage = 5000;

  struct Plan {
    StreamShare share;
    double batches_per_second = 0.0;  // 0: as fast as the server answers
    double phase = 0.0;               // of a batch's time that it is sent later, so that not all streams send at once
    std::size_t sample_size = 0;      // acknowledged frames to remember, each as likely as any other
    std::uint64_t seed = 0;
  };

  LoadStream(const LoadOptions& options, std::shared_ptr<grpc::Channel> channel, const TruckModel& model,
             const Fleet& fleet, const Timeline& timeline, Plan plan, const std::atomic<bool>& stop);
  ~LoadStream();
  LoadStream(const LoadStream&) = delete;
  LoadStream& operator=(const LoadStream&) = delete;

  // Says Hello and names the vehicles. Errors: those of the stream; NOT_FOUND a vehicle is not registered.
  Status Open();

  void Start(std::chrono::steady_clock::time_point end_time);
  void Join();  // until the server has answered everything, or the stream broke for good
  void Cancel();
  // The stream breaks, as in a tunnel, and comes back.
  void Drop();
  bool ended() const { return ended_; }

  const StreamShare& share() const { return plan_.share; }
  const StreamCounts& counts() const { return counts_; }
  const LatencyHistogram& latencies() const { return latencies_; }
  const Status& status() const { return status_; }  // of the stream's end
  const std::vector<std::string>& refusal_examples() const { return refusal_examples_; }
  const std::vector<FrameKey>& sample() const { return sample_; }
  std::chrono::steady_clock::time_point last_answer_time() const { return last_answer_time_; }
  // The longest that it took from a break until a batch was answered again.
  std::chrono::duration<double> recovery_max() const { return recovery_max_; }
  bool caught_up() const { return caught_up_; }  // ended early, as the vehicles' clocks had reached ours

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // One call.
  struct Call {
    std::unique_ptr<v1::IngestService::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream;
    std::uint64_t sequence = 0;  // of the last batch that was sent on it
  };
  // A batch that was sent and is not answered.
  struct InFlight {
    std::uint64_t sequence = 0;
    std::vector<SentFrame> frames;
    SteadyTime sent;
  };

  Status NameVehicles(Call& call);
  bool Reconnect();
  void Run();
  // Sends until everything is answered or the call breaks.
  void SendOn(Call& call);
  bool Send(Call& call, InFlight& batch);
  // Waits for room for a further batch; false: there is none, as the stream is to end or broke.
  bool WaitForRoom();
  std::vector<SentFrame> NextBatch();
  void Pace();
  void Read(Call& call);
  void NoteAnswer(Call& call, const v1::BatchAck& ack);
  void Remember(const std::vector<SentFrame>& frames);

  const LoadOptions& options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const TruckModel& model_;
  const Fleet& fleet_;
  const Timeline& timeline_;
  const Plan plan_;
  const std::atomic<bool>& stop_;

  SendOrder order_;
  v1::StreamRequest request_;  // reused: its rows stay where they are
  std::uint64_t batch_ = 0;    // of those that were due
  bool finishing_ = false;     // nothing new is sent
  SteadyTime start_time_;
  SteadyTime end_time_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> ended_{false};
  bool caught_up_ = false;

  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<Call> call_ ABSL_GUARDED_BY(mutex_);
  std::deque<InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyTime broken_since_ ABSL_GUARDED_BY(mutex_);
  bool recovering_ ABSL_GUARDED_BY(mutex_) = false;

  StreamCounts counts_;
  std::thread thread_;
  // The reader's own, while there is one.
  LatencyHistogram latencies_;
  std::vector<std::string> refusal_examples_;
  std::vector<FrameKey> sample_;
  std::uint64_t sampled_of_ = 0;
  std::mt19937_64 random_;
  SteadyTime last_answer_time_;
  std::chrono::duration<double> recovery_max_{0};
  Status status_;
};

}  // namespace telltale
