#pragma once

#include <memory>

#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {

// What a scan of one vehicle goes through, day by day.
struct DayIterators {
  // `first_block_day`: there is no block of an earlier day; `range` is what will be read.
  DayIterators(const TelemetryDatabase& database, std::int64_t first_block_day, VehicleId vehicle, TimeRange range);

  // Moves `blocks` to the vehicle's first block of the day, or behind all that there are.
  void SeekBlocks(std::int64_t day);
  // Moves `archive` to the first block of the day and group that may overlap the range, or behind all that there are.
  void SeekArchive(std::int64_t day, std::uint32_t group);
  // The next day that may have something: both stand in or behind the vehicle's part of this one.
  std::int64_t NextDay(std::int64_t day) const;

  // Made in this order: what the archiver moves in between is then seen twice, not missed.
  const std::unique_ptr<rocksdb::Iterator> blocks;
  const std::unique_ptr<rocksdb::Iterator> archive;
  // Whether signals may be in groups of short retention.
  const bool has_short_lived;

 private:
  const std::int64_t first_block_day_;
  const VehicleId vehicle_;
  const TimeRange range_;
  bool blocks_sought_ = false;
};

}  // namespace telltale::internal
