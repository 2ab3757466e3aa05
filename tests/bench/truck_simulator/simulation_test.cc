#include "bench/truck_simulator/simulation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace telltale::truck {
namespace {

using std::chrono::milliseconds;

constexpr SimulationOptions kWarm = {.coolant_c = 88.0};
constexpr double kKmh = 1.0 / 3.6;

struct Case {
  RoadKind road;
  Vehicle vehicle;
};

std::vector<Case> Cases() {
  return {{RoadKind::kLongHaul, AverageTractorTrailer()}, {RoadKind::kHilly, BestTractorTrailer()},
          {RoadKind::kFlat, AverageTractorTrailer()},     {RoadKind::kDistribution, DistributionTruck()},
          {RoadKind::kCity, DistributionTruck()},         {RoadKind::kBus, CityBus()}};
}

std::vector<Driver> Drivers() { return {GoodDriver(), AverageDriver(), PoorDriver()}; }

// Litres per 100 km of the average driver with a warm engine over long hauls of 100 km, one for each seed.
std::vector<double> LongHauls(const Vehicle& vehicle) {
  std::vector<double> consumption;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Road road({.kind = RoadKind::kLongHaul, .length_m = 100e3, .seed = seed});
    consumption.push_back(DriveTrip(road, vehicle, AverageDriver(), kWarm).fuel_l_per_100km());
  }
  return consumption;
}

// The state in the middle of a uniform road, where nothing changes any more.
TruckState SteadyState(const Vehicle& vehicle, double grade, double speed_mps) {
  const Road road = Road::Uniform(20e3, grade, speed_mps);
  Driver driver = AverageDriver();
  driver.cruise_speed_mps = speed_mps;
  Simulation simulation(road, vehicle, driver, kWarm);
  while (simulation.state().position_m < 10e3 && simulation.Advance()) {
  }
  return simulation.state();
}

TEST(Anchors, AverageTractorTrailerNeedsWhatWasMeasured) {
  for (const double consumption : LongHauls(AverageTractorTrailer())) EXPECT_NEAR(consumption, 32.6, 0.05 * 32.6);
}

TEST(Anchors, BestTractorTrailerNeedsWhatWasMeasured) {
  for (const double consumption : LongHauls(BestTractorTrailer())) EXPECT_NEAR(consumption, 29.9, 0.05 * 29.9);
}

