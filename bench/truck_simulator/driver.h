#pragma once

#include <cstdint>

namespace telltale::truck {

// What a driver does that costs or saves fuel. Accelerations and speeds are what is aimed at; the engine may give less.
struct Driver {
  double cruise_speed_mps = 85.0 / 3.6;  // where limit and traffic allow it
  double limit_excess_mps = 0.0;         // above the limit, below cruise_speed_mps
  double acceleration_mps2 = 0.6;
  double braking_mps2 = 0.8;               // for what lies ahead, positive
  double lateral_acceleration_mps2 = 1.5;  // in curves
  double anticipation_m = 0.0;             // so far ahead of a lower speed the accelerator is released, if that helps
  double coasting_speed_min_mps = 25.0 / 3.6;  // slower than this nobody coasts towards a stop
  double downhill_excess_mps = 3.0 / 3.6;      // above the cruise speed before the brake holds the vehicle
  double engine_speed_rpm_min = 1'000;         // shifts down below it
  double engine_speed_rpm_max = 1'500;         // shifts up above it
  double warm_up_s = 60;                       // idles before setting off
  double idle_max_s = 120;                     // at deliveries, breaks and the destination, before switching off
  bool uses_cruise_control = true;             // at 70 km/h or faster
  double speed_wander_mps = 0.0;               // how far the speed is off, either way, without cruise control
  double retarder_share = 1.0;                 // of the braking that the retarder could do
  std::uint64_t seed = 1;                      // of the wandering
};

Driver GoodDriver();
Driver AverageDriver();
Driver PoorDriver();

// The habits of the counterfactuals.
enum class Habit : std::uint8_t {
  kIdleLess,      // idles as the good driver does
  kCruiseSlower,  // by 5 km/h, and never above the limit
  kAnticipate,    // releases the accelerator as early as the good driver
  kShiftEarlier,  // the good driver's engine speeds
};

// The same driver with one habit changed.
Driver WithHabit(const Driver& driver, Habit habit);

}  // namespace telltale::truck
