// Refuellings and drops of a simulated tank whose truth is known: it sloshes, tilts with road and parking place, and
// its sensor lags, jumps and fails.

#include "advice/internal/tank_watch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/state_coding.h"
#include "tests/rounds.h"

namespace telltale::internal {
namespace {

constexpr std::int64_t kStartMs = 1'772'431'200'000;  // 2026-03-02T06:00:00Z
constexpr std::int64_t kGapMs = 200'000;
constexpr double kHour = 3600.0;

struct SimulatedVehicle {
  double capacity_l = 400.0;
  int interval_s = 1;
  int level_every = 1;         // frames
  double slosh_percent = 3.0;  // one sigma; 5 to 10 at its peaks
  double hill_percent = 1.5;   // one sigma of what shifts the mean for minutes
  double tilt_percent = 1.5;   // one sigma of parking places
  double lag_s = 0.0;          // time constant of the sensor's damping
  bool use_known = true;       // the engine tells what it burns
  bool position_known = true;
  bool frames_at_key_off = false;  // else silence
  bool level_at_key_off = false;
  double idle_lph = 2.5;
  double driving_lph = 24.0;
};

struct Truth {
  double start_s = 0.0;
  double end_s = 0.0;
  double percent = 0.0;   // negative: a drop
  double driven_s = 0.0;  // the vehicle until then
};

// A vehicle with one tank. Steps of a second, whatever the frames are.
class SimulatedTank {
 public:
  SimulatedTank(const SimulatedVehicle& setup, unsigned seed, double level_percent, const TankOptions& options = {})
      : setup_(setup), random_(seed), watch_(options), level_(level_percent), shown_(level_percent) {}

  // Fuel that comes or goes during the next step()s, besides the engine's.
  void Change(double percent, double seconds) {
    truth_.push_back({.start_s = time_s_, .end_s = time_s_ + seconds, .percent = percent, .driven_s = driven_s_});
    flow_ = percent / seconds;
    flow_end_s_ = time_s_ + seconds;
  }

  void Drive(double seconds) {
    for (double end_s = time_s_ + seconds; time_s_ < end_s;) {
      // Traffic: a stand of half a minute now and then.
      if (light_s_ <= 0.0 && Uniform(0.0, 1.0) < 1.0 / 400.0) light_s_ = Uniform(10.0, 55.0);
      light_s_ -= 1.0;
      Step(light_s_ > 0.0, true, light_s_ > 0.0 ? setup_.idle_lph : setup_.driving_lph);
    }
    light_s_ = 0.0;
    tilt_ = std::clamp(Normal(setup_.tilt_percent), -4.0, 4.0);
    tilt_set_ = true;
  }

  void Stand(double seconds, bool engine) {
    if (!tilt_set_) tilt_ = 0.0;
    for (double end_s = time_s_ + seconds; time_s_ < end_s;) Step(true, engine, engine ? setup_.idle_lph : 0.0);
  }

  void Fail(double percent, double seconds) {
    failed_percent_ = percent;
    failed_end_s_ = time_s_ + seconds;
  }
  void set_jumps_per_h(double jumps) { jumps_per_h_ = jumps; }

  double time_s() const { return time_s_; }
  double level() const { return level_; }
  const std::vector<Truth>& truth() const { return truth_; }
  const std::vector<TankEvent>& found() const { return found_; }
  const std::vector<double>& found_time_s() const { return found_time_s_; }
  const TankWatch& watch() const { return watch_; }
  std::size_t frame_count() const { return frame_count_; }

  double Uniform(double least, double greatest) {
    return std::uniform_real_distribution<double>(least, greatest)(random_);
  }
  bool Chance(double share) { return Uniform(0.0, 1.0) < share; }

  static double SecondsOf(std::int64_t time_ms) { return static_cast<double>(time_ms - kStartMs) * 1e-3; }

 private:
  double Normal(double sigma) { return normal_(random_) * sigma; }

