#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "bench/truck_simulator/driver.h"
#include "bench/truck_simulator/ledger.h"
#include "bench/truck_simulator/road.h"
#include "bench/truck_simulator/speed_plan.h"
#include "bench/truck_simulator/vehicle.h"

namespace telltale::truck {

struct SimulationOptions {
  std::chrono::milliseconds cadence{1'000};  // between two states, a multiple of 100 ms
  double ambient_c = 20.0;
  double coolant_c = 20.0;    // at the start; 85 or more: the engine is warm
  double headwind_mps = 0.0;  // negative: from behind
};

// What could be measured on the vehicle at one instant. Rates and forces are those of the last 0.1 s.
struct TruckState {
  double time_s = 0.0;      // since the start
  double position_m = 0.0;  // along the road
  double latitude_deg = 0.0;
  double longitude_deg = 0.0;
  double altitude_m = 0.0;
  double speed_mps = 0.0;
  double acceleration_mps2 = 0.0;
  double grade = 0.0;  // rise over way
  int gear = 0;        // 0: neutral, between two gears, or standing
  bool engine_on = false;
  bool idle = false;  // standing with the engine on, without power takeoff
  bool pto_on = false;
  bool brake_on = false;
  bool cruise_control_active = false;
  double engine_speed_rpm = 0.0;
  double torque_nm = 0.0;         // at the flywheel, auxiliaries not counted; negative: turned by the wheels
  double torque_percent = 0.0;    // indicated, of the engine's reference torque, as SPN 513
  double friction_percent = 0.0;  // of the same, as SPN 514
  double fuel_rate_lph = 0.0;
  double fuel_l = 0.0;  // since the start
  double accelerator_percent = 0.0;
  double brake_pressure_kpa = 0.0;
  double retarder_percent = 0.0;  // of its greatest force
  double coolant_c = 0.0;
};

// One trip: from a parked vehicle at the start of the road to a parked one at its destination. Time steps of 0.1 s, in
// which accelerations are constant. Everything is a function of the arguments, so the same trip can be driven again
// with one thing changed. Allocates when it is made, and not while it runs. The road has to outlive it. Not
// thread-safe; each has one owner.
class Simulation {
 public:
  Simulation(const Road& road, const Vehicle& vehicle, const Driver& driver, const SimulationOptions& options = {});

  // Goes on by one cadence; false, and no further, once the trip is over. A trip that cannot be finished (a climb that
  // the vehicle is too weak for) ends after kStuckS without movement on the way.
  bool Advance();

  static constexpr double kStuckS = 600.0;

  const TruckState& state() const { return state_; }
  const Ledger& ledger() const { return ledger_; }
  bool arrived() const { return phase_ == Phase::kOver && next_stop_ == road_.stops().size(); }
  double idle_s() const { return idle_s_; }
  double driving_s() const { return driving_s_; }

 private:
  enum class Phase : std::uint8_t { kWarmUp, kDriving, kStanding, kOver };

  // What pulls and what holds, at the wheels.
  struct Forces {
    double drag_n = 0.0;
    double rolling_n = 0.0;
    double climbing_n = 0.0;
    double drive_n = 0.0;  // negative: the wheels turn the engine
    double retarder_n = 0.0;
    double service_brake_n = 0.0;

    double resistance_n() const { return drag_n + rolling_n + climbing_n; }
    double net_n() const { return drive_n - retarder_n - service_brake_n - resistance_n(); }
  };

  struct Wish {
    double acceleration_mps2 = 0.0;      // with the accelerator
    double acceleration_mps2_max = 0.0;  // above it the brake comes in
  };

  void Step();
  void Stand(bool engine_on, bool pto_on);
  void Drive();

  Wish WishAt(double position_m, double speed_mps) const;
  void ChooseGear(double drive_n, double resistance_n);
  bool Coupled() const { return shifting_s_ <= 0.0 && gear_ > 0; }
  double CrankRadps(double speed_mps) const;
  double MaxDriveForceN(int gear, double speed_mps) const;
  void Brake(double force_n, Forces* forces) const;
  void Move(const Forces& forces);
  double ColdFriction() const;
  // Burns what `work_j` at the pistons takes.
  void Burn(double work_j);
  void Warm(double fuel_j);
  void Finish();

  const Road& road_;
  Vehicle vehicle_;
  Driver driver_;
  SimulationOptions options_;
  double air_density_kgm3_;
  double rolling_n_;
  SpeedPlan plan_;

  Phase phase_ = Phase::kWarmUp;
  std::uint64_t step_ = 0;
  double phase_s_ = 0.0;  // since the phase began
  std::size_t next_stop_ = 0;
  double last_stop_m_ = 0.0;  // where the vehicle set off
  double position_m_ = 0.0;
  double speed_mps_ = 0.0;
  int gear_ = 0;
  double shifting_s_ = 0.0;  // still without drive
  double since_shift_s_ = 0.0;
  double standing_s_ = 0.0;  // on the way, without a stop
  double idle_s_ = 0.0;
  double driving_s_ = 0.0;

  TruckState state_;
  Ledger ledger_;
};

struct TripResult {
  bool arrived = false;
  double duration_s = 0.0;
  double driving_s = 0.0;  // moving
  double idle_s = 0.0;     // standing with the engine on, without power takeoff
  double distance_m = 0.0;
  Ledger ledger;

  double fuel_l() const { return ledger.fuel_l; }
  double fuel_l_per_100km() const { return ledger.fuel_l / (distance_m * 1e-5); }
};

TripResult DriveTrip(const Road& road, const Vehicle& vehicle, const Driver& driver,
                     const SimulationOptions& options = {});

// A trip and the same one with one thing changed.
struct Counterfactual {
  TripResult actual;
  TripResult changed;

  double saved_l() const { return actual.fuel_l() - changed.fuel_l(); }
  double additional_s() const { return changed.duration_s - actual.duration_s; }
};

Counterfactual ChangeHabit(const Road& road, const Vehicle& vehicle, const Driver& driver, Habit habit,
                           const SimulationOptions& options = {});
// The tyres at their right pressure.
Counterfactual CorrectTyrePressure(const Road& road, const Vehicle& vehicle, const Driver& driver,
                                   const SimulationOptions& options = {});

}  // namespace telltale::truck