TEST(Anchors, CombinationTruckIdlesAtWhatWasMeasured) {
  const Road road = Road::Uniform(1e3, 0.0, 20.0);
  Driver driver = AverageDriver();
  driver.warm_up_s = 3'600;
  Simulation simulation(road, AverageTractorTrailer(), driver, kWarm);
  while (simulation.state().time_s < 3'600.0) ASSERT_TRUE(simulation.Advance());
  // 109.8 Nm at 600/min are 6.90 kW; with 3.2 kW of auxiliaries / 0.457 that is 22.1 kW of fuel, 2.22 l/h. Coolant at
  // 88 cools below 85 within the hour, which adds a little.
  EXPECT_NEAR(simulation.state().fuel_l, 2.22, 0.1);
  EXPECT_GT(simulation.state().fuel_l, 1.9);
  EXPECT_LT(simulation.state().fuel_l, 2.4);
}

TEST(Simulation, BurnsAtASteadySpeedWhatIsWorkedByHand) {
  const TruckState state = SteadyState(AverageTractorTrailer(), 0.0, 85.0 * kKmh);
  EXPECT_NEAR(state.speed_mps, 85.0 * kKmh, 0.01);
  EXPECT_EQ(state.gear, 12);
  // 3750.8 N x 23.61 m/s / 0.955 = 92.7 kW, friction 152.1 Nm at 1210/min = 19.3 kW, auxiliaries 4.2 kW;
  // 116.2 kW / 0.457 / 35.8 MJ/l
  EXPECT_NEAR(state.fuel_rate_lph, 25.57, 0.05);
}

TEST(Simulation, IsTheSameTripEachTime) {
  for (const Case& c : Cases()) {
    const Road road({.kind = c.road, .length_m = 10e3, .seed = 5});
    Simulation a(road, c.vehicle, PoorDriver());
    Simulation b(road, c.vehicle, PoorDriver());
    while (a.Advance()) {
      ASSERT_TRUE(b.Advance());
      ASSERT_EQ(a.state().speed_mps, b.state().speed_mps);
      ASSERT_EQ(a.state().fuel_l, b.state().fuel_l);
      ASSERT_EQ(a.state().coolant_c, b.state().coolant_c);
    }
    EXPECT_FALSE(b.Advance());
  }
}

TEST(Simulation, DoesNotDependOnItsCadence) {
  const Road road({.kind = RoadKind::kDistribution, .length_m = 10e3, .seed = 5});
  const double every_step_l =
      DriveTrip(road, DistributionTruck(), AverageDriver(), {.cadence = milliseconds(100)}).fuel_l();
  EXPECT_EQ(DriveTrip(road, DistributionTruck(), AverageDriver(), {.cadence = milliseconds(10'000)}).fuel_l(),
            every_step_l);
}

TEST(Simulation, BooksEveryLitreAtEveryInstant) {
  for (const Case& c : Cases()) {
    for (const Driver& driver : Drivers()) {
      const Road road({.kind = c.road, .length_m = 15e3, .seed = 11});
      Simulation simulation(road, c.vehicle, driver, {.ambient_c = -5.0, .coolant_c = -5.0, .headwind_mps = 3.0});
      while (simulation.Advance()) {
        const Ledger& ledger = simulation.ledger();
        ASSERT_NEAR(ledger.LitresOfCauses(), ledger.fuel_l, 1e-6 * ledger.fuel_l + 1e-12);
      }
      EXPECT_TRUE(simulation.arrived());
    }
  }
}

TEST(Simulation, KeepsEnergyAsSpeedAndHeight) {
  for (const Case& c : Cases()) {
    const Road road({.kind = c.road, .length_m = 15e3, .seed = 11});
    Simulation simulation(road, c.vehicle, AverageDriver());
    while (simulation.Advance()) {
      const TruckState& state = simulation.state();
      const double speed_j = 0.5 * c.vehicle.inertia_kg() * state.speed_mps * state.speed_mps;
      ASSERT_NEAR(simulation.ledger().WorkOf(Cause::kSpeed), speed_j, 1.0);
      const double height_m = state.altitude_m - road.ElevationAt(0.0);
      // The grade of a step is that of the way expected, so a centimetre may be missing here and there.
      ASSERT_NEAR(simulation.ledger().WorkOf(Cause::kClimbing) / (c.vehicle.mass_kg * kGravityMps2), height_m, 0.1);
    }
    EXPECT_NEAR(simulation.ledger().LitresOf(Cause::kClimbing), 0.0, 0.01);
    EXPECT_EQ(simulation.state().speed_mps, 0.0);
  }
}

TEST(Simulation, ReportsWhatItBooks) {
  const Road road({.kind = RoadKind::kDistribution, .length_m = 12e3, .seed = 4});
  Simulation simulation(road, DistributionTruck(), AverageDriver(), {.cadence = milliseconds(100)});
  double fuel_l = 0.0;
  double way_m = 0.0;
  double idle_s = 0.0;
  double last_mps = 0.0;
  while (simulation.Advance()) {
    const TruckState& state = simulation.state();
    fuel_l += state.fuel_rate_lph * 0.1 / 3'600.0;
    way_m += 0.5 * (state.speed_mps + last_mps) * 0.1;
    idle_s += state.idle ? 0.1 : 0.0;
    last_mps = state.speed_mps;
    EXPECT_EQ(state.engine_on, state.engine_speed_rpm > 0.0);
    EXPECT_GE(state.engine_speed_rpm, state.engine_on ? 650.0 : 0.0);
    EXPECT_LE(state.engine_speed_rpm, 2'500.0);
    EXPECT_GE(state.accelerator_percent, 0.0);
    EXPECT_LE(state.accelerator_percent, 100.0);
    EXPECT_LE(state.torque_percent, 125.0);  // the range of SPN 513
    EXPECT_FALSE(state.accelerator_percent > 0.0 && state.brake_pressure_kpa > 0.0);
    EXPECT_FALSE(state.idle && state.pto_on);
  }
  EXPECT_NEAR(fuel_l, simulation.state().fuel_l, 1e-9);
  EXPECT_NEAR(way_m, simulation.state().position_m, 1.0);
  EXPECT_NEAR(idle_s, simulation.idle_s(), 1e-6);
}

TEST(Simulation, StopsAtItsStopsAndKeepsToTheLimit) {
  for (const Case& c : Cases()) {
    const Road road({.kind = c.road, .length_m = 15e3, .seed = 11});
    Driver driver = GoodDriver();
    driver.downhill_excess_mps = 0.0;
    Simulation simulation(road, c.vehicle, driver, {.cadence = milliseconds(100)});
    std::vector<double> stood_s(road.stops().size());
    double engine_off_s = 0.0;
    while (simulation.Advance()) {
      const TruckState& state = simulation.state();
      engine_off_s += state.engine_on ? 0.0 : 0.1;
      EXPECT_LE(state.speed_mps, road.SpeedLimitAt(state.position_m) + 0.7);
      for (std::size_t i = 0; i < stood_s.size(); ++i) {
        if (state.speed_mps == 0.0 && std::abs(state.position_m - road.stops()[i].position_m) < 3.0) stood_s[i] += 0.1;
      }
    }
    EXPECT_NEAR(simulation.state().position_m, road.length_m(), 2.0);
    for (std::size_t i = 0; i < stood_s.size(); ++i) EXPECT_NEAR(stood_s[i], road.stops()[i].duration_s, 0.5);
    EXPECT_GT(engine_off_s, 200.0);  // 300 s at the destination, of which this driver idles for 60
  }
}

TEST(Simulation, NeedsMoreUphillFasterAndHeavier) {
  for (const Vehicle& vehicle : {AverageTractorTrailer(), DistributionTruck(), CityBus()}) {
    double last = -1.0;
    for (double grade = -0.005; grade < 0.025; grade += 0.0025) {
      const double rate = SteadyState(vehicle, grade, 60.0 * kKmh).fuel_rate_lph;
      EXPECT_GT(rate, last);
      last = rate;
    }
    last = 0.0;
    for (double speed_kmh = 30.0; speed_kmh <= 90.0; speed_kmh += 10.0) {
      const double rate = SteadyState(vehicle, 0.0, speed_kmh * kKmh).fuel_rate_lph;
      EXPECT_GT(rate, last);
      last = rate;
    }
    last = 0.0;
    for (double load_kg = 0.0; load_kg <= 10e3; load_kg += 2e3) {
      Vehicle loaded = vehicle;
      loaded.mass_kg += load_kg;
      const double rate = SteadyState(loaded, 0.0, 60.0 * kKmh).fuel_rate_lph;
      EXPECT_GT(rate, last);
      last = rate;
    }
  }
}

TEST(Simulation, NeedsMoreForTheSameWayFasterOnTheMotorway) {
  double last = 0.0;
  for (double speed_kmh = 75.0; speed_kmh <= 95.0; speed_kmh += 2.5) {  // all in top gear
    const TruckState state = SteadyState(AverageTractorTrailer(), 0.0, speed_kmh * kKmh);
    EXPECT_GT(state.fuel_rate_lph / state.speed_mps, last);
    last = state.fuel_rate_lph / state.speed_mps;
  }
}

TEST(Simulation, BurnsNothingDownhillInGear) {
  EXPECT_EQ(SteadyState(AverageTractorTrailer(), -0.03, 60.0 * kKmh).fuel_rate_lph, 0.0);
  EXPECT_GT(SteadyState(AverageTractorTrailer(), -0.05, 60.0 * kKmh).retarder_percent, 0.0);
}

TEST(Simulation, WarmsUpAndPaysForTheCold) {
  const Road road({.kind = RoadKind::kLongHaul, .length_m = 60e3, .seed = 1});
  Simulation cold(road, AverageTractorTrailer(), AverageDriver(), {.ambient_c = 20.0, .coolant_c = -10.0});
  double coolant_c_max = 0.0;
  while (cold.Advance()) coolant_c_max = std::max(coolant_c_max, cold.state().coolant_c);
  EXPECT_GT(coolant_c_max, 82.0);
  EXPECT_LT(coolant_c_max, 95.0);
  const TripResult warm = DriveTrip(road, AverageTractorTrailer(), AverageDriver(), kWarm);
  EXPECT_GT(cold.ledger().LitresOf(Cause::kColdStart), 0.2);
  EXPECT_NEAR(warm.ledger.LitresOf(Cause::kColdStart), 0.0, 0.02);
  EXPECT_GT(cold.ledger().fuel_l, warm.fuel_l());
}

TEST(Simulation, EndsWhereTheVehicleIsTooWeak) {
  const Road road = Road::Uniform(5e3, 0.4, 20.0);
  const TripResult result = DriveTrip(road, AverageTractorTrailer(), AverageDriver(), kWarm);
  EXPECT_FALSE(result.arrived);
}

TEST(Counterfactual, EachHabitSavesOnEachRoad) {
  for (const Case& c : Cases()) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const Road road({.kind = c.road, .length_m = 40e3, .seed = seed});
      for (const Habit habit : {Habit::kIdleLess, Habit::kCruiseSlower, Habit::kAnticipate, Habit::kShiftEarlier}) {
        const Counterfactual change = ChangeHabit(road, c.vehicle, PoorDriver(), habit);
        ASSERT_TRUE(change.actual.arrived && change.changed.arrived);
        EXPECT_GT(change.saved_l(), 0.0) << "road " << static_cast<int>(c.road) << " seed " << seed << " habit "
                                         << static_cast<int>(habit);
      }
      Vehicle soft = c.vehicle;
      soft.tyre_pressure_ratio = 0.8;
      EXPECT_GT(CorrectTyrePressure(road, soft, AverageDriver()).saved_l(), 0.0);
    }
  }
}

TEST(Counterfactual, SavesWhereTheHabitWorks) {
  const Road road({.kind = RoadKind::kLongHaul, .length_m = 100e3, .seed = 2});
  const auto saved = [&](Habit habit, Cause cause) {
    const Counterfactual change = ChangeHabit(road, AverageTractorTrailer(), PoorDriver(), habit, kWarm);
    return change.actual.ledger.LitresOf(cause) - change.changed.ledger.LitresOf(cause);
  };
  const Counterfactual idle = ChangeHabit(road, AverageTractorTrailer(), PoorDriver(), Habit::kIdleLess, kWarm);
  EXPECT_NEAR(idle.saved_l(), saved(Habit::kIdleLess, Cause::kIdling), 0.01);
  // 270 s before setting off and 240 s at the destination less, at 2.22 l/h: 0.315 l
  EXPECT_NEAR(idle.saved_l(), 0.315, 0.01);
  EXPECT_GT(saved(Habit::kCruiseSlower, Cause::kDrag), 0.5);
  EXPECT_GT(saved(Habit::kAnticipate, Cause::kServiceBrake), 0.3);
  EXPECT_GT(saved(Habit::kShiftEarlier, Cause::kEngineFriction), 0.0);
}

TEST(Counterfactual, CostsTimeWhereItIsSlower) {
  const Road road({.kind = RoadKind::kLongHaul, .length_m = 100e3, .seed = 2});
  EXPECT_GT(ChangeHabit(road, AverageTractorTrailer(), PoorDriver(), Habit::kCruiseSlower).additional_s(), 100.0);
  EXPECT_NEAR(ChangeHabit(road, AverageTractorTrailer(), PoorDriver(), Habit::kIdleLess).additional_s(), -270.0, 1.0);
}

TEST(Driver, BetterDriversNeedLess) {
  for (const Case& c : Cases()) {
    const Road road({.kind = c.road, .length_m = 40e3, .seed = 9});
    const double good = DriveTrip(road, c.vehicle, GoodDriver()).fuel_l();
    const double average = DriveTrip(road, c.vehicle, AverageDriver()).fuel_l();
    EXPECT_LT(good, average);
    EXPECT_LT(average, DriveTrip(road, c.vehicle, PoorDriver()).fuel_l());
  }
}

}  // namespace
}  // namespace telltale::truck
