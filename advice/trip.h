#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/signal.h"

// What a fold finds. Each type names its fields once for base/state_coding.h.
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

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.latitude_deg, self.longitude_deg);
  }
  friend bool operator==(const Position&, const Position&) = default;
};

// What adds up: over a trip, a day, or anything longer. Integers, so that sums are exact in any order.
struct Totals {
  std::int64_t distance_mm = 0;
  Source distance_source = Source::kNone;
  std::int64_t driving_ms = 0;    // at 1 km/h or faster
  std::int64_t idle_ms = 0;       // engine running, below 1 km/h, no PTO engaged
  std::int64_t pto_ms = 0;        // PTO work: engine running, below 1 km/h, a power takeoff engaged
  std::int64_t engine_ms = 0;     // engine running
  std::int64_t fuel_used_ul = 0;  // microlitres
  Source fuel_source = Source::kNone;
  std::int64_t idle_fuel_ul = 0;  // part of fuel_used_ul
  std::int64_t pto_fuel_ul = 0;   // burnt in PTO work, part of fuel_used_ul
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

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.distance_mm, self.distance_source, self.driving_ms, self.idle_ms, self.pto_ms, self.engine_ms,
            self.fuel_used_ul, self.fuel_source, self.idle_fuel_ul, self.pto_fuel_ul, self.speed_kmh_max,
            self.overspeed_ms, self.coasting_ms, self.cruise_ms, self.over_rev_ms, self.green_band_ms,
            self.harsh_brake_count, self.harsh_acceleration_count, self.frame_count);
  }
  friend bool operator==(const Totals&, const Totals&) = default;
};

enum class EventKind : std::uint8_t {
  kHarshBrake = 1,         // value: deceleration, m/s2, positive
  kHarshAcceleration = 2,  // value: m/s2
  kOverspeed = 3,          // value: greatest speed, km/h
  kLongIdle = 4,           // value: seconds; may reach beyond the end of its trip
  kGap = 5,                // value: seconds without a frame inside a trip
  // Of the vehicle, inside of trips or not:
  kRefuelling = 6,  // value: percent of the tank; fuel_ul: litres, if the tank's size is known
  kFuelDrop = 7,    // the same, and what the engine burnt is taken off
  kCarried = 8,     // towed, on a ferry or a train. value: km between its places
  kCounterReset =
      9,        // an odometer or fuel total ran backwards or jumped: reset, or its ECU swapped. value: its new reading
  kAlarm = 10,  // an alarm of the terminal (`signal`) was raised. value: seconds that it stood
};

struct Event {
  EventKind kind = EventKind::kHarshBrake;
  std::int64_t start_time_ms = 0;
  std::int64_t duration_ms = 0;
  double value = 0.0;  // see EventKind
  double speed_kmh_at_start = 0.0;
  std::optional<Position> position;
  std::int64_t fuel_ul = 0;  // kLongIdle: burnt during it; of fuel events see EventKind; 0: unknown, or another kind
  SignalId signal = 0;       // kCounterReset, kAlarm: which; 0: another kind

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.kind, self.start_time_ms, self.duration_ms, self.value, self.speed_kmh_at_start, self.position,
            self.fuel_ul, self.signal);
  }
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

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.engine_speed_known_ms, self.accelerator_known_ms, self.cruise_known_ms, self.manoeuvres_known_ms,
            self.braking_ms, self.highway_ms, self.highway_cruise_ms, self.overspeed_work_m3s2);
  }
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

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.start_time_ms, self.end_time_ms, self.open, self.start_position, self.end_position, self.totals,
            self.measures, self.events);
  }
  friend bool operator==(const Trip&, const Trip&) = default;
};

// The stand between two trips.
struct Stop {
  std::int64_t start_time_ms = 0;  // the trip before ended; of a vehicle's first stop its first frame
  std::int64_t end_time_ms = 0;    // the trip after began
  bool open = false;               // still goes on; then end_time is that of the last frame
  std::optional<Position> position;
  Totals totals;  // of the frames between the trips: idling, PTO work, fuel

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.start_time_ms, self.end_time_ms, self.open, self.position, self.totals);
  }
  friend bool operator==(const Stop&, const Stop&) = default;
};

// Half an hour, which is the greatest length that local days of every zone but Nepal's and a few islands' consist of.
// Where a driver changes, a slice ends early.
inline constexpr std::int64_t kSliceMs = 1'800'000;

struct VehicleDay {
  std::int64_t day = 0;  // UTC, counted from 1970-01-01; FormatDay() in base/time.h
  Totals totals;
  std::uint32_t trip_count = 0;  // trips that began (had moved movement_m_min) on this day
  friend bool operator==(const VehicleDay&, const VehicleDay&) = default;
};

}  // namespace telltale
