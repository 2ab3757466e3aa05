#pragma once

#include <memory>

#include "base/status.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// The archive and that of short-lived signals, both as they were at one instant: a vehicle's day that is archived anew
// meanwhile has other blocks.
struct ArchiveIterators {
  explicit ArchiveIterators(const TelemetryDatabase& database);

  // The next day after this one that may have something: both stand in or behind the vehicle's part of this one.
  std::int64_t NextDay(std::int64_t day) const;
  // Errors: DATA_LOSS; UNAVAILABLE the disk.
  Status StatusOf(VehicleId vehicle) const;

  std::unique_ptr<rocksdb::Iterator> kept;
  std::unique_ptr<rocksdb::Iterator> short_lived;  // nullptr: there is nothing in it
};

}  // namespace telltale::internal
