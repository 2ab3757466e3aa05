#include "bench/load/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace telltale {
namespace {

double Ms(std::chrono::microseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

double PerServerCpuSecond(const LoadReport& report) {
  const double cpu_s = report.server_cpu ? report.server_cpu->count() : 0.0;
  return cpu_s > 0.0 ? static_cast<double>(report.accepted_samples()) / cpu_s : 0.0;
}

}  // namespace

bool LoadReport::good() const {
  return accepted_frames > 0 && refusals == 0 && lost_frames == 0 && problems.empty() &&
         accepted_frames + wrong_clock_frames == sent_frames &&
         (!verified || (verified->missing_frames == 0 && verified->wrong_frames == 0));
}

std::string Short(double number) {
  if (number >= 999.5e6) return fmt::format("{:.2f} G", number / 1e9);
  if (number >= 999.5e3) return fmt::format("{:.1f} M", number / 1e6);
  if (number >= 9999.5) return fmt::format("{:.0f} k", number / 1e3);
  return fmt::format("{:.0f}", number);
}

std::string ToText(const LoadReport& report) {
  const LoadOptions& options = report.options;
  const LatencyHistogram& latencies = report.latencies;
  std::string text = fmt::format(
      "load       {} vehicles, {} signals, {} streams x {} batches in flight x {} frames, cadence {} ms, {}, "
      "seed {}\n",
      options.vehicle_count, options.signal_count, options.stream_count, options.batches_in_flight,
      options.frames_per_batch, options.cadence.count(),
      options.shifts ? "in shifts" : fmt::format("parked {}", options.parked_share), options.seed);
  text += fmt::format("row        {}\n", report.signal_roles);
  text += fmt::format("accepted   {} frames = {} samples in {:.2f} s\n", report.accepted_frames,
                      report.accepted_samples(), report.wall.count());
  text += fmt::format("refused    {} frames or samples, lost {} frames\n", report.refusals, report.lost_frames);
  if (report.wrong_clock_frames > 0) {
    text += fmt::format("refused    {} frames more, of wrong clocks, as they should be\n", report.wrong_clock_frames);
  }
  if (report.reconnects > 0) {
    text += fmt::format("streams    came back {} times, at most {:.2f} s after they broke\n", report.reconnects,
                        report.recovery_max.count());
  }
  text += fmt::format("rate       {}frames/s, {}samples/s\n", Short(report.frames_per_second()) + " ",
                      Short(report.samples_per_second()) + " ");
  text +=
      fmt::format("answered   after p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms ({} batches)\n",
                  Ms(latencies.Quantile(0.5)), Ms(latencies.Quantile(0.99)), Ms(latencies.max()), latencies.count());
  text += fmt::format("client     {:.2f} s CPU\n", report.client_cpu.count());
  if (report.server_cpu) {
    text += fmt::format("server     {:.2f} s CPU, {} samples per CPU-second\n", report.server_cpu->count(),
                        Short(PerServerCpuSecond(report)));
  }
  if (report.verified) {
    text += fmt::format("read back  {} frames: {} missing, {} wrong\n", report.verified->frame_count,
                        report.verified->missing_frames, report.verified->wrong_frames);
    for (const std::string& example : report.verified->examples) text += fmt::format("           {}\n", example);
  }
  if (report.caught_up) {
    text +=
        "note       ended early, as the vehicles' clocks reached the present: take an earlier --start, a shorter "
        "--cadence or more --vehicles\n";
  }
  for (const std::string& problem : report.problems) text += fmt::format("problem    {}\n", problem);
  return text;
}

std::string ToJson(const LoadReport& report) {
  const LoadOptions& options = report.options;
  nlohmann::ordered_json json = {
      {"vehicle_count", options.vehicle_count},
      {"signal_count", options.signal_count},
      {"signal_roles", report.signal_roles},
      {"stream_count", options.stream_count},
      {"frames_per_batch", options.frames_per_batch},
      {"batches_in_flight", options.batches_in_flight},
      {"cadence_ms", options.cadence.count()},
      {"parked_share", options.parked_share},
      {"shifts", options.shifts},
      {"rate_limit_frames_per_second", options.rate},
      {"seed", options.seed},
      {"sent_frames", report.sent_frames},
      {"accepted_frames", report.accepted_frames},
      {"accepted_samples", report.accepted_samples()},
      {"refusals", report.refusals},
      {"lost_frames", report.lost_frames},
      {"late_share", options.disturbances.late_share},
      {"reorder_share", options.disturbances.reorder_share},
      {"duplicate_share", options.disturbances.duplicate_share},
      {"wrong_clock_frames", report.wrong_clock_frames},
      {"reconnects", report.reconnects},
      {"recovery_max_seconds", report.recovery_max.count()},
      {"wall_seconds", report.wall.count()},
      {"frames_per_second", report.frames_per_second()},
      {"samples_per_second", report.samples_per_second()},
      {"ack_latency_p50_ms", Ms(report.latencies.Quantile(0.5))},
      {"ack_latency_p99_ms", Ms(report.latencies.Quantile(0.99))},
      {"ack_latency_max_ms", Ms(report.latencies.max())},
      {"client_cpu_seconds", report.client_cpu.count()},
      {"caught_up", report.caught_up},
      {"problems", report.problems},
      {"good", report.good()},
  };
  if (report.server_cpu) {
    json["server_cpu_seconds"] = report.server_cpu->count();
    json["samples_per_server_cpu_second"] = PerServerCpuSecond(report);
  }
  if (report.verified) {
    json["verified_frames"] = report.verified->frame_count;
    json["missing_frames"] = report.verified->missing_frames;
    json["wrong_frames"] = report.verified->wrong_frames;
    json["difference_examples"] = report.verified->examples;
  }
  return json.dump(2) + "\n";
}

}  // namespace telltale
