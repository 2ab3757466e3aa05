#include "advice/trip.h"

namespace telltale {

Totals& Totals::operator+=(const Totals& other) {
  distance_mm += other.distance_mm;
  distance_source = BetterOf(distance_source, other.distance_source);
  driving_ms += other.driving_ms;
  idle_ms += other.idle_ms;
  pto_ms += other.pto_ms;
  engine_ms += other.engine_ms;
  fuel_used_ul += other.fuel_used_ul;
  fuel_source = BetterOf(fuel_source, other.fuel_source);
  idle_fuel_ul += other.idle_fuel_ul;
  pto_fuel_ul += other.pto_fuel_ul;
  speed_kmh_max = std::max(speed_kmh_max, other.speed_kmh_max);
  overspeed_ms += other.overspeed_ms;
  coasting_ms += other.coasting_ms;
  cruise_ms += other.cruise_ms;
  over_rev_ms += other.over_rev_ms;
  green_band_ms += other.green_band_ms;
  harsh_brake_count += other.harsh_brake_count;
  harsh_acceleration_count += other.harsh_acceleration_count;
  frame_count += other.frame_count;
  return *this;
}

DrivingMeasures& DrivingMeasures::operator+=(const DrivingMeasures& other) {
  engine_speed_known_ms += other.engine_speed_known_ms;
  accelerator_known_ms += other.accelerator_known_ms;
  cruise_known_ms += other.cruise_known_ms;
  manoeuvres_known_ms += other.manoeuvres_known_ms;
  braking_ms += other.braking_ms;
  highway_ms += other.highway_ms;
  highway_cruise_ms += other.highway_cruise_ms;
  overspeed_work_m3s2 += other.overspeed_work_m3s2;
  return *this;
}

}  // namespace telltale
