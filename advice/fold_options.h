#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "advice/class_limits.h"

namespace telltale {

// The thresholds of trips and events. docs/trips.md tells what each rule does with them.
struct FoldOptions {
  // Trips.
  double moving_kmh = 1.0;        // below this the vehicle stands still; wheel sensors say nothing sensible there
  double engine_rpm_min = 300.0;  // the engine runs: above the starter's speed, below every idle speed
  std::chrono::milliseconds stop_max = std::chrono::seconds{200};  // a longer stop is no red light: the trip is over
  std::chrono::milliseconds ignition_pulse =
      std::chrono::seconds{30};  // engine off this short between starts is one start
  double movement_m_min = 5.0;   // less is a nudge at the ramp, or noise, and neither begins a trip nor ends a stop

  std::chrono::milliseconds settling = std::chrono::seconds{10};  // after ignition; sensors and ECUs wake up

  // Staleness. A value is good for 1.5 frame intervals, but for no less and no more than these.
  double hold_intervals = 1.5;
  std::chrono::milliseconds hold_min = std::chrono::seconds{5};        // the slowest J1939 broadcast that we integrate
  std::chrono::milliseconds hold_max = std::chrono::seconds{60};       // a vehicle does too much unseen in more
  std::chrono::milliseconds gap_event_min = std::chrono::seconds{10};  // shorter gaps are the radio's daily noise

  // Counters. The vehicle's own total is used if it advanced by so many of its steps, so that its grid costs at most 5
  // %.
  int counter_steps_min = 20;
  double counter_shortfall_max = 0.2;    // if it lacks more than this against what we integrated, it stopped counting
  double counter_speed_kmh_max = 250.0;  // a distance that grows faster was reset or set
  double counter_fuel_rate_lph_max = 300.0;  // twice what a 13 l diesel burns at full power

  // Harsh events.
  double jump_mps2_max = 12.0;  // beyond what tyres can do: the value is wrong
  std::chrono::milliseconds jump_span_min =
      std::chrono::milliseconds{500};  // the grid of a value looks like a jump in less
  std::chrono::milliseconds window_min = std::chrono::milliseconds{800};   // 1 Hz with jitter; 1 km/h is then 0.35 m/s2
  std::chrono::milliseconds window_max = std::chrono::milliseconds{2500};  // a mean over more hides what happened
  double harsh_acceleration_kmh_min = 10.0;                                // first gear pulls hard without being harsh

  // A terminal's probe measures litres. 800 l is more than the tank of a truck holds on one side.
  double tank_l_max = 800.0;

  // Other events and sums.
  double overspeed_event_kmh = 2.0;  // above the limit, for the event only: downhill a limiter overshoots
  std::chrono::milliseconds overspeed_event_min = std::chrono::seconds{5};
  std::chrono::milliseconds long_idle_min = std::chrono::minutes{3};  // shorter is traffic, not habit
  double accelerator_rest_percent = 1.0;  // the pedal is released up to here, or so much above its rest position
  double accelerator_d_rest_max = 20.0;   // sensor D rests below this; it is learnt
  double braking_mps2_min = 0.7;  // without a brake signal: more than engine drag and air take at any usual speed
  double highway_kmh_min = 70.0;  // cruise control makes sense from here

  std::optional<ClassLimits> limits;  // nullopt: LimitsOf(traits)

  static constexpr std::size_t kEventsMax = 10'000;  // of a trip; further ones are counted, not listed
};

}  // namespace telltale
