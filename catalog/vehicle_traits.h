#pragma once

#include <cstdint>

namespace telltale {

enum class VehicleClass : std::uint8_t {
  kUnknown = 0,      // rules take it for a heavy truck, and say so
  kHeavyTruck = 1,   // above 12 t
  kMediumTruck = 2,  // 3.5 t to 12 t
  kBus = 3,
  kCar = 4,      // car or light van, up to 3.5 t
  kMachine = 5,  // tractor, excavator, ...
};

enum class FuelType : std::uint8_t {
  kUnknown = 0,  // taken as diesel
  kDiesel = 1,
  kPetrol = 2,
  kGas = 3,
  kElectric = 4,
};

// What decoding and advice need to know of a vehicle beside its frames.
struct VehicleTraits {
  VehicleClass vehicle_class = VehicleClass::kUnknown;
  FuelType fuel_type = FuelType::kUnknown;
  double engine_displacement_l = 0.0;  // litres; 0: unknown

  friend bool operator==(const VehicleTraits&, const VehicleTraits&) = default;
};

}  // namespace telltale
