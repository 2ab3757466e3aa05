#pragma once

#include "catalog/vehicle_traits.h"

namespace telltale {

// What is harsh, fast and economical for a class of vehicles. docs/trips.md gives the reason of each number.
struct ClassLimits {
  double harsh_brake_mps2 = 2.5;         // a brake as strong as this is one that should have begun earlier
  double harsh_acceleration_mps2 = 1.5;  // from rolling, not when pulling away
  double speed_kmh_limit = 90.0;
  double green_rpm_min = 1000.0;  // the green band: where the engine burns least for its work
  double green_rpm_max = 1500.0;
  double drag_area_m2 = 5.5;        // drag coefficient x frontal area
  double engine_efficiency = 0.40;  // work at the wheels / energy of the fuel, at cruising load
};

// By class and, for cars, by fuel. An unknown class is taken for a heavy truck.
ClassLimits LimitsOf(const VehicleTraits& traits);

}  // namespace telltale
