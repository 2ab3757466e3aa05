#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace telltale::truck {

enum class RoadKind : std::uint8_t {
  kLongHaul,      // motorway, rolling, 80 to 90 km/h, few slow sections
  kDistribution,  // towns and country roads, a delivery every 8 km or so
  kBus,           // a bus line: a bus stop every 400 m or so, and traffic lights
  kCity,          // 30 to 50 km/h, traffic lights, dense traffic
  kHilly,         // country road through hills, grades up to 8 %
  kFlat,          // a motorway without a grade
};

enum class StopKind : std::uint8_t {
  kTrafficLight,  // short; the engine goes on
  kBusStop,       // the same
  kDelivery,      // may take a power takeoff; a driver may switch the engine off
  kBreak,         // a driver may switch the engine off
  kDestination,   // the end of the road, otherwise as kBreak
};

// A standstill that every driver on the road has, for the same time: so that two of them can be compared.
struct Stop {
  StopKind kind = StopKind::kTrafficLight;
  double position_m = 0.0;
  double duration_s = 0.0;
  double pto_s = 0.0;  // part of duration_s, at its beginning, with the power takeoff at work
};

// What holds from a point of the road to the next; the elevation is that of the point.
struct RoadPoint {
  double elevation_m = 0.0;
  double curvature_per_m = 0.0;  // left positive; 0: straight
  double speed_limit_mps = 0.0;
  double traffic_speed_mps = 0.0;  // nobody can go faster; as the limit where traffic is free
  double north_m = 0.0;            // of the first point
  double east_m = 0.0;
};

struct RoadOptions {
  RoadKind kind = RoadKind::kLongHaul;
  double length_m = 100'000.0;  // 1 km to 2000 km, rounded down to whole cells
  std::uint64_t seed = 1;
};

// A road from a start to a destination, in cells of equal length. A generated one begins and ends at the same
// elevation. Immutable; safe from any thread.
class Road {
 public:
  static constexpr double kCellM = 10.0;

  explicit Road(const RoadOptions& options);

  // Straight, of one grade and one limit, and without a stop but its destination, at which nobody waits.
  // `grade` is rise over way: 0.02 climbs 2 m in 100 m.
  static Road Uniform(double length_m, double grade, double speed_limit_mps);

  double length_m() const { return static_cast<double>(points_.size() - 1) * kCellM; }
  // One more than there are cells.
  const std::vector<RoadPoint>& points() const { return points_; }
  // In the order of the road; the last one is the destination.
  const std::vector<Stop>& stops() const { return stops_; }

  // The cell in which a position is, the first or the last one for positions outside of the road.
  std::size_t CellAt(double position_m) const;
  double ElevationAt(double position_m) const;
  double GradeAt(double position_m) const;
  double SpeedLimitAt(double position_m) const { return points_[CellAt(position_m)].speed_limit_mps; }
  // WGS-84 degrees, on a plane that touches the Earth at the start: good for some 100 km.
  double LatitudeAt(double position_m) const;
  double LongitudeAt(double position_m) const;

 private:
  Road() = default;

  std::vector<RoadPoint> points_;
  std::vector<Stop> stops_;
};

}  // namespace telltale::truck
