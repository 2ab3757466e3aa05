// How a VehicleFold finds where trips begin and end.

#include "advice/vehicle_fold.h"

#include <utility>

#include "base/time.h"

namespace telltale {

VehicleFold::VehicleFold(const AdviceSignals& signals, const VehicleTraits& traits, const FoldOptions& options)
    : signals_(&signals),
      traits_(traits),
      options_(options),
      limits_(options.limits.value_or(LimitsOf(traits))),
      rules_(signals, options) {}

void VehicleFold::Add(const Frame& frame) {
  const std::int64_t time_ms = frame.measure_time_ms;
  if (stop_start_ms_ && time_ms <= time_ms_) return;
  if (day_open_ && DayOf(time_ms) > DayOf(time_ms_)) CloseDay(time_ms);
  day_open_ = true;
  if (any_frame_ && time_ms - time_ms_ > options_.stop_max.count()) LeaveLongGap();

  bool known = false;  // whether what held at the last frame holds until this one
  if (any_frame_) {
    values_.TakeInterval(time_ms - time_ms_, options_);
    known = time_ms - time_ms_ <= values_.hold_ms();
  }
  internal::Step step = TakeInterval(time_ms, known);
  values_.Take(*signals_, frame);
  if (!stop_start_ms_) stop_start_ms_ = time_ms;
  FollowIgnition(time_ms, !any_frame_);
  settled_ = time_ms >= settled_time_ms_;
  TakePosition(time_ms);
  TakeSpeed(time_ms, step);
  TakeFuel(time_ms, step);
  TakeCounters(time_ms, step);
  if (known && conditions_.idle) step.idle_fuel = step.fuel;
  if (known && conditions_.pto) step.pto_fuel = step.fuel;
  TakeClasses(time_ms, step, known);
  const Conditions now = ConditionsAt(time_ms);
  class_conditions_ = ClassConditionsAt(time_ms, now);
  TakeTank(time_ms, step, now);
  FollowAlarms(frame);
  if (gap_) FollowGap(time_ms);

  FollowIdle(time_ms, now, known, step);
  FollowOverspeed(time_ms, known);
  if (any_frame_ && !known && phase_ != Phase::kParked && time_ms - time_ms_ >= options_.gap_event_min.count() &&
      draft_.events.size() + draft_.tail_events.size() < FoldOptions::kEventsMax) {
    draft_.tail_events.push_back({.kind = EventKind::kGap,
                                  .start_time_ms = time_ms_,
                                  .duration_ms = time_ms - time_ms_,
                                  .value = static_cast<double>(time_ms - time_ms_) * 1e-3,
                                  .speed_kmh_at_start = conditions_.speed_kmh,
                                  .position = draft_.active_position});
  }
  Advance(time_ms, step, now);
  List(brake_run_);
  List(acceleration_run_);

  idle_before_.reset();
  any_frame_ = true;
  time_ms_ = time_ms;
  conditions_ = now;
}

// Nobody knows what the vehicle did. What follows has nothing to do with what was before.
void VehicleFold::LeaveLongGap() {
  if (idle_) EndIdle(time_ms_);
  if (phase_ == Phase::kTrip) EndTrip();
  if (phase_ == Phase::kStarting) Dissolve();
  OpenGapHere();
  EndAlarms();
  tank_.LeaveGap();
  position_.LeaveGap();
  if (const auto carried = position_.TakeCarried()) results_.events.push_back(*carried);
  any_frame_ = false;
  class_conditions_ = {};
  values_.Clear();
  speed_ = {};
  fuel_rate_ = {};
  air_fuel_rate_ = {};
  overspeed_work_ = {};
  fuel_fine_ = {};
  fuel_coarse_ = {};
  distance_fine_ = {};
  distance_coarse_ = {};
  movement_m_ = 0.0;
  conditions_ = {};
  engine_off_since_ms_ = kNever;
}

void VehicleFold::Advance(std::int64_t time_ms, internal::Step& step, const Conditions& now) {
  // The radio, the ignition and the wheels may all be quiet for a while in a trip; a long stand ends it.
  if (phase_ != Phase::kParked && !now.moving && time_ms - draft_.movement_time_ms > options_.stop_max.count()) {
    if (phase_ == Phase::kTrip) {
      EndTrip();
    } else {
      Dissolve();
    }
  } else if (phase_ != Phase::kParked && now.active()) {
    Resume();
    draft_.stretch.Add(step);
    draft_.active_time_ms = time_ms;
    if (const auto position = PositionAt(time_ms)) draft_.active_position = position;
    if (now.moving && movement_m_ >= options_.movement_m_min) {
      draft_.movement_time_ms = time_ms;
      if (phase_ == Phase::kStarting) Confirm(step.slice_start_ms);
    }
    return;
  } else if (phase_ != Phase::kParked) {
    draft_.stretch.Add(TakeHarsh(step));  // a hard stop belongs to the trip that it ends
    draft_.tail.Add(step);
    if (phase_ == Phase::kStarting && time_ms - draft_.active_time_ms > options_.ignition_pulse.count()) Dissolve();
    return;
  }

  // Parked. An engine that runs on after a trip begins none: movement does, or a start of the engine.
  const bool begins = now.moving || (now.engine_running && !conditions_.engine_running);
  internal::Step first;
  if (begins) {
    // The frame is the trip's first; the interval that leads to it is not the trip's.
    first = TakeHarsh(step);
    first.totals.frame_count = std::exchange(step.totals.frame_count, 0);
  }
  outside_.Add(step);
  if (begins) Begin(time_ms, first);
}

internal::Step VehicleFold::TakeHarsh(internal::Step& step) {
  internal::Step harsh{.slice_start_ms = step.slice_start_ms};
  harsh.totals.harsh_brake_count = std::exchange(step.totals.harsh_brake_count, 0);
  harsh.totals.harsh_acceleration_count = std::exchange(step.totals.harsh_acceleration_count, 0);
  return harsh;
}

void VehicleFold::Begin(std::int64_t time_ms, const internal::Step& first) {
  FlushOutside();
  phase_ = Phase::kStarting;
  draft_ = {};
  draft_.start_time_ms = time_ms;
  draft_.active_time_ms = time_ms;
  draft_.movement_time_ms = time_ms;
  draft_.start_position = PositionAt(time_ms);
  draft_.active_position = draft_.start_position;
  draft_.stretch.Add(first);
  if (idle_before_) draft_.events.push_back(*idle_before_);
}

void VehicleFold::Resume() {
  draft_.stretch.Append(draft_.tail);
  draft_.tail.Clear();
  draft_.events.insert(draft_.events.end(), draft_.tail_events.begin(), draft_.tail_events.end());
  draft_.tail_events.clear();
}

void VehicleFold::Confirm(std::int64_t slice_start_ms) {
  phase_ = Phase::kTrip;
  ++results_.slices[slice_start_ms].trip_count;
  if (draft_.start_time_ms > *stop_start_ms_) {
    results_.stops.push_back({.start_time_ms = *stop_start_ms_,
                              .end_time_ms = draft_.start_time_ms,
                              .position = stop_position_,
                              .totals = stand_totals_});
  }
}

void VehicleFold::EndTrip() {
  Trip trip = TripOf(draft_);
  trip.open = false;
  AddSlices(draft_.stretch.Slices(rules_));
  outside_.Append(draft_.tail);
  stop_start_ms_ = trip.end_time_ms;
  stop_position_ = trip.end_position;
  stand_totals_ = {};
  draft_ = {};
  phase_ = Phase::kParked;
  accelerator_d_rest_ = 100.0;
  movement_m_ = 0.0;
  ForgetRuns();
  if (idle_) {
    ended_ = std::move(trip);  // its last event goes on
  } else {
    results_.trips.push_back(std::move(trip));
  }
}

void VehicleFold::Dissolve() {
  outside_.Append(draft_.stretch);
  outside_.Append(draft_.tail);
  draft_ = {};
  phase_ = Phase::kParked;
  movement_m_ = 0.0;
  ForgetRuns();
}

}  // namespace telltale
