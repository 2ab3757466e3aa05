#include "tests/advice/random_drive.h"

#include <array>
#include <random>
#include <vector>

#include "tests/advice/trace.h"

namespace telltale {

FrameBatch RandomFrames(unsigned seed, int stretches) {
  std::mt19937 random(seed);
  const auto pick = [&random](int least, int greatest) {
    return std::uniform_int_distribution<int>(least, greatest)(random);
  };
  Trace trace(kMorningMs + pick(0, 86'400) * 1000);
  double speed_kmh = 0.0;
  double odometer_m = 1e6;
  double fuel_l = 1e4;
  for (int stretch = 0; stretch < stretches; ++stretch) {
    const std::int64_t interval_ms =
        std::array{20, 200, 1000, 1000, 1000, 10'000}[static_cast<std::size_t>(pick(0, 5))];
    const bool drives = pick(0, 2) > 0;
    const double engine_rpm = drives || pick(0, 1) ? pick(550, 2200) : 0;
    const double target_kmh = drives ? pick(1, 110) : 0;
    const bool has_counters = pick(0, 3) > 0;
    const bool has_rate = pick(0, 3) > 0;
    const int frames = pick(3, 250);
    for (int i = 0; i < frames; ++i) {
      speed_kmh += (target_kmh - speed_kmh) * 0.3;
      if (speed_kmh < 0.5) speed_kmh = 0.0;
      odometer_m += speed_kmh / 3.6 * static_cast<double>(interval_ms) * 1e-3;
      fuel_l += engine_rpm * 1e-6 * static_cast<double>(interval_ms) * 1e-3;
      std::vector<Trace::Value> values;
      if (pick(0, 9) > 0) values.emplace_back("wheel_based_vehicle_speed", pick(0, 200) ? speed_kmh : 240.0);
      if (pick(0, 9) > 0) values.emplace_back("engine_speed", engine_rpm);
      if (has_rate) values.emplace_back("engine_fuel_rate", engine_rpm / 60.0);
      if (has_counters) {
        values.emplace_back("total_vehicle_distance_high_resolution", pick(0, 500) ? odometer_m : 0.0);
        values.emplace_back("engine_total_fuel_used_high_resolution", fuel_l);
      }
      if (pick(0, 50) == 0) values.emplace_back("gnss_speed", std::nullopt);
      if (values.empty()) values.emplace_back("brake_switch", pick(0, 1));
      trace.Add(values, interval_ms);
    }
    if (pick(0, 3) == 0)
      trace.Quiet(std::array{4'000, 30'000, 150'000, 250'000, 20'000'000}[static_cast<std::size_t>(pick(0, 4))]);
  }
  return trace.frames();
}

}  // namespace telltale
