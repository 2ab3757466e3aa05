#include "advice/driver_advice.h"

#include <algorithm>

#include "advice/rules.h"

namespace telltale {

std::vector<Advice> AdviseDriver(std::span<const Trip> trips, const VehicleTraits& traits) {
  std::vector<Advice> all = ApplyRules(RuleInput(trips, traits));
  std::stable_sort(all.begin(), all.end(), [](const Advice& a, const Advice& b) {
    return a.risk_points != b.risk_points ? a.risk_points > b.risk_points : a.saving_l > b.saving_l;
  });
  return all;
}

}  // namespace telltale