  void Step(bool standing, bool engine, double use_lph) {
    const double used_l = use_lph / kHour;
    level_ -= used_l / setup_.capacity_l * 100.0;
    used_ul_ += used_l * 1e6;
    if (time_s_ < flow_end_s_) level_ += flow_;
    level_ = std::clamp(level_, 0.0, 100.0);
    const bool on = engine || setup_.frames_at_key_off;
    key_on_s_ = engine ? key_on_s_ + 1.0 : 0.0;
    // Slosh has a memory of 3 s, hills of 4 min.
    if (on) {
      slosh_ += -slosh_ / 3.0 + Normal(setup_.slosh_percent * 0.745);
      if (standing) slosh_ *= 0.8;
      hill_ += -hill_ / 240.0 + Normal(setup_.hill_percent * 0.0913);
      const double surface = level_ + slosh_ * (standing ? 0.2 : 1.0) + (standing && tilt_set_ ? tilt_ : 0.0) +
                             (standing && tilt_set_ ? 0.0 : std::clamp(hill_, -5.0, 5.0));
      shown_ += setup_.lag_s > 0.0 ? (surface - shown_) / setup_.lag_s : surface - shown_;
    }
    if (!standing) {
      driven_s_ += 1.0;
      latitude_deg_ += 2e-4;
      tilt_set_ = false;
    }
    time_s_ += 1.0;
    const auto second = static_cast<std::int64_t>(time_s_);
    if (on && second % setup_.interval_s == 0) Send(standing, engine);
  }

  void Send(bool standing, bool engine) {
    const std::int64_t time_ms = kStartMs + static_cast<std::int64_t>(time_s_) * 1000;
    if (last_ms_ != 0 && time_ms - last_ms_ > kGapMs) watch_.LeaveGap();
    last_ms_ = time_ms;
    std::optional<double> level;
    if (frame_count_++ % static_cast<std::size_t>(setup_.level_every) == 0 && (engine || setup_.level_at_key_off)) {
      double shown = shown_;
      if (time_s_ < failed_end_s_) shown = failed_percent_;
      if (jumps_per_h_ > 0.0 && Chance(jumps_per_h_ * setup_.interval_s / kHour)) shown = Uniform(0.0, 100.0);
      level = std::clamp(std::round(shown / 0.4) * 0.4, 0.0, 100.0);
    }
    const auto used_ul = static_cast<std::int64_t>(used_ul_);
    used_ul_ -= static_cast<double>(used_ul);
    std::optional<Position> position;
    if (setup_.position_known) position = Position{.latitude_deg = latitude_deg_, .longitude_deg = 11.0};
    watch_.Take(time_ms, level, setup_.use_known ? used_ul : 0, standing, !engine || key_on_s_ > 10.0, position,
                found_);
    while (found_time_s_.size() < found_.size()) found_time_s_.push_back(time_s_);
  }

  SimulatedVehicle setup_;
  std::mt19937 random_;
  std::normal_distribution<double> normal_;
  TankWatch watch_;
  std::vector<TankEvent> found_;
  std::vector<double> found_time_s_;
  std::vector<Truth> truth_;
  double time_s_ = 0.0;
  double driven_s_ = 0.0;
  double level_;
  double shown_;
  double slosh_ = 0.0;
  double hill_ = 0.0;
  double tilt_ = 0.0;
  bool tilt_set_ = false;
  double light_s_ = 0.0;
  double flow_ = 0.0;
  double flow_end_s_ = -1.0;
  double failed_percent_ = 0.0;
  double failed_end_s_ = -1.0;
  double jumps_per_h_ = 0.0;
  double key_on_s_ = 0.0;
  double latitude_deg_ = 48.0;
  double used_ul_ = 0.0;
  std::int64_t last_ms_ = 0;
  std::size_t frame_count_ = 0;
};

// Every rate at which frames come, for what must work at all of them.
std::vector<SimulatedVehicle> Rates() {
  std::vector<SimulatedVehicle> setups;
  for (const int interval_s : {1, 10, 30}) {
    setups.push_back({.interval_s = interval_s});
    setups.push_back({.interval_s = interval_s, .level_every = 3});
    setups.push_back({.interval_s = interval_s, .lag_s = 180.0});
  }
  return setups;
}

std::string NameOf(const SimulatedVehicle& setup) {
  return fmt::format("{} s, level every {}, lag {} s, frames at key off {}, use {}", setup.interval_s,
                     setup.level_every, setup.lag_s, setup.frames_at_key_off, setup.use_known);
}

TEST(TankWatch, FindsARefuellingInASilenceOfHours) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 1, 40.0);
    tank.Drive(2 * kHour);
    const double before = tank.level();
    tank.Stand(30, true);
    const double stop_s = tank.time_s();
    tank.Stand(kHour, false);
    tank.Change(30.0, 300);
    tank.Stand(kHour, false);
    const double start_s = tank.time_s();
    tank.Stand(40, true);
    tank.Drive(kHour);
    ASSERT_EQ(tank.found().size(), 1u);
    const TankEvent& event = tank.found()[0];
    EXPECT_TRUE(event.refuelling);
    EXPECT_NEAR(event.change_percent, 30.0, 4.0);
    EXPECT_NEAR(event.level_before_percent, before, 4.0);
    EXPECT_GT(event.confidence, 0.8);
    EXPECT_TRUE(event.position.has_value());
    EXPECT_LE(SimulatedTank::SecondsOf(event.start_time_ms), stop_s + 60);
    EXPECT_LE(SimulatedTank::SecondsOf(event.end_time_ms), start_s + 120);
    EXPECT_GE(SimulatedTank::SecondsOf(event.end_time_ms), start_s - 60);
    EXPECT_LE(tank.found_time_s()[0], start_s + 30 * 60);
  }
}

