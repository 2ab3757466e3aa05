#include "advice/fuel_advice.h"

#include <algorithm>

#include "advice/rules.h"

namespace telltale {
namespace {

// Tank to wheel. 43.1 MJ/kg diesel with 0.86 carbon and 0.835 kg/l give 2.64 kg/l; E5 petrol 2.35 kg/l.
constexpr double kDieselCo2KgPerL = 2.64;
constexpr double kPetrolCo2KgPerL = 2.35;
constexpr double kDistanceKmMin = 1.0;  // below this l/100 km is mostly the start of the engine

double Co2KgPerL(FuelType fuel) {
  switch (fuel) {
    case FuelType::kUnknown:
    case FuelType::kDiesel:
      return kDieselCo2KgPerL;
    case FuelType::kPetrol:
      return kPetrolCo2KgPerL;
    case FuelType::kGas:
    case FuelType::kElectric:
      return 0.0;  // litres of gas differ too much to say
  }
  return 0.0;
}

}  // namespace

FuelSummary SummariseFuel(std::span<const Trip> trips, const VehicleTraits& traits) {
  const Totals totals = internal::Sum(trips).totals;
  FuelSummary summary{.fuel_used_l = totals.fuel_used_l(),
                      .fuel_source = totals.fuel_source,
                      .distance_km = totals.distance_km(),
                      .idle_fuel_l = totals.idle_fuel_l(),
                      .idle_ms = totals.idle_ms,
                      .co2_kg = totals.fuel_used_l() * Co2KgPerL(traits.fuel_type)};
  if (totals.distance_km() >= kDistanceKmMin) {
    summary.fuel_l_per_100km = summary.fuel_used_l * 100.0 / summary.distance_km;
  }
  if (totals.idle_ms > 0)
    summary.idle_fuel_rate_lph = summary.idle_fuel_l * 3.6e6 / static_cast<double>(totals.idle_ms);
  if (trips.empty()) {
    summary.missing = "no trips";
  } else if (totals.fuel_source == Source::kNone) {
    summary.missing = "no signal tells the fuel: neither a total, nor a rate, nor the air mass of a petrol engine";
  } else if (totals.distance_km() < kDistanceKmMin) {
    summary.missing = "less than 1 km driven";
  }
  summary.enough_data = summary.missing.empty();
  return summary;
}

std::vector<Advice> AdviseFuel(std::span<const Trip> trips, const VehicleTraits& traits) {
  std::vector<Advice> all = ApplyRules(RuleInput(trips, traits));
  std::erase_if(all, [](const Advice& advice) { return advice.saving_l <= 0.0; });
  std::stable_sort(all.begin(), all.end(), [](const Advice& a, const Advice& b) { return a.saving_l > b.saving_l; });
  return all;
}

}  // namespace telltale
