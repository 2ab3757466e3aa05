#pragma once

#include <cstdint>

#include "base/status.h"
#include "storage/telemetry_store.h"

namespace telltale {

struct FleetPercentile {
  std::int64_t value = 0;           // raw; of kSum, raw values added up
  std::uint64_t vehicle_count = 0;  // that had the signal on the day; 0: there is no value
};

// The value that `percent` of the vehicles do not exceed: exact, by nearest rank, so always one vehicle's own; 0 is the
// least and 100 the greatest. Of the whole fleet on an archived day, by a part of its rollup. Errors: INVALID_ARGUMENT
// `percent` is outside 0..100; those of TelemetryStore::ScanRollup.
StatusOr<FleetPercentile> PercentileOfFleet(TelemetryStore& store, std::int64_t day, SignalId signal, RollupPart part,
                                            double percent, const ScanOptions& options);

}  // namespace telltale
