#include "bench/truck_simulator/driver.h"

#include <algorithm>

namespace telltale::truck {

// Three points on scales that have no agreed figures. Braking at 0.6 to 1.2 m/s2 is what drivers of heavy vehicles do
// without a reason to hurry; 2 m/s2 and more would be harsh. The engine speeds are inside and above the green band.
Driver GoodDriver() {
  return {.acceleration_mps2 = 0.6,
          .braking_mps2 = 0.6,
          .anticipation_m = 700,
          .downhill_excess_mps = 5.0 / 3.6,
          .engine_speed_rpm_min = 1'000,
          .engine_speed_rpm_max = 1'500,
          .warm_up_s = 30,
          .idle_max_s = 60};
}

Driver AverageDriver() {
  return {.acceleration_mps2 = 0.8,
          .braking_mps2 = 0.8,
          .anticipation_m = 150,
          .downhill_excess_mps = 3.0 / 3.6,
          .engine_speed_rpm_min = 1'050,
          .engine_speed_rpm_max = 1'600,
          .warm_up_s = 120,
          .idle_max_s = 240,
          .retarder_share = 0.8};
}

Driver PoorDriver() {
  return {.cruise_speed_mps = 90.0 / 3.6,
          .limit_excess_mps = 5.0 / 3.6,
          .acceleration_mps2 = 1.2,
          .braking_mps2 = 1.2,
          .lateral_acceleration_mps2 = 2.2,
          .anticipation_m = 0,
          .downhill_excess_mps = 1.0 / 3.6,
          .engine_speed_rpm_min = 1'100,
          .engine_speed_rpm_max = 1'850,
          .warm_up_s = 300,
          .idle_max_s = 1'500,
          .uses_cruise_control = false,
          .speed_wander_mps = 3.0 / 3.6,
          .retarder_share = 0.3};
}

Driver WithHabit(const Driver& driver, Habit habit) {
  const Driver good = GoodDriver();
  Driver changed = driver;
  switch (habit) {
    case Habit::kIdleLess:
      changed.warm_up_s = std::min(driver.warm_up_s, good.warm_up_s);
      changed.idle_max_s = std::min(driver.idle_max_s, good.idle_max_s);
      break;
    case Habit::kCruiseSlower:
      changed.cruise_speed_mps -= 5.0 / 3.6;
      changed.limit_excess_mps = std::min(driver.limit_excess_mps, 0.0);
      break;
    case Habit::kAnticipate:
      changed.anticipation_m = std::max(driver.anticipation_m, good.anticipation_m);
      break;
    case Habit::kShiftEarlier:
      changed.engine_speed_rpm_min = std::min(driver.engine_speed_rpm_min, good.engine_speed_rpm_min);
      changed.engine_speed_rpm_max = std::min(driver.engine_speed_rpm_max, good.engine_speed_rpm_max);
      break;
  }
  return changed;
}

}  // namespace telltale::truck
