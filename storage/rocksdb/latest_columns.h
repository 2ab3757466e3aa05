#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/status.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/vehicle_table.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// Reads the newest value of one signal of all vehicles. A page of vehicles is read once, from memory and from what is
// stored of those that nothing was heard of since the start; from then on it keeps the column, and frames that come in
// keep it up to date, until other signals are asked for. Thread-safe.
class LatestColumns {
 public:
  // What refers to something outlives this. `columns_max`: signals of which columns are kept, at least 1.
  LatestColumns(const TelemetryDatabase& database, VehicleTable& vehicles, std::size_t columns_max)
      : database_(database), vehicles_(vehicles), columns_max_(columns_max) {}

  // See TelemetryStore::ScanLatest.
  Status Scan(SignalId signal, const ScanOptions& options, const TelemetryStore::LatestRunFunction& visit);

 private:
  // Pages up to the last vehicle that has a stored row.
  StatusOr<std::size_t> StoredPageCount() const;
  // The first vehicle from this one on that has a stored row; greater than all ids: none.
  StatusOr<std::uint64_t> NextStored(VehicleId vehicle) const;
  // Fills `column` for the page that begins with this vehicle, and keeps a copy of it in the page.
  Status Build(VehicleTable::Page& page, VehicleId first, LatestColumn& column);
  // Of the vehicles of which nothing is in memory.
  Status ReadStored(VehicleTable::Page& page, VehicleId first, LatestColumn& column) const;

  const TelemetryDatabase& database_;
  VehicleTable& vehicles_;
  const std::size_t columns_max_;
  std::atomic<std::uint64_t> scan_count_ = 0;
};

}  // namespace telltale::internal
