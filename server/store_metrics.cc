#include "server/store_metrics.h"

#include "server/metric_families.h"

namespace telltale {
std::vector<prometheus::MetricFamily> StoreMetrics::Collect() const {
  const StoreStats stats = telemetry_.Stats();
  return {
      Gauge("telltale_storage_size_bytes", "Telemetry on disk", static_cast<double>(stats.size_bytes)),
      Gauge("telltale_storage_journal_bytes", "Journal that is not yet trimmed",
            static_cast<double>(stats.journal_bytes)),
      Gauge("telltale_storage_head_frames", "Frames in memory that are not yet in a block",
            static_cast<double>(stats.head_frame_count)),
      Counter("telltale_storage_blocks_total", "Blocks sealed", static_cast<double>(stats.block_count)),
      Gauge("telltale_storage_replayed_frames", "Frames read back from the journal at the start",
            static_cast<double>(stats.replayed_frame_count)),
      Gauge("telltale_storage_replay_damaged_places", "Places of the journal that were damaged at the start",
            static_cast<double>(stats.replay_damaged_count)),
      Gauge("telltale_storage_replay_lost_frames", "Frames that the start could not restore from the journal",
            static_cast<double>(stats.replay_lost_frame_count)),
      Gauge("telltale_storage_writable", "1 while the disk takes writes; 0: nothing is acknowledged",
            stats.writable ? 1 : 0),
      Gauge("telltale_vehicles", "Registered vehicles", static_cast<double>(registry_.size())),
  };
}

}  // namespace telltale
