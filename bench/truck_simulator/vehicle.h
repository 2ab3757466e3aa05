#pragma once

#include <vector>

namespace telltale::truck {

inline constexpr double kGravityMps2 = 9.81;
// Diesel, lower heating value; as in docs/fuel.md.
inline constexpr double kDieselJPerL = 35.8e6;

struct TorquePoint {
  double speed_rpm = 0.0;
  double torque_nm = 0.0;
};

// A diesel engine on Willans lines: fuel power = (brake power + friction power) / indicated efficiency, so at a given
// speed the fuel is an affine function of the torque.
struct Engine {
  double displacement_l = 0.0;
  double stroke_m = 0.0;
  double idle_speed_rpm = 0.0;
  double pto_speed_rpm = 0.0;              // while standing with the power takeoff at work
  std::vector<TorquePoint> full_load;      // by rising speed; straight lines between, 0 beyond the last
  double reference_torque_nm = 0.0;        // 100 % of the percent torque signals (SPN 544), indicated
  double indicated_efficiency = 0.0;       // of the fuel's heat that reaches the pistons
  double warm_c = 85.0;                    // of the coolant; below it the friction is higher
  double cold_friction_per_k = 0.012;      // of the warm friction, for each degree below warm_c
  double coolant_heat_share = 0.25;        // of the fuel's heat
  double heat_capacity_j_per_k = 0.0;      // of engine, oil and coolant
  double heat_loss_w_per_k = 0.0;          // to the air around, without the radiator
  double radiator_loss_w_per_k = 5'000.0;  // with the thermostat fully open, 5 K above warm_c
};

// What moves. Forces are at the wheels, torques at the crankshaft.
struct Vehicle {
  Engine engine;
  double mass_kg = 0.0;             // with load
  double rotating_mass_kg = 0.0;    // inertia of wheels and driveline, as mass
  double drag_area_m2 = 0.0;        // Cd A
  double rolling_resistance = 0.0;  // at the right tyre pressure, N/N: 5.5 kg/t is 0.0055
  double tyre_pressure_ratio = 1.0;
  double wheel_radius_m = 0.0;  // rolling
  double axle_ratio = 0.0;
  std::vector<double> gear_ratios;  // of the first gear and on
  int start_gear = 1;
  double shift_s = 0.8;  // without drive
  double driveline_efficiency = 0.0;
  double auxiliaries_driving_w = 0.0;  // at the crankshaft: fan, steering, compressor, alternator, air conditioning
  double auxiliaries_idle_w = 0.0;
  double pto_w = 0.0;
  double retarder_force_n = 0.0;  // 0: none
  double retarder_power_w = 0.0;
  double service_brake_force_n = 0.0;  // at kBrakePressureKpa

  static constexpr double kBrakePressureKpa = 800.0;

  double inertia_kg() const { return mass_kg + rotating_mass_kg; }
  int gear_count() const { return static_cast<int>(gear_ratios.size()); }
};

// Presets; vehicle.cc says where the figures come from.
Vehicle AverageTractorTrailer();  // European, 33 t with an average load of 19.3 t
Vehicle BestTractorTrailer();     // the same with less drag and better tyres
Vehicle DistributionTruck();      // rigid, two axles, 12 t with a half load
Vehicle CityBus();                // 12 m, a third of its passengers

// Full load torque at the crankshaft.
double MaxTorqueNm(const Engine& engine, double speed_rpm);
// What turns the warm engine without fuel.
double FrictionTorqueNm(const Engine& engine, double speed_rpm);
// Radians of the crankshaft for each metre of the way. Gears count from 1.
double CrankPerMetre(const Vehicle& vehicle, int gear);

double RollingForceN(const Vehicle& vehicle);
double DragForceN(const Vehicle& vehicle, double air_density_kgm3, double air_speed_mps);
double AirDensityKgm3(double temperature_c);

}  // namespace telltale::truck
