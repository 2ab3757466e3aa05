#include "bench/truck_simulator/simulation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace telltale::truck {
namespace {

constexpr double kStepS = 0.1;
constexpr double kRpmPerRadps = 30.0 / std::numbers::pi;
constexpr double kStopWithinM = 1.0;     // before a stop is at it
constexpr double kDriveTimeS = 3.0;      // in which the driver makes up for a speed that is off
constexpr double kBrakeTimeS = 1.0;      // the same with the brake
constexpr double kBrakingMaxMps2 = 6.0;  // of a heavy vehicle on a dry road
constexpr double kBetweenShiftsS = 2.5;
constexpr double kCruiseControlMps = 70.0 / 3.6;

}  // namespace

Simulation::Simulation(const Road& road, const Vehicle& vehicle, const Driver& driver, const SimulationOptions& options)
    : road_(road),
      vehicle_(vehicle),
      driver_(driver),
      options_(options),
      air_density_kgm3_(AirDensityKgm3(options.ambient_c)),
      rolling_n_(RollingForceN(vehicle)),
      plan_(road, vehicle, driver, air_density_kgm3_) {
  CHECK(options.cadence.count() > 0 && options.cadence.count() % 100 == 0);
  ledger_.work_j_per_l = vehicle.engine.indicated_efficiency * kDieselJPerL;
  state_.coolant_c = options.coolant_c;
  Finish();
}

bool Simulation::Advance() {
  if (phase_ == Phase::kOver) return false;
  for (std::int64_t i = 0; i < options_.cadence.count() / 100 && phase_ != Phase::kOver; ++i) Step();
  Finish();
  return true;
}

void Simulation::Step() {
  switch (phase_) {
    case Phase::kWarmUp:
      if (phase_s_ >= driver_.warm_up_s) {
        phase_ = Phase::kDriving;
        phase_s_ = 0.0;
        return Step();
      }
      Stand(/*engine_on=*/true, /*pto_on=*/false);
      break;
    case Phase::kStanding: {
      const Stop& stop = road_.stops()[next_stop_];
      if (phase_s_ >= stop.duration_s) {
        last_stop_m_ = stop.position_m;
        phase_ = ++next_stop_ == road_.stops().size() ? Phase::kOver : Phase::kDriving;
        phase_s_ = 0.0;
        return Step();
      }
      const bool traffic = stop.kind == StopKind::kTrafficLight || stop.kind == StopKind::kBusStop;
      const bool pto_on = phase_s_ < stop.pto_s;
      Stand(/*engine_on=*/traffic || phase_s_ < stop.pto_s + driver_.idle_max_s, pto_on);
      break;
    }
    case Phase::kDriving:
      Drive();
      break;
    case Phase::kOver:
      return;
  }
  ++step_;
  phase_s_ += kStepS;
}

void Simulation::Stand(bool engine_on, bool pto_on) {
  const Engine& engine = vehicle_.engine;
  gear_ = 0;
  state_.gear = 0;
  state_.acceleration_mps2 = 0.0;
  state_.accelerator_percent = 0.0;
  state_.torque_nm = 0.0;
  state_.retarder_percent = 0.0;
  state_.brake_on = engine_on && !pto_on;  // who stays at the wheel holds the vehicle
  state_.brake_pressure_kpa = state_.brake_on ? 0.25 * Vehicle::kBrakePressureKpa : 0.0;
  state_.cruise_control_active = false;
  state_.engine_on = engine_on;
  state_.pto_on = engine_on && pto_on;
  state_.idle = engine_on && !pto_on;
  if (!engine_on) {
    state_.engine_speed_rpm = 0.0;
    state_.torque_percent = 0.0;
    state_.friction_percent = 0.0;
    state_.fuel_rate_lph = 0.0;
    Warm(0.0);
    return;
  }
  if (state_.idle) idle_s_ += kStepS;
  state_.engine_speed_rpm = pto_on ? engine.pto_speed_rpm : engine.idle_speed_rpm;
  const double crank_radps = state_.engine_speed_rpm / kRpmPerRadps;
  const double friction_nm = FrictionTorqueNm(engine, state_.engine_speed_rpm);
  const double friction_j = friction_nm * crank_radps * kStepS;
  const double cold_j = friction_j * ColdFriction();
  const double load_j = (vehicle_.auxiliaries_idle_w + (pto_on ? vehicle_.pto_w : 0.0)) * kStepS;
  ledger_.Add(pto_on ? Cause::kPto : Cause::kIdling, friction_j + load_j);
  ledger_.Add(Cause::kColdStart, cold_j);
  state_.torque_nm = load_j / (crank_radps * kStepS);
  state_.torque_percent = 100.0 * (friction_j + cold_j + load_j) / (crank_radps * kStepS) / engine.reference_torque_nm;
  state_.friction_percent = 100.0 * (friction_j + cold_j) / (crank_radps * kStepS) / engine.reference_torque_nm;
  Burn(friction_j + cold_j + load_j);
}

