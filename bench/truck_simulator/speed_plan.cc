#include "bench/truck_simulator/speed_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "bench/truck_simulator/random.h"

namespace telltale::truck {
namespace {

constexpr double kRpmPerRadps = 30.0 / std::numbers::pi;

// Slow waves of the speed, by place rather than time, so that it is the same for two drivers who differ elsewhere.
class Wander {
 public:
  explicit Wander(const Driver& driver) : amplitude_mps_(driver.speed_wander_mps) {
    Random random(driver.seed);
    for (double& phase : phases_) phase = random.Uniform(0.0, 2.0 * std::numbers::pi);
  }

  double At(double position_m) const {
    if (amplitude_mps_ == 0.0) return 0.0;
    double sum = 0.0;
    double length_m = 700.0;
    for (double phase : phases_) {
      sum += std::sin(2.0 * std::numbers::pi * position_m / length_m + phase);
      length_m *= 1.7;
    }
    return amplitude_mps_ * sum / static_cast<double>(phases_.size());
  }

 private:
  double amplitude_mps_;
  std::array<double, 3> phases_ = {};
};

// What the driver would go by in a cell if nothing came behind it.
double SpeedWanted(const RoadPoint& point, const Driver& driver) {
  double speed = std::min(driver.cruise_speed_mps, point.speed_limit_mps + driver.limit_excess_mps);
  if (point.traffic_speed_mps < point.speed_limit_mps) speed = std::min(speed, point.traffic_speed_mps);
  if (point.curvature_per_m != 0.0) {
    speed = std::min(speed, std::sqrt(driver.lateral_acceleration_mps2 / std::abs(point.curvature_per_m)));
  }
  return speed;
}

}  // namespace

double OverrunForceN(const Vehicle& vehicle, double speed_mps, double engine_speed_rpm) {
  for (int gear = vehicle.gear_count(); gear >= 1; --gear) {
    const double crank_per_m = CrankPerMetre(vehicle, gear);
    const double speed_rpm = speed_mps * crank_per_m * kRpmPerRadps;
    if (speed_rpm < engine_speed_rpm) continue;
    return FrictionTorqueNm(vehicle.engine, speed_rpm) * crank_per_m / vehicle.driveline_efficiency +
           vehicle.auxiliaries_driving_w / (speed_mps * vehicle.driveline_efficiency);
  }
  return 0.0;
}

SpeedPlan::SpeedPlan(const Road& road, const Vehicle& vehicle, const Driver& driver, double air_density_kgm3) {
  const auto& points = road.points();
  const std::size_t count = points.size();
  drive_.resize(count);
  brake_.resize(count);
  const Wander wander(driver);
  for (std::size_t i = 0; i < count; ++i) {
    // A point belongs to the cells on both of its sides.
    double wanted = SpeedWanted(points[i], driver);
    if (i > 0) wanted = std::min(wanted, SpeedWanted(points[i - 1], driver));
    const double off = driver.uses_cruise_control && points[i].speed_limit_mps > 19.0
                           ? 0.0
                           : wander.At(static_cast<double>(i) * Road::kCellM) * std::min(1.0, wanted / 15.0);
    const double aimed = std::max(wanted + off, 1.0);
    drive_[i] = std::pow(aimed, 2.0);
    brake_[i] = std::pow(std::max(wanted, aimed) + driver.downhill_excess_mps, 2.0);
  }
  for (const Stop& stop : road.stops()) {
    const auto point = static_cast<std::size_t>(std::lround(stop.position_m / Road::kCellM));
    drive_[point] = 0.0;
    brake_[point] = 0.0;
  }

  // Backwards: how fast one may be, to be as slow as one must be later.
  const double rolling_n = RollingForceN(vehicle);
  double coasting_m = 0.0;  // since the lower speed that is coasted to
  for (std::size_t i = count - 1; i-- > 0;) {
    const double braking = 2.0 * driver.braking_mps2 * Road::kCellM;
    brake_[i] = std::min(brake_[i], brake_[i + 1] + braking);
    const double reachable = std::min(drive_[i], drive_[i + 1] + braking);
    double drive = reachable;
    // Down to the least coasting speed one brakes, and from there on one coasts as long as one looks ahead.
    if (drive_[i + 1] >= std::pow(driver.coasting_speed_min_mps, 2.0) && coasting_m < driver.anticipation_m) {
      const double speed = std::sqrt(drive_[i + 1]);
      const double grade = (points[i + 1].elevation_m - points[i].elevation_m) / Road::kCellM;
      const double force_n = rolling_n + DragForceN(vehicle, air_density_kgm3, speed) +
                             OverrunForceN(vehicle, speed, driver.engine_speed_rpm_min) +
                             vehicle.mass_kg * kGravityMps2 * grade;
      const double coasting = 2.0 * std::max(force_n, 0.0) / vehicle.inertia_kg() * Road::kCellM;
      drive = std::min(drive, drive_[i + 1] + coasting);
    }
    // Braking or coasting: something slower lies ahead. Farther off than the driver looks, it is as if it did not.
    coasting_m = drive < drive_[i] ? coasting_m + Road::kCellM : 0.0;
    drive_[i] = drive;
  }
}

SpeedCap SpeedPlan::CapAt(const std::vector<double>& squares, double position_m) {
  const double cells = std::max(position_m / Road::kCellM, 0.0);
  const auto cell = std::min(static_cast<std::size_t>(cells), squares.size() - 2);
  const double change = squares[cell + 1] - squares[cell];
  const double square = squares[cell] + change * std::min(cells - static_cast<double>(cell), 1.0);
  return {.speed_mps = std::sqrt(std::max(square, 0.0)), .acceleration_mps2 = 0.5 * change / Road::kCellM};
}

}  // namespace telltale::truck
