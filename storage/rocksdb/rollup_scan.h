#pragma once

#include "base/status.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// See TelemetryStore::ScanRollup.
Status ScanRollup(const TelemetryDatabase& database, std::int64_t day, SignalId signal, RollupPart part,
                  const ScanOptions& options, const TelemetryStore::RollupFunction& visit);

}  // namespace telltale::internal
