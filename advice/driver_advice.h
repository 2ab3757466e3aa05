#pragma once

#include <span>
#include <vector>

#include "advice/advice.h"
#include "advice/trip.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// What would make the driving of these trips safer and cheaper, the greatest effect first: by points of the score, then
// by litres. The rules are listed in advice/rules.cc. Pure.
std::vector<Advice> AdviseDriver(std::span<const Trip> trips, const VehicleTraits& traits);

}  // namespace telltale
