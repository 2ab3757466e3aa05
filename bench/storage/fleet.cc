// Reads over the whole fleet.

#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "bench/storage/measure.h"
#include "bench/storage/trucks.h"
#include "storage/fleet_percentile.h"

namespace telltale::storage_bench {

void BenchLatest(const Options& options, TelemetryStoreOptions store_options) {
  Options whole = options;
  whole.vehicles = options.fleet;
  store_options.frames_per_block = 128;
  const Trucks trucks = Trucks::Make(whole, 0.0);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(whole, trucks, *store, 0, 1);
  Print("fleet", fmt::format("{} vehicles with one frame each: {:.2f} GB resident", whole.vehicles,
                             1e-9 * static_cast<double>(ResidentBytes())));
  const auto read = [&](SignalId signal) {
    std::uint64_t count = 0;
    std::int64_t sum = 0;
    const auto begun = SteadyClock::now();
    CHECK(store
              ->ScanLatest(signal, {},
                           [&](const LatestRun& run) {
                             for (const RawValue value : run.values) {
                               count += value != kAbsent ? 1 : 0;
                               sum += value;
                             }
                             return true;
                           })
              .ok());
    CHECK(count == whole.vehicles);
    return MicrosecondsSince(begun);
  };
  const std::vector<SignalId>& signals = trucks.model.layout();
  std::vector<double> first;
  std::vector<double> again;
  for (std::size_t i = 0; i < store_options.latest_columns_max; ++i) first.push_back(read(signals[i * 37]));
  for (int repeat = 0; repeat < 10; ++repeat) {
    for (std::size_t i = 0; i < store_options.latest_columns_max; ++i) again.push_back(read(signals[i * 37]));
  }
  Print("latest", fmt::format("one signal of {} vehicles, the first time: {}", whole.vehicles, Percentiles(first)));
  Print("", fmt::format("again: {}", Percentiles(again)));
}

void BenchRollups(const Options& options, TelemetryStoreOptions store_options) {
  Options few = options;
  few.vehicles = options.fleet;
  few.signals = 64;
  store_options.frames_per_block = 2;
  store_options.archive_period = std::chrono::seconds{0};
  const Trucks trucks = Trucks::Make(few, 0.0);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(few, trucks, *store, 0, 2);
  CHECK(store->Flush().ok());
  CHECK(store->Archive(kStartTimeMs + 2 * kMsPerDay).ok());
  store.reset();
  store = OpenStore(store_options);
  std::vector<double> first;
  std::vector<double> again;
  for (const RollupPart part : {RollupPart::kMax, RollupPart::kLast, RollupPart::kSum}) {
    for (int repeat = 0; repeat <= 10; ++repeat) {
      for (std::size_t i = 0; i < 4; ++i) {
        const SignalId signal = trucks.model.layout()[i * 13];
        const auto begun = SteadyClock::now();
        CHECK(PercentileOfFleet(*store, DayOf(kStartTimeMs), signal, part, 95.0, {}).ok());
        (repeat == 0 ? first : again).push_back(MicrosecondsSince(begun));
      }
    }
  }
  Print("rollups", fmt::format("95th percentile of a part of a day of one signal, {} vehicles, the first time: {}",
                               few.vehicles, Percentiles(first)));
  Print("", fmt::format("again: {}", Percentiles(again)));
}

}  // namespace telltale::storage_bench
