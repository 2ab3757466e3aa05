#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "advice/advice.h"
#include "advice/class_limits.h"
#include "advice/driver_score.h"
#include "advice/internal/sums.h"
#include "advice/trip.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// What a rule looks at.
struct RuleInput {
  RuleInput(std::span<const Trip> all_trips, const VehicleTraits& vehicle_traits);

  // The dimension of that name if it has data, else nullptr.
  const ScoreDimension* Dimension(std::string_view name) const;

  std::span<const Trip> trips;  // oldest first
  VehicleTraits traits;
  ClassLimits limits;
  internal::TripSums sums;
  DriverScore score;
};

// A rule: pure; nullopt if there is nothing to advise. docs/adding_an_advice_rule.md shows how to write one.
using AdviceRule = std::optional<Advice> (*)(const RuleInput& input);

// All rules, in no particular order.
std::span<const AdviceRule> AdviceRules();

// The advice of all rules, in their order.
std::vector<Advice> ApplyRules(const RuleInput& input);

}  // namespace telltale
