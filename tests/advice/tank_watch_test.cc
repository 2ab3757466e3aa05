// Refuellings and drops in a tank that sloshes. Worked cases are in tests/data/traces/fuel.trace; here are the error
// rates that docs/fuel_events.md states, on simulated days.

#include "advice/internal/tank_watch.h"

#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/rounds.h"

namespace telltale::internal {
namespace {

struct Day {
  int drains = 0;  // planted
  int drains_found = 0;
  int refuellings = 0;
  int refuellings_found = 0;
  int false_events = 0;
  double litres_error = 0;  // the greatest, relative
};

// Some days of a truck with a tank of 400 l: drives of hours over hills, stands, a refuelling when it is low, and
// drains of `drain_percent` at night on every third day. Slosh: white noise of 4 % while it drives, hills of 3 % over
// minutes.
Day Simulate(unsigned seed, int days, double drain_percent, int interval_s) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0.0, 1.0);
  const auto pick = [&random](double least, double greatest) {
    return std::uniform_real_distribution<double>(least, greatest)(random);
  };
  TankWatch watch;
  double litres = 300;
  std::int64_t time_ms = 0;
  double hill = 0;
  Day result;
  struct Planted {
    std::int64_t from_ms;
    std::int64_t to_ms;
    bool refuelling;
    double litres;
    bool found = false;
  };
  std::vector<Planted> planted;
  const auto step = [&](bool drives, bool engine, double leak_l) {
    time_ms += interval_s * 1000;
    const double used_l = engine ? (drives ? 30.0 : 2.5) / 3600 * interval_s : 0.0;
    litres = std::max(10.0, litres - used_l - leak_l);
    hill += (drives ? 0.02 * interval_s : 0.0) * noise(random) - 0.003 * interval_s * hill;
    const double level = litres / 4 + (drives ? hill + 4 * noise(random) : 0.2 * noise(random));
    const double grid = std::clamp(std::round(level / 0.4) * 0.4, 0.8, 100.0);
    const auto event = watch.Take(time_ms, grid, std::llround(used_l * 1e6), !drives, std::nullopt);
    if (!event) return;
    bool known = false;
    for (Planted& plant : planted) {
      if (plant.refuelling != (event->kind == EventKind::kRefuelling) || plant.found) continue;
      if (event->start_time_ms > plant.to_ms || event->start_time_ms + event->duration_ms < plant.from_ms) continue;
      plant.found = known = true;
      if (event->fuel_ul > 0 && watch.capacity_l()) {
        const double error = std::abs(static_cast<double>(event->fuel_ul) * 1e-6 - plant.litres) / plant.litres;
        if (plant.litres > 60) result.litres_error = std::max(result.litres_error, error);
      }
    }
    if (!known) ++result.false_events;
  };
  const auto run = [&](double seconds, bool drives, bool engine, double leak_lps = 0) {
    for (double t = 0; t < seconds; t += interval_s) step(drives, engine, leak_lps * interval_s);
  };
  for (int day = 0; day < days; ++day) {
    for (int leg = 0; leg < 3; ++leg) {
      run(pick(5'400, 12'600), true, true);
      run(pick(300, 1'200), false, pick(0, 1) < 0.5);
      if (litres < 120) {
        const double filled = pick(200, 385 - litres);
        planted.push_back({time_ms, time_ms + 600'000, true, filled});
        run(300, false, false, -filled / 300);
        run(300, false, false);
      }
    }
    run(1'200, false, false);
    if (day % 3 == 1 && drain_percent > 0) {
      const double drained = 4 * drain_percent;
      planted.push_back({time_ms, time_ms + 1'800'000, false, drained});
      run(1'200, false, false, drained / 1'200);
    }
    run(1'800, false, false);
    if (pick(0, 1) < 0.5) {
      watch.LeaveGap();  // silent at night
      time_ms += 20'000'000;
    } else {
      run(5'000, false, false);
    }
  }
  for (const Planted& plant : planted) {
    (plant.refuelling ? result.refuellings : result.drains) += 1;
    if (plant.found) (plant.refuelling ? result.refuellings_found : result.drains_found) += 1;
  }
  return result;
}

TEST(TankWatch, FindsWhatItIsSaidToFind) {
  for (const int interval_s : {1, 10, 30}) {
    Day sum;
    int days = 0;
    for (unsigned seed = 1; seed <= Rounds(10U); ++seed) {
      const Day some = Simulate(seed, 15, 8.0, interval_s);
      days += 15;
      sum.drains += some.drains;
      sum.drains_found += some.drains_found;
      sum.refuellings += some.refuellings;
      sum.refuellings_found += some.refuellings_found;
      sum.false_events += some.false_events;
      sum.litres_error = std::max(sum.litres_error, some.litres_error);
    }
    fmt::print(
        "every {} s: {} of {} drains of 8 %, {} of {} refuellings, {} false events in {} days, litres within {:.0f} "
        "%\n",
        interval_s, sum.drains_found, sum.drains, sum.refuellings_found, sum.refuellings, sum.false_events, days,
        sum.litres_error * 100);
    EXPECT_GE(sum.drains_found, 0.95 * sum.drains) << interval_s;
    EXPECT_GE(sum.refuellings_found, 0.98 * sum.refuellings) << interval_s;
    EXPECT_LE(sum.false_events, days / 30) << interval_s;
  }
}

TEST(TankWatch, ChangesBelowItsThresholdAreNone) {
  const Day day = Simulate(3, 30, 2.0, 10);
  EXPECT_EQ(day.drains_found, 0);
}

}  // namespace
}  // namespace telltale::internal
