#include "ingest/terminals/gcj02.h"

#include <random>

#include <gtest/gtest.h>

namespace telltale {
namespace {

// Shanghai, Shenzhen and Beijing, as other projects publish them.
TEST(Gcj02, ShiftsAsMapsOfChinaDo) {
  const struct {
    Place wgs84;
    Place gcj02;
  } places[] = {
      {{31.1774276, 121.5272106}, {31.17530398364597, 121.531541859215}},
      {{22.543847, 113.912316}, {22.540796131694766, 113.9171764808363}},
      {{39.911954, 116.377817}, {39.91334545536069, 116.38404722455657}},
  };
  for (const auto& place : places) {
    const Place shifted = Gcj02OfWgs84(place.wgs84);
    EXPECT_NEAR(shifted.latitude_deg, place.gcj02.latitude_deg, 1e-6);
    EXPECT_NEAR(shifted.longitude_deg, place.gcj02.longitude_deg, 1e-6);
    const Place back = Wgs84OfGcj02(place.gcj02);
    EXPECT_NEAR(back.latitude_deg, place.wgs84.latitude_deg, 1e-6);
    EXPECT_NEAR(back.longitude_deg, place.wgs84.longitude_deg, 1e-6);
  }
}

TEST(Gcj02, IsUndoneEverywhereInChinaAndNothingIsShiftedOutside) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> latitude(18.0, 53.0);
  std::uniform_real_distribution<double> longitude(74.0, 135.0);
  for (int i = 0; i < 10'000; ++i) {
    const Place place{latitude(random), longitude(random)};
    const Place back = Wgs84OfGcj02(Gcj02OfWgs84(place));
    EXPECT_NEAR(back.latitude_deg, place.latitude_deg, 1e-8);
    EXPECT_NEAR(back.longitude_deg, place.longitude_deg, 1e-8);
  }
  const Place hamburg{53.55, 9.99};
  EXPECT_EQ(Gcj02OfWgs84(hamburg).latitude_deg, hamburg.latitude_deg);
  EXPECT_EQ(Wgs84OfGcj02(hamburg).longitude_deg, hamburg.longitude_deg);
}

}  // namespace
}  // namespace telltale
