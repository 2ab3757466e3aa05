#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "advice/vehicle_fold.h"
#include "base/mutex.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// Folds of recently asked vehicles. A question takes in what was stored since the last one; if a frame was written into
// the past meanwhile, or the vehicle's description changed, the vehicle is folded anew from the store. So an answer
// equals the fold of everything that was acknowledged before the question. Thread-safe: questions about one vehicle
// wait for each other, those about different vehicles do not.
class FoldCache {
 public:
  // Both outlive the cache. At most `vehicles_max` folds are kept; the longest unused goes first.
  FoldCache(const Catalog& catalog, TelemetryStore& telemetry, std::size_t vehicles_max);

  // Calls `use` with the fold of the vehicle, which is valid during the call. Errors: those of TelemetryStore::Scan.
  Status Use(const Vehicle& vehicle, const std::function<void(const VehicleFold&)>& use);

 private:
  struct Entry {
    Mutex mutex;
    std::optional<VehicleFold> fold ABSL_GUARDED_BY(mutex);
    VehicleTraits traits ABSL_GUARDED_BY(mutex);
    std::uint64_t rewrite_count ABSL_GUARDED_BY(mutex) = 0;
    std::int64_t next_time_ms ABSL_GUARDED_BY(mutex) = 0;  // everything before is in the fold
  };

  std::shared_ptr<Entry> Find(VehicleId vehicle);

  const AdviceSignals signals_;
  TelemetryStore& telemetry_;
  const std::size_t vehicles_max_;

  Mutex mutex_;
  std::list<VehicleId> used_ ABSL_GUARDED_BY(mutex_);  // the last used first
  struct Slot {
    std::shared_ptr<Entry> entry;
    std::list<VehicleId>::iterator used;
  };
  std::unordered_map<VehicleId, Slot> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale
