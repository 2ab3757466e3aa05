// Why nothing was heard, case by case; what the fold finds of it is in tests/data/traces.

#include "advice/gap.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

// Half an hour.
Gap Silence() { return {.start_time_ms = 0, .end_time_ms = 1'800'000}; }

Gap DrivenOn() {
  Gap gap = Silence();
  gap.before.engine_running = gap.after.engine_running = true;
  gap.before.speed_kmh = gap.after.speed_kmh = 72.0;
  gap.distance_m = 36'000.0;
  return gap;
}

Gap Parked() {
  Gap gap = Silence();
  gap.before.engine_running = gap.after.engine_running = false;
  gap.before.speed_kmh = gap.after.speed_kmh = 0.0;
  gap.distance_m = 0.0;
  return gap;
}

TEST(Gap, WithoutEvidenceNothingIsClaimed) {
  EXPECT_EQ(Explain(Silence()).cause, GapCause::kUnknown);
  EXPECT_EQ(Explain(Silence()).confidence, 0.0);
}

TEST(Gap, AParkedVehicleIsSilentWithItsEngineOff) {
  EXPECT_EQ(Explain(Parked()).cause, GapCause::kEngineOff);
  EXPECT_EQ(Explain(Parked()).confidence, 0.95);
  Gap gap = Parked();
  gap.distance_m.reset();  // nobody knows whether it moved
  EXPECT_EQ(Explain(gap).cause, GapCause::kEngineOff);
  EXPECT_LT(Explain(gap).confidence, 0.95);
}

TEST(Gap, TheIgnitionTellsWhereTheEngineIsNotKnown) {
  Gap gap = Parked();
  gap.before.engine_running.reset();
  gap.before.ignition_on = false;
  EXPECT_EQ(Explain(gap).cause, GapCause::kEngineOff);
}

TEST(Gap, AParkedVehicleThatWasDrivenUnseenIsNotExplainedByItsEngine) {
  Gap gap = Parked();
  gap.distance_m = 5'000.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kUnknown);
}

TEST(Gap, MovedIsFrom300MetresOn) {
  Gap gap = DrivenOn();
  gap.before.speed_kmh = 5.0;
  gap.distance_m = 300.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kNoCoverage);
  gap.distance_m = 299.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kUnknown);
}

TEST(Gap, NeighboursThatFallSilentMakeADeadSpot) {
  EXPECT_EQ(Explain(DrivenOn()).confidence, 0.5);
  EXPECT_EQ(Explain(DrivenOn(), {.silent_count = 2}).confidence, 0.5);
  EXPECT_EQ(Explain(DrivenOn(), {.silent_count = 3}).confidence, 0.9);
  EXPECT_EQ(Explain(DrivenOn(), {.silent_count = 3}).cause, GapCause::kNoCoverage);
}

TEST(Gap, NeighboursThatAreHeardPointToTheTerminal) {
  EXPECT_EQ(Explain(DrivenOn(), {.silent_count = 0, .heard_count = 3}).cause, GapCause::kTerminalFault);
  EXPECT_EQ(Explain(DrivenOn(), {.silent_count = 1, .heard_count = 3}).cause, GapCause::kNoCoverage);
}

TEST(Gap, TheClockJumpedIfNothingHappenedInBetween) {
  Gap gap = DrivenOn();
  gap.distance_m = 10.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kClockFault);
  EXPECT_EQ(Explain(gap).confidence, 0.7);
  gap.displaced_m = 15.0;
  EXPECT_EQ(Explain(gap).confidence, 0.9);
  gap.displaced_m = 5'000.0;  // then it is the odometer that is wrong
  EXPECT_NE(Explain(gap).cause, GapCause::kClockFault);
  gap.displaced_m = 15.0;
  gap.fuel_l = 8.0;
  EXPECT_NE(Explain(gap).cause, GapCause::kClockFault);
}

