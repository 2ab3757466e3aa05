#include "bench/truck_simulator/road.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

namespace telltale::truck {
namespace {

constexpr RoadKind kKinds[] = {RoadKind::kLongHaul, RoadKind::kDistribution, RoadKind::kBus,
                               RoadKind::kCity,     RoadKind::kHilly,        RoadKind::kFlat};

TEST(Road, IsTheSameForTheSameSeedAndAnotherForAnother) {
  for (const RoadKind kind : kKinds) {
    const Road a({.kind = kind, .length_m = 20e3, .seed = 7});
    const Road b({.kind = kind, .length_m = 20e3, .seed = 7});
    const Road c({.kind = kind, .length_m = 20e3, .seed = 8});
    ASSERT_EQ(a.points().size(), b.points().size());
    ASSERT_EQ(a.stops().size(), b.stops().size());
    bool differs = a.stops().size() != c.stops().size();
    for (std::size_t i = 0; i < a.points().size(); ++i) {
      EXPECT_EQ(a.points()[i].elevation_m, b.points()[i].elevation_m);
      EXPECT_EQ(a.points()[i].traffic_speed_mps, b.points()[i].traffic_speed_mps);
      EXPECT_EQ(a.points()[i].north_m, b.points()[i].north_m);
      differs = differs || a.points()[i].curvature_per_m != c.points()[i].curvature_per_m;
    }
    EXPECT_TRUE(differs);
  }
}

TEST(Road, KeepsItsGradesAndStopsWithinReason) {
  for (const RoadKind kind : kKinds) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Road road({.kind = kind, .length_m = 50e3, .seed = seed});
      EXPECT_NEAR(road.points().front().elevation_m, road.points().back().elevation_m, 1e-6);
      for (double at = 5.0; at < road.length_m(); at += Road::kCellM) EXPECT_LE(std::abs(road.GradeAt(at)), 0.085);
      EXPECT_TRUE(std::ranges::is_sorted(road.stops(), {}, &Stop::position_m));
      for (const Stop& stop : road.stops()) EXPECT_LE(stop.pto_s, stop.duration_s);
      EXPECT_EQ(road.stops().back().kind, StopKind::kDestination);
      EXPECT_EQ(road.stops().back().position_m, road.length_m());
    }
  }
}

TEST(Road, HasWhatItsKindPromises) {
  const auto count = [](RoadKind kind, StopKind stop) {
    const Road road({.kind = kind, .length_m = 50e3, .seed = 2});
    return std::ranges::count(road.stops(), stop, &Stop::kind);
  };
  EXPECT_GT(count(RoadKind::kBus, StopKind::kBusStop), 80);  // 50 km, one every 400 m, some too close to a red light
  EXPECT_GT(count(RoadKind::kCity, StopKind::kTrafficLight), 60);
  EXPECT_GE(count(RoadKind::kDistribution, StopKind::kDelivery), 4);
  EXPECT_LE(count(RoadKind::kLongHaul, StopKind::kTrafficLight), 5);
}

TEST(Road, ClimbsEvenlyWhereItIsUniform) {
  const Road road = Road::Uniform(2'000.0, 0.02, 20.0);
  EXPECT_NEAR(road.ElevationAt(1'005.0) - road.ElevationAt(0.0), 20.1, 1e-9);  // 1005 m x 0.02
  EXPECT_NEAR(road.GradeAt(1'005.0), 0.02, 1e-12);
}

TEST(Road, MovesOnTheMapAsFarAsAlongTheRoad) {
  const Road road({.kind = RoadKind::kCity, .length_m = 10e3, .seed = 3});
  for (double at = 0.0; at < 9'990.0; at += Road::kCellM) {
    const double north_m = (road.LatitudeAt(at + Road::kCellM) - road.LatitudeAt(at)) * 111'320.0;
    const double east_m =
        (road.LongitudeAt(at + Road::kCellM) - road.LongitudeAt(at)) * 111'320.0 * 0.82165;  // cos 34.75
    EXPECT_NEAR(std::hypot(north_m, east_m), Road::kCellM, 0.01);
  }
}

}  // namespace
}  // namespace telltale::truck
