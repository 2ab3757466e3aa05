#include "server/fold_cache.h"

#include <limits>

namespace telltale {

FoldCache::FoldCache(const Catalog& catalog, TelemetryStore& telemetry, std::size_t vehicles_max)
    : signals_(catalog), telemetry_(telemetry), vehicles_max_(vehicles_max) {}

std::shared_ptr<FoldCache::Entry> FoldCache::Find(VehicleId vehicle) {
  MutexLock lock(mutex_);
  const auto [slot, added] = slots_.try_emplace(vehicle);
  if (added) {
    slot->second.entry = std::make_shared<Entry>();
    used_.push_front(vehicle);
    slot->second.used = used_.begin();
  } else {
    used_.splice(used_.begin(), used_, slot->second.used);
  }
  std::shared_ptr<Entry> entry = slot->second.entry;
  if (slots_.size() > vehicles_max_) {
    slots_.erase(used_.back());
    used_.pop_back();
  }
  return entry;
}

Status FoldCache::Use(const Vehicle& vehicle, const std::function<void(const VehicleFold&)>& use) {
  const std::shared_ptr<Entry> entry = Find(vehicle.id);
  MutexLock lock(entry->mutex);
  // Read before the scan: a rewrite during the scan is then seen by the next question at the latest.
  ASSIGN_OR_RETURN(const VehicleExtent extent, telemetry_.Extent(vehicle.id));
  if (!entry->fold || entry->rewrite_count != extent.rewrite_count || entry->traits != vehicle.traits) {
    entry->fold.emplace(signals_, vehicle.traits);
    entry->traits = vehicle.traits;
    entry->rewrite_count = extent.rewrite_count;
    entry->next_time_ms = std::numeric_limits<std::int64_t>::min();
  }
  // Only up to the extent: a frame that arrives during the scan may be followed by one written before it.
  const TimeRange range{.from_ms = entry->next_time_ms,
                        .to_ms = extent.newest_time_ms == VehicleExtent{}.newest_time_ms ? extent.newest_time_ms
                                                                                         : extent.newest_time_ms + 1};
  if (!range.empty()) {
    VehicleFold& fold = *entry->fold;
    Status status = telemetry_.Scan(vehicle.id, signals_.ids(), range, {}, [&fold](const Frame& frame) {
      fold.Add(frame);
      return true;
    });
    if (!status.ok()) {
      entry->fold.reset();
      return status;
    }
    entry->next_time_ms = range.to_ms;
  }
  use(*entry->fold);
  return OkStatus();
}

}  // namespace telltale
