// What a VehicleFold has found: open trip and days.

#include <algorithm>

#include "advice/vehicle_fold.h"
#include "base/time.h"

namespace telltale {

Trip VehicleFold::TripOf(const Draft& draft) const {
  Trip trip{.start_time_ms = draft.start_time_ms,
            .end_time_ms = draft.active_time_ms,
            .open = true,
            .start_position = draft.start_position,
            .end_position = draft.active_position,
            .measures = draft.stretch.measures(),
            .events = draft.events};
  for (const internal::DayTotals& day : draft.stretch.Resolve(rules_)) trip.totals += day.totals;
  std::stable_sort(trip.events.begin(), trip.events.end(),
                   [](const Event& a, const Event& b) { return a.start_time_ms < b.start_time_ms; });
  return trip;
}

std::optional<Trip> VehicleFold::open_trip() const {
  std::optional<Trip> trip;
  if (phase_ == Phase::kTrip) {
    trip = TripOf(draft_);
  } else if (ended_) {
    trip = ended_;
    trip->open = true;
  } else {
    return std::nullopt;
  }
  if (idle_ && time_ms_ - idle_->start_time_ms > options_.long_idle_min.count()) {
    trip->events.push_back(IdleEvent(time_ms_));
  }
  return trip;
}

std::vector<VehicleDay> VehicleFold::days() const {
  std::map<std::int64_t, VehicleDay> days = days_;
  const auto add = [&](const internal::Stretch& stretch) {
    for (const internal::DayTotals& part : stretch.Resolve(rules_)) {
      VehicleDay& day = days[part.day];
      day.day = part.day;
      day.totals += part.totals;
    }
  };
  add(outside_);
  if (phase_ != Phase::kParked) {
    add(draft_.stretch);
    add(draft_.tail);
  }
  if (phase_ == Phase::kTrip) ++days[DayOf(draft_.start_time_ms)].trip_count;
  std::vector<VehicleDay> sorted;
  sorted.reserve(days.size());
  for (const auto& [number, day] : days) sorted.push_back(day);
  return sorted;
}

Totals VehicleFold::outside_totals() const {
  Totals totals = outside_totals_;
  const auto add = [&](const internal::Stretch& stretch) {
    for (const internal::DayTotals& part : stretch.Resolve(rules_)) totals += part.totals;
  };
  add(outside_);
  if (phase_ == Phase::kStarting) add(draft_.stretch);
  if (phase_ != Phase::kParked) add(draft_.tail);
  return totals;
}

void VehicleFold::AddToDays(const internal::Stretch& stretch, bool outside) {
  for (const internal::DayTotals& part : stretch.Resolve(rules_)) {
    VehicleDay& day = days_[part.day];
    day.day = part.day;
    day.totals += part.totals;
    if (outside) outside_totals_ += part.totals;
  }
}

void VehicleFold::FlushOutside() {
  AddToDays(outside_, true);
  outside_.Clear();
}

}  // namespace telltale
