#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/latency_histogram.h"
#include "bench/load/options.h"
#include "bench/load/verify.h"

namespace telltale {

// What a run came to.
struct LoadReport {
  LoadOptions options;
  std::string signal_roles;  // of a row
  std::uint64_t sent_frames = 0;
  std::uint64_t accepted_frames = 0;
  std::uint64_t wrong_clock_frames = 0;           // of those sent: to be refused
  std::uint64_t refusals = 0;                     // of other frames, and of samples
  std::uint64_t lost_frames = 0;                  // sent, and not answered when the stream ended
  std::uint64_t reconnects = 0;                   // of streams that broke
  std::chrono::duration<double> recovery_max{0};  // from such a break until a batch was answered again
  std::chrono::duration<double> wall{0};          // from the first frame to the last answer
  LatencyHistogram latencies;                     // from sending a batch to its answer
  std::chrono::duration<double> client_cpu{0};
  std::optional<std::chrono::duration<double>> server_cpu;
  std::optional<VerifyResult> verified;
  bool caught_up = false;
  std::vector<std::string> problems;  // ended streams, examples of refusals

  std::uint64_t accepted_samples() const { return accepted_frames * options.signal_count; }
  double frames_per_second() const { return static_cast<double>(accepted_frames) / wall.count(); }
  double samples_per_second() const { return static_cast<double>(accepted_samples()) / wall.count(); }

  // Something was sent, and all of it was taken, is there, and is right.
  bool good() const;
};

std::string ToText(const LoadReport& report);  // for people
std::string ToJson(const LoadReport& report);  // for programs: the same, field by field

// "76.6 M", "182 k", "12".
std::string Short(double number);

}  // namespace telltale
