// The classes of rFMS 4.0: each bound, and sums that add up.

#include "advice/accumulated_classes.h"

#include <random>

#include <gtest/gtest.h>

#include "base/state_coding.h"
#include "tests/advice/trace.h"

namespace telltale {
namespace {

constexpr ClassCell kSecond{.duration_ms = 1000, .distance_mm = 10'000, .fuel_ul = 500};

// The place of the only class of the group that an interval counted for; nullopt: none.
std::optional<std::size_t> ClassOf(ClassGroup group, const ClassConditions& conditions,
                                   std::optional<double> acceleration_mps2 = std::nullopt) {
  ClassAccumulator accumulator;
  accumulator.Take(conditions, acceleration_mps2, 1.0, kSecond);
  const AccumulatedClasses sums = accumulator.TakeSums();
  std::optional<std::size_t> found;
  std::size_t place = 0;
  for (std::size_t number = 0; number < AllClasses().size(); ++number) {
    if (AllClasses()[number].group != group) continue;
    if (sums.Get(group, place) == kSecond) {
      EXPECT_EQ(found, std::nullopt);
      found = place;
    }
    ++place;
  }
  return found;
}

ClassConditions Moving() { return {.engine_on = true, .speed_kmh = 50.0}; }

TEST(AccumulatedClasses, HasTheClassesOfRfms) {
  std::map<ClassGroup, int> counts;
  for (const ClassBounds& bounds : AllClasses()) ++counts[bounds.group];
  EXPECT_EQ(counts[ClassGroup::kVehicleSpeed], 40);
  EXPECT_EQ(counts[ClassGroup::kEngineSpeed], 10);
  EXPECT_EQ(counts[ClassGroup::kEngineTorque], 10);
  EXPECT_EQ(counts[ClassGroup::kAcceleration], 13);
  EXPECT_EQ(counts[ClassGroup::kHighAcceleration], 11);
  EXPECT_EQ(AllClasses()[39].from, 156.0);
  EXPECT_EQ(AllClasses()[39].to, std::nullopt);
}

TEST(AccumulatedClasses, SpeedClassesBeginAtTheirBounds) {
  const auto of = [](double kmh) { return ClassOf(ClassGroup::kVehicleSpeed, {.engine_on = true, .speed_kmh = kmh}); };
  EXPECT_EQ(of(0), 0U);
  EXPECT_EQ(of(4 - 1.0 / 256), 0U);
  EXPECT_EQ(of(4), 1U);
  EXPECT_EQ(of(156 - 1.0 / 256), 38U);
  EXPECT_EQ(of(156), 39U);
  EXPECT_EQ(of(250), 39U);
  EXPECT_EQ(ClassOf(ClassGroup::kVehicleSpeed, {.engine_on = false, .speed_kmh = 50.0}), std::nullopt);
  EXPECT_EQ(ClassOf(ClassGroup::kVehicleSpeed, {.engine_on = true}), std::nullopt);
}

TEST(AccumulatedClasses, EngineSpeedClassesBeginAtTheirBounds) {
  const auto of = [](double rpm) { return ClassOf(ClassGroup::kEngineSpeed, {.engine_on = true, .engine_rpm = rpm}); };
  EXPECT_EQ(of(399.875), 0U);
  EXPECT_EQ(of(400), 1U);
  EXPECT_EQ(of(3599.875), 8U);
  EXPECT_EQ(of(3600), 9U);
  EXPECT_EQ(of(8000), 9U);
}

TEST(AccumulatedClasses, PercentagesCountTheirLastBound) {
  for (int step = 0; step <= 250; ++step) {
    const double percent = step * 0.4;  // the grid of SPN 91
    ClassConditions conditions = Moving();
    conditions.accelerator_percent = percent;
    EXPECT_EQ(ClassOf(ClassGroup::kAcceleratorPedal, conditions), std::min<std::size_t>(step / 50, 4)) << percent;
  }
  for (int percent = 0; percent <= 125; ++percent) {
    ClassConditions conditions = Moving();
    conditions.torque_percent = percent;
    EXPECT_EQ(ClassOf(ClassGroup::kEngineTorque, conditions), std::min<std::size_t>(percent / 10, 9)) << percent;
  }
}

TEST(AccumulatedClasses, ABoundOfAnAccelerationBelongsToTheStrongerClass) {
  const auto of = [](double mps2) { return ClassOf(ClassGroup::kAcceleration, Moving(), mps2); };
  EXPECT_EQ(of(-5), 0U);
  EXPECT_EQ(of(-1.1), 0U);
  EXPECT_EQ(of(-1.0999), 1U);
  EXPECT_EQ(of(-0.9), 1U);
  EXPECT_EQ(of(-0.1), 5U);
  EXPECT_EQ(of(-0.0999), 6U);
  EXPECT_EQ(of(0), 6U);
  EXPECT_EQ(of(0.0999), 6U);
  EXPECT_EQ(of(0.1), 7U);
  EXPECT_EQ(of(1.1), 12U);
  const auto high = [](double mps2) { return ClassOf(ClassGroup::kHighAcceleration, Moving(), mps2); };
  EXPECT_EQ(high(-3.0), 0U);
  EXPECT_EQ(high(-2.9), 1U);
  EXPECT_EQ(high(1.0), 5U);
  EXPECT_EQ(high(3.0), 10U);
}

TEST(AccumulatedClasses, TheRetarderCountsAsAPositiveValue) {
  ClassConditions conditions = Moving();
  conditions.retarder_percent = 0.0;
  EXPECT_EQ(ClassOf(ClassGroup::kRetarderTorque, conditions), std::nullopt);
  conditions.retarder_percent = -1.0;
  EXPECT_EQ(ClassOf(ClassGroup::kRetarderTorque, conditions), 0U);
  conditions.retarder_percent = -20.0;
  EXPECT_EQ(ClassOf(ClassGroup::kRetarderTorque, conditions), 1U);
  conditions.retarder_percent = -100.0;
  EXPECT_EQ(ClassOf(ClassGroup::kRetarderTorque, conditions), 4U);
}

TEST(AccumulatedClasses, DrivingWithoutTorqueNeedsAGearAndAClosedClutch) {
  ClassConditions conditions = Moving();
  conditions.torque_percent = 0.0;
  EXPECT_EQ(ClassOf(ClassGroup::kDrivingWithoutTorque, conditions), std::nullopt);
  conditions.current_gear = 0.0;
  EXPECT_EQ(ClassOf(ClassGroup::kDrivingWithoutTorque, conditions), std::nullopt);
  conditions.current_gear = 12.0;
  EXPECT_EQ(ClassOf(ClassGroup::kDrivingWithoutTorque, conditions), 0U);
  conditions.clutch_pressed = true;
  EXPECT_EQ(ClassOf(ClassGroup::kDrivingWithoutTorque, conditions), std::nullopt);
}

TEST(AccumulatedClasses, ThePtoIsCountedStandingAndMoving) {
  EXPECT_EQ(ClassOf(ClassGroup::kPtoActive, {.speed_kmh = 0.0, .pto_engaged = true}), 0U);
  EXPECT_EQ(ClassOf(ClassGroup::kPtoActive, {.speed_kmh = 5.0, .pto_engaged = true}), 1U);
  EXPECT_EQ(ClassOf(ClassGroup::kPtoActive, {.speed_kmh = 5.0, .pto_engaged = false}), std::nullopt);
}

TEST(AccumulatedClasses, SumsAreTheSameHoweverTheyAreCut) {
  std::mt19937 random(7);
  ClassAccumulator whole;
  ClassAccumulator part;
  AccumulatedClasses sum;
  for (int i = 0; i < 2'000; ++i) {
    const auto pick = [&random](double least, double greatest) {
      return std::uniform_real_distribution<double>(least, greatest)(random);
    };
    ClassConditions conditions{.engine_on = pick(0, 1) > 0.2, .speed_kmh = pick(0, 120), .engine_rpm = pick(0, 2500)};
    if (pick(0, 1) > 0.5) conditions.torque_percent = pick(0, 100);
    if (pick(0, 1) > 0.5) conditions.current_gear = std::floor(pick(-3, 16));
    if (pick(0, 1) > 0.5) conditions.brake_pressed = pick(0, 1) > 0.5;
    const double acceleration = pick(-4, 4);
    whole.Take(conditions, acceleration, 1.0, kSecond);
    part.Take(conditions, acceleration, 1.0, kSecond);
    if (random() % 50 == 0) sum += part.TakeSums();
  }
  sum += part.TakeSums();
  const AccumulatedClasses all = whole.TakeSums();
  EXPECT_EQ(sum, all);
  EXPECT_GT(all.entries().size(), 50U);

  StateWriter writer;
  writer(all);
  const std::string bytes = writer.Take();
  AccumulatedClasses again;
  StateReader reader(bytes);
  reader(again);
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(again, all);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    AccumulatedClasses cut;
    StateReader short_reader(std::string_view(bytes).substr(0, size));
    short_reader(cut);
    EXPECT_FALSE(short_reader.finished());
  }
}

// 60 s at 36 km/h in 12th gear: a minute and 600 m in each group that knows.
TEST(AccumulatedClasses, AFoldFillsThemBySlice) {
  Trace trace;
  trace.Hold(61, 36, 1200, {{"engine_fuel_rate", 36.0}, {"transmission_current_gear", 12.0}, {"brake_switch", 0.0}});
  AccumulatedClasses sum;
  for (const auto& [start_ms, slice] : trace.Fold().slices()) sum += slice.classes;
  // 36 l/h over 60 s are 0.6 l.
  const ClassCell minute{.duration_ms = 60'000, .distance_mm = 600'000, .fuel_ul = 600'000};
  EXPECT_EQ(sum.Get(ClassGroup::kVehicleSpeed, 9), minute);  // 36 to 40 km/h
  EXPECT_EQ(sum.Get(ClassGroup::kEngineSpeed, 3), minute);   // 1,200 to 1,600 rpm
  EXPECT_EQ(sum.Get(ClassGroup::kCurrentGear, static_cast<std::size_t>(12 - kGearMin)), minute);
  EXPECT_EQ(sum.Get(ClassGroup::kWheelSpeed, 1), minute);
  EXPECT_EQ(sum.brake_press_count(), 0U);
}

}  // namespace
}  // namespace telltale