TEST(TankWatch, FindsARefuellingWithTheEngineRunning) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 2, 30.0);
    tank.Drive(kHour);
    tank.Stand(120, true);
    tank.Change(50.0, 240);
    tank.Stand(500, true);
    tank.Drive(kHour);
    ASSERT_EQ(tank.found().size(), 1u);
    EXPECT_TRUE(tank.found()[0].refuelling);
    EXPECT_NEAR(tank.found()[0].change_percent, 50.0, 5.0);
  }
}

TEST(TankWatch, TwoPortionsAddUp) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 3, 20.0);
    tank.Drive(kHour);
    tank.Stand(120, true);
    tank.Change(20.0, 150);
    tank.Stand(15 * 60, true);
    tank.Change(30.0, 200);
    tank.Stand(15 * 60, true);
    tank.Drive(kHour);
    double sum = 0.0;
    for (const TankEvent& event : tank.found()) {
      EXPECT_TRUE(event.refuelling);
      sum += event.change_percent;
    }
    EXPECT_LE(tank.found().size(), 2u);
    EXPECT_NEAR(sum, 50.0, 5.0);
  }
}

TEST(TankWatch, AFewLitresAreNoEvent) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 4, 60.0);
    tank.Drive(kHour);
    tank.Stand(120, true);
    tank.Change(1.5, 30);
    tank.Stand(300, true);
    tank.Drive(kHour);
    EXPECT_TRUE(tank.found().empty());
  }
}

TEST(TankWatch, FindsADrainAtNight) {
  for (const bool frames : {true, false}) {
    for (SimulatedVehicle setup : Rates()) {
      SCOPED_TRACE(NameOf(setup));
      setup.frames_at_key_off = setup.level_at_key_off = frames;
      SimulatedTank tank(setup, 5, 70.0);
      tank.Drive(2 * kHour);
      tank.Stand(4 * kHour, false);
      const double start_s = tank.time_s();
      tank.Change(-12.0, 20 * 60);
      tank.Stand(4 * kHour, false);
      const double morning_s = tank.time_s();
      tank.Stand(60, true);
      tank.Drive(kHour);
      ASSERT_EQ(tank.found().size(), 1u);
      const TankEvent& event = tank.found()[0];
      EXPECT_FALSE(event.refuelling);
      EXPECT_NEAR(event.change_percent, 12.0, 4.0);
      if (!frames) continue;
      // While the thief may still be near.
      EXPECT_LT(tank.found_time_s()[0], start_s + kHour);
      EXPECT_NEAR(SimulatedTank::SecondsOf(event.start_time_ms), start_s, 10 * 60);
      EXPECT_LT(SimulatedTank::SecondsOf(event.end_time_ms), start_s + 45 * 60);
      EXPECT_LT(tank.found_time_s()[0], morning_s);
    }
  }
}

TEST(TankWatch, FindsADrainWhileTheEngineIdles) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 6, 70.0);
    tank.Drive(2 * kHour);
    tank.Stand(15 * 60, true);
    tank.Change(-15.0, 15 * 60);
    tank.Stand(45 * 60, true);
    tank.Drive(kHour);
    ASSERT_EQ(tank.found().size(), 1u);
    EXPECT_FALSE(tank.found()[0].refuelling);
    EXPECT_NEAR(tank.found()[0].change_percent, 15.0, 3.0);
  }
}