TEST(Gap, APowerCutOfAStandingVehicleIsNoTampering) {
  Gap gap = Parked();
  gap.before.power_cut = true;
  EXPECT_EQ(Explain(gap).cause, GapCause::kPowerCut);
  gap = DrivenOn();
  gap.before.speed_kmh = 0.0;
  gap.before.power_cut = true;
  EXPECT_EQ(Explain(gap).cause, GapCause::kPowerCut);
}

TEST(Gap, TamperingNeedsACutWhileItDroveAndDroveOn) {
  Gap gap = DrivenOn();
  gap.after.power_cut = true;
  EXPECT_EQ(Explain(gap).cause, GapCause::kTampering);
  EXPECT_LE(Explain(gap).confidence, 0.6);  // a worn connector does the same
  gap.before.power_cut = true;              // an alarm that stands all the time
  EXPECT_EQ(Explain(gap).cause, GapCause::kNoCoverage);
  gap = DrivenOn();
  gap.before.undervoltage = true;
  EXPECT_EQ(Explain(gap).cause, GapCause::kNoCoverage);
  gap = DrivenOn();
  gap.after.power_cut = true;
  gap.distance_m.reset();
  EXPECT_EQ(Explain(gap).cause, GapCause::kPowerCut);
}

TEST(Gap, ASupplyBelowNineVoltsHasCollapsed) {
  Gap gap = Parked();
  gap.before.supply_v = 9.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kEngineOff);
  gap.before.supply_v = 8.95;
  EXPECT_EQ(Explain(gap).cause, GapCause::kPowerCut);
  // 24 V: at 17 V nothing runs.
  gap.before.supply_v = 17.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kEngineOff);
  gap.after.supply_v = 26.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kPowerCut);
  // The starter's dip after the silence is none.
  gap.before.supply_v = 25.0;
  gap.after.supply_v = 8.0;
  EXPECT_EQ(Explain(gap).cause, GapCause::kEngineOff);
}

// Whatever is taken away, no cause becomes more certain.
TEST(Gap, MissingEvidenceNeverMakesACauseMoreCertain) {
  Gap tampered = DrivenOn();
  tampered.before.power_cut = true;
  Gap stopped_clock = DrivenOn();
  stopped_clock.distance_m = 0.0;
  stopped_clock.displaced_m = 5.0;
  for (const Gap& whole : {Parked(), DrivenOn(), tampered, stopped_clock}) {
    const GapExplanation all = Explain(whole);
    for (int part = 0; part < 6; ++part) {
      Gap less = whole;
      if (part == 0) less.before.engine_running.reset();
      if (part == 1) less.after.engine_running.reset();
      if (part == 2) less.before.speed_kmh.reset();
      if (part == 3) less.after.speed_kmh.reset();
      if (part == 4) less.distance_m.reset();
      if (part == 5) less.displaced_m.reset();
      const GapExplanation some = Explain(less);
      if (some.cause == all.cause) {
        EXPECT_LE(some.confidence, all.confidence) << part;
      }
    }
  }
}

TEST(Gap, TheEvidenceIsToldWithItsFigures) {
  const std::vector<std::string> evidence = Explain(DrivenOn()).evidence;
  ASSERT_GE(evidence.size(), 4U);
  EXPECT_EQ(evidence[0], "silent for 1800 s");
  EXPECT_EQ(evidence[1], "before the silence: engine running, 72 km/h");
  EXPECT_EQ(evidence[3], "the odometer advanced by 36000 m");
}

TEST(Gap, DistancesAreThoseOfASphere) {
  // A degree of latitude: 6,371,008.8 m x pi / 180.
  EXPECT_NEAR(DistanceM({.latitude_deg = 30, .longitude_deg = 104}, {.latitude_deg = 31, .longitude_deg = 104}),
              111'195.08, 0.1);
  EXPECT_EQ(DistanceM({.latitude_deg = 30, .longitude_deg = 104}, {.latitude_deg = 30, .longitude_deg = 104}), 0.0);
}

}  // namespace
}  // namespace telltale
