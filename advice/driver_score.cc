#include "advice/driver_score.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "advice/internal/sums.h"

namespace telltale {
namespace {

constexpr std::size_t kEvidenceMax = 10;

double Share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

// 100 at `good`, 0 at `bad`, linear in between; `good` may be the greater or the smaller of the two.
double ScoreOf(double measured, const DimensionOptions& options) {
  return std::clamp((options.bad - measured) / (options.bad - options.good), 0.0, 1.0) * 100.0;
}

std::vector<Event> Worst(std::span<const Trip> trips, EventKind kind) {
  std::vector<Event> events;
  for (const Trip& trip : trips) {
    std::copy_if(trip.events.begin(), trip.events.end(), std::back_inserter(events),
                 [kind](const Event& event) { return event.kind == kind; });
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.value > b.value; });
  if (events.size() > kEvidenceMax) events.resize(kEvidenceMax);
  return events;
}

ScoreDimension Dimension(std::string name, std::string unit, const DimensionOptions& options, bool known,
                         double measured) {
  return {.name = std::move(name),
          .enough_data = known,
          .score = known ? ScoreOf(measured, options) : 0.0,
          .weight = options.weight,
          .measured = known ? measured : 0.0,
          .unit = std::move(unit),
          .good = options.good,
          .bad = options.bad};
}

std::string Missing(const Totals& totals, const DriverScoreOptions& options) {
  const double driving_min = static_cast<double>(totals.driving_ms) / 60e3;
  const double needed_min = static_cast<double>(options.driving_min.count()) / 60e3;
  if (totals.distance_km() < options.distance_km_min) {
    return fmt::format("{:.1f} km driven, {:.1f} km needed", totals.distance_km(), options.distance_km_min);
  }
  if (driving_min < needed_min) {
    return fmt::format("{:.1f} min driven, {:.1f} min needed", driving_min, needed_min);
  }
  return "";
}

}  // namespace

DriverScore ScoreDriver(std::span<const Trip> trips, const VehicleTraits& traits, const DriverScoreOptions& options) {
  const internal::TripSums sums = internal::Sum(trips);
  const Totals& totals = sums.totals;
  const DrivingMeasures& measures = sums.measures;

  DriverScore score;
  score.missing = Missing(totals, options);
  score.enough_data = score.missing.empty();

  const auto known = [&](std::int64_t known_ms) {
    return score.enough_data && Share(known_ms, totals.driving_ms) >= options.known_share_min;
  };
  const double rate_distance_km = std::max(totals.distance_km(), options.rate_distance_km_min);
  const auto per_100km = [&](std::uint32_t count) { return static_cast<double>(count) * 100.0 / rate_distance_km; };
  const std::int64_t idle_ms = totals.idle_ms + sums.idle_outside_ms;
  const std::int64_t engine_ms = totals.engine_ms + sums.idle_outside_ms;
  const std::int64_t slowing_ms = totals.coasting_ms + measures.braking_ms;
  const bool burns_fuel = traits.fuel_type != FuelType::kElectric;

  const bool manoeuvres_known = known(measures.manoeuvres_known_ms);
  const bool engine_known = known(measures.engine_speed_known_ms) && burns_fuel;
  score.dimensions.push_back(Dimension("harsh_braking", "events/100 km", options.harsh_braking, manoeuvres_known,
                                       per_100km(totals.harsh_brake_count)));
  score.dimensions.back().evidence = Worst(trips, EventKind::kHarshBrake);
  score.dimensions.push_back(Dimension("harsh_acceleration", "events/100 km", options.harsh_acceleration,
                                       manoeuvres_known, per_100km(totals.harsh_acceleration_count)));
  score.dimensions.back().evidence = Worst(trips, EventKind::kHarshAcceleration);
  score.dimensions.push_back(Dimension("speed", "% of driving", options.speed, score.enough_data,
                                       100.0 * Share(totals.overspeed_ms, totals.driving_ms)));
  score.dimensions.back().evidence = Worst(trips, EventKind::kOverspeed);
  score.dimensions.push_back(
      Dimension("idling", "% of engine time", options.idling, engine_known, 100.0 * Share(idle_ms, engine_ms)));
  score.dimensions.back().evidence = Worst(trips, EventKind::kLongIdle);
  score.dimensions.push_back(Dimension("engine_map", "% of driving", options.engine_map, engine_known,
                                       100.0 * Share(totals.green_band_ms, measures.engine_speed_known_ms)));
  score.dimensions.push_back(
      Dimension("anticipation", "% of slowing down", options.anticipation,
                known(measures.accelerator_known_ms) && slowing_ms >= options.slowing_min.count(),
                100.0 * Share(totals.coasting_ms, slowing_ms)));
  if (!score.enough_data) return score;

  double weights = 0.0;
  double weighted = 0.0;
  for (const ScoreDimension& dimension : score.dimensions) {
    if (!dimension.enough_data) continue;
    weights += dimension.weight;
    weighted += dimension.weight * dimension.score;
  }
  score.score = weights > 0.0 ? weighted / weights : 0.0;
  return score;
}

}  // namespace telltale