TEST(TankWatch, ADayOfConsumptionIsNoDrop) {
  for (const bool known : {true, false}) {
    for (SimulatedVehicle setup : Rates()) {
      SCOPED_TRACE(NameOf(setup));
      setup.use_known = known;
      SimulatedTank tank(setup, 7, 95.0);
      for (int leg = 0; leg < 5; ++leg) {
        tank.Drive(2 * kHour);
        tank.Stand(leg % 2 == 0 ? kHour : 600, leg % 2 == 1);
      }
      tank.Stand(8 * kHour, true);  // heating the cab
      tank.Drive(kHour);
      EXPECT_TRUE(tank.found().empty());
    }
  }
}

TEST(TankWatch, AJumpOfTheSensorIsNoEvent) {
  for (const SimulatedVehicle& setup : Rates()) {
    SCOPED_TRACE(NameOf(setup));
    SimulatedTank tank(setup, 8, 80.0);
    tank.set_jumps_per_h(4);
    for (int leg = 0; leg < 3; ++leg) {
      tank.Drive(kHour);
      tank.Stand(kHour, true);
    }
    tank.Drive(kHour);
    EXPECT_TRUE(tank.found().empty());
  }
}

TEST(TankWatch, ASensorThatFailsAndComesBackIsNoEvent) {
  for (const double percent : {0.0, 100.0}) {
    for (const double hours : {0.02, 0.3, 3.0}) {
      for (const SimulatedVehicle& setup : Rates()) {
        SCOPED_TRACE(NameOf(setup));
        SimulatedTank tank(setup, 9, 60.0);
        tank.Drive(kHour);
        tank.Stand(900, true);
        tank.Fail(percent, hours * kHour);
        tank.Stand(900, true);
        tank.Drive(kHour);
        tank.Stand(kHour, false);
        tank.Drive(2 * kHour);
        EXPECT_TRUE(tank.found().empty()) << percent << ' ' << hours;
      }
    }
  }
}

// Fuel that was burnt on a way that nobody saw.
TEST(TankWatch, ADriveWithoutFramesIsNoDrop) {
  std::vector<TankEvent> found;
  TankWatch watch;
  std::int64_t time_ms = kStartMs;
  const auto run = [&](double level, bool standing, double latitude_deg, int frames) {
    for (int i = 0; i < frames; ++i, time_ms += 10'000) {
      watch.Take(time_ms, level, 0, standing, true, Position{.latitude_deg = latitude_deg, .longitude_deg = 11}, found);
    }
  };
  run(80.0, false, 48.0, 360);
  run(80.0, true, 48.0, 30);
  time_ms += 3 * 3'600'000;
  watch.LeaveGap();
  run(60.0, true, 49.0, 30);
  run(60.0, false, 49.0, 360);
  EXPECT_TRUE(found.empty());
  // The same at one place is a drop.
  run(60.0, true, 49.0, 30);
  time_ms += 3 * 3'600'000;
  watch.LeaveGap();
  run(40.0, true, 49.0, 60);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].change_percent, 20.0, 0.5);
  EXPECT_FALSE(found[0].litres.has_value());  // nobody told what was burnt
}

TEST(TankWatch, LearnsTheSizeOfTheTank) {
  for (const double capacity_l : {90.0, 400.0, 1200.0}) {
    SimulatedTank tank({.capacity_l = capacity_l, .driving_lph = capacity_l * 0.06}, 11, 95.0);
    EXPECT_FALSE(tank.watch().capacity_l().has_value());
    for (int leg = 0; leg < 6; ++leg) {
      tank.Drive(1.8 * kHour);
      tank.Stand(1800, false);
    }
    ASSERT_TRUE(tank.watch().capacity_l().has_value());
    EXPECT_NEAR(*tank.watch().capacity_l(), capacity_l, capacity_l * 0.06);
    const double size_l = *tank.watch().capacity_l();
    tank.Change(40.0, 300);
    tank.Stand(600, false);
    tank.Drive(kHour);
    ASSERT_EQ(tank.found().size(), 1u);
    ASSERT_TRUE(tank.found()[0].litres.has_value());
    EXPECT_NEAR(*tank.found()[0].litres, 0.4 * size_l, 0.05 * size_l);
  }
}

