#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "advice/advice.h"
#include "advice/trip.h"
#include "catalog/vehicle_traits.h"

namespace telltale {

// Fuel used over some trips.
struct FuelSummary {
  bool enough_data = false;  // false: `missing` says what is lacking
  std::string missing;
  double fuel_used_l = 0.0;
  Source fuel_source = Source::kNone;
  double distance_km = 0.0;
  double fuel_l_per_100km = 0.0;  // driving and idling together; 0 below 1 km
  double idle_fuel_l = 0.0;
  std::int64_t idle_ms = 0;         // engine running, below 1 km/h
  double idle_fuel_rate_lph = 0.0;  // litres an hour while idling; 0: no idling
  double co2_kg = 0.0;              // tank to wheel: 2.64 kg/l diesel, 2.35 kg/l petrol
};

FuelSummary SummariseFuel(std::span<const Trip> trips, const VehicleTraits& traits);

// What would save fuel, the greatest saving first; advice without a saving is left out. Pure.
std::vector<Advice> AdviseFuel(std::span<const Trip> trips, const VehicleTraits& traits);

}  // namespace telltale
