// How a VehicleFold reads a frame: what holds at its instant, and what the interval that leads to it brings.

#include <algorithm>
#include <cmath>

#include "advice/vehicle_fold.h"
#include "base/time.h"

namespace telltale {
namespace {

constexpr double kKmhPerMps = 3.6;
constexpr double kMicrolitresPerMsOfLph = 1.0 / 3.6;  // 1 l/h = 1e6 ul / 3.6e6 ms
constexpr double kMicrolitresPerMsOfCm3ps = 1.0;      // 1 cm3/s = 1,000 ul / 1,000 ms
constexpr double kStoichiometricPetrol = 14.7;        // kg air / kg petrol (E5)
constexpr double kPetrolGramsPerLitre = 745.0;        // EN 228 allows 720 to 775
constexpr double kMmPerMsOfKmh = 1.0 / 3.6;           // 1 km/h = 1e6 mm / 3.6e6 ms

}  // namespace

std::optional<double> VehicleFold::Get(AdviceSignal signal, std::int64_t time_ms) const {
  return values_.Get(*signals_, signal, time_ms);
}

std::optional<Position> VehicleFold::PositionAt(std::int64_t time_ms) const {
  return position_.At(time_ms, values_.hold_ms());
}

void VehicleFold::TakePosition(std::int64_t time_ms) {
  if (!values_.Updated(AdviceSignal::kLatitude) && !values_.Updated(AdviceSignal::kLongitude)) return;
  const auto latitude_deg = Get(AdviceSignal::kLatitude, time_ms);
  const auto longitude_deg = Get(AdviceSignal::kLongitude, time_ms);
  if (!latitude_deg || !longitude_deg) return;
  // Whether it moves by itself; of a terminal that knows neither engine nor wheels nor ignition it is taken to.
  bool drives = true;
  if (const auto engine_rpm = Get(AdviceSignal::kEngineSpeed, time_ms)) {
    drives = *engine_rpm > options_.engine_rpm_min || traits_.fuel_type == FuelType::kElectric;
  } else if (const auto wheel_kmh = Get(AdviceSignal::kWheelSpeed, time_ms)) {
    drives = *wheel_kmh >= options_.moving_kmh;
  } else if (const auto ignition = Get(AdviceSignal::kIgnition, time_ms)) {
    drives = *ignition > 0.0;
  }
  position_.Take(time_ms, {.latitude_deg = *latitude_deg, .longitude_deg = *longitude_deg}, drives);
  if (const auto carried = position_.TakeCarried()) results_.events.push_back(*carried);
}

void VehicleFold::TakeTank(std::int64_t time_ms, const internal::Step& step, const Conditions& now) {
  std::optional<double> level_percent;
  if (values_.Updated(AdviceSignal::kFuelLevel)) {
    level_percent = Get(AdviceSignal::kFuelLevel, time_ms);
  } else if (values_.Updated(AdviceSignal::kTerminalFuelVolume) && !Get(AdviceSignal::kFuelLevel, time_ms)) {
    // Litres as percent of the largest tank that there is.
    if (!tank_has_probe_) tank_ = internal::TankWatch({}, options_.tank_l_max);
    tank_has_probe_ = true;
    level_percent = *Get(AdviceSignal::kTerminalFuelVolume, time_ms) / options_.tank_l_max * 100.0;
  }
  if (level_percent) tank_has_level_ = true;
  if (!tank_has_level_) return;
  const std::int64_t used_ul = step.fuel.fine_ul > 0   ? step.fuel.fine_ul
                               : step.fuel.rate_ul > 0 ? step.fuel.rate_ul
                                                       : step.fuel.coarse_ul;
  tank_events_.clear();
  tank_.Take(time_ms, level_percent, used_ul, !now.moving, settled(), PositionAt(time_ms), tank_events_);
  for (const internal::TankEvent& event : tank_events_) {
    results_.events.push_back({.kind = event.refuelling ? EventKind::kRefuelling : EventKind::kFuelDrop,
                               .start_time_ms = event.start_time_ms,
                               .duration_ms = event.end_time_ms - event.start_time_ms,
                               .value = event.change_percent,
                               .position = event.position,
                               .fuel_ul = std::llround(event.litres.value_or(0.0) * 1e6)});
  }
}

ClassConditions VehicleFold::ClassConditionsAt(std::int64_t time_ms, const Conditions& now) {
  ClassConditions classes;
  classes.speed_kmh = speed_.At(time_ms, values_.hold_ms());
  classes.engine_rpm = Get(AdviceSignal::kEngineSpeed, time_ms);
  classes.engine_on = classes.engine_rpm ? *classes.engine_rpm > 0.0 : now.engine_running;
  classes.torque_percent = Get(AdviceSignal::kEngineTorque, time_ms);
  classes.load_percent = Get(AdviceSignal::kEngineLoad, time_ms);
  classes.accelerator_percent = Get(AdviceSignal::kAccelerator, time_ms);
  classes.brake_percent = Get(AdviceSignal::kBrakePedal, time_ms);
  classes.retarder_percent = Get(AdviceSignal::kRetarderTorque, time_ms);
  classes.selected_gear = Get(AdviceSignal::kSelectedGear, time_ms);
  classes.current_gear = Get(AdviceSignal::kGear, time_ms);
  if (const auto pressed = Get(AdviceSignal::kBrakeSwitch, time_ms)) {
    classes.brake_pressed = *pressed > 0.0;
  } else if (classes.brake_percent) {
    classes.brake_pressed = *classes.brake_percent > 0.0;
  }
  if (const auto pressed = Get(AdviceSignal::kClutchSwitch, time_ms)) classes.clutch_pressed = *pressed > 0.0;
  if (const auto active = Get(AdviceSignal::kCruiseActive, time_ms)) classes.cruise_active = *active > 0.0;
  classes.pto_engaged = PtoOn(time_ms);
  if (now.moving && classes.brake_pressed.value_or(false) && !class_conditions_.brake_pressed.value_or(true)) {
    classes_.TakeBrakePress();
  }
  return classes;
}

// What held since the last frame, with what the interval brought.
void VehicleFold::TakeClasses(std::int64_t time_ms, const internal::Step& step, bool known) {
  if (class_slice_ms_ != step.slice_start_ms) {
    FlushClasses();
    class_slice_ms_ = step.slice_start_ms;
  }
  if (!known) return;
  classes_.Take(class_conditions_, speed_.AccelerationAt(time_ms, options_.window_max), options_.moving_kmh,
                {.duration_ms = time_ms - time_ms_,
                 .distance_mm = step.distance.speed_mm > 0 ? step.distance.speed_mm : step.distance.fine_mm,
                 .fuel_ul = step.fuel.rate_ul > 0   ? step.fuel.rate_ul
                            : step.fuel.fine_ul > 0 ? step.fuel.fine_ul
                                                    : step.fuel.air_ul});
}

// What held at the last frame held until this one.
internal::Step VehicleFold::TakeInterval(std::int64_t time_ms, bool known) {
  internal::Step step;
  step.slice_start_ms = SliceOf(time_ms);
  step.totals.frame_count = 1;
  if (!known) return step;

  const std::int64_t span_ms = time_ms - time_ms_;
  const Conditions& then = conditions_;
  const auto if_so = [span_ms](bool condition) { return condition ? span_ms : 0; };
  step.totals.driving_ms = if_so(then.moving);
  step.totals.idle_ms = if_so(then.idle);
  step.totals.pto_ms = if_so(then.pto);
  step.totals.engine_ms = if_so(then.engine_running);
  step.totals.overspeed_ms = if_so(then.overspeed);
  step.totals.coasting_ms = if_so(then.coasting);
  step.totals.cruise_ms = if_so(then.cruise);
  step.totals.over_rev_ms = if_so(then.over_rev);
  step.totals.green_band_ms = if_so(then.green_band);
  step.measures.engine_speed_known_ms = if_so(then.moving && then.engine_speed_known);
  step.measures.accelerator_known_ms = if_so(then.moving && then.accelerator_known);
  step.measures.cruise_known_ms = if_so(then.moving && then.cruise_known);
  step.measures.manoeuvres_known_ms = if_so(then.moving && then.manoeuvres_known);
  step.measures.braking_ms = if_so(then.braking && then.accelerator_known);
  step.measures.highway_ms = if_so(then.highway && then.cruise_known);
  step.measures.highway_cruise_ms = if_so(then.highway && then.cruise);
  if (then.overspeed) {
    const double speed_mps = then.speed_kmh / kKmhPerMps;
    const double limit_mps = limits_.speed_kmh_limit / kKmhPerMps;
    step.measures.overspeed_work_m3s2 = overspeed_work_.Take(
        speed_mps * (speed_mps * speed_mps - limit_mps * limit_mps) * static_cast<double>(span_ms) * 1e-3);
  }
  return step;
}

void VehicleFold::TakeSpeed(std::int64_t time_ms, internal::Step& step) {
  const auto wheel_kmh = Get(AdviceSignal::kWheelSpeed, time_ms);
  const auto gnss_kmh = Get(AdviceSignal::kGnssSpeed, time_ms);
  if (!wheel_kmh && !gnss_kmh) {
    speed_.Lose();
    movement_m_ = 0.0;
    return;
  }
  // The wheels know better; the satellites help out.
  const bool updated =
      wheel_kmh ? values_.Updated(AdviceSignal::kWheelSpeed) : values_.Updated(AdviceSignal::kGnssSpeed);
  if (!updated) return;
  const double speed_kmh = wheel_kmh ? *wheel_kmh : *gnss_kmh;

  const internal::SpeedWatch::Taken taken = speed_.Take(time_ms, speed_kmh, values_.hold_ms(), options_);
  if (!taken.accepted) return;
  if (!conditions_.carried) step.distance.speed_mm += taken.distance_mm;
  step.totals.speed_kmh_max = speed_kmh;
  if (speed_kmh < options_.moving_kmh) {
    movement_m_ = 0.0;
  } else {
    movement_m_ += static_cast<double>(taken.distance_mm) * 1e-3;
    // Moving before a gap and after it is movement, though nobody knows how far.
    const std::int64_t span_ms = time_ms - time_ms_;
    if (any_frame_ && span_ms > values_.hold_ms() && conditions_.moving) {
      movement_m_ += std::min(conditions_.speed_kmh, speed_kmh) * kMmPerMsOfKmh * static_cast<double>(span_ms) * 1e-3;
    }
  }
  if (taken.window && settled()) FollowManoeuvres(*taken.window, step);
}

void VehicleFold::TakeFuel(std::int64_t time_ms, internal::Step& step) {
  const auto rate_lph = Get(AdviceSignal::kFuelRate, time_ms);
  const auto flow_cm3ps = Get(AdviceSignal::kFuelFlow, time_ms);
  if (rate_lph) {
    if (values_.Updated(AdviceSignal::kFuelRate)) {
      step.fuel.rate_ul = fuel_rate_.Take(time_ms, *rate_lph * kMicrolitresPerMsOfLph, values_.hold_ms());
    }
  } else if (flow_cm3ps) {
    if (values_.Updated(AdviceSignal::kFuelFlow)) {
      step.fuel.rate_ul = fuel_rate_.Take(time_ms, *flow_cm3ps * kMicrolitresPerMsOfCm3ps, values_.hold_ms());
    }
  } else {
    fuel_rate_.Lose();
  }

  // A petrol engine burns its air with a fixed part of fuel; a diesel's excess of air varies, so its air tells nothing.
  if (traits_.fuel_type != FuelType::kPetrol) return;
  const auto air_gps = Get(AdviceSignal::kAirMassFlow, time_ms);
  if (!air_gps) {
    air_fuel_rate_.Lose();
  } else if (values_.Updated(AdviceSignal::kAirMassFlow)) {
    const double fuel_ul_per_ms = *air_gps / kStoichiometricPetrol / kPetrolGramsPerLitre * 1e3;
    step.fuel.air_ul = air_fuel_rate_.Take(time_ms, fuel_ul_per_ms, values_.hold_ms());
  }
}

void VehicleFold::TakeCounters(std::int64_t time_ms, internal::Step& step) {
  // In the seconds after ignition counters may still show what their ECU last saved.
  if (!settled()) return;
  // The amount by which a counter advanced; `unit` is its step in the unit of the sum, `per_ms_max` in that unit, too.
  const auto take = [&](AdviceSignal signal, internal::CounterAdvance& counter, double per_unit, double per_ms_max) {
    if (!values_.Updated(signal)) return std::int64_t{0};
    const double step_size = signals_->scale(signal) * per_unit;
    const std::int64_t steps = counter.Take(time_ms, values_.raw(signal), per_ms_max / step_size);
    if (counter.was_reset()) {
      results_.events.push_back({.kind = EventKind::kCounterReset,
                                 .start_time_ms = time_ms,
                                 .value = *Get(signal, time_ms),
                                 .speed_kmh_at_start = conditions_.speed_kmh,
                                 .position = PositionAt(time_ms),
                                 .signal = signals_->id(signal)});
    }
    return static_cast<std::int64_t>(std::llround(static_cast<double>(steps) * step_size));
  };
  const double mm_per_ms_max = options_.counter_speed_kmh_max * kMmPerMsOfKmh;
  const double ul_per_ms_max = options_.counter_fuel_rate_lph_max * kMicrolitresPerMsOfLph;
  step.distance.fine_mm = take(AdviceSignal::kDistanceTotalFine, distance_fine_, 1e3, mm_per_ms_max);  // m
  step.distance.coarse_mm = take(AdviceSignal::kDistanceTotal, distance_coarse_, 1e6, mm_per_ms_max);  // km
  step.fuel.fine_ul = take(AdviceSignal::kFuelTotalFine, fuel_fine_, 1e6, ul_per_ms_max);              // l
  step.fuel.coarse_ul = take(AdviceSignal::kFuelTotal, fuel_coarse_, 1e6, ul_per_ms_max);              // l
}

std::optional<bool> VehicleFold::AcceleratorReleased(std::int64_t time_ms, bool engine_running) {
  if (const auto percent = Get(AdviceSignal::kAccelerator, time_ms)) {
    return *percent <= options_.accelerator_rest_percent;
  }
  const auto percent = Get(AdviceSignal::kAcceleratorD, time_ms);
  if (!percent) return std::nullopt;
  // Sensor D does not rest at 0 but anywhere up to 20 %: the least that was seen is its rest.
  if (engine_running && *percent < options_.accelerator_d_rest_max) {
    accelerator_d_rest_ = std::min(accelerator_d_rest_, *percent);
  }
  if (accelerator_d_rest_ > options_.accelerator_d_rest_max) return std::nullopt;
  return *percent <= accelerator_d_rest_ + options_.accelerator_rest_percent;
}

std::optional<bool> VehicleFold::BrakePressed(std::int64_t time_ms) const {
  if (const auto pressed = Get(AdviceSignal::kBrakeSwitch, time_ms)) return *pressed > 0.0;
  if (const auto percent = Get(AdviceSignal::kBrakePedal, time_ms)) return *percent > 0.0;
  const auto acceleration_mps2 = speed_.AccelerationAt(time_ms, options_.window_max);
  if (!acceleration_mps2) return std::nullopt;
  return *acceleration_mps2 <= -options_.braking_mps2_min;
}

bool VehicleFold::PtoOn(std::int64_t time_ms) const {
  if (const auto engaged = Get(AdviceSignal::kPtoEngaged, time_ms)) return *engaged > 0.0;
  const auto governor_state = Get(AdviceSignal::kPtoGovernorState, time_ms);
  return governor_state && *governor_state > 0.0;  // SPN 976: 0 is off
}

// Ten seconds after ignition, sensors and ECUs say what they like. Ignition is the key's, else an engine that starts
// after a stand, else the end of a silence if the vehicle then stands.
void VehicleFold::FollowIgnition(std::int64_t time_ms, bool after_silence) {
  const auto engine_rpm = Get(AdviceSignal::kEngineSpeed, time_ms);
  const auto ignition = Get(AdviceSignal::kIgnition, time_ms);
  bool ignites = false;
  if (after_silence) {
    const auto wheel_kmh = Get(AdviceSignal::kWheelSpeed, time_ms);
    const auto gnss_kmh = Get(AdviceSignal::kGnssSpeed, time_ms);
    const auto speed_kmh = wheel_kmh ? wheel_kmh : gnss_kmh;
    ignites = speed_kmh && *speed_kmh < options_.moving_kmh;
  }
  const bool off = ignition ? *ignition == 0.0 : engine_rpm && *engine_rpm <= options_.engine_rpm_min;
  const bool on = ignition ? *ignition > 0.0 : engine_rpm && *engine_rpm > options_.engine_rpm_min;
  if (on && engine_off_since_ms_ != kNever) {
    // Start-stop at a red light is no ignition.
    ignites |= ignition.has_value() || time_ms - engine_off_since_ms_ > options_.stop_max.count();
    engine_off_since_ms_ = kNever;
  } else if (off && engine_off_since_ms_ == kNever) {
    engine_off_since_ms_ = time_ms;
  }
  if (ignites) settled_time_ms_ = time_ms + options_.settling.count();
}

VehicleFold::Conditions VehicleFold::ConditionsAt(std::int64_t time_ms) {
  Conditions now;
  const auto speed_kmh = speed_.At(time_ms, values_.hold_ms());
  const auto engine_rpm = Get(AdviceSignal::kEngineSpeed, time_ms);
  now.speed_kmh = speed_kmh.value_or(0.0);
  const bool rolls = speed_kmh && *speed_kmh >= options_.moving_kmh;
  // On the hook of a tow truck the wheels or the satellites tell of a speed. In a trip, an engine that is off is
  // start-stop or sailing.
  now.carried = rolls && phase_ == Phase::kParked && engine_rpm && *engine_rpm <= options_.engine_rpm_min &&
                traits_.fuel_type != FuelType::kElectric;
  now.moving = rolls && !now.carried;
  now.engine_speed_known = engine_rpm.has_value();
  now.engine_running = engine_rpm ? *engine_rpm > options_.engine_rpm_min : now.moving;
  const bool stands_running = engine_rpm && now.engine_running && speed_kmh && !now.moving;
  now.pto = stands_running && PtoOn(time_ms);
  now.idle = stands_running && !now.pto;
  now.over_rev = engine_rpm && *engine_rpm > limits_.green_rpm_max;
  const std::optional<bool> released = AcceleratorReleased(time_ms, now.engine_running);
  if (!now.moving) return now;

  now.overspeed = now.speed_kmh > limits_.speed_kmh_limit;
  now.highway = now.speed_kmh >= options_.highway_kmh_min;
  now.green_band = engine_rpm && *engine_rpm >= limits_.green_rpm_min && *engine_rpm <= limits_.green_rpm_max;
  now.manoeuvres_known = speed_.AccelerationAt(time_ms, options_.window_max).has_value();
  const auto cruise = Get(AdviceSignal::kCruiseActive, time_ms);
  now.cruise_known = cruise.has_value();
  now.cruise = cruise && *cruise > 0.0;
  now.braking = BrakePressed(time_ms).value_or(false);
  now.accelerator_known = released.has_value();
  if (released && *released && !now.braking && !now.cruise) {
    const auto gear = Get(AdviceSignal::kGear, time_ms);
    const auto clutch = Get(AdviceSignal::kClutchSwitch, time_ms);
    now.coasting = gear ? *gear != 0.0 : !(clutch && *clutch > 0.0);
  }
  return now;
}

}  // namespace telltale