Simulation::Wish Simulation::WishAt(double position_m, double speed_mps) const {
  // Within the cell in which it set off the plan still says zero.
  const double plan_m = next_stop_ > 0 ? std::max(position_m, last_stop_m_ + Road::kCellM) : position_m;
  SpeedCap drive = plan_.DriveCapAt(plan_m);
  SpeedCap brake = plan_.BrakeCapAt(plan_m);
  if (position_m >= road_.stops()[next_stop_].position_m - kStopWithinM) {
    drive = {.speed_mps = 0.0, .acceleration_mps2 = -driver_.braking_mps2};
    brake = drive;
  }
  const double drive_mps2 = std::min(drive.acceleration_mps2, 0.0) + (drive.speed_mps - speed_mps) / kDriveTimeS;
  const double brake_mps2 = std::min(brake.acceleration_mps2, 0.0) + (brake.speed_mps - speed_mps) / kBrakeTimeS;
  return {.acceleration_mps2 = std::min(drive_mps2, driver_.acceleration_mps2),
          .acceleration_mps2_max = std::max(brake_mps2, -kBrakingMaxMps2)};
}

double Simulation::CrankRadps(double speed_mps) const {
  const double idle_radps = vehicle_.engine.idle_speed_rpm / kRpmPerRadps;
  return gear_ == 0 ? idle_radps : std::max(idle_radps, speed_mps * CrankPerMetre(vehicle_, gear_));
}

double Simulation::MaxDriveForceN(int gear, double speed_mps) const {
  const double crank_per_m = CrankPerMetre(vehicle_, gear);
  const double idle_radps = vehicle_.engine.idle_speed_rpm / kRpmPerRadps;
  const double crank_radps = std::max(idle_radps, speed_mps * crank_per_m);
  const double torque_nm =
      MaxTorqueNm(vehicle_.engine, crank_radps * kRpmPerRadps) - vehicle_.auxiliaries_driving_w / crank_radps;
  return std::max(torque_nm, 0.0) * crank_per_m * vehicle_.driveline_efficiency;
}

// The highest gear that gives the force and keeps the engine above the driver's lowest speed; if none gives it, the one
// that gives most, without exceeding the driver's highest speed.
void Simulation::ChooseGear(double drive_n, double resistance_n) {
  since_shift_s_ += kStepS;
  if (gear_ == 0) {
    gear_ = vehicle_.start_gear;
    shifting_s_ = 0.0;  // a standstill may have come in the middle of a shift
    since_shift_s_ = 0.0;
    return;
  }
  if (shifting_s_ > 0.0) {
    shifting_s_ -= kStepS;
    return;
  }
  const double speed_rpm = CrankRadps(speed_mps_) * kRpmPerRadps;
  const bool urgent = speed_rpm > 1.1 * driver_.engine_speed_rpm_max;
  if (since_shift_s_ < kBetweenShiftsS && !urgent) return;
  // Against hunting: a higher gear has to be good for a while, and the present one is kept while it still accelerates.
  constexpr double kReserve = 1.15;
  const double hold_n = 0.5 * (drive_n + resistance_n);
  int best = vehicle_.start_gear;
  double best_n = 0.0;
  for (int gear = vehicle_.gear_count(); gear >= vehicle_.start_gear; --gear) {
    const double gear_rpm = speed_mps_ * CrankPerMetre(vehicle_, gear) * kRpmPerRadps;
    const bool current = gear == gear_;
    if (gear > vehicle_.start_gear && gear_rpm < driver_.engine_speed_rpm_min - (current ? 50.0 : 0.0)) continue;
    if (gear_rpm > driver_.engine_speed_rpm_max + (current ? 50.0 : 0.0) && best_n > 0.0) break;
    const double force_n = MaxDriveForceN(gear, speed_mps_);
    if (force_n > best_n * (gear < gear_ ? 1.05 : 1.0)) {
      best = gear;
      best_n = force_n;
    }
    if (force_n >= (current ? std::min(drive_n, hold_n) : gear > gear_ ? kReserve * drive_n : drive_n)) break;
  }
  if (best == gear_) return;
  gear_ = best;
  shifting_s_ = vehicle_.shift_s;
  since_shift_s_ = 0.0;
}

