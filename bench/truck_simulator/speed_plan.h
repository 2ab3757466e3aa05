#pragma once

#include <cstddef>
#include <vector>

#include "bench/truck_simulator/driver.h"
#include "bench/truck_simulator/road.h"
#include "bench/truck_simulator/vehicle.h"

namespace telltale::truck {

// The greatest speed at a place, and how it changes from there.
struct SpeedCap {
  double speed_mps = 0.0;
  double acceleration_mps2 = 0.0;  // of a vehicle that follows the cap
};

// What a driver intends on a road, made once before the trip: two speeds for every point. Above the lower one the
// accelerator is released, above the higher one the vehicle is braked. Both come to zero at the stops, where braking
// begins as late as the driver's braking allows it, and coasting as early as the driver's anticipation.
// Immutable; safe from any thread. Between points the square of the speed is linear: constant acceleration.
class SpeedPlan {
 public:
  SpeedPlan(const Road& road, const Vehicle& vehicle, const Driver& driver, double air_density_kgm3);

  SpeedCap DriveCapAt(double position_m) const { return CapAt(drive_, position_m); }
  SpeedCap BrakeCapAt(double position_m) const { return CapAt(brake_, position_m); }

 private:
  static SpeedCap CapAt(const std::vector<double>& squares, double position_m);

  std::vector<double> drive_;  // squares of speeds, by point of the road
  std::vector<double> brake_;
};

// Force of the engine against the wheels without fuel, in the highest gear that leaves at least `engine_speed_rpm`.
double OverrunForceN(const Vehicle& vehicle, double speed_mps, double engine_speed_rpm);

}  // namespace telltale::truck
