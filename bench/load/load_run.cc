#include "bench/load/load_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/time.h"
#include "bench/load/fleet.h"
#include "bench/load/load_stream.h"
#include "bench/load/process_cpu.h"
#include "bench/load/truck_model.h"

namespace telltale {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Streams = std::vector<std::unique_ptr<LoadStream>>;

// What a run without --start has before it, on a server that has no frames of these vehicles.
constexpr std::int64_t kDefaultPastMs = 30 * kMsPerDay;
// For the answers to the last batches; then the streams are cancelled and what is unanswered is lost.
constexpr std::chrono::seconds kAnswerTimeout{60};
constexpr std::size_t kProblemsMax = 10;  // shown

struct Totals {
  std::uint64_t sent_frames = 0;
  std::uint64_t answered_frames = 0;
  std::uint64_t accepted_frames = 0;
  std::uint64_t wrong_clock_frames = 0;
  std::uint64_t refusals = 0;
  std::uint64_t unanswered_batches = 0;
  std::uint64_t reconnects = 0;
};

Totals Sum(const Streams& streams) {
  Totals totals;
  for (const auto& stream : streams) {
    const StreamCounts& counts = stream->counts();
    const std::uint64_t answered_batches = counts.answered_batches;  // before sent_batches, which only grows
    totals.unanswered_batches += counts.sent_batches - answered_batches;
    totals.answered_frames += counts.answered_frames;
    totals.accepted_frames += counts.accepted_frames;
    totals.refusals += counts.refusals;
    totals.sent_frames += counts.sent_frames;
    totals.wrong_clock_frames += counts.wrong_clock_frames;
    totals.reconnects += counts.reconnects;
  }
  return totals;
}

// One line on a terminal, written over again.
class ProgressLine {
 public:
  ProgressLine() = default;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  void Show(const Totals& totals, std::size_t signal_count) {
    if (isatty(STDERR_FILENO) == 0) return;
    const auto now = SteadyClock::now();
    const std::chrono::duration<double> passed = now - last_time_;
    const double frames_per_second = static_cast<double>(totals.accepted_frames - last_frames_) / passed.count();
    const std::chrono::duration<double> total = now - start_time_;
    fmt::print(stderr, "\r\033[K{:5.1f} s  {} frames/s  {} samples/s  {} batches unanswered  {} refused", total.count(),
               Short(frames_per_second), Short(frames_per_second * static_cast<double>(signal_count)),
               totals.unanswered_batches, totals.refusals);
    std::fflush(stderr);
    shown_ = true;
    last_time_ = now;
    last_frames_ = totals.accepted_frames;
  }

 private:
  const SteadyClock::time_point start_time_ = SteadyClock::now();
  SteadyClock::time_point last_time_ = start_time_;
  std::uint64_t last_frames_ = 0;
  bool shown_ = false;
};

StatusOr<Streams> OpenStreams(const LoadOptions& options, const TruckModel& model, const Fleet& fleet,
                              const Timeline& timeline, const std::atomic<bool>& stop) {
  Streams streams;
  std::vector<std::shared_ptr<grpc::Channel>> channels(options.connection_count == 0 ? options.stream_count
                                                                                     : options.connection_count);
  for (auto& channel : channels) {
    ASSIGN_OR_RETURN(channel, Connect(options.server));
  }
  const double batches_per_second = options.rate / options.frames_per_batch / options.stream_count;
  for (std::uint32_t i = 0; i < options.stream_count; ++i) {
    const LoadStream::Plan plan{.share = ShareOf(options.vehicle_count, options.stream_count, i),
                                .batches_per_second = batches_per_second,
                                .phase = static_cast<double>(i) / options.stream_count,
                                .sample_size = (options.verify_count + options.stream_count - 1) / options.stream_count,
                                .seed = options.seed + i};
    streams.push_back(
        std::make_unique<LoadStream>(options, channels[i % channels.size()], model, fleet, timeline, plan, stop));
    RETURN_IF_ERROR(streams.back()->Open());
  }
  return streams;
}

void WaitForEnd(const Streams& streams, const LoadOptions& options) {
  const auto end = SteadyClock::now() + options.duration;
  const auto give_up = end + kAnswerTimeout;
  auto storm = SteadyClock::now() + options.storm_period;
  ProgressLine progress;
  const auto all_ended = [&streams] {
    return std::all_of(streams.begin(), streams.end(), [](const auto& stream) { return stream->ended(); });
  };
  for (int tick = 1; !all_ended() && SteadyClock::now() < give_up; ++tick) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (tick % 10 == 0) progress.Show(Sum(streams), options.signal_count);
    if (options.storm_period.count() == 0 || SteadyClock::now() < storm || SteadyClock::now() >= end) continue;
    storm += options.storm_period;
    for (const auto& stream : streams) stream->Drop();
  }
  for (const auto& stream : streams) {
    if (!stream->ended()) stream->Cancel();
    stream->Join();
  }
}

// Answered frames of all streams, each as likely as any other.
std::vector<FrameKey> ChooseFrames(const Streams& streams, const LoadOptions& options) {
  std::vector<FrameKey> frames;
  for (const auto& stream : streams) frames.insert(frames.end(), stream->sample().begin(), stream->sample().end());
  std::shuffle(frames.begin(), frames.end(), std::mt19937_64(options.seed));
  frames.resize(std::min<std::size_t>(frames.size(), options.verify_count));
  return frames;
}

