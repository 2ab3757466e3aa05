#include "ingest/terminals/gcj02.h"

#include <cmath>
#include <numbers>

namespace telltale {
namespace {

constexpr double kPi = std::numbers::pi;
// The ellipsoid of Krasovsky, on which the shift is defined.
constexpr double kSemiMajorAxisM = 6'378'245.0;
constexpr double kEccentricitySquared = 0.00669342162296594323;
constexpr double kOriginLatitudeDeg = 35.0;
constexpr double kOriginLongitudeDeg = 105.0;

bool IsShifted(const Place& place) {
  return place.latitude_deg >= 0.8293 && place.latitude_deg <= 55.8271 && place.longitude_deg >= 72.004 &&
         place.longitude_deg <= 137.8347;
}

// Two waves that both directions have, of periods of 1/3 and 1 degree.
double CommonM(double x) { return (20.0 * std::sin(6.0 * x * kPi) + 20.0 * std::sin(2.0 * x * kPi)) * 2.0 / 3.0; }

// The shift to the north and to the east, metres on the plane of the definition.
double NorthM(double x, double y) {
  return -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * std::sqrt(std::abs(x)) + CommonM(x) +
         (20.0 * std::sin(y * kPi) + 40.0 * std::sin(y / 3.0 * kPi)) * 2.0 / 3.0 +
         (160.0 * std::sin(y / 12.0 * kPi) + 320.0 * std::sin(y * kPi / 30.0)) * 2.0 / 3.0;
}

double EastM(double x, double y) {
  return 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * std::sqrt(std::abs(x)) + CommonM(x) +
         (20.0 * std::sin(x * kPi) + 40.0 * std::sin(x / 3.0 * kPi)) * 2.0 / 3.0 +
         (150.0 * std::sin(x / 12.0 * kPi) + 300.0 * std::sin(x / 30.0 * kPi)) * 2.0 / 3.0;
}

Place Shift(const Place& wgs84) {
  const double x = wgs84.longitude_deg - kOriginLongitudeDeg;
  const double y = wgs84.latitude_deg - kOriginLatitudeDeg;
  const double latitude_rad = wgs84.latitude_deg / 180.0 * kPi;
  const double sine = std::sin(latitude_rad);
  const double magic = 1.0 - kEccentricitySquared * sine * sine;
  const double meridian_m = kSemiMajorAxisM * (1.0 - kEccentricitySquared) / (magic * std::sqrt(magic));
  const double parallel_m = kSemiMajorAxisM / std::sqrt(magic) * std::cos(latitude_rad);
  return {.latitude_deg = NorthM(x, y) * 180.0 / (meridian_m * kPi),
          .longitude_deg = EastM(x, y) * 180.0 / (parallel_m * kPi)};
}

}  // namespace

Place Gcj02OfWgs84(const Place& wgs84) {
  if (!IsShifted(wgs84)) return wgs84;
  const Place shift = Shift(wgs84);
  return {.latitude_deg = wgs84.latitude_deg + shift.latitude_deg,
          .longitude_deg = wgs84.longitude_deg + shift.longitude_deg};
}

Place Wgs84OfGcj02(const Place& gcj02) {
  if (!IsShifted(gcj02)) return gcj02;
  // The shift changes by a few thousandths of itself over its own length, so each round gains two digits.
  Place wgs84 = gcj02;
  for (int round = 0; round < 6; ++round) {
    const Place shift = Shift(wgs84);
    wgs84 = {.latitude_deg = gcj02.latitude_deg - shift.latitude_deg,
             .longitude_deg = gcj02.longitude_deg - shift.longitude_deg};
  }
  return wgs84;
}

}  // namespace telltale
