#include "storage/signal_summary.h"

#include <algorithm>

namespace telltale {
namespace {

// Budget: 1 ns a value.
void Add(std::span<const RawValue> values, std::span<const std::int64_t> times_ms, SignalSummary& summary) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const RawValue raw = values[i];
    if (!IsValue(raw)) continue;
    summary.min = summary.count == 0 ? raw : std::min(summary.min, raw);
    summary.max = summary.count == 0 ? raw : std::max(summary.max, raw);
    summary.sum += raw;
    summary.last = raw;
    summary.last_time_ms = times_ms[i];
    ++summary.count;
  }
}

}  // namespace

Status SummarizeSignal(TelemetryStore& store, VehicleId vehicle, SignalId signal, TimeRange range, std::int64_t step_ms,
                       const ScanOptions& options, const std::function<bool(const SignalSummary&)>& visit) {
  if (step_ms <= 0) return absl::InvalidArgumentError("the step must be positive");
  SignalSummary summary;
  bool wanted = true;
  const auto end_step = [&] {
    if (summary.count > 0) wanted = visit(summary);
    summary = {};
    return wanted;
  };
  RETURN_IF_ERROR(store.ScanSignal(vehicle, signal, range, options, [&](const SignalRun& run) {
    for (std::size_t from = 0; from < run.times_ms.size();) {
      const std::int64_t begin_ms = run.times_ms[from] / step_ms * step_ms;  // times are not negative
      if (begin_ms != summary.begin_ms && !end_step()) return false;
      summary.begin_ms = begin_ms;
      const auto rest = run.times_ms.subspan(from);
      const auto count = static_cast<std::size_t>(std::ranges::lower_bound(rest, begin_ms + step_ms) - rest.begin());
      Add(run.values.subspan(from, count), rest, summary);
      from += count;
    }
    return true;
  }));
  if (wanted) end_step();
  return OkStatus();
}

}  // namespace telltale