void AddStreams(const Streams& streams, LoadReport& report) {
  const Totals totals = Sum(streams);
  report.sent_frames = totals.sent_frames;
  report.accepted_frames = totals.accepted_frames;
  report.refusals = totals.refusals;
  report.wrong_clock_frames = totals.wrong_clock_frames;
  report.reconnects = totals.reconnects;
  report.lost_frames = totals.sent_frames - totals.answered_frames;
  for (const auto& stream : streams) {
    report.latencies.Add(stream->latencies());
    report.caught_up = report.caught_up || stream->caught_up();
    report.recovery_max = std::max(report.recovery_max, stream->recovery_max());
    if (!stream->status().ok() && report.problems.size() < kProblemsMax) {
      report.problems.push_back(stream->status().ToString());
    }
    for (const std::string& example : stream->refusal_examples()) {
      if (report.problems.size() < LoadStream::kMaxRefusalExamples) report.problems.push_back(example);
    }
  }
}

std::int64_t StartTimeMs(const LoadOptions& options, const Fleet& fleet) {
  if (options.start_time_ms) return *options.start_time_ms;
  if (fleet.newest_time_ms) return *fleet.newest_time_ms + 1;
  return std::max(Timeline::kEpochMs, SystemClock().NowMs() - kDefaultPastMs);
}

}  // namespace

Status Validate(const LoadOptions& options) {
  const auto at_least_one = [](std::string_view name, std::int64_t value) {
    return value >= 1 ? OkStatus() : absl::InvalidArgumentError(fmt::format("--{} must be at least 1", name));
  };
  RETURN_IF_ERROR(at_least_one("vehicles", options.vehicle_count));
  RETURN_IF_ERROR(at_least_one("streams", options.stream_count));
  RETURN_IF_ERROR(at_least_one("frames-per-batch", options.frames_per_batch));
  RETURN_IF_ERROR(at_least_one("in-flight", options.batches_in_flight));
  RETURN_IF_ERROR(at_least_one("duration", options.duration.count()));
  if (options.stream_count > options.vehicle_count) {
    return absl::InvalidArgumentError("--streams must not be more than --vehicles: each vehicle has one stream");
  }
  const auto share = [](std::string_view name, double value) {
    return value >= 0.0 && value <= 1.0 ? OkStatus()
                                        : absl::InvalidArgumentError(fmt::format("--{} must be a share, 0 to 1", name));
  };
  RETURN_IF_ERROR(share("late-share", options.disturbances.late_share));
  RETURN_IF_ERROR(share("reorder-share", options.disturbances.reorder_share));
  RETURN_IF_ERROR(share("duplicate-share", options.disturbances.duplicate_share));
  RETURN_IF_ERROR(share("clock-fault-share", options.disturbances.clock_fault_share));
  RETURN_IF_ERROR(share("late-share and --reorder-share together",
                        options.disturbances.late_share + options.disturbances.reorder_share));
  if (options.storm_period.count() < 0 || options.reconnect_timeout.count() < 0) {
    return absl::InvalidArgumentError("--storm-every and --reconnect-timeout must not be negative");
  }
  if (options.storm_period.count() > 0 && options.reconnect_timeout.count() == 0) {
    return absl::InvalidArgumentError("--storm-every needs a --reconnect-timeout: no stream would come back");
  }
  if (!std::isfinite(options.rate) || options.rate < 0.0) {
    return absl::InvalidArgumentError("--rate must be 0 or a positive number of frames a second");
  }
  if (options.start_time_ms && *options.start_time_ms < Timeline::kEpochMs) {
    return absl::InvalidArgumentError("--start must not be before " + FormatTime(Timeline::kEpochMs));
  }
  return OkStatus();
}

StatusOr<LoadReport> RunLoad(const LoadOptions& options, const std::atomic<bool>& stop) {
  RETURN_IF_ERROR(Validate(options));
  ASSIGN_OR_RETURN(const auto channel, Connect(options.server));
  ASSIGN_OR_RETURN(const std::vector<ModelSignal> catalogue, ReadCatalogue(channel));
  ASSIGN_OR_RETURN(const TruckModel model, TruckModel::Create(catalogue, {.signal_count = options.signal_count,
                                                                          .seed = options.seed,
                                                                          .parked_share = options.parked_share,
                                                                          .shifts = options.shifts,
                                                                          .cadence_ms = options.cadence.count()}));
  ASSIGN_OR_RETURN(const Fleet fleet, RegisterFleet(channel, options, stop));
  const Timeline timeline(StartTimeMs(options, fleet), options.cadence);
  ASSIGN_OR_RETURN(const Streams streams, OpenStreams(options, model, fleet, timeline, stop));

  LoadReport report{.options = options, .signal_roles = DescribeRoles(model.roles())};
  const auto server_cpu = [&options]() -> StatusOr<std::chrono::milliseconds> {
    return options.server_process_id ? CpuTimeOf(*options.server_process_id) : std::chrono::milliseconds{0};
  };
  ASSIGN_OR_RETURN(const auto server_cpu_before, server_cpu());
  const auto client_cpu_before = OwnCpuTime();
  const auto start_time = SteadyClock::now();
  for (const auto& stream : streams) stream->Start(start_time + options.duration);
  WaitForEnd(streams, options);

  auto end_time = start_time;
  for (const auto& stream : streams) end_time = std::max(end_time, stream->last_answer_time());
  report.wall = end_time - start_time;
  report.client_cpu = OwnCpuTime() - client_cpu_before;
  if (options.server_process_id) {
    const auto server_cpu_after = server_cpu();
    if (server_cpu_after.ok()) {
      report.server_cpu = *server_cpu_after - server_cpu_before;
    } else {
      report.problems.push_back(server_cpu_after.status().ToString());
    }
  }
  AddStreams(streams, report);
  if (options.verify_count > 0) {
    const std::vector<FrameKey> frames = ChooseFrames(streams, options);
    ASSIGN_OR_RETURN(report.verified, Verify(channel, catalogue, model, fleet, timeline, frames));
  }
  return report;
}

}  // namespace telltale
