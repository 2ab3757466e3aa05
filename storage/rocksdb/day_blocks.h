#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// The sealed blocks of one vehicle in a range of time, day by day. Finds a day by the filters of the tables, so that
// those without the vehicle are not read. Used by one thread.
class DayBlocks {
 public:
  // `days` is BlockWrites::days() from after the head was copied; `range` is what will be read. `database` outlives
  // this.
  DayBlocks(const TelemetryDatabase& database, std::vector<std::int64_t> days, VehicleId vehicle, TimeRange range);

  // Goes to the first block of the day that may reach into the range; false: there is none. Errors of this and Next():
  // DATA_LOSS names the vehicle; UNAVAILABLE the disk.
  StatusOr<bool> Seek(std::int64_t day);
  Status Next();
  bool Valid() const { return valid_; }
  std::int64_t first_time_ms() const { return first_time_ms_; }
  std::string_view value() const { return ViewOf(it_->value()); }
  // The next day that may have some; kDayEnd: none.
  std::int64_t NextDay(std::int64_t day) const;

 private:
  Status Look();

  const std::vector<std::int64_t> days_;
  const VehicleId vehicle_;
  const std::int64_t from_ms_;
  const std::int64_t long_blocks_end_;
  const std::unique_ptr<rocksdb::Iterator> it_;  // nullptr: the range has none of the days
  std::string prefix_;
  bool valid_ = false;
  std::int64_t first_time_ms_ = 0;
};

}  // namespace telltale::internal
