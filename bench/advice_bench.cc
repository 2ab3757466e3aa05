// What folding costs: nanoseconds a frame on one core, bytes of state a vehicle, and how long a year of a vehicle takes
// to fold again from the store. Frames are those of the load generator's trucks; a memcpy of the same values stands
// beside them.

#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "advice/vehicle_fold.h"
#include "base/check.h"
#include "base/clock.h"
#include "bench/load/truck_model.h"
#include "bench/model_signals.h"
#include "catalog/catalog.h"
#include "server/vehicle_folds.h"
#include "storage/day_store.h"
#include "storage/driver_log.h"
#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale {
namespace {

constexpr std::size_t kSignalCount = 420;
constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kYearFrames = 365LL * 8640;        // every 10 s
constexpr VehicleTraits kTruck{.vehicle_class = VehicleClass::kHeavyTruck, .fuel_type = FuelType::kDiesel};

const Catalog& TheCatalog() {
  static const Catalog catalog = *Catalog::Load();
  return catalog;
}

TruckModel MakeModel() {
  auto model = TruckModel::Create(ModelSignalsOf(TheCatalog()),
                                  {.signal_count = kSignalCount, .parked_share = 0.0, .cadence_ms = 10'000});
  CHECK(model.ok());
  return *std::move(model);
}

// Frames of one truck; `advice_only`: with the signals that a scan for advice gives.
FrameBatch MakeFrames(const TruckModel& model, std::int64_t first, std::int64_t count, bool advice_only) {
  const auto layout = *Layout::Create(model.layout());
  const AdviceSignals signals(TheCatalog());
  std::vector<SignalId> kept;
  for (const SignalId id : signals.ids()) {
    if (layout->PositionOf(id)) kept.push_back(id);
  }
  const auto narrow = *Layout::Create(kept);
  FrameBatch frames;
  std::vector<RawValue> row(kSignalCount);
  for (std::int64_t i = first; i < first + count; ++i) {
    model.Fill(0, static_cast<std::uint64_t>(i), row);
    const std::int64_t time_ms = kStartTimeMs + i * 10'000;
    if (!advice_only) {
      frames.Add(1, time_ms, layout, row);
      continue;
    }
    std::vector<RawValue> values;
    for (const SignalId id : kept) values.push_back(row[*layout->PositionOf(id)]);
    frames.Add(1, time_ms, narrow, values);
  }
  return frames;
}

// Argument: 1 for the signals that a scan gives, 0 for whole frames.
void BM_Fold(benchmark::State& state) {
  const FrameBatch frames = MakeFrames(MakeModel(), 0, 8640, state.range(0) == 1);
  const AdviceSignals signals(TheCatalog());
  std::size_t state_bytes = 0;
  for (auto _ : state) {
    VehicleFold fold(signals, kTruck);
    for (std::size_t i = 0; i < frames.size(); ++i) fold.Add(frames[i]);
    fold.CloseDay(kStartTimeMs + kMsPerDay + 10'000);
    state_bytes = fold.State().size();
    benchmark::DoNotOptimize(fold.results().slices.size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(frames.size()));
  state.counters["signals"] = static_cast<double>(frames[0].values.size());
  state.counters["state_bytes"] = static_cast<double>(state_bytes);
  state.counters["memory_bytes"] = sizeof(VehicleFold);
}
BENCHMARK(BM_Fold)->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond);

void BM_Memcpy(benchmark::State& state) {
  const FrameBatch frames = MakeFrames(MakeModel(), 0, 8640, state.range(0) == 1);
  std::vector<RawValue> copy(frames[0].values.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      std::memcpy(copy.data(), frames[i].values.data(), copy.size() * sizeof(RawValue));
      benchmark::DoNotOptimize(copy.data());
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(frames.size()));
}
BENCHMARK(BM_Memcpy)->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond);

// From an embedded store with real documents: scan, fold, compare with what was published, publish.
void BM_RefoldYear(benchmark::State& state) {
  char name[] = "/tmp/advice_bench_XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  const std::string folder = name;
  {
    const TruckModel model = MakeModel();
    auto documents = *RocksDbDocumentStore::Open({.path = folder + "/documents"});
    auto telemetry = *RocksDbTelemetryStore::Open({.path = folder + "/telemetry"});
    for (std::int64_t i = 0; i < kYearFrames; i += 1080) {
      std::promise<Status> done;
      telemetry->Append(MakeFrames(model, i, 1080, false),
                        [&done](const auto& result) { done.set_value(result.status()); });
      CHECK(done.get_future().get().ok());
    }
    DayStore days(*documents);
    const DriverLog drivers(*documents);
    const SystemClock clock;
    const Vehicle vehicle{.id = 1, .vin = *Vin::Parse("WDB9634031L000001"), .traits = kTruck};
    auto folds = *VehicleFolds::Open(TheCatalog(), *telemetry, days, drivers, clock, {});
    CHECK(folds->Settle(vehicle).ok());
    for (auto _ : state) {
      CHECK(folds->Mark(1, RestatementReason::kRules, kStartTimeMs).ok());
      CHECK(folds->Settle(vehicle).ok());
    }
    state.counters["refolded_days"] = static_cast<double>(folds->stats().refolded_days);
    std::size_t bytes = 0;
    const DayStore::Head head = *days.ReadHead(1);
    for (const std::int64_t day : head.days) {
      bytes += (*days.ReadDay(1, day))->results.size() + days.ReadState(1, day)->size();
    }
    state.counters["bytes_a_day"] = static_cast<double>(bytes) / 364.0;
  }
  state.SetItemsProcessed(state.iterations() * kYearFrames);
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_RefoldYear)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace telltale

BENCHMARK_MAIN();