void Simulation::Brake(double force_n, Forces* forces) const {
  constexpr double kRetarderFromMps = 3.0;
  if (vehicle_.retarder_force_n > 0.0 && speed_mps_ > kRetarderFromMps) {
    const double most_n = std::min(vehicle_.retarder_force_n, vehicle_.retarder_power_w / speed_mps_);
    forces->retarder_n = std::min(driver_.retarder_share * force_n, most_n);
  }
  forces->service_brake_n = std::min(force_n - forces->retarder_n, vehicle_.service_brake_force_n);
}

void Simulation::Drive() {
  // The mean grade of the way of this step.
  const double ahead_m = std::max(speed_mps_ * kStepS, 0.01);
  state_.grade = (road_.ElevationAt(position_m_ + ahead_m) - road_.ElevationAt(position_m_)) / ahead_m;
  if (position_m_ + ahead_m >= road_.length_m()) state_.grade = road_.GradeAt(position_m_);
  Forces forces = {.drag_n = DragForceN(vehicle_, air_density_kgm3_, speed_mps_ + options_.headwind_mps),
                   .rolling_n = rolling_n_,
                   .climbing_n = vehicle_.mass_kg * kGravityMps2 * state_.grade};

  const Wish wish = WishAt(position_m_, speed_mps_);
  const double wanted_n = vehicle_.inertia_kg() * wish.acceleration_mps2 + forces.resistance_n();
  const double allowed_n = vehicle_.inertia_kg() * wish.acceleration_mps2_max + forces.resistance_n();
  ChooseGear(wanted_n, forces.resistance_n());

  const Engine& engine = vehicle_.engine;
  const double crank_radps = CrankRadps(speed_mps_);
  const double crank_per_m = CrankPerMetre(vehicle_, gear_);
  const bool slipping = speed_mps_ * crank_per_m < engine.idle_speed_rpm / kRpmPerRadps;
  double overrun_n = 0.0;
  if (Coupled() && !slipping) {
    const double friction_nm = FrictionTorqueNm(engine, crank_radps * kRpmPerRadps) * (1.0 + ColdFriction());
    overrun_n =
        (friction_nm + vehicle_.auxiliaries_driving_w / crank_radps) * crank_per_m / vehicle_.driveline_efficiency;
  }
  const double most_n = Coupled() ? MaxDriveForceN(gear_, speed_mps_) : 0.0;
  forces.drive_n = std::clamp(std::min(wanted_n, allowed_n), -overrun_n, most_n);

  // A little too fast is no reason to brake: 1 % of the weight is left to the next hill.
  const double brake_n = forces.drive_n - allowed_n;
  if (brake_n > 0.01 * vehicle_.mass_kg * kGravityMps2 || (brake_n > 0.0 && speed_mps_ < 2.0)) Brake(brake_n, &forces);
  if (speed_mps_ == 0.0 && forces.net_n() <= 0.0) {
    // Not enough to set off: held by the brake, and nothing moves.
    standing_s_ += kStepS;
    if (standing_s_ > kStuckS) phase_ = Phase::kOver;
    Stand(/*engine_on=*/true, /*pto_on=*/false);
  } else {
    standing_s_ = 0.0;
    Move(forces);
  }
  if (speed_mps_ == 0.0 && position_m_ >= road_.stops()[next_stop_].position_m - kStopWithinM) {
    phase_ = Phase::kStanding;
    phase_s_ = -kStepS;  // Step() counts this one
  }
}

