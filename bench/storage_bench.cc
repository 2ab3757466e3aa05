// The telemetry store by itself, with the load generator's trucks: what a frame costs on its way into the journal, the
// heads and blocks; what is written to the disk for it; how fast a crash is made good; what reads take. Beside each
// figure stands a peer from the same run: memcpy, or RocksDB with values of the same size. No network, no gRPC.

#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "bench/document.h"
#include "bench/storage/measure.h"
#include "bench/storage/parts.h"

namespace telltale::storage_bench {
namespace {

int Main(int argc, char** argv) {
  Options options;
  std::string only;
  std::string report;
  CLI::App app("Measures the telemetry store by itself.");
  app.add_option("--folder", options.folder, "For its stores; emptied")->capture_default_str();
  app.add_option("--vehicles", options.vehicles, "Vehicles of the append path")->capture_default_str();
  app.add_option("--frames-per-block", options.frames_per_block, "Of the append path")->capture_default_str();
  app.add_option("--parked-share", options.parked_share,
                 "Of the append path's vehicles: it, instead of none and then 3/8");
  app.add_option("--history-days", options.history_days, "Of the reads")->capture_default_str();
  app.add_option("--fleet", options.fleet, "Vehicles whose latest values are read")->capture_default_str();
  app.add_option("--size-vehicles", options.size_vehicles, "Vehicles of the size")->capture_default_str();
  app.add_option("--size-frames", options.size_frames, "Frames of each")->capture_default_str();
  app.add_option("--recordings", options.recordings, "Folder of canlogs/ and trips/ of real vehicles")
      ->capture_default_str();
  app.add_option("--bytes-file", options.bytes_file, "For peers.sh: sizes of one share of parked vehicles go here");
  app.add_option("--only", only, "One of append, raw, replay, size, real, reads, latest, rollups");
  app.add_option("--report", report, "Put what is printed into the section 'storage' of this document");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::warn);
  TelemetryStoreOptions store_options{
      .path = options.folder + "/store", .frames_per_block = options.frames_per_block, .block_values_min = 1};
  const auto wanted = [&only](std::string_view name) { return only.empty() || only == name; };
  BenchMemcpy();
  if (wanted("latest")) BenchLatest(options, store_options);  // first: it says what a fleet takes of memory
  if (wanted("append")) {
    BenchAppend(options, store_options, options.parked_share.value_or(0.0));
    if (!options.parked_share) BenchAppend(options, store_options, 0.375);
  }
  if (wanted("raw")) BenchRawRocksDb(options, 5'000, std::uint64_t{2} << 30);
  if (wanted("replay")) BenchReplay(options, store_options);
  if (wanted("size")) {
    if (options.bytes_file.empty()) BenchSize(options, store_options, 0.0);
    BenchSize(options, store_options, options.bytes_file.empty() ? 1.0 : options.parked_share.value_or(0.0));
  }
  if (wanted("real")) BenchRecordings(options, store_options);
  if (wanted("reads")) BenchReads(options, store_options);
  if (wanted("rollups")) BenchRollups(options, store_options);
  std::filesystem::remove_all(options.folder);
  if (report.empty()) return 0;
  const std::string today = FormatTime(SystemClock().NowMs()).substr(0, 10);
  const Status written =
      ReplaceSection(report, "storage", fmt::format("{}, on {}:\n\n```\n{}```\n", today, Hardware(), Printed()));
  if (!written.ok()) fmt::print(stderr, "{}\n", MessageOf(written));
  return written.ok() ? 0 : 1;
}

}  // namespace
}  // namespace telltale::storage_bench

int main(int argc, char** argv) { return telltale::storage_bench::Main(argc, argv); }
