#pragma once

#include <cstdint>
#include <functional>

#include "storage/telemetry_store.h"

namespace telltale {

// The values of a signal within a step of time. What is not available or an error does not count.
struct SignalSummary {
  std::int64_t begin_ms = 0;  // a multiple of the step since 1970
  std::uint64_t count = 0;    // at least 1
  RawValue min = 0;
  RawValue max = 0;
  RawValue last = 0;
  std::int64_t last_time_ms = 0;
  std::int64_t sum = 0;

  double Mean() const { return static_cast<double>(sum) / static_cast<double>(count); }
};

// Calls `visit` for each step of `step_ms` that has values, oldest first, until it returns false. Errors:
// INVALID_ARGUMENT the step is not positive; those of TelemetryStore::ScanSignal.
Status SummarizeSignal(TelemetryStore& store, VehicleId vehicle, SignalId signal, TimeRange range, std::int64_t step_ms,
                       const ScanOptions& options, const std::function<bool(const SignalSummary&)>& visit);

}  // namespace telltale
