#include "advice/class_limits.h"

namespace telltale {
namespace {

// A loaded tractor and trailer brakes with 5 to 6 m/s2 at the most; its driver plans stops at 1 m/s2. 90 km/h is where
// EU speed limiters act (92/6/EEC). Long-stroke diesels of 10 to 13 l have their best efficiency at 1,000 to 1,500 rpm.
constexpr ClassLimits kHeavyTruck{};

// Standing passengers fall at about 2 m/s2. 100 km/h: speed limiter of buses (92/6/EEC). A coach's body is lower drag.
constexpr ClassLimits kBus{.harsh_brake_mps2 = 2.0,
                           .harsh_acceleration_mps2 = 1.3,
                           .speed_kmh_limit = 100.0,
                           .green_rpm_min = 1000.0,
                           .green_rpm_max = 1500.0,
                           .drag_area_m2 = 4.5,
                           .engine_efficiency = 0.39};

// Lighter, on shorter wheelbases, with engines of 4 to 8 l that turn faster.
constexpr ClassLimits kMediumTruck{.harsh_brake_mps2 = 3.0,
                                   .harsh_acceleration_mps2 = 2.0,
                                   .speed_kmh_limit = 100.0,
                                   .green_rpm_min = 1200.0,
                                   .green_rpm_max = 2000.0,
                                   .drag_area_m2 = 4.5,
                                   .engine_efficiency = 0.37};

// 3.5 m/s2 is a third of what dry asphalt allows and twice a comfortable stop. 130 km/h: the common motorway limit.
constexpr ClassLimits kDieselCar{.harsh_brake_mps2 = 3.5,
                                 .harsh_acceleration_mps2 = 3.0,
                                 .speed_kmh_limit = 130.0,
                                 .green_rpm_min = 1200.0,
                                 .green_rpm_max = 2300.0,
                                 .drag_area_m2 = 0.65,
                                 .engine_efficiency = 0.34};

constexpr ClassLimits PetrolCar() {
  ClassLimits limits = kDieselCar;
  limits.green_rpm_min = 1300.0;
  limits.green_rpm_max = 2800.0;
  limits.engine_efficiency = 0.28;  // throttled
  return limits;
}

// Tractors are built for 40 to 60 km/h; at a speed like this, tyres and load are the risk, not drag.
constexpr ClassLimits kMachine{.harsh_brake_mps2 = 2.5,
                               .harsh_acceleration_mps2 = 1.5,
                               .speed_kmh_limit = 60.0,
                               .green_rpm_min = 1200.0,
                               .green_rpm_max = 2000.0,
                               .drag_area_m2 = 6.0,
                               .engine_efficiency = 0.37};

}  // namespace

ClassLimits LimitsOf(const VehicleTraits& traits) {
  switch (traits.vehicle_class) {
    case VehicleClass::kUnknown:
    case VehicleClass::kHeavyTruck:
      return kHeavyTruck;
    case VehicleClass::kMediumTruck:
      return kMediumTruck;
    case VehicleClass::kBus:
      return kBus;
    case VehicleClass::kCar:
      return traits.fuel_type == FuelType::kPetrol || traits.fuel_type == FuelType::kGas ? PetrolCar() : kDieselCar;
    case VehicleClass::kMachine:
      return kMachine;
  }
  return kHeavyTruck;
}

}  // namespace telltale
