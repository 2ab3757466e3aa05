#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/load/report.h"
#include "bench/storage/measure.h"
#include "bench/storage/trucks.h"
#include "storage/signal_summary.h"

namespace telltale::storage_bench {
namespace {

// What the page cache has is forgotten, where we may: as after a start of the machine.
bool DropPageCache() {
  sync();
  std::ofstream drop("/proc/sys/vm/drop_caches");
  drop << "1" << std::flush;
  return drop.good();
}

// A frame of all signals at random instants.
std::string MeasureInstants(const Options& options, std::uint32_t vehicles, std::uint32_t rounds,
                            TelemetryStore& store) {
  std::mt19937_64 random(2);
  std::vector<double> times;
  for (int i = 0; i < 2'000; ++i) {
    const auto vehicle = static_cast<VehicleId>(1 + random() % vehicles);
    const std::int64_t at_ms = kStartTimeMs + static_cast<std::int64_t>(random() % rounds) * kCadenceMs;
    const auto begun = SteadyClock::now();
    std::size_t values = 0;
    const Status status =
        store.Scan(vehicle, {}, {at_ms, at_ms + kCadenceMs}, {.frame_limit = 1}, [&values](const Frame& frame) {
          values = frame.values.size();
          return false;
        });
    times.push_back(MicrosecondsSince(begun));
    CHECK(status.ok() && values == options.signals);
  }
  return Percentiles(times);
}

// One signal of each vehicle, from beginning to end; sets how many values that are.
std::string MeasureHistory(std::uint32_t vehicles, const std::vector<SignalId>& signals, TelemetryStore& store,
                           std::size_t& count) {
  std::vector<double> times;
  for (std::uint32_t i = 0; i < vehicles; ++i) {
    count = 0;
    const auto begun = SteadyClock::now();
    CHECK(store
              .ScanSignal(i + 1, signals[std::size_t{i} * 37 % signals.size()], {}, {},
                          [&count](const SignalRun& run) {
                            count += run.values.size();
                            return true;
                          })
              .ok());
    times.push_back(MicrosecondsSince(begun));
  }
  return Percentiles(times);
}

}  // namespace

void BenchReads(const Options& options, TelemetryStoreOptions store_options) {
  constexpr std::uint32_t kVehicles = 20;
  constexpr std::uint32_t kWarmVehicles = 5;  // that instants are asked of: all that they need is in memory
  Options few = options;
  few.vehicles = kVehicles;
  const std::uint32_t rounds = options.history_days * 8'640;
  few.frames_per_batch = 20;
  store_options.frames_per_block = 128;
  store_options.archive_period = std::chrono::seconds{0};
  store_options.cache_bytes = std::size_t{1} << 30;  // holds them all: what is warm is in memory
  const Trucks trucks = Trucks::Make(few, 0.0);
  const std::vector<SignalId>& signals = trucks.model.layout();
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(few, trucks, *store, 0, rounds);
  CHECK(store->Flush().ok());
  std::size_t count = 0;
  MeasureInstants(options, kWarmVehicles, rounds, *store);
  Print("sealed", fmt::format("a frame of {} values at any instant: {}", options.signals,
                              MeasureInstants(options, kWarmVehicles, rounds, *store)));
  MeasureHistory(kVehicles, signals, *store, count);
  const std::string sealed = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, warm: {}", count, sealed));

  const auto begun = SteadyClock::now();
  const double cpu_before = CpuSeconds(RUSAGE_SELF);
  CHECK(store->Archive(kStartTimeMs + (options.history_days + 1) * kMsPerDay).ok());
  const double frames = static_cast<double>(kVehicles) * rounds;
  Print("archiving",
        fmt::format("{} frames in {:.1f} s; {:.2f} us of CPU a frame; {:.4f} bytes a sample afterwards", Short(frames),
                    Seconds(SteadyClock::now() - begun).count(), 1e6 * (CpuSeconds(RUSAGE_SELF) - cpu_before) / frames,
                    static_cast<double>(store->Stats().size_bytes - store->Stats().journal_bytes) / frames /
                        static_cast<double>(options.signals)));
  MeasureInstants(options, kWarmVehicles, rounds, *store);
  Print("archived", fmt::format("a frame of {} values at any instant: {}", options.signals,
                                MeasureInstants(options, kWarmVehicles, rounds, *store)));
  MeasureHistory(kVehicles, signals, *store, count);
  const std::string warm = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, warm: {}", count, warm));
  store.reset();
  store = OpenStore(store_options);
  const bool dropped = DropPageCache();
  const std::string cold = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, {}: {}", count,
                        dropped ? "cold" : "new process, but the page cache could not be dropped", cold));
  std::vector<double> steps;
  for (std::uint32_t i = 0; i < kVehicles; ++i) {
    const auto summing = SteadyClock::now();
    CHECK(SummarizeSignal(*store, i + 1, signals[std::size_t{i} * 37 % signals.size()], {}, 3'600'000, {},
                          [](const SignalSummary&) { return true; })
              .ok());
    steps.push_back(MicrosecondsSince(summing));
  }
  Print("", fmt::format("{} values of one signal, summed up by the hour: {}", count, Percentiles(steps)));
}

}  // namespace telltale::storage_bench