void Simulation::Move(const Forces& forces) {
  const Engine& engine = vehicle_.engine;
  const double before_mps = speed_mps_;
  const double acceleration_mps2 = forces.net_n() / vehicle_.inertia_kg();
  // A vehicle that comes to rest within the step stands for the rest of it.
  const bool stops = before_mps + acceleration_mps2 * kStepS <= 0.0;
  const double moving_s = stops ? -before_mps / acceleration_mps2 : kStepS;
  speed_mps_ = stops ? 0.0 : before_mps + acceleration_mps2 * kStepS;
  const double way_m = 0.5 * (before_mps + speed_mps_) * moving_s;
  position_m_ += way_m;
  driving_s_ += kStepS;

  ledger_.Add(Cause::kDrag, forces.drag_n * way_m);
  ledger_.Add(Cause::kRolling, forces.rolling_n * way_m);
  ledger_.Add(Cause::kClimbing, forces.climbing_n * way_m);
  ledger_.Add(Cause::kRetarder, forces.retarder_n * way_m);
  ledger_.Add(Cause::kServiceBrake, forces.service_brake_n * way_m);
  ledger_.Add(Cause::kSpeed, 0.5 * vehicle_.inertia_kg() * (speed_mps_ * speed_mps_ - before_mps * before_mps));

  // Torques are those of the speed at the beginning, turned by the mean speed.
  const double mean_mps = way_m / moving_s;
  const double crank_radps = CrankRadps(mean_mps);
  const double begin_radps = CrankRadps(before_mps);
  const double wheels_j = forces.drive_n * way_m;
  double clutch_nm = 0.0;
  double clutch_j = 0.0;
  if (forces.drive_n >= 0.0) {
    clutch_nm = forces.drive_n / (CrankPerMetre(vehicle_, gear_) * vehicle_.driveline_efficiency);
    clutch_j = clutch_nm * crank_radps * moving_s;
  } else {
    clutch_nm = forces.drive_n * vehicle_.driveline_efficiency / CrankPerMetre(vehicle_, gear_);
    clutch_j = wheels_j * vehicle_.driveline_efficiency;
  }
  ledger_.Add(Cause::kDriveline, clutch_j - wheels_j);

  const double friction_nm = FrictionTorqueNm(engine, begin_radps * kRpmPerRadps);
  const double cold_nm = friction_nm * ColdFriction();
  const double auxiliaries_nm = vehicle_.auxiliaries_driving_w / begin_radps;
  const double turned_rad = crank_radps * moving_s + CrankRadps(0.0) * (kStepS - moving_s);
  ledger_.Add(Cause::kEngineFriction, friction_nm * turned_rad);
  ledger_.Add(Cause::kColdStart, cold_nm * turned_rad);
  ledger_.Add(Cause::kAuxiliaries, auxiliaries_nm * turned_rad);

  state_.gear = Coupled() ? gear_ : 0;
  state_.engine_on = true;
  state_.idle = false;
  state_.pto_on = false;
  state_.acceleration_mps2 = (speed_mps_ - before_mps) / kStepS;
  state_.engine_speed_rpm = CrankRadps(speed_mps_) * kRpmPerRadps;
  state_.torque_nm = clutch_nm;
  const double indicated_nm = std::max(clutch_nm + friction_nm + cold_nm + auxiliaries_nm, 0.0);
  state_.torque_percent = 100.0 * indicated_nm / engine.reference_torque_nm;
  state_.friction_percent = 100.0 * (friction_nm + cold_nm) / engine.reference_torque_nm;
  state_.brake_on = forces.service_brake_n > 0.0;
  state_.brake_pressure_kpa = Vehicle::kBrakePressureKpa * forces.service_brake_n / vehicle_.service_brake_force_n;
  state_.retarder_percent =
      vehicle_.retarder_force_n > 0.0 ? 100.0 * forces.retarder_n / vehicle_.retarder_force_n : 0.0;
  const bool braked = forces.service_brake_n + forces.retarder_n > 0.0;
  state_.cruise_control_active = driver_.uses_cruise_control && !braked && speed_mps_ > kCruiseControlMps &&
                                 road_.SpeedLimitAt(position_m_) > kCruiseControlMps;
  // The pedal asks for a share of what there is between overrun and full load. With cruise control the foot is off it,
  // and what keeps the engine at idle speed with an open clutch is no pedal either.
  const bool in_gear =
      Coupled() && (forces.drive_n > 0.0 || before_mps * CrankPerMetre(vehicle_, gear_) >= begin_radps);
  const double most_nm = MaxTorqueNm(engine, begin_radps * kRpmPerRadps) + friction_nm + cold_nm;
  const double pedal_percent = std::min(100.0 * indicated_nm / most_nm, 100.0);
  const bool pedal = in_gear && !state_.cruise_control_active && pedal_percent > 0.1;
  state_.accelerator_percent = pedal ? pedal_percent : 0.0;

  Burn(clutch_j + (friction_nm + cold_nm + auxiliaries_nm) * turned_rad);
}

