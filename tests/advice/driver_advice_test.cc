// Scores and advice by trips that are worked by hand.

#include "advice/driver_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advice/driver_score.h"
#include "advice/fuel_advice.h"
#include "tests/advice/trace.h"

namespace telltale {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr VehicleTraits kTruck{.vehicle_class = VehicleClass::kHeavyTruck, .fuel_type = FuelType::kDiesel};
constexpr std::int64_t kHourMs = 3'600'000;

// Two hours over 100 km, 30 l, all known, nothing to say about it.
Trip GoodTrip() {
  Trip trip{.start_time_ms = kMorningMs, .end_time_ms = kMorningMs + 2 * kHourMs};
  trip.totals = {.distance_mm = 100'000'000,
                 .distance_source = Source::kCounter,
                 .driving_ms = 2 * kHourMs,
                 .engine_ms = 2 * kHourMs,
                 .fuel_used_ul = 30'000'000,
                 .fuel_source = Source::kCounter,
                 .speed_kmh_max = 88.0,
                 .coasting_ms = 900'000,
                 .green_band_ms = 2 * kHourMs};
  trip.measures = {.engine_speed_known_ms = 2 * kHourMs,
                   .accelerator_known_ms = 2 * kHourMs,
                   .cruise_known_ms = 2 * kHourMs,
                   .manoeuvres_known_ms = 2 * kHourMs,
                   .braking_ms = 100'000};
  return trip;
}

Event HarshBrake(std::int64_t after_ms, double value) {
  return {.kind = EventKind::kHarshBrake,
          .start_time_ms = kMorningMs + after_ms,
          .duration_ms = 1000,
          .value = value,
          .speed_kmh_at_start = 62.0};
}

const ScoreDimension& Dimension(const DriverScore& score, std::string_view name) {
  for (const ScoreDimension& dimension : score.dimensions) {
    if (dimension.name == name) return dimension;
  }
  ADD_FAILURE() << "no dimension " << name;
  return score.dimensions.front();
}

std::vector<std::string> RulesOf(const std::vector<Advice>& all) {
  std::vector<std::string> rules;
  for (const Advice& advice : all) rules.push_back(advice.rule);
  return rules;
}

TEST(DriverScore, AFaultlessTripScoresAHundred) {
  const DriverScore score = ScoreDriver(std::vector{GoodTrip()}, kTruck);
  EXPECT_TRUE(score.enough_data);
  EXPECT_EQ(score.missing, "");
  EXPECT_DOUBLE_EQ(score.score, 100.0);
  ASSERT_THAT(score.dimensions, SizeIs(6));
  for (const ScoreDimension& dimension : score.dimensions) EXPECT_TRUE(dimension.enough_data) << dimension.name;
  EXPECT_THAT(AdviseDriver(std::vector{GoodTrip()}, kTruck), IsEmpty());
}

TEST(DriverScore, IsTheWeightedMeanOfItsDimensions) {
  Trip trip = GoodTrip();
  trip.totals.harsh_brake_count = 5;            // 5 events/100 km: 100 - 5 / 20 x 100 = 75
  trip.totals.overspeed_ms = 2 * kHourMs / 20;  // 5 %: 50
  const DriverScore score = ScoreDriver(std::vector{trip}, kTruck);
  EXPECT_DOUBLE_EQ(Dimension(score, "harsh_braking").score, 75.0);
  EXPECT_DOUBLE_EQ(Dimension(score, "speed").score, 50.0);
  // (25 x 75 + 20 x 50 + 55 x 100) / 100.
  EXPECT_DOUBLE_EQ(score.score, 83.75);
}

TEST(DriverScore, ADimensionWithoutItsSignalsDoesNotCount) {
  Trip trip = GoodTrip();
  trip.totals.overspeed_ms = 2 * kHourMs / 20;  // 50
  trip.measures = {.manoeuvres_known_ms = 2 * kHourMs};
  const DriverScore score = ScoreDriver(std::vector{trip}, kTruck);
  EXPECT_FALSE(Dimension(score, "idling").enough_data);
  EXPECT_FALSE(Dimension(score, "engine_map").enough_data);
  EXPECT_FALSE(Dimension(score, "anticipation").enough_data);
  // (25 x 100 + 10 x 100 + 20 x 50) / 55.
  EXPECT_NEAR(score.score, 4500.0 / 55.0, 1e-9);
}

TEST(DriverScore, NeedsFiveKilometresAndFiveMinutes) {
  Trip trip = GoodTrip();
  trip.totals.distance_mm = 4'900'000;
  DriverScore score = ScoreDriver(std::vector{trip}, kTruck);
  EXPECT_FALSE(score.enough_data);
  EXPECT_EQ(score.missing, "4.9 km driven, 5.0 km needed");
  EXPECT_EQ(score.score, 0.0);
  trip.totals.distance_mm = 5'000'000;
  trip.totals.driving_ms = 240'000;
  score = ScoreDriver(std::vector{trip}, kTruck);
  EXPECT_EQ(score.missing, "4.0 min driven, 5.0 min needed");
  EXPECT_FALSE(ScoreDriver({}, kTruck).enough_data);
}

TEST(DriverScore, OneEventOnAShortWayCountsAsOnTwentyKilometres) {
  Trip trip = GoodTrip();
  trip.totals.distance_mm = 6'000'000;
  trip.totals.harsh_brake_count = 1;
  EXPECT_DOUBLE_EQ(Dimension(ScoreDriver(std::vector{trip}, kTruck), "harsh_braking").measured, 5.0);
}

TEST(DriverScore, IdlingBeyondATripsEndCounts) {
  Trip trip = GoodTrip();
  // 40 minutes, of which 3 min 20 s are within the trip.
  trip.totals.idle_ms = 200'000;
  trip.events = {{.kind = EventKind::kLongIdle,
                  .start_time_ms = trip.end_time_ms - 200'000,
                  .duration_ms = 2'400'000,
                  .value = 2400}};
  const ScoreDimension idling = Dimension(ScoreDriver(std::vector{trip}, kTruck), "idling");
  // 40 min of 120 + 36.67 min.
  EXPECT_NEAR(idling.measured, 100.0 * 2400.0 / (7200.0 + 2200.0), 1e-9);
  EXPECT_THAT(idling.evidence, SizeIs(1));
}

TEST(DriverScore, EvidenceIsTheTenWorst) {
  Trip trip = GoodTrip();
  for (int i = 0; i < 15; ++i) trip.events.push_back(HarshBrake(i * 60'000, 2.5 + 0.1 * i));
  const DriverScore score = ScoreDriver(std::vector{trip}, kTruck);
  const std::vector<Event>& evidence = Dimension(score, "harsh_braking").evidence;
  ASSERT_THAT(evidence, SizeIs(10));
  EXPECT_NEAR(evidence.front().value, 3.9, 1e-9);
  EXPECT_NEAR(evidence.back().value, 3.0, 1e-9);
}

TEST(Advice, IdleLessTellsHowMuchAndSavesWhatWasBurntBeyondThreeMinutes) {
  std::vector<Trip> trips = {GoodTrip(), GoodTrip()};
  // 10 and 12 min; 0.4 and 0.48 l. Beyond 3 min: 7 / 10 x 0.4 + 9 / 12 x 0.48 = 0.64 l.
  trips[0].events = {{.kind = EventKind::kLongIdle,
                      .start_time_ms = kMorningMs,
                      .duration_ms = 600'000,
                      .value = 600,
                      .fuel_ul = 400'000}};
  trips[1].events = {{.kind = EventKind::kLongIdle,
                      .start_time_ms = kMorningMs + 600'000,
                      .duration_ms = 720'000,
                      .value = 720,
                      .fuel_ul = 480'000}};
  const std::vector<Advice> all = AdviseDriver(trips, kTruck);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].rule, "idle_less");
  EXPECT_EQ(all[0].title, "Switch the engine off when standing longer than 3 minutes");
  EXPECT_EQ(all[0].evidence, "Idled 22 min on 2 trips, longest 12 min on 2026-03-02 at 06:10; 0.9 l");
  EXPECT_NEAR(all[0].saving_l, 0.64, 1e-9);
  EXPECT_NEAR(all[0].saving_l_per_100km, 0.32, 1e-9);
  EXPECT_EQ(all[0].first_time_ms, kMorningMs);
  EXPECT_EQ(all[0].last_time_ms, kMorningMs + 1'320'000);
  EXPECT_EQ(AdviseFuel(trips, kTruck), all);
}

TEST(Advice, AShortIdleIsNoHabit) {
  Trip trip = GoodTrip();
  trip.events = {{.kind = EventKind::kLongIdle, .start_time_ms = kMorningMs, .duration_ms = 700'000, .value = 700}};
  EXPECT_THAT(AdviseDriver(std::vector{trip}, kTruck), IsEmpty());  // 8 min 40 s beyond the three minutes
}

TEST(Advice, BrakeEarlierNeedsThreeBrakesAndALowScore) {
  Trip trip = GoodTrip();
  for (int i = 0; i < 6; ++i) trip.events.push_back(HarshBrake(600'000 + i * 60'000, i == 2 ? 4.1 : 2.6));
  trip.totals.harsh_brake_count = 6;  // 6 events/100 km: 70
  const std::vector<Advice> all = AdviseDriver(std::vector{trip}, kTruck);
  ASSERT_EQ(RulesOf(all), std::vector<std::string>{"brake_earlier"});
  EXPECT_EQ(all[0].evidence, "6 hard brakes in 100 km, the hardest 4.1 m/s2 from 62 km/h on 2026-03-02 at 06:12");
  EXPECT_NEAR(all[0].risk_points, 25.0 * 30.0 / 100.0, 1e-9);
  EXPECT_EQ(all[0].saving_l, 0.0);
  EXPECT_THAT(AdviseFuel(std::vector{trip}, kTruck), IsEmpty());
  trip.totals.distance_mm *= 4;  // 1.5 events/100 km: 92.5
  EXPECT_THAT(AdviseDriver(std::vector{trip}, kTruck), IsEmpty());
}

TEST(Advice, AccelerateGentlyLikewise) {
  Trip trip = GoodTrip();
  for (int i = 0; i < 10; ++i) {
    Event event = HarshBrake(i * 60'000, 1.8);
    event.kind = EventKind::kHarshAcceleration;
    trip.events.push_back(event);
  }
  trip.totals.harsh_acceleration_count = 10;
  EXPECT_EQ(RulesOf(AdviseDriver(std::vector{trip}, kTruck)), std::vector<std::string>{"accelerate_gently"});
}

TEST(Advice, KeepToLimitSavesTheWorkAgainstTheAir) {
  Trip trip = GoodTrip();
  // Half an hour at 100 km/h instead of 90: 27.78 x (771.6 - 625) x 1800 s = 7,330,247 m3/s2; x 1.2 x 5.5 / 2 = 24.19
  // MJ; / (35.8 MJ/l x 0.40) = 1.689 l.
  trip.totals.overspeed_ms = kHourMs / 2;
  trip.totals.speed_kmh_max = 100.0;
  trip.measures.overspeed_work_m3s2 = 7'330'247;
  const std::vector<Advice> all = AdviseDriver(std::vector{trip}, kTruck);
  ASSERT_EQ(RulesOf(all), std::vector<std::string>{"keep_to_limit"});
  EXPECT_EQ(all[0].title, "Keep to 90 km/h");
  EXPECT_EQ(all[0].evidence, "Above 90 km/h for 30 min, 25 % of the driving, up to 100 km/h");
  EXPECT_NEAR(all[0].saving_l, 1.689, 0.001);
  EXPECT_EQ(all[0].risk_points, 20.0);
  trip.totals.fuel_source = Source::kNone;
  EXPECT_EQ(AdviseDriver(std::vector{trip}, kTruck)[0].saving_l, 0.0);
}

TEST(Advice, StayInGreenBandTellsWhetherToShiftUp) {
  Trip trip = GoodTrip();
  trip.totals.green_band_ms = trip.measures.engine_speed_known_ms * 3 / 10;  // 30 %: 20 points
  trip.totals.over_rev_ms = kHourMs;
  const std::vector<Advice> all = AdviseDriver(std::vector{trip}, kTruck);
  ASSERT_EQ(RulesOf(all), std::vector<std::string>{"stay_in_green_band"});
  EXPECT_EQ(all[0].title, "Shift up earlier to keep the engine between 1000 and 1500 rpm");
  EXPECT_EQ(all[0].evidence, "In this band for 30 % of the driving; above it for 60 min");
}

TEST(Advice, AnticipateComparesRollingAndBraking) {
  Trip trip = GoodTrip();
  trip.totals.coasting_ms = 300'000;
  trip.measures.braking_ms = 300'000;  // 50 %: 25
  const std::vector<Advice> all = AdviseDriver(std::vector{trip}, kTruck);
  ASSERT_EQ(RulesOf(all), std::vector<std::string>{"anticipate"});
  EXPECT_EQ(all[0].evidence, "Braked for 5 min, rolled in gear for 5 min: 50 % of the slowing down");
}

TEST(Advice, UseCruiseLooksAtFastRoadsOnly) {
  Trip trip = GoodTrip();
  trip.measures.highway_ms = kHourMs;
  trip.measures.highway_cruise_ms = kHourMs / 5;
  const std::vector<Advice> all = AdviseDriver(std::vector{trip}, kTruck);
  ASSERT_EQ(RulesOf(all), std::vector<std::string>{"use_cruise"});
  EXPECT_EQ(all[0].evidence, "Active for 20 % of 60 min at 70 km/h or faster");
  trip.measures.highway_ms = 29 * 60'000;
  EXPECT_THAT(AdviseDriver(std::vector{trip}, kTruck), IsEmpty());
}

TEST(Advice, TheGreatestEffectComesFirst) {
  Trip trip = GoodTrip();
  trip.totals.overspeed_ms = kHourMs;  // 20 points
  trip.totals.coasting_ms = 0;         // 15 points
  trip.measures.highway_ms = kHourMs;  // none
  EXPECT_EQ(RulesOf(AdviseDriver(std::vector{trip}, kTruck)),
            (std::vector<std::string>{"keep_to_limit", "anticipate", "use_cruise"}));
}

TEST(FuelSummary, AddsUpTrips) {
  std::vector<Trip> trips = {GoodTrip(), GoodTrip()};
  trips[0].totals.idle_ms = kHourMs / 2;
  trips[0].totals.idle_fuel_ul = 1'000'000;
  const FuelSummary summary = SummariseFuel(trips, kTruck);
  EXPECT_TRUE(summary.enough_data);
  EXPECT_DOUBLE_EQ(summary.fuel_used_l, 60.0);
  EXPECT_DOUBLE_EQ(summary.distance_km, 200.0);
  EXPECT_DOUBLE_EQ(summary.fuel_l_per_100km, 30.0);
  EXPECT_DOUBLE_EQ(summary.idle_fuel_l, 1.0);
  EXPECT_DOUBLE_EQ(summary.idle_fuel_rate_lph, 2.0);
  EXPECT_DOUBLE_EQ(summary.co2_kg, 60.0 * 2.64);
  EXPECT_DOUBLE_EQ(SummariseFuel(trips, {.fuel_type = FuelType::kPetrol}).co2_kg, 60.0 * 2.35);
}

TEST(FuelSummary, TellsWhatIsMissing) {
  EXPECT_EQ(SummariseFuel({}, kTruck).missing, "no trips");
  Trip trip = GoodTrip();
  trip.totals.fuel_source = Source::kNone;
  EXPECT_FALSE(SummariseFuel(std::vector{trip}, kTruck).enough_data);
  trip = GoodTrip();
  trip.totals.distance_mm = 900'000;
  EXPECT_EQ(SummariseFuel(std::vector{trip}, kTruck).missing, "less than 1 km driven");
  EXPECT_EQ(SummariseFuel(std::vector{trip}, kTruck).fuel_l_per_100km, 0.0);
}

}  // namespace
}  // namespace telltale
