#include "storage/rocksdb/archive_iterators.h"

#include <algorithm>

#include <fmt/format.h>
#include <rocksdb/snapshot.h>

#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {

ArchiveIterators::ArchiveIterators(const TelemetryDatabase& database)
    : kept(database.db->NewIterator({}, database.archive)) {
  if (!database.has_short_lived) return;
  // Each keeps what it sees; the snapshot lets them see the same.
  rocksdb::ManagedSnapshot snapshot(database.db.get());
  rocksdb::ReadOptions options;
  options.snapshot = snapshot.snapshot();
  kept.reset(database.db->NewIterator(options, database.archive));
  short_lived.reset(database.db->NewIterator(options, database.short_lived));
}

std::int64_t ArchiveIterators::NextDay(std::int64_t day) const {
  const auto day_of = [day](const rocksdb::Iterator& it) -> std::int64_t {
    if (!it.Valid() || it.key().size() < 2) return kDayEnd;
    return std::max<std::int64_t>(day + 1, ReadBigEndian(ViewOf(it.key()).substr(0, 2)));
  };
  return short_lived == nullptr ? day_of(*kept) : std::min(day_of(*kept), day_of(*short_lived));
}

Status ArchiveIterators::StatusOf(VehicleId vehicle) const {
  const rocksdb::Status status = kept->status();
  return ToStatus(status.ok() && short_lived != nullptr ? short_lived->status() : status,
                  fmt::format("read the archive of vehicle {}", vehicle));
}

}  // namespace telltale::internal
