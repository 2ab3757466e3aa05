#include "storage/rocksdb/day_iterators.h"

#include <algorithm>

namespace telltale::internal {

DayIterators::DayIterators(const TelemetryDatabase& database, std::int64_t first_block_day, VehicleId vehicle,
                           TimeRange range)
    : blocks(first_block_day >= kDayEnd || DayOf(range.to_ms - 1) < first_block_day
                 ? rocksdb::NewEmptyIterator()
                 : database.db->NewIterator({}, database.blocks)),
      archive(database.NewArchiveIterator()),
      has_short_lived(database.has_short_lived),
      first_block_day_(first_block_day),
      vehicle_(vehicle),
      range_(range) {}

void DayIterators::SeekBlocks(std::int64_t day) {
  if (day < first_block_day_ && blocks_sought_) return;
  blocks->Seek(BlockPrefix(std::min(std::max(day, first_block_day_), kDayEnd - 1), vehicle_));
  blocks_sought_ = true;
}

void DayIterators::SeekArchive(std::int64_t day, std::uint32_t group) {
  archive->Seek(ArchiveKey(day, vehicle_, group, std::max(range_.from_ms, day * kMsPerDay)));
}

std::int64_t DayIterators::NextDay(std::int64_t day) const {
  const auto day_of = [day](const rocksdb::Iterator& it) -> std::int64_t {
    if (!it.Valid() || it.key().size() < 2) return kDayEnd;
    return std::max<std::int64_t>(day + 1, ReadBigEndian(ViewOf(it.key()).substr(0, 2)));
  };
  return std::min(day_of(*blocks), day_of(*archive));
}

}  // namespace telltale::internal
