#include "bench/truck_simulator/road.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "base/check.h"
#include "bench/truck_simulator/random.h"

namespace telltale::truck {
namespace {

constexpr double kKmh = 1.0 / 3.6;
// Somewhere flat and dry, far from a pole and from the antimeridian.
constexpr double kStartLatitudeDeg = 34.75;
constexpr double kStartLongitudeDeg = 113.65;
constexpr double kStartElevationM = 100.0;
constexpr double kMetresPerDegree = 111'320.0;

struct Range {
  double low = 0.0;
  double high = 0.0;
};

struct Section {
  double share = 0.0;  // of the sections, by number
  double speed_limit_kmh = 0.0;
  Range length_m;
};

// What makes one kind of road unlike another.
struct RoadStyle {
  std::array<Section, 3> sections;
  double grade_deviation = 0.0;  // standard deviation of the grade
  double grade_max = 0.0;
  double curvature_max_per_m = 0.0;
  double traffic_light_gap_m = 0.0;  // between two red ones, on average, where the limit is at most 60 km/h; 0: none
  double traffic_gap_m = 0.0;        // between two stretches of slow traffic, on average; 0: none
  Range traffic_share;               // speed of slow traffic over the limit
  double bus_stop_gap_m = 0.0;
  double delivery_gap_m = 0.0;
  double break_gap_m = 0.0;
};

// Spacing and speeds are round figures for what the names say, not measurements; the long haul is such that the average
// European tractor-trailer needs what was measured (README.md).
RoadStyle StyleOf(RoadKind kind) {
  switch (kind) {
    case RoadKind::kLongHaul:
      return {.sections = {{{0.85, 90, {8'000, 25'000}}, {0.1, 80, {3'000, 8'000}}, {0.05, 60, {800, 2'000}}}},
              .grade_deviation = 0.0135,
              .grade_max = 0.05,
              .curvature_max_per_m = 1.0 / 1'200.0,
              .traffic_light_gap_m = 1'500,
              .traffic_gap_m = 16'000,
              .traffic_share = {0.65, 0.9},
              .break_gap_m = 150'000};
    case RoadKind::kDistribution:
      return {.sections = {{{0.4, 50, {800, 3'000}}, {0.3, 70, {1'500, 4'000}}, {0.3, 80, {2'000, 7'000}}}},
              .grade_deviation = 0.012,
              .grade_max = 0.06,
              .curvature_max_per_m = 1.0 / 150.0,
              .traffic_light_gap_m = 900,
              .traffic_gap_m = 5'000,
              .traffic_share = {0.5, 0.9},
              .delivery_gap_m = 8'000};
    case RoadKind::kBus:
      return {.sections = {{{0.25, 30, {200, 700}}, {0.65, 50, {800, 3'000}}, {0.1, 60, {800, 1'500}}}},
              .grade_deviation = 0.009,
              .grade_max = 0.06,
              .curvature_max_per_m = 1.0 / 60.0,
              .traffic_light_gap_m = 900,
              .traffic_gap_m = 2'500,
              .traffic_share = {0.5, 0.9},
              .bus_stop_gap_m = 400};
    case RoadKind::kCity:
      return {.sections = {{{0.3, 30, {200, 800}}, {0.6, 50, {600, 2'500}}, {0.1, 60, {800, 2'000}}}},
              .grade_deviation = 0.009,
              .grade_max = 0.06,
              .curvature_max_per_m = 1.0 / 60.0,
              .traffic_light_gap_m = 450,
              .traffic_gap_m = 1'500,
              .traffic_share = {0.3, 0.8}};
    case RoadKind::kHilly:
      return {.sections = {{{0.2, 50, {500, 1'500}}, {0.2, 70, {1'000, 4'000}}, {0.6, 80, {3'000, 10'000}}}},
              .grade_deviation = 0.028,
              .grade_max = 0.08,
              .curvature_max_per_m = 1.0 / 200.0,
              .traffic_light_gap_m = 2'500,
              .traffic_gap_m = 12'000,
              .traffic_share = {0.6, 0.9}};
    case RoadKind::kFlat:
      return {.sections = {{{0.85, 90, {8'000, 25'000}}, {0.1, 80, {3'000, 8'000}}, {0.05, 60, {800, 2'000}}}},
              .curvature_max_per_m = 1.0 / 1'200.0,
              .traffic_light_gap_m = 1'500,
              .traffic_gap_m = 16'000,
              .traffic_share = {0.65, 0.9},
              .break_gap_m = 150'000};
  }
  return {};
}

// Calls `visit` with the first and the last point of stretches that lie `gap_m` apart on average.
template <typename Visit>
void ForStretches(std::span<RoadPoint> points, Random& random, double gap_m, Range length_m, Visit visit) {
  if (gap_m <= 0.0) return;
  const double end = static_cast<double>(points.size()) * Road::kCellM;
  double position = random.Uniform(0.5, 1.5) * gap_m;
  while (position < end) {
    const double length = random.Uniform(length_m.low, length_m.high);
    const auto first = static_cast<std::size_t>(position / Road::kCellM);
    const auto count = std::min(points.size() - first, static_cast<std::size_t>(length / Road::kCellM));
    visit(points.subspan(first, count));
    position += length + random.Uniform(0.5, 1.5) * gap_m;
  }
}

void SetSpeedLimits(std::span<RoadPoint> points, const RoadStyle& style, Random& random) {
  constexpr double kAccessRoadM = 600.0;  // from the yard and to it, at 50 km/h
  const auto access = std::min(points.size() / 4, static_cast<std::size_t>(kAccessRoadM / Road::kCellM));
  std::size_t next = 0;
  while (next < points.size()) {
    double draw = random.Uniform(0.0, 1.0);
    const Section* section = style.sections.data();
    while (draw >= section->share && section != &style.sections.back()) draw -= (section++)->share;
    const double length = random.Uniform(section->length_m.low, section->length_m.high);
    const auto count = std::min(points.size() - next, static_cast<std::size_t>(length / Road::kCellM));
    for (RoadPoint& point : points.subspan(next, count)) point.speed_limit_mps = section->speed_limit_kmh * kKmh;
    next += count;
  }
  const auto slow = [](RoadPoint& point) { point.speed_limit_mps = std::min(point.speed_limit_mps, 50.0 * kKmh); };
  std::for_each(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(access), slow);
  std::for_each(points.end() - static_cast<std::ptrdiff_t>(access), points.end(), slow);
}

void SetTraffic(std::span<RoadPoint> points, const RoadStyle& style, Random& random) {
  for (RoadPoint& point : points) point.traffic_speed_mps = point.speed_limit_mps;
  ForStretches(points, random, style.traffic_gap_m, {200.0, 1'500.0}, [&](std::span<RoadPoint> stretch) {
    const double share = random.Uniform(style.traffic_share.low, style.traffic_share.high);
    for (RoadPoint& point : stretch) point.traffic_speed_mps = share * point.speed_limit_mps;
  });
}

// Hills of many lengths, as a sum of waves; made level over the whole, and as steep as the style wants.
void SetElevations(std::span<RoadPoint> points, const RoadStyle& style, Random& random) {
  constexpr std::size_t kWaves = 10;
  constexpr double kShortestM = 400.0;
  constexpr double kLongestM = 9'000.0;
  std::array<double, kWaves> wave_number = {};
  std::array<double, kWaves> phase = {};
  for (std::size_t i = 0; i < kWaves; ++i) {
    const double step = (static_cast<double>(i) + random.Uniform(0.0, 1.0)) / static_cast<double>(kWaves);
    wave_number[i] = 2.0 * std::numbers::pi / (kShortestM * std::pow(kLongestM / kShortestM, step));
    phase[i] = random.Uniform(0.0, 2.0 * std::numbers::pi);
  }
  std::vector<double> grades(points.size() - 1);
  const double scale = style.grade_deviation * std::sqrt(2.0 / static_cast<double>(kWaves));
  double mean = 0.0;
  for (std::size_t i = 0; i < grades.size(); ++i) {
    const double position = static_cast<double>(i) * Road::kCellM;
    double sum = 0.0;
    for (std::size_t k = 0; k < kWaves; ++k) sum += std::cos(wave_number[k] * position + phase[k]);
    grades[i] = std::clamp(scale * sum, -style.grade_max, style.grade_max);
    mean += grades[i] / static_cast<double>(grades.size());
  }
  points[0].elevation_m = kStartElevationM;
  for (std::size_t i = 0; i < grades.size(); ++i) {
    points[i + 1].elevation_m = points[i].elevation_m + (grades[i] - mean) * Road::kCellM;
  }
}

void SetCurves(std::span<RoadPoint> points, const RoadStyle& style, Random& random) {
  ForStretches(points, random, 900.0, {80.0, 400.0}, [&](std::span<RoadPoint> stretch) {
    const double sharpness = random.Uniform(0.1, 1.0);
    const double sign = random.Chance(0.5) ? 1.0 : -1.0;
    for (RoadPoint& point : stretch) {
      // A road that is fast is also built for it: no curve asks for more than 1.5 m/s2 at 1.1 times the limit.
      const double fit = 1.5 / std::pow(1.1 * point.speed_limit_mps, 2.0);
      point.curvature_per_m = sign * sharpness * std::min(style.curvature_max_per_m, 1.5 * fit);
    }
  });
  double heading = random.Uniform(0.0, 2.0 * std::numbers::pi);
  for (std::size_t i = 1; i < points.size(); ++i) {
    heading += points[i - 1].curvature_per_m * Road::kCellM;
    points[i].north_m = points[i - 1].north_m + std::sin(heading) * Road::kCellM;
    points[i].east_m = points[i - 1].east_m + std::cos(heading) * Road::kCellM;
  }
}

std::vector<Stop> MakeStops(std::span<RoadPoint> points, const RoadStyle& style, Random& random) {
  constexpr double kApartM = 60.0;  // two stops that are closer would be one
  const double end = static_cast<double>(points.size() - 1) * Road::kCellM;
  std::vector<Stop> stops;
  const auto add = [&](double gap_m, auto make) {
    if (gap_m <= 0.0) return;
    double at = random.Uniform(0.5, 1.5) * gap_m;
    while (at < end) {
      Stop stop = make();
      stop.position_m = std::floor(at / Road::kCellM) * Road::kCellM;
      stops.push_back(stop);
      at += random.Uniform(0.5, 1.5) * gap_m;
    }
  };
  add(style.traffic_light_gap_m,
      [&] { return Stop{.kind = StopKind::kTrafficLight, .duration_s = std::floor(random.Uniform(5.0, 50.0))}; });
  std::erase_if(stops, [&](const Stop& stop) {
    return points[static_cast<std::size_t>(stop.position_m / Road::kCellM)].speed_limit_mps > 61.0 * kKmh;
  });
  add(style.bus_stop_gap_m,
      [&] { return Stop{.kind = StopKind::kBusStop, .duration_s = std::floor(random.Uniform(10.0, 30.0))}; });
  add(style.delivery_gap_m, [&] {
    const double duration = std::floor(random.Uniform(300.0, 1'200.0));
    const double pto = random.Chance(0.5) ? std::floor(random.Uniform(60.0, 240.0)) : 0.0;
    return Stop{.kind = StopKind::kDelivery, .duration_s = duration, .pto_s = pto};
  });
  add(style.break_gap_m,
      [&] { return Stop{.kind = StopKind::kBreak, .duration_s = std::floor(random.Uniform(1'200.0, 2'700.0))}; });
  std::ranges::stable_sort(stops, {}, &Stop::position_m);
  std::vector<Stop> apart;
  for (const Stop& stop : stops) {
    const double last = apart.empty() ? 0.0 : apart.back().position_m;
    if (stop.position_m - last >= kApartM && end - stop.position_m >= kApartM) apart.push_back(stop);
  }
  apart.push_back({.kind = StopKind::kDestination, .position_m = end, .duration_s = 300.0});
  return apart;
}

}  // namespace

Road::Road(const RoadOptions& options) {
  CHECK(options.length_m >= 1e3 && options.length_m <= 2e6);
  const RoadStyle style = StyleOf(options.kind);
  Random random(options.seed);
  points_.resize(static_cast<std::size_t>(options.length_m / kCellM) + 1);
  SetSpeedLimits(points_, style, random);
  SetTraffic(points_, style, random);
  SetElevations(points_, style, random);
  SetCurves(points_, style, random);
  stops_ = MakeStops(points_, style, random);
}

Road Road::Uniform(double length_m, double grade, double speed_limit_mps) {
  CHECK(length_m >= 1e3 && length_m <= 2e6);
  Road road;
  road.points_.resize(static_cast<std::size_t>(length_m / kCellM) + 1);
  for (std::size_t i = 0; i < road.points_.size(); ++i) {
    const double position = static_cast<double>(i) * kCellM;
    road.points_[i] = {.elevation_m = kStartElevationM + grade * position,
                       .speed_limit_mps = speed_limit_mps,
                       .traffic_speed_mps = speed_limit_mps,
                       .east_m = position};
  }
  road.stops_.push_back({.kind = StopKind::kDestination, .position_m = road.length_m()});
  return road;
}

std::size_t Road::CellAt(double position_m) const {
  if (position_m <= 0.0) return 0;
  return std::min(static_cast<std::size_t>(position_m / kCellM), points_.size() - 2);
}

double Road::GradeAt(double position_m) const {
  const std::size_t cell = CellAt(position_m);
  return (points_[cell + 1].elevation_m - points_[cell].elevation_m) / kCellM;
}

double Road::ElevationAt(double position_m) const {
  const std::size_t cell = CellAt(position_m);
  return points_[cell].elevation_m + GradeAt(position_m) * (position_m - static_cast<double>(cell) * kCellM);
}

double Road::LatitudeAt(double position_m) const {
  const std::size_t cell = CellAt(position_m);
  const double share = position_m / kCellM - static_cast<double>(cell);
  return kStartLatitudeDeg + std::lerp(points_[cell].north_m, points_[cell + 1].north_m, share) / kMetresPerDegree;
}

double Road::LongitudeAt(double position_m) const {
  static const double metres_per_degree_east =
      kMetresPerDegree * std::cos(kStartLatitudeDeg * std::numbers::pi / 180.0);
  const std::size_t cell = CellAt(position_m);
  const double share = position_m / kCellM - static_cast<double>(cell);
  return kStartLongitudeDeg + std::lerp(points_[cell].east_m, points_[cell + 1].east_m, share) / metres_per_degree_east;
}

}  // namespace telltale::truck
