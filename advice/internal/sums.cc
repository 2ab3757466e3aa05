#include "advice/internal/sums.h"

#include <algorithm>

namespace telltale::internal {

TripSums Sum(std::span<const Trip> trips) {
  TripSums sums;
  for (const Trip& trip : trips) {
    sums.totals += trip.totals;
    sums.measures += trip.measures;
    for (const Event& event : trip.events) {
      if (event.kind != EventKind::kLongIdle) continue;
      const std::int64_t from_ms = std::max(event.start_time_ms, trip.start_time_ms);
      const std::int64_t to_ms = std::min(event.start_time_ms + event.duration_ms, trip.end_time_ms);
      sums.idle_outside_ms += event.duration_ms - std::max<std::int64_t>(to_ms - from_ms, 0);
    }
  }
  return sums;
}

}  // namespace telltale::internal
