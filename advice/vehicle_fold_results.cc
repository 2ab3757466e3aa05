// What a VehicleFold has found, and its state.

#include <algorithm>

#include <fmt/format.h>

#include "advice/vehicle_fold.h"
#include "base/state_coding.h"
#include "base/time.h"

namespace telltale {

Slice& Slice::operator+=(const Slice& other) {
  totals += other.totals;
  classes += other.classes;
  trip_count += other.trip_count;
  return *this;
}

StatusOr<VehicleFold> VehicleFold::Restore(const AdviceSignals& signals, const VehicleTraits& traits,
                                           const FoldOptions& options, std::string_view state) {
  VehicleFold fold(signals, traits, options);
  StateReader reader(state);
  reader(fold);
  if (!reader.finished()) {
    return absl::DataLossError(fmt::format("the state of a fold cannot be read: {} bytes", state.size()));
  }
  return fold;
}

std::string VehicleFold::State() const {
  StateWriter writer;
  writer(*this);
  return writer.Take();
}

std::optional<std::int64_t> VehicleFold::day() const {
  if (!day_open_) return std::nullopt;
  return DayOf(time_ms_);
}

std::int64_t VehicleFold::pending_since_ms() const {
  if (!stop_start_ms_) return kNever;
  std::int64_t since_ms = time_ms_;
  if (phase_ == Phase::kParked || phase_ == Phase::kStarting) since_ms = std::min(since_ms, *stop_start_ms_);
  if (phase_ != Phase::kParked) since_ms = std::min(since_ms, draft_.start_time_ms);
  if (ended_) since_ms = std::min(since_ms, ended_->start_time_ms);
  if (idle_) since_ms = std::min(since_ms, idle_->start_time_ms);
  if (gap_) since_ms = std::min(since_ms, gap_->gap.start_time_ms);
  if (const auto start_ms = tank_.pending_since_ms()) since_ms = std::min(since_ms, *start_ms);
  if (const auto start_ms = position_.carried_since_ms()) since_ms = std::min(since_ms, *start_ms);
  for (const auto& [alarm, event] : raised_alarms_) since_ms = std::min(since_ms, event.start_time_ms);
  return since_ms;
}

Trip VehicleFold::TripOf(const Draft& draft) const {
  Trip trip{.start_time_ms = draft.start_time_ms,
            .end_time_ms = draft.active_time_ms,
            .open = true,
            .start_position = draft.start_position,
            .end_position = draft.active_position,
            .totals = draft.stretch.Total(rules_),
            .measures = draft.stretch.measures(),
            .events = draft.events};
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

std::optional<Stop> VehicleFold::open_stop() const {
  if (!stop_start_ms_ || phase_ == Phase::kTrip) return std::nullopt;
  Stop stop{.start_time_ms = *stop_start_ms_,
            .end_time_ms = time_ms_,
            .open = true,
            .position = stop_position_,
            .totals = stand_totals_};
  stop.totals += outside_.Total(rules_);
  return stop;
}

std::int64_t VehicleFold::SliceOf(std::int64_t time_ms) const {
  const std::int64_t rest_ms = time_ms % kSliceMs;
  std::int64_t start_ms = time_ms - (rest_ms < 0 ? rest_ms + kSliceMs : rest_ms);
  if (!cuts_ms_.empty()) {
    const auto after = std::upper_bound(cuts_ms_.begin(), cuts_ms_.end(), time_ms);
    if (after != cuts_ms_.begin()) start_ms = std::max(start_ms, *std::prev(after));
  }
  return start_ms;
}

void VehicleFold::AddSlices(const std::vector<internal::SliceTotals>& slices) {
  for (const internal::SliceTotals& slice : slices) results_.slices[slice.slice_start_ms].totals += slice.totals;
}

void VehicleFold::CloseDay(std::int64_t next_time_ms) {
  // The trip of the evening belongs to the evening, even if the next frame is that of the morning.
  if (any_frame_ && next_time_ms - time_ms_ > options_.stop_max.count()) LeaveLongGap();
  day_open_ = false;
  tank_.CloseDay();
  FlushClasses();
  FlushOutside();
  AddSlices(draft_.stretch.CloseDay(rules_));
  AddSlices(draft_.tail.CloseDay(rules_));
}

std::map<std::int64_t, Slice> VehicleFold::slices() const {
  std::map<std::int64_t, Slice> slices = results_.slices;
  if (AccumulatedClasses sums = classes_.Sums(); !(sums == AccumulatedClasses()))
    slices[class_slice_ms_].classes += sums;
  for (const internal::Stretch* stretch : {&outside_, &draft_.stretch, &draft_.tail}) {
    for (const internal::SliceTotals& slice : stretch->Slices(rules_)) {
      slices[slice.slice_start_ms].totals += slice.totals;
    }
  }
  return slices;
}

std::vector<VehicleDay> DaysOf(const std::map<std::int64_t, Slice>& slices) {
  std::vector<VehicleDay> days;
  for (const auto& [start_ms, slice] : slices) {
    const std::int64_t day = DayOf(start_ms);
    if (days.empty() || days.back().day != day) days.push_back({.day = day});
    days.back().totals += slice.totals;
    days.back().trip_count += slice.trip_count;
  }
  return days;
}

Totals VehicleFold::outside_totals() const {
  Totals totals = outside_totals_;
  totals += outside_.Total(rules_);
  if (phase_ == Phase::kStarting) totals += draft_.stretch.Total(rules_);
  totals += draft_.tail.Total(rules_);
  return totals;
}

void VehicleFold::FlushClasses() {
  if (AccumulatedClasses sums = classes_.TakeSums(); !(sums == AccumulatedClasses())) {
    results_.slices[class_slice_ms_].classes += sums;
  }
}

std::vector<Event> VehicleFold::open_events() const {
  std::vector<Event> events;
  for (const auto& [alarm, event] : raised_alarms_) events.push_back(event);
  return events;
}

void VehicleFold::FlushOutside() {
  AddSlices(outside_.Slices(rules_));
  const Totals total = outside_.Total(rules_);
  outside_totals_ += total;
  stand_totals_ += total;
  outside_.Clear();
}

}  // namespace telltale
