// How a VehicleFold finds events.

#include <algorithm>
#include <cmath>

#include "advice/vehicle_fold.h"

namespace telltale {

// Standing with a running engine; the interval that `step` stands for was such if a phase was open.
void VehicleFold::FollowIdle(std::int64_t time_ms, const Conditions& now, bool known, const internal::Step& step) {
  if (idle_ && !known) EndIdle(time_ms_);
  if (idle_) {
    idle_->fuel += step.fuel;
    if (!now.idle) EndIdle(time_ms);
  } else if (now.idle) {
    idle_ = IdlePhase{.start_time_ms = time_ms, .fuel = {}, .position = PositionAt(time_ms)};
  }
}

Event VehicleFold::IdleEvent(std::int64_t end_time_ms) const {
  const std::int64_t duration_ms = end_time_ms - idle_->start_time_ms;
  return {.kind = EventKind::kLongIdle,
          .start_time_ms = idle_->start_time_ms,
          .duration_ms = duration_ms,
          .value = static_cast<double>(duration_ms) * 1e-3,
          .position = idle_->position,
          .fuel_ul = internal::Stretch::BestFuel(idle_->fuel, rules_)};
}

// A long idle goes to the trip that it began in, else to the trip that begins as it ends.
void VehicleFold::EndIdle(std::int64_t end_time_ms) {
  const Event event = IdleEvent(end_time_ms);
  idle_.reset();
  const bool is_long = event.duration_ms > options_.long_idle_min.count();
  if (ended_) {
    if (is_long) ended_->events.push_back(event);
    results_.trips.push_back(std::move(*ended_));
    ended_.reset();
  } else if (!is_long) {
    return;
  } else if (phase_ == Phase::kParked) {
    idle_before_ = event;
  } else if (draft_.events.size() < FoldOptions::kEventsMax) {
    draft_.events.push_back(event);
  }
}

void VehicleFold::FollowManoeuvres(const internal::SpeedWindow& window, internal::Step& step) {
  const double deceleration_mps2 = -window.acceleration_mps2;
  const bool brakes = deceleration_mps2 >= limits_.harsh_brake_mps2;
  const bool accelerates = window.acceleration_mps2 >= limits_.harsh_acceleration_mps2 &&
                           window.start_kmh >= options_.harsh_acceleration_kmh_min;
  if (brakes && !brake_run_.running) step.totals.harsh_brake_count = 1;
  if (accelerates && !acceleration_run_.running) step.totals.harsh_acceleration_count = 1;
  FollowRun(brake_run_, EventKind::kHarshBrake, brakes, deceleration_mps2, window);
  FollowRun(acceleration_run_, EventKind::kHarshAcceleration, accelerates, window.acceleration_mps2, window);
}

// Windows in a row beyond the threshold are one event.
void VehicleFold::FollowRun(internal::EventRun& run, EventKind kind, bool beyond, double value,
                            const internal::SpeedWindow& window) {
  if (!beyond) {
    run = {};
    return;
  }
  if (!run.running) {
    run = {.running = true,
           .event = {.kind = kind,
                     .start_time_ms = window.start_time_ms,
                     .speed_kmh_at_start = window.start_kmh,
                     .position = PositionAt(window.end_time_ms)}};
  }
  run.event.duration_ms = window.end_time_ms - run.event.start_time_ms;
  run.event.value = std::max(run.event.value, value);
}

void VehicleFold::FollowOverspeed(std::int64_t time_ms, bool known) {
  if (!known) overspeed_run_ = {};
  const auto speed_kmh = speed_.At(time_ms, values_.hold_ms());
  if (!speed_kmh || *speed_kmh <= limits_.speed_kmh_limit + options_.overspeed_event_kmh) {
    overspeed_run_ = {};
    return;
  }
  if (!overspeed_run_.running) {
    overspeed_run_ = {.running = true,
                      .event = {.kind = EventKind::kOverspeed,
                                .start_time_ms = time_ms,
                                .speed_kmh_at_start = *speed_kmh,
                                .position = PositionAt(time_ms)}};
  }
  overspeed_run_.event.duration_ms = time_ms - overspeed_run_.event.start_time_ms;
  overspeed_run_.event.value = std::max(overspeed_run_.event.value, *speed_kmh);
  if (overspeed_run_.event.duration_ms >= options_.overspeed_event_min.count()) List(overspeed_run_);
}

// Lists the event of a run with the trip, or brings its entry up to date.
void VehicleFold::List(internal::EventRun& run) {
  if (!run.running || phase_ == Phase::kParked) return;
  if (run.index) {
    draft_.events[*run.index] = run.event;
  } else if (draft_.events.size() < FoldOptions::kEventsMax) {
    run.index = draft_.events.size();
    draft_.events.push_back(run.event);
  }
}

void VehicleFold::ForgetRuns() {
  brake_run_ = {};
  acceleration_run_ = {};
  overspeed_run_ = {};
}

}  // namespace telltale
