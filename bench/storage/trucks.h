// The load generator's trucks, and how their frames come into a store.
#pragma once

#include <cstdint>
#include <memory>

#include "bench/load/truck_model.h"
#include "bench/storage/parts.h"

namespace telltale::storage_bench {

constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kCadenceMs = 10'000;

struct Trucks {
  TruckModel model;
  std::shared_ptr<const Layout> layout;

  static Trucks Make(const Options& options, double parked_share);
};

// Ends the program if it does not open.
std::unique_ptr<RocksDbTelemetryStore> OpenStore(const TelemetryStoreOptions& options);

// Frames of every vehicle, one in each round of [first, last), in an order that has neighbours far from each other.
void AppendRounds(const Options& options, const Trucks& trucks, TelemetryStore& store, std::uint32_t first,
                  std::uint32_t last);

}  // namespace telltale::storage_bench
