#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace telltale {

// Where a distance or an amount of fuel comes from, the best first.
enum class Source : std::uint8_t {
  kNone = 0,        // there is none; the figure is 0
  kCounter = 1,     // the vehicle's own total
  kIntegrated = 2,  // a rate or speed, integrated over time
  kEstimated = 3,   // from other signals, for example air mass
};

// The better of two; kNone only if both are.
constexpr Source BetterOf(Source a, Source b) {
  if (a == Source::kNone) return b;
  if (b == Source::kNone) return a;
  return std::min(a, b);
}

// A place on the Earth, WGS-84.
struct Position {
  double latitude_deg = 0.0;   // -90..90, north positive
  double longitude_deg = 0.0;  // -180..180, east positive
  friend bool operator==(const Position&, const Position&) = default;
};

// What adds up: over a trip, a day, or anything longer. Integers, so that sums are exact in any order.
struct Totals {
  std::int64_t distance_mm = 0;
  Source distance_source = Source::kNone;
  std::int64_t driving_ms = 0;    // at 1 km/h or faster
  std::int64_t idle_ms = 0;       // engine running, below 1 km/h
  std::int64_t engine_ms = 0;     // engine running
  std::int64_t fuel_used_ul = 0;  // microlitres
  Source fuel_source = Source::kNone;
  std::int64_t idle_fuel_ul = 0;  // part of fuel_used_ul
  double speed_kmh_max = 0.0;
  std::int64_t overspeed_ms = 0;   // above the vehicle class's limit
  std::int64_t coasting_ms = 0;    // moving in gear, neither accelerator nor brake
  std::int64_t cruise_ms = 0;      // moving with cruise control active
  std::int64_t over_rev_ms = 0;    // engine speed above the green band
  std::int64_t green_band_ms = 0;  // engine speed in the green band while driving
  std::uint32_t harsh_brake_count = 0;
  std::uint32_t harsh_acceleration_count = 0;
  std::uint32_t frame_count = 0;

  double distance_km() const { return static_cast<double>(distance_mm) * 1e-6; }
  double fuel_used_l() const { return static_cast<double>(fuel_used_ul) * 1e-6; }
  double idle_fuel_l() const { return static_cast<double>(idle_fuel_ul) * 1e-6; }

  // Sums, except the greatest speed, and the better of the sources.
  Totals& operator+=(const Totals& other);
  friend bool operator==(const Totals&, const Totals&) = default;
};

enum class EventKind : std::uint8_t {
  kHarshBrake = 1,         // value: deceleration, m/s2, positive
  kHarshAcceleration = 2,  // value: m/s2
  kOverspeed = 3,          // value: greatest speed, km/h
  kLongIdle = 4,           // value: seconds; may reach beyond the end of its trip
  kGap = 5,                // value: seconds without a frame inside a trip
};

struct Event {
  EventKind kind = EventKind::kHarshBrake;
  std::int64_t start_time_ms = 0;
  std::int64_t duration_ms = 0;
  double value = 0.0;  // see EventKind
  double speed_kmh_at_start = 0.0;
  std::optional<Position> position;
  std::int64_t fuel_ul = 0;  // kLongIdle: burnt during it; 0: unknown, or another kind
  friend bool operator==(const Event&, const Event&) = default;
};

// What the rules need to know beyond the totals; sums over a trip.
struct DrivingMeasures {
  std::int64_t engine_speed_known_ms = 0;  // driving with a known engine speed
  std::int64_t accelerator_known_ms = 0;   // driving with a known accelerator position
  std::int64_t cruise_known_ms = 0;        // driving with a known state of the cruise control
  std::int64_t manoeuvres_known_ms = 0;    // driving with speeds dense enough to see harsh manoeuvres
  std::int64_t braking_ms = 0;             // driving with a known accelerator position, and braking
  std::int64_t highway_ms = 0;             // at 70 km/h or faster, with a known state of the cruise control
  std::int64_t highway_cruise_ms = 0;      // of these, with cruise control active
  // Integral of v (v^2 - limit^2) over the time above the limit, m3/s2: times air density x drag area / 2 it is the
  // work against the air that the limit would have saved over the same way.
  std::int64_t overspeed_work_m3s2 = 0;

  DrivingMeasures& operator+=(const DrivingMeasures& other);
  friend bool operator==(const DrivingMeasures&, const DrivingMeasures&) = default;
};

// Movement between two stops. docs/trips.md has the rules.
struct Trip {
  std::int64_t start_time_ms = 0;  // first frame with movement or a running engine
  std::int64_t end_time_ms = 0;    // last such frame
  bool open = false;               // may still go on
  std::optional<Position> start_position;
  std::optional<Position> end_position;
  Totals totals;
  DrivingMeasures measures;
  std::vector<Event> events;  // in order of time
  friend bool operator==(const Trip&, const Trip&) = default;
};

struct VehicleDay {
  std::int64_t day = 0;  // UTC, counted from 1970-01-01; FormatDay() in base/time.h
  Totals totals;
  std::uint32_t trip_count = 0;  // trips that start on this day
  friend bool operator==(const VehicleDay&, const VehicleDay&) = default;
};

}  // namespace telltale
