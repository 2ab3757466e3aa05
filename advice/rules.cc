// The advice rules, each with its thresholds beside it. docs/driver_score.md and docs/fuel.md derive the savings.

#include "advice/rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/time.h"

namespace telltale {
namespace {

// "2026-03-02 at 06:10", UTC.
std::string At(std::int64_t time_ms) {
  const std::string time = FormatTime(time_ms);
  return fmt::format("{} at {}", time.substr(0, 10), time.substr(11, 5));
}

// "41 min", "2 h 05 min"; "45 s" below two minutes.
std::string Lasting(std::int64_t duration_ms) {
  if (duration_ms < 120'000) return fmt::format("{} s", (duration_ms + 500) / 1000);
  const std::int64_t minutes = (duration_ms + 30'000) / 60'000;
  if (minutes < 120) return fmt::format("{} min", minutes);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string Counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

// The events of a kind over all trips.
struct Found {
  std::size_t count = 0;
  std::size_t trip_count = 0;
  std::int64_t duration_ms = 0;
  const Event* worst = nullptr;
  std::int64_t first_time_ms = 0;
  std::int64_t last_time_ms = 0;
};

Found Find(std::span<const Trip> trips, EventKind kind) {
  Found found;
  for (const Trip& trip : trips) {
    bool in_trip = false;
    for (const Event& event : trip.events) {
      if (event.kind != kind) continue;
      if (found.count == 0) found.first_time_ms = event.start_time_ms;
      found.last_time_ms = event.start_time_ms + event.duration_ms;
      if (found.worst == nullptr || event.value > found.worst->value) found.worst = &event;
      ++found.count;
      found.duration_ms += event.duration_ms;
      in_trip = true;
    }
    found.trip_count += in_trip ? 1 : 0;
  }
  return found;
}

// The points of the whole score that a perfect dimension would bring.
double PointsLost(const RuleInput& input, std::string_view name) {
  double weights = 0.0;
  for (const ScoreDimension& dimension : input.score.dimensions) {
    if (dimension.enough_data) weights += dimension.weight;
  }
  const ScoreDimension* dimension = input.Dimension(name);
  return dimension == nullptr ? 0.0 : dimension->weight * (100.0 - dimension->score) / weights;
}

void SetSaving(Advice& advice, double saving_l, const Totals& totals) {
  advice.saving_l = saving_l;
  if (totals.distance_km() >= 1.0) advice.saving_l_per_100km = saving_l * 100.0 / totals.distance_km();
}

// Evidence that has no instants of its own covers the trips.
void CoverTrips(Advice& advice, std::span<const Trip> trips) {
  advice.first_time_ms = trips.front().start_time_ms;
  advice.last_time_ms = trips.back().end_time_ms;
}

double Percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

// --- idle_less -------------------------------------------------------------------------------------------------------

struct IdleLessOptions {
  std::int64_t allowed_ms = 180'000;  // of each stop; FoldOptions::long_idle_min: shorter is traffic
  std::int64_t total_ms_min = std::int64_t{10} * 60'000;  // beyond that; less is one barrier, not a habit
};

std::optional<Advice> IdleLess(const RuleInput& input) {
  constexpr IdleLessOptions kOptions;
  const Found idle = Find(input.trips, EventKind::kLongIdle);
  std::int64_t avoidable_ms = 0;
  double fuel_l = 0.0;
  double saving_l = 0.0;
  for (const Trip& trip : input.trips) {
    for (const Event& event : trip.events) {
      if (event.kind != EventKind::kLongIdle) continue;
      const std::int64_t beyond_ms = std::max<std::int64_t>(event.duration_ms - kOptions.allowed_ms, 0);
      const double event_fuel_l = static_cast<double>(event.fuel_ul) * 1e-6;
      avoidable_ms += beyond_ms;
      fuel_l += event_fuel_l;
      if (event.duration_ms > 0) {
        saving_l += event_fuel_l * static_cast<double>(beyond_ms) / static_cast<double>(event.duration_ms);
      }
    }
  }
  if (avoidable_ms < kOptions.total_ms_min) return std::nullopt;
  Advice advice{
      .rule = "idle_less",
      .title = "Switch the engine off when standing longer than 3 minutes",
      .evidence = fmt::format("Idled {} on {}, longest {} on {}{}", Lasting(idle.duration_ms),
                              Counted(idle.trip_count, "trip"), Lasting(idle.worst->duration_ms),
                              At(idle.worst->start_time_ms), fuel_l > 0 ? fmt::format("; {:.1f} l", fuel_l) : ""),
      .risk_points = PointsLost(input, "idling"),
      .first_time_ms = idle.first_time_ms,
      .last_time_ms = idle.last_time_ms};
  SetSaving(advice, saving_l, input.sums.totals);
  return advice;
}

// --- brake_earlier, accelerate_gently --------------------------------------------------------------------------------

struct HarshOptions {
  std::size_t count_min = 3;  // one may be a child on the road; three are how one drives
  double score_max = 80.0;    // better is better than most
};

std::optional<Advice> OnHarsh(const RuleInput& input, EventKind kind, std::string_view dimension_name,
                              std::string_view what, Advice advice) {
  constexpr HarshOptions kOptions;
  const ScoreDimension* dimension = input.Dimension(dimension_name);
  const Found found = Find(input.trips, kind);
  if (dimension == nullptr || found.count < kOptions.count_min || dimension->score > kOptions.score_max) {
    return std::nullopt;
  }
  advice.evidence = fmt::format("{} in {:.0f} km, the hardest {:.1f} m/s2 from {:.0f} km/h on {}",
                                Counted(found.count, what), input.sums.totals.distance_km(), found.worst->value,
                                found.worst->speed_kmh_at_start, At(found.worst->start_time_ms));
  advice.risk_points = PointsLost(input, dimension_name);
  advice.first_time_ms = found.first_time_ms;
  advice.last_time_ms = found.last_time_ms;
  return advice;
}

std::optional<Advice> BrakeEarlier(const RuleInput& input) {
  return OnHarsh(input, EventKind::kHarshBrake, "harsh_braking", "hard brake",
                 {.rule = "brake_earlier", .title = "Keep more distance and brake earlier"});
}

std::optional<Advice> AccelerateGently(const RuleInput& input) {
  return OnHarsh(input, EventKind::kHarshAcceleration, "harsh_acceleration", "hard acceleration",
                 {.rule = "accelerate_gently", .title = "Accelerate more gently once the vehicle rolls"});
}

// --- keep_to_limit ---------------------------------------------------------------------------------------------------

struct KeepToLimitOptions {
  std::int64_t overspeed_ms_min = 60'000;  // shorter is an overtaking
  double share_percent_min = 1.0;          // of the driving
  double air_density_kgpm3 = 1.2;          // 15 degC at 150 m, ISO 2533
  double diesel_j_per_l = 35.8e6;          // lower heating values: 42.9 MJ/kg x 0.835 kg/l
  double petrol_j_per_l = 32.2e6;          // 43.2 MJ/kg x 0.745 kg/l
};

// Work against the air that the limit would have saved, as fuel; 0 for what burns neither diesel nor petrol.
double OverspeedFuelL(const RuleInput& input, const KeepToLimitOptions& options) {
  const FuelType fuel = input.traits.fuel_type;
  const Totals& totals = input.sums.totals;
  if (fuel == FuelType::kGas || fuel == FuelType::kElectric || totals.fuel_source == Source::kNone) return 0.0;
  const double work_j = options.air_density_kgpm3 * input.limits.drag_area_m2 / 2.0 *
                        static_cast<double>(input.sums.measures.overspeed_work_m3s2);
  const double j_per_l = fuel == FuelType::kPetrol ? options.petrol_j_per_l : options.diesel_j_per_l;
  return std::min(work_j / (j_per_l * input.limits.engine_efficiency), totals.fuel_used_l());
}

std::optional<Advice> KeepToLimit(const RuleInput& input) {
  constexpr KeepToLimitOptions kOptions;
  const Totals& totals = input.sums.totals;
  const double share_percent = Percent(totals.overspeed_ms, totals.driving_ms);
  if (totals.overspeed_ms < kOptions.overspeed_ms_min || share_percent < kOptions.share_percent_min) {
    return std::nullopt;
  }
  Advice advice{.rule = "keep_to_limit",
                .title = fmt::format("Keep to {:.0f} km/h", input.limits.speed_kmh_limit),
                .evidence = fmt::format("Above {:.0f} km/h for {}, {:.0f} % of the driving, up to {:.0f} km/h",
                                        input.limits.speed_kmh_limit, Lasting(totals.overspeed_ms), share_percent,
                                        totals.speed_kmh_max),
                .risk_points = PointsLost(input, "speed")};
  const Found found = Find(input.trips, EventKind::kOverspeed);
  if (found.count > 0) {
    advice.first_time_ms = found.first_time_ms;
    advice.last_time_ms = found.last_time_ms;
  } else {
    CoverTrips(advice, input.trips);
  }
  SetSaving(advice, OverspeedFuelL(input, kOptions), totals);
  return advice;
}

// --- stay_in_green_band ----------------------------------------------------------------------------------------------

struct GreenBandOptions {
  double score_max = 60.0;  // better drivers are hindered by road and load
};

std::optional<Advice> StayInGreenBand(const RuleInput& input) {
  constexpr GreenBandOptions kOptions;
  const ScoreDimension* dimension = input.Dimension("engine_map");
  if (dimension == nullptr || dimension->score > kOptions.score_max) return std::nullopt;
  const Totals& totals = input.sums.totals;
  const bool too_fast = totals.over_rev_ms * 2 > input.sums.measures.engine_speed_known_ms - totals.green_band_ms;
  Advice advice{.rule = "stay_in_green_band",
                .title = fmt::format("{} to keep the engine between {:.0f} and {:.0f} rpm",
                                     too_fast ? "Shift up earlier" : "Shift and coast in gear",
                                     input.limits.green_rpm_min, input.limits.green_rpm_max),
                .evidence = fmt::format("In this band for {:.0f} % of the driving; above it for {}",
                                        dimension->measured, Lasting(totals.over_rev_ms)),
                .risk_points = PointsLost(input, "engine_map")};
  CoverTrips(advice, input.trips);
  return advice;
}

// --- anticipate ------------------------------------------------------------------------------------------------------

struct AnticipateOptions {
  double score_max = 60.0;  // a town has red lights that nobody foresees
};

std::optional<Advice> Anticipate(const RuleInput& input) {
  constexpr AnticipateOptions kOptions;
  const ScoreDimension* dimension = input.Dimension("anticipation");
  if (dimension == nullptr || dimension->score > kOptions.score_max) return std::nullopt;
  Advice advice{.rule = "anticipate",
                .title = "Look further ahead: release the accelerator early and let the vehicle roll in gear",
                .evidence = fmt::format("Braked for {}, rolled in gear for {}: {:.0f} % of the slowing down",
                                        Lasting(input.sums.measures.braking_ms), Lasting(input.sums.totals.coasting_ms),
                                        dimension->measured),
                .risk_points = PointsLost(input, "anticipation")};
  CoverTrips(advice, input.trips);
  return advice;
}

// --- use_cruise ------------------------------------------------------------------------------------------------------

struct UseCruiseOptions {
  std::int64_t highway_ms_min = std::int64_t{30} * 60'000;  // less is too little for a habit
  double share_percent_max = 50.0;                          // traffic and hills take their part
};

std::optional<Advice> UseCruise(const RuleInput& input) {
  constexpr UseCruiseOptions kOptions;
  const DrivingMeasures& measures = input.sums.measures;
  const double share_percent = Percent(measures.highway_cruise_ms, measures.highway_ms);
  if (measures.highway_ms < kOptions.highway_ms_min || share_percent >= kOptions.share_percent_max) return std::nullopt;
  Advice advice{.rule = "use_cruise",
                .title = "Use cruise control on open roads",
                .evidence = fmt::format("Active for {:.0f} % of {} at 70 km/h or faster", share_percent,
                                        Lasting(measures.highway_ms))};
  CoverTrips(advice, input.trips);
  return advice;
}

// The list: one line a rule.
constexpr std::array<AdviceRule, 7> kRules = {
    IdleLess, BrakeEarlier, AccelerateGently, KeepToLimit, StayInGreenBand, Anticipate, UseCruise,
};

}  // namespace

RuleInput::RuleInput(std::span<const Trip> all_trips, const VehicleTraits& vehicle_traits)
    : trips(all_trips),
      traits(vehicle_traits),
      limits(LimitsOf(vehicle_traits)),
      sums(internal::Sum(all_trips)),
      score(ScoreDriver(all_trips, vehicle_traits)) {}

const ScoreDimension* RuleInput::Dimension(std::string_view name) const {
  for (const ScoreDimension& dimension : score.dimensions) {
    if (dimension.name == name) return dimension.enough_data ? &dimension : nullptr;
  }
  return nullptr;
}

std::span<const AdviceRule> AdviceRules() { return kRules; }

std::vector<Advice> ApplyRules(const RuleInput& input) {
  std::vector<Advice> all;
  if (input.trips.empty()) return all;
  for (const AdviceRule rule : AdviceRules()) {
    if (std::optional<Advice> advice = rule(input)) all.push_back(std::move(*advice));
  }
  return all;
}

}  // namespace telltale