std::string BytesOf(const TankWatch& watch) {
  StateWriter writer;
  writer(watch);
  return writer.Take();
}

TEST(TankWatch, AStateGoesOnWhereItWasWritten) {
  std::mt19937 random(12);
  TankWatch whole;
  TankWatch pieces;
  std::vector<TankEvent> found_whole;
  std::vector<TankEvent> found_pieces;
  std::int64_t time_ms = kStartMs;
  double level = 60.0;
  std::size_t largest = 0;
  for (int i = 0; i < 40'000; ++i) {
    time_ms += 5000;
    const bool standing = i / 400 % 3 == 0;
    if (i % 1200 == 200) level = level > 50.0 ? 25.0 : 80.0;
    const bool gap = random() % 500 == 0;
    if (gap) time_ms += 3'600'000;
    const double shown = std::clamp(level + (standing ? 0.0 : static_cast<double>(random() % 11) - 5.0), 0.0, 100.0);
    const auto position = random() % 3 ? std::optional(Position{.latitude_deg = 48.0 + i / 400}) : std::nullopt;
    for (auto [watch, found] : {std::pair{&whole, &found_whole}, std::pair{&pieces, &found_pieces}}) {
      if (gap) watch->LeaveGap();
      watch->Take(time_ms, shown, 20'000, standing, true, position, *found);
    }
    if (random() % 50 != 0) continue;
    const std::string bytes = BytesOf(pieces);
    largest = std::max(largest, bytes.size());
    TankWatch read;
    StateReader reader(bytes);
    reader(read);
    ASSERT_TRUE(reader.finished());
    ASSERT_EQ(BytesOf(read), bytes);
    pieces = read;
  }
  EXPECT_GT(found_whole.size(), 20u);
  EXPECT_EQ(found_whole, found_pieces);
  EXPECT_EQ(BytesOf(whole), BytesOf(pieces));
  EXPECT_LT(sizeof(TankWatch), 1200u);
  EXPECT_LT(largest, 1200u);
  std::printf("%zu bytes in memory, at most %zu written\n", sizeof(TankWatch), largest);

  StateWriter writer;
  writer(found_whole);
  const std::string bytes = writer.Take();
  std::vector<TankEvent> events;
  StateReader reader(bytes);
  reader(events);
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(events, found_whole);
}

// What docs/fuel_events.md says about errors: a fleet of mixed vehicles, a working week each.
struct Recall {
  int truth = 0;
  int found = 0;
  double share() const { return truth == 0 ? 0.0 : static_cast<double>(found) / truth; }
};

struct Score {
  Recall drains_8, drains_12, refuels_8, refuels_15;
  Recall drains_alone, refuels_alone;  // from 8 %, half an hour of driving from any other change
  int found = 0;
  int wrong = 0;
  int wrong_drops = 0;
  double days = 0.0;
  double error_percent_sum = 0.0;
  int matched = 0;
  std::vector<double> delays_s;
  std::array<std::pair<int, int>, 2> sure{};  // found, wrong; of confidence 0.8 and more, and less
};

SimulatedVehicle RandomVehicle(std::mt19937& random) {
  const auto pick = [&random](auto... values) {
    const std::array list{values...};
    return list[random() % list.size()];
  };
  SimulatedVehicle setup;
  setup.capacity_l = pick(90.0, 200.0, 400.0, 600.0, 800.0);
  setup.driving_lph = setup.capacity_l < 100.0 ? 8.0 : pick(18.0, 24.0, 30.0);
  setup.idle_lph = setup.capacity_l < 100.0 ? 0.9 : 2.5;
  setup.interval_s = pick(1, 10, 10, 30);
  setup.level_every = pick(1, 1, 3);
  setup.slosh_percent = pick(2.0, 3.0, 4.5);
  setup.hill_percent = pick(0.8, 1.5, 2.2);
  setup.tilt_percent = pick(0.8, 1.5, 2.0);
  setup.lag_s = pick(0.0, 0.0, 60.0, 180.0, 240.0);
  setup.use_known = pick(1, 1, 1, 1, 1, 0) == 1;
  setup.position_known = pick(1, 1, 1, 0) == 1;
  setup.frames_at_key_off = pick(0, 1) == 1;
  setup.level_at_key_off = pick(0, 1) == 1;
  return setup;
}

void Compare(const SimulatedTank& tank, Score& score) {
  std::vector<bool> used(tank.found().size(), false);
  for (const Truth& truth : tank.truth()) {
    const double size = std::abs(truth.percent);
    bool found = false;
    for (std::size_t i = 0; i < tank.found().size(); ++i) {
      const TankEvent& event = tank.found()[i];
      if (event.refuelling != (truth.percent > 0.0)) continue;
      if (SimulatedTank::SecondsOf(event.start_time_ms) > truth.end_s + 600.0) continue;
      if (SimulatedTank::SecondsOf(event.end_time_ms) < truth.start_s - 600.0) continue;
      used[i] = true;
      if (found) continue;
      found = true;
      ++score.matched;
      score.error_percent_sum += std::abs(event.change_percent - size);
      score.delays_s.push_back(tank.found_time_s()[i] - truth.end_s);
    }
    const auto count = [found](Recall& rates) {
      ++rates.truth;
      rates.found += found ? 1 : 0;
    };
    const bool alone = std::all_of(tank.truth().begin(), tank.truth().end(), [&truth](const Truth& other) {
      return &other == &truth || std::abs(other.driven_s - truth.driven_s) > 1800.0;
    });
    if (alone && size >= 8.0) count(truth.percent < 0.0 ? score.drains_alone : score.refuels_alone);
    if (truth.percent <= -12.0) count(score.drains_12);
    if (truth.percent <= -8.0) count(score.drains_8);
    if (truth.percent >= 15.0) count(score.refuels_15);
    if (truth.percent >= 8.0) count(score.refuels_8);
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    auto& [found, wrong] = score.sure[tank.found()[i].confidence >= 0.8 ? 0 : 1];
    ++found;
    ++score.found;
    if (used[i]) continue;
    ++wrong;
    ++score.wrong;
    score.wrong_drops += tank.found()[i].refuelling ? 0 : 1;
  }
  score.days += tank.time_s() / 86'400.0;
}

// Five days of work and nights. Refuels when the tank is low, sometimes a little; loses fuel now and then.
void Week(unsigned seed, double drains_per_stand, Score& score) {
  std::mt19937 random(seed);
  const SimulatedVehicle setup = RandomVehicle(random);
  SimulatedTank tank(setup, seed, 70.0);
  tank.set_jumps_per_h(0.2);
  const auto stand = [&](double seconds, bool engine) {
    const double before_s = tank.Uniform(0.05, 0.4) * seconds;
    const double rest_s = seconds - before_s;
    tank.Stand(tank.Uniform(10.0, 60.0), true);
    tank.Stand(before_s, engine);
    const double room = 97.0 - tank.level();
    const bool low = tank.level() < 30.0;
    if ((low || (room > 10.0 && tank.Chance(0.08))) && seconds >= 400.0) {
      const double amount = low && tank.Chance(0.7) ? room : tank.Uniform(8.0, std::max(10.0, room));
      tank.Change(amount, std::clamp(amount * setup.capacity_l / 100.0 / 1.0, 60.0, rest_s * 0.8));
    } else if (tank.level() > 40.0 && seconds >= 1500.0 && tank.Chance(drains_per_stand)) {
      tank.Change(-tank.Uniform(8.0, 30.0), std::clamp(tank.Uniform(300.0, 1500.0), 60.0, rest_s * 0.8));
    }
    tank.Stand(rest_s, engine);
    tank.Stand(tank.Uniform(15.0, 90.0), true);
  };
  for (int day = 0; day < 5; ++day) {
    const double end_s = (day + 1) * 86'400.0 - 9 * kHour;
    const bool city = tank.Chance(0.3);
    while (tank.time_s() < end_s) {
      tank.Drive(city ? tank.Uniform(300.0, 1800.0) : tank.Uniform(1800.0, 2.5 * kHour));
      if (tank.Chance(0.03)) tank.Fail(tank.Chance(0.5) ? 0.0 : 100.0, tank.Uniform(30.0, 2 * kHour));
      stand(tank.Chance(0.5) ? tank.Uniform(180.0, 1500.0) : tank.Uniform(1500.0, 5000.0), tank.Chance(0.3));
    }
    stand((day + 1) * 86'400.0 - tank.time_s(), false);
  }
  tank.Drive(2 * kHour);
  Compare(tank, score);
}

// Of either kind of fleet. docs/fuel_events.md has the figures of 300.
constexpr unsigned kWeeks = 60;

TEST(TankWatch, FindsDrainsAndRefuellingsOfAFleet) {
  Score score;
  for (unsigned seed = 1; seed <= Rounds(kWeeks); ++seed) Week(seed, 0.15, score);
  Score quiet;  // what is wrong where nobody steals
  for (unsigned seed = 1001; seed <= 1000 + Rounds(kWeeks); ++seed) Week(seed, 0.0, quiet);
  std::sort(score.delays_s.begin(), score.delays_s.end());
  const auto quantile = [&score](double share) {
    return score.delays_s[static_cast<std::size_t>(share * static_cast<double>(score.delays_s.size() - 1))] / 60.0;
  };
  std::printf("drains from 8 %%: %d of %d (%.3f), from 12 %%: %d of %d (%.3f)\n", score.drains_8.found,
              score.drains_8.truth, score.drains_8.share(), score.drains_12.found, score.drains_12.truth,
              score.drains_12.share());
  std::printf("refuellings from 8 %%: %d of %d (%.3f), from 15 %%: %d of %d (%.3f)\n", score.refuels_8.found,
              score.refuels_8.truth, score.refuels_8.share(), score.refuels_15.found, score.refuels_15.truth,
              score.refuels_15.share());
  std::printf("alone: drains %d of %d (%.3f), refuellings %d of %d (%.3f)\n", score.drains_alone.found,
              score.drains_alone.truth, score.drains_alone.share(), score.refuels_alone.found,
              score.refuels_alone.truth, score.refuels_alone.share());
  std::printf("wrong: %d of %d in %.0f days (drops %d); quiet: %d of %d in %.0f days (drops %d)\n", score.wrong,
              score.found, score.days, score.wrong_drops, quiet.wrong, quiet.found, quiet.days, quiet.wrong_drops);
  std::printf("confidence from 0.8: %d wrong of %d; less: %d wrong of %d\n", score.sure[0].second, score.sure[0].first,
              score.sure[1].second, score.sure[1].first);
  std::printf("error %.2f %%; delay in minutes: median %.0f, 90 %% %.0f\n", score.error_percent_sum / score.matched,
              quantile(0.5), quantile(0.9));
  if (kSanitized) return;  // too few weeks for a rate
  EXPECT_GE(score.drains_alone.share(), 0.95);
  EXPECT_GE(score.refuels_alone.share(), 0.97);
  EXPECT_GE(score.drains_8.share(), 0.90);
  EXPECT_GE(score.drains_12.share(), 0.90);
  EXPECT_GE(score.refuels_8.share(), 0.95);
  EXPECT_GE(score.refuels_15.share(), 0.95);
  EXPECT_GE(1.0 - static_cast<double>(score.wrong) / score.found, 0.98);
  EXPECT_LT(score.wrong / score.days, 1.0 / 30.0);
  EXPECT_LT(quiet.wrong / quiet.days, 1.0 / 30.0);
}

// Not a limit that a busy machine could break: what it costs is told, in docs/fuel_events.md for one machine.
TEST(TankWatch, AFrameCostsTensOfNanoseconds) {
  std::vector<double> levels(20'000);
  std::mt19937 random(14);
  for (double& level : levels) level = 50.0 + 0.4 * static_cast<double>(random() % 25);
  for (const int interval_s : {1, 10, 30}) {
    double least_ns = 1e9;
    for (int round = 0; round < 10; ++round) {
      const auto start = std::chrono::steady_clock::now();
      TankWatch watch;
      std::vector<TankEvent> found;
      const std::optional<Position> position = Position{.latitude_deg = 48.0, .longitude_deg = 11.0};
      std::int64_t time_ms = kStartMs;
      for (const double level : levels) {
        time_ms += interval_s * 1000;
        watch.Take(time_ms, level, 6'000, time_ms / 1000 % 7000 < 1000, true, position, found);
      }
      const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
      least_ns = std::min(least_ns, taken.count() / static_cast<double>(levels.size()));
    }
    std::printf("%.0f ns a frame every %d s\n", least_ns, interval_s);
  }
}

}  // namespace
}  // namespace telltale::internal
