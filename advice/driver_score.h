#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "advice/trip.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// One part of the score.
struct ScoreDimension {
  std::string name;          // "harsh_braking", "harsh_acceleration", "speed", "idling", "engine_map", "anticipation"
  bool enough_data = false;  // false: the vehicle does not send what it needs; it does not count
  double score = 0.0;        // 0..100
  double weight = 0.0;
  double measured = 0.0;        // in `unit`
  std::string unit;             // for example "events/100 km"
  double good = 0.0;            // at this measured value the score is 100
  double bad = 0.0;             // at this, 0; linear in between
  std::vector<Event> evidence;  // the instants behind it, the worst first, at most 10
};

// score = sum of weight x dimension score over the dimensions that have data, / sum of their weights.
struct DriverScore {
  bool enough_data = false;  // false: `missing` says what is lacking, and there is no score
  std::string missing;
  double score = 0.0;                      // 0..100, greater is better
  std::vector<ScoreDimension> dimensions;  // always all six, in the order above
};

struct DimensionOptions {
  double weight;
  double good;
  double bad;
};

// docs/driver_score.md gives the reason of each.
struct DriverScoreOptions {
  // Below these one red light decides the score.
  double distance_km_min = 5.0;
  std::chrono::milliseconds driving_min = std::chrono::minutes{5};
  // A dimension counts if its signals are known for this share of the driving.
  double known_share_min = 0.5;
  // Events are counted as if the way were at least this long: one event on a short way is not a habit.
  double rate_distance_km_min = 20.0;
  // Less coasting and braking than this tells nothing about anticipation.
  std::chrono::milliseconds slowing_min = std::chrono::minutes{1};

  DimensionOptions harsh_braking = {.weight = 25, .good = 0.0, .bad = 20.0};       // events/100 km
  DimensionOptions harsh_acceleration = {.weight = 10, .good = 0.0, .bad = 20.0};  // events/100 km
  DimensionOptions speed = {.weight = 20, .good = 0.0, .bad = 10.0};               // % of driving above the limit
  DimensionOptions idling = {.weight = 15, .good = 5.0, .bad = 30.0};              // % of engine time
  DimensionOptions engine_map = {.weight = 15, .good = 70.0, .bad = 20.0};         // % of driving in the green band
  DimensionOptions anticipation = {.weight = 15, .good = 80.0, .bad = 40.0};       // % of slowing down by coasting
};

// Scores how the trips were driven. Pure.
DriverScore ScoreDriver(std::span<const Trip> trips, const VehicleTraits& traits,
                        const DriverScoreOptions& options = {});

}  // namespace telltale