double Simulation::ColdFriction() const {
  return vehicle_.engine.cold_friction_per_k * std::max(vehicle_.engine.warm_c - state_.coolant_c, 0.0);
}

void Simulation::Burn(double work_j) {
  // Where the wheels turn the engine the work is nothing but for rounding.
  const double fuel_l = std::max(work_j, 0.0) / ledger_.work_j_per_l;
  ledger_.fuel_l += fuel_l;
  state_.fuel_rate_lph = fuel_l / kStepS * 3'600.0;
  Warm(fuel_l * kDieselJPerL);
}

void Simulation::Warm(double fuel_j) {
  const Engine& engine = vehicle_.engine;
  constexpr double kThermostatRangeK = 5.0;
  const double open = std::clamp((state_.coolant_c - engine.warm_c) / kThermostatRangeK, 0.0, 1.0);
  const double loss_w_per_k = engine.heat_loss_w_per_k + open * engine.radiator_loss_w_per_k;
  const double heat_j =
      engine.coolant_heat_share * fuel_j - loss_w_per_k * (state_.coolant_c - options_.ambient_c) * kStepS;
  state_.coolant_c += heat_j / engine.heat_capacity_j_per_k;
}

// Fills in what is a function of the position and of the sums.
void Simulation::Finish() {
  state_.time_s = static_cast<double>(step_) * kStepS;
  state_.position_m = position_m_;
  state_.latitude_deg = road_.LatitudeAt(position_m_);
  state_.longitude_deg = road_.LongitudeAt(position_m_);
  state_.altitude_m = road_.ElevationAt(position_m_);
  state_.speed_mps = speed_mps_;
  state_.fuel_l = ledger_.fuel_l;
}

TripResult DriveTrip(const Road& road, const Vehicle& vehicle, const Driver& driver, const SimulationOptions& options) {
  Simulation simulation(road, vehicle, driver, options);
  while (simulation.Advance()) {
  }
  return {.arrived = simulation.arrived(),
          .duration_s = simulation.state().time_s,
          .driving_s = simulation.driving_s(),
          .idle_s = simulation.idle_s(),
          .distance_m = simulation.state().position_m,
          .ledger = simulation.ledger()};
}

Counterfactual ChangeHabit(const Road& road, const Vehicle& vehicle, const Driver& driver, Habit habit,
                           const SimulationOptions& options) {
  return {.actual = DriveTrip(road, vehicle, driver, options),
          .changed = DriveTrip(road, vehicle, WithHabit(driver, habit), options)};
}

Counterfactual CorrectTyrePressure(const Road& road, const Vehicle& vehicle, const Driver& driver,
                                   const SimulationOptions& options) {
  Vehicle corrected = vehicle;
  corrected.tyre_pressure_ratio = 1.0;
  return {.actual = DriveTrip(road, vehicle, driver, options), .changed = DriveTrip(road, corrected, driver, options)};
}

}  // namespace telltale::truck
