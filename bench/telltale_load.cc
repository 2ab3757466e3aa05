// telltale-load: drives a server with synthetic vehicles, measures how fast it makes their frames durable, and reads
// some back. bench/README.md. Exit status: 0 everything was taken and is there, 1 something was not, 2 it could not
// run.

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/time.h"
#include "bench/load/load_run.h"
#include "bench/terminals/terminal_load.h"

namespace {

using telltale::LoadOptions;

constexpr const char* kGrpc = "grpc";
constexpr const char* kJt808 = "jt808";
constexpr const char* kGb32960 = "gb32960";

std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler sets it

// What is not the load's own.
struct Arguments {
  std::string start_time;
  std::string protocol = kGrpc;
  std::string terminals = "127.0.0.1:7611";
  std::uint32_t first_terminal = 0;
  bool echo = true;
};

void AddOptions(CLI::App& app, LoadOptions& options, Arguments& arguments) {
  app.option_defaults()->always_capture_default();
  const auto seconds = [&app](const char* name, std::chrono::seconds& value, const char* meaning) {
    app.add_option_function<std::int64_t>(
           name, [&value](std::int64_t s) { value = std::chrono::seconds(s); }, meaning)
        ->default_val(value.count());
  };
  app.add_option("--server", options.server, "host:port of telltaled");
  app.add_option("--protocol", arguments.protocol,
                 "grpc: streams of frames; jt808 or gb32960: terminals that report, one for each of --connections, at "
                 "--rate for --duration, with --storm-every")
      ->check(CLI::IsMember({kGrpc, kJt808, kGb32960}));
  app.add_option("--terminals", arguments.terminals, "host:port where terminals connect");
  app.add_option("--first-terminal", arguments.first_terminal,
                 "With terminals: the index of the first, so that several generators have terminals of their own");
  app.add_flag("!--no-echo", arguments.echo, "With terminals: not also against a server that only answers");
  app.add_option("--vehicles", options.vehicle_count, "Vehicles; they are registered first");
  app.add_option("--signals", options.signal_count, "Signals in a frame");
  app.add_option("--frames-per-batch", options.frames_per_batch, "Frames in a message");
  app.add_option("--streams", options.stream_count, "Streams that share the vehicles");
  app.add_option("--connections", options.connection_count, "Connections that the streams share; 0: each has its own");
  seconds("--duration", options.duration, "Seconds to send for");
  app.add_option_function<std::int64_t>(
         "--cadence", [&options](std::int64_t ms) { options.cadence = std::chrono::milliseconds(ms); },
         "Milliseconds between two frames of a vehicle, by its clock")
      ->default_val(options.cadence.count());
  app.add_option("--in-flight", options.batches_in_flight, "Batches of a stream that may wait for an answer");
  app.add_option("--rate", options.rate, "Frames a second of all streams; 0: as fast as the server answers");
  app.add_option("--parked-share", options.parked_share, "Share of the vehicles that are parked, 0 to 1");
  app.add_flag("--shifts", options.shifts,
               "A fleet as it is: long haul, distribution, buses, off the road, each at its hours of the day (UTC)");
  app.add_option("--seed", options.seed, "Other seeds give other vehicles and values");
  app.add_option(
      "--start", arguments.start_time,
      "First instant of the vehicles' clocks, RFC 3339; default: behind the newest frame that the server has "
      "of them, else 30 days ago");
  app.add_option("--late-share", options.disturbances.late_share,
                 "Share of frames that come 6 to 180 steps late, 0 to 1");
  app.add_option("--reorder-share", options.disturbances.reorder_share,
                 "Share of frames that come behind one to three later ones of their vehicle");
  app.add_option("--duplicate-share", options.disturbances.duplicate_share, "Share of frames that come a second time");
  app.add_option("--clock-fault-share", options.disturbances.clock_fault_share,
                 "Share of frames that come once more before, with a time that the server has to refuse");
  seconds("--storm-every", options.storm_period, "All streams drop at once every so many seconds; 0: never");
  seconds("--reconnect-timeout", options.reconnect_timeout,
          "Seconds for which a stream that broke is tried again, and what was not answered sent again; 0: not");
  app.add_option("--verify", options.verify_count, "Frames to read back and compare");
  app.add_option("--server-pid", options.server_process_id, "Process on this machine to measure the CPU time of");
  app.add_option("--json", options.json_path, "File to write the report to, for programs");
}

int RunTerminals(const LoadOptions& options, const Arguments& arguments) {
  telltale::TerminalLoadOptions terminals{.protocol = arguments.protocol,
                                          .server = options.server,
                                          .terminals = arguments.terminals,
                                          .first_terminal = arguments.first_terminal,
                                          .duration = options.duration,
                                          .rate = options.rate,
                                          .storm_period = options.storm_period,
                                          .server_process_id = options.server_process_id,
                                          .echo = arguments.echo};
  if (options.connection_count > 0) terminals.connection_count = options.connection_count;
  const auto report = telltale::RunTerminalLoad(terminals, stop);
  if (!report.ok()) {
    fmt::print(stderr, "telltale-load: {}\n", telltale::MessageOf(report.status()));
    return 2;
  }
  fmt::print("{}", telltale::ToText(*report));
  return report->good() ? 0 : 1;
}

int Run(const LoadOptions& options) {
  const telltale::StatusOr<telltale::LoadReport> report = telltale::RunLoad(options, stop);
  if (!report.ok()) {
    fmt::print(stderr, "telltale-load: {}\n", telltale::MessageOf(report.status()));
    return 2;
  }
  fmt::print("{}", telltale::ToText(*report));
  if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    file << telltale::ToJson(*report);
    file.close();
    if (!file) {
      fmt::print(stderr, "telltale-load: cannot write {}\n", options.json_path);
      return 2;
    }
  }
  return report->good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  LoadOptions options;
  Arguments arguments;
  CLI::App app("Drives telltaled with synthetic vehicles and reports how fast their frames become durable.",
               "telltale-load");
  AddOptions(app, options, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!arguments.start_time.empty()) {
    const telltale::StatusOr<std::int64_t> time_ms = telltale::ParseTime(arguments.start_time);
    if (!time_ms.ok()) {
      fmt::print(stderr, "telltale-load: --start: {}\n", telltale::MessageOf(time_ms.status()));
      return 2;
    }
    options.start_time_ms = *time_ms;
  }
  std::signal(SIGINT, [](int) { stop = true; });
  std::signal(SIGTERM, [](int) { stop = true; });
  return arguments.protocol == kGrpc ? Run(options) : RunTerminals(options, arguments);
}
