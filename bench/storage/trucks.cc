#include "bench/storage/trucks.h"

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <numeric>

#include <fmt/format.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "bench/model_signals.h"
#include "bench/storage/measure.h"
#include "catalog/catalog.h"

namespace telltale::storage_bench {
namespace {

// Batches that were appended and not yet answered: at most so many.
class InFlight {
 public:
  static constexpr int kMax = 64;
  void Begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ < kMax; });
    ++count_;
  }
  void End() {
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_one();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// An odd factor below `count` without a common divisor: i * factor % count visits all, far from each other.
std::uint64_t FactorFor(std::uint64_t count, std::uint64_t round) {
  std::uint64_t factor = (count * 618 / 1000 + round * 7919) | 1U;
  while (std::gcd(factor, count) != 1) factor += 2;
  return factor;
}

}  // namespace

Trucks Trucks::Make(const Options& options, double parked_share) {
  auto catalog = Catalog::Load();
  CHECK(catalog.ok());
  auto model =
      TruckModel::Create(ModelSignalsOf(*catalog),
                         {.signal_count = options.signals, .parked_share = parked_share, .cadence_ms = kCadenceMs});
  CHECK(model.ok());
  auto layout = *Layout::Create(model->layout());
  return {*std::move(model), std::move(layout)};
}

std::unique_ptr<RocksDbTelemetryStore> OpenStore(const TelemetryStoreOptions& options) {
  auto store = RocksDbTelemetryStore::Open(options);
  if (!store.ok()) {
    fmt::print(stderr, "{}\n", MessageOf(store.status()));
    std::exit(1);
  }
  return *std::move(store);
}

void AppendRounds(const Options& options, const Trucks& trucks, TelemetryStore& store, std::uint32_t first,
                  std::uint32_t last) {
  InFlight in_flight;
  FrameBatch batch;
  const auto send = [&] {
    if (batch.empty()) return;
    in_flight.Begin();
    store.Append(std::exchange(batch, {}), [&in_flight](const StatusOr<AppendResult>& result) {
      CHECK(result.ok());
      in_flight.End();
    });
  };
  for (std::uint32_t round = first; round < last; ++round) {
    const std::uint64_t factor = FactorFor(options.vehicles, round);
    for (std::uint64_t i = 0; i < options.vehicles; ++i) {
      const auto vehicle = static_cast<std::uint32_t>(i * factor % options.vehicles);
      if (batch.empty()) batch.Reserve(options.frames_per_batch, options.frames_per_batch * options.signals);
      const std::int64_t time_ms = kStartTimeMs + round * kCadenceMs + vehicle % kCadenceMs;
      trucks.model.Fill(vehicle, round, batch.AddUninitialized(vehicle + 1, time_ms, trucks.layout));
      if (batch.size() == options.frames_per_batch) send();
    }
    if (isatty(STDERR_FILENO) == 0) continue;
    fmt::print(stderr, "\rround {} of {}, {:.1f} GB in memory ", round + 1, last,
               1e-9 * static_cast<double>(ResidentBytes()));
  }
  send();
  in_flight.Wait();
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
}

}  // namespace telltale::storage_bench
