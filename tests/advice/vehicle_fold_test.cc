// Each rule of docs/trips.md by a drive that is worked by hand.

#include "advice/vehicle_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "tests/advice/trace.h"

namespace telltale {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr VehicleTraits kCar{.vehicle_class = VehicleClass::kCar, .fuel_type = FuelType::kDiesel};
constexpr VehicleTraits kPetrolCar{.vehicle_class = VehicleClass::kCar, .fuel_type = FuelType::kPetrol};

std::vector<Event> EventsOf(const Trip& trip, EventKind kind) {
  std::vector<Event> events;
  for (const Event& event : trip.events) {
    if (event.kind == kind) events.push_back(event);
  }
  return events;
}

Trip OnlyTrip(const VehicleFold& fold) {
  const std::vector<Trip> trips = AllTrips(fold);
  EXPECT_THAT(trips, SizeIs(1));
  return trips.empty() ? Trip{} : trips.front();
}

TEST(VehicleFold, FindsNothingInNothing) {
  const VehicleFold fold = Trace().Fold();
  EXPECT_THAT(fold.trips(), IsEmpty());
  EXPECT_EQ(fold.open_trip(), std::nullopt);
  EXPECT_THAT(fold.days(), IsEmpty());
}

TEST(VehicleFold, ATripReachesFromTheFirstToTheLastFrameWithMovementOrARunningEngine) {
  // 10 s parked, 20 s idle, 100 s at 36 km/h, 30 s idle, 300 s with the engine off.
  const Trace trace = Trace().Hold(10, 0, 0).Hold(20, 0, 600).Hold(100, 36, 1200).Hold(30, 0, 600).Hold(300, 0, 0);
  const VehicleFold fold = trace.Fold();
  ASSERT_THAT(fold.trips(), SizeIs(1));
  EXPECT_EQ(fold.open_trip(), std::nullopt);
  const Trip& trip = fold.trips().front();
  EXPECT_FALSE(trip.open);
  EXPECT_EQ(trip.start_time_ms, kMorningMs + 10'000);
  EXPECT_EQ(trip.end_time_ms, kMorningMs + 159'000);  // the last idling frame: 10 + 20 + 100 + 30 - 1
  EXPECT_EQ(trip.totals.driving_ms, 100'000);
  EXPECT_EQ(trip.totals.idle_ms, 20'000 + 29'000);  // the last idling second ends after the last such frame
  EXPECT_EQ(trip.totals.engine_ms, 149'000);
  // 99 s at 10 m/s, and half a second's worth at either end: 990 + 5 + 5 m.
  EXPECT_EQ(trip.totals.distance_mm, 1'000'000);
  EXPECT_EQ(trip.totals.distance_source, Source::kIntegrated);
  EXPECT_EQ(trip.totals.frame_count, 150u);
  EXPECT_EQ(trip.totals.speed_kmh_max, 36.0);
  EXPECT_EQ(trip.totals.fuel_source, Source::kNone);
  const Totals outside = fold.outside_totals();
  EXPECT_EQ(outside.idle_ms, 1'000);
  EXPECT_EQ(outside.frame_count, 310u);
}

TEST(VehicleFold, ATripStaysOpenFor200SecondsOfStanding) {
  const Trace standing = Trace().Hold(60, 36, 1200).Hold(200, 0, 0);
  ASSERT_TRUE(standing.Fold().open_trip().has_value());
  EXPECT_TRUE(standing.Fold().open_trip()->open);
  EXPECT_EQ(standing.Fold().open_trip()->end_time_ms, kMorningMs + 59'000);
  const Trace longer = Trace(standing).Hold(1, 0, 0);  // 201 s after the last movement
  EXPECT_EQ(longer.Fold().open_trip(), std::nullopt);
  EXPECT_THAT(longer.Fold().trips(), SizeIs(1));
}

TEST(VehicleFold, ARedLightWithTheEngineOffDoesNotSplitATrip) {
  // Start-stop: 150 s with the engine off.
  const Trip trip = OnlyTrip(Trace().Hold(60, 36, 1200).Hold(150, 0, 0).Hold(60, 36, 1200).Fold());
  EXPECT_EQ(trip.totals.driving_ms, 60'000 + 59'000);
  EXPECT_EQ(trip.totals.idle_ms, 0);
  EXPECT_EQ(trip.totals.engine_ms, 119'000);
}

TEST(VehicleFold, IdlingBeyondTheEndOfATripIsOutside) {
  // 60 s of driving, 600 s of idling: 200 s of them after the last movement, at second 59, belong to the trip.
  const VehicleFold fold = Trace().Hold(60, 36, 1200).Hold(600, 0, 600).Hold(300, 0, 0).Fold();
  const Trip trip = OnlyTrip(fold);
  EXPECT_EQ(trip.end_time_ms, kMorningMs + 259'000);
  EXPECT_EQ(trip.totals.idle_ms, 199'000);
  EXPECT_EQ(fold.outside_totals().idle_ms, 401'000);
  ASSERT_THAT(fold.days(), SizeIs(1));
  EXPECT_EQ(fold.days()[0].totals.idle_ms, 600'000);
  // The driver left it running for ten minutes: that is listed with the trip.
  const std::vector<Event> idles = EventsOf(trip, EventKind::kLongIdle);
  ASSERT_THAT(idles, SizeIs(1));
  EXPECT_EQ(idles[0].start_time_ms, kMorningMs + 60'000);
  EXPECT_EQ(idles[0].duration_ms, 600'000);
  EXPECT_EQ(idles[0].value, 600.0);
}

TEST(VehicleFold, ATripWaitsForTheEndOfItsIdling) {
  const VehicleFold fold = Trace().Hold(60, 36, 1200).Hold(400, 0, 600).Fold();
  EXPECT_THAT(fold.trips(), IsEmpty());
  const auto trip = fold.open_trip();
  ASSERT_TRUE(trip.has_value());
  const std::vector<Event> idles = EventsOf(*trip, EventKind::kLongIdle);
  ASSERT_THAT(idles, SizeIs(1));
  EXPECT_EQ(idles[0].duration_ms, 399'000);  // as far as it was seen
}

TEST(VehicleFold, AWarmUpIsListedWithTheTripThatFollows) {
  const VehicleFold fold = Trace().Hold(400, 0, 600).Hold(60, 36, 1200).Fold();
  const Trip trip = OnlyTrip(fold);
  EXPECT_EQ(trip.start_time_ms, kMorningMs + 400'000);  // it idled too long to belong to the trip
  EXPECT_EQ(fold.outside_totals().idle_ms, 400'000);
  const std::vector<Event> idles = EventsOf(trip, EventKind::kLongIdle);
  ASSERT_THAT(idles, SizeIs(1));
  EXPECT_EQ(idles[0].duration_ms, 400'000);
}

TEST(VehicleFold, IdlingOfThreeMinutesIsNoEvent) {
  const Trip trip = OnlyTrip(Trace().Hold(60, 36, 1200).Hold(180, 0, 600).Hold(60, 36, 1200).Fold());
  EXPECT_THAT(EventsOf(trip, EventKind::kLongIdle), IsEmpty());
  EXPECT_EQ(trip.totals.idle_ms, 180'000);
}

TEST(VehicleFold, AnIgnitionPulseIsNoTrip) {
  const VehicleFold fold = Trace().Hold(10, 0, 0).Hold(20, 0, 600).Hold(100, 0, 0).Fold();
  EXPECT_THAT(AllTrips(fold), IsEmpty());
  EXPECT_EQ(fold.outside_totals().idle_ms, 20'000);
  EXPECT_EQ(fold.days()[0].trip_count, 0u);
}

TEST(VehicleFold, TwoStartsWithin30SecondsAreOneStart) {
  const Trip trip = OnlyTrip(Trace().Hold(10, 0, 600).Hold(20, 0, 0).Hold(10, 0, 600).Hold(60, 36, 1200).Fold());
  EXPECT_EQ(trip.start_time_ms, kMorningMs);
}

TEST(VehicleFold, AnEarlyPulseDoesNotBelongToTheTrip) {
  const Trip trip = OnlyTrip(Trace().Hold(10, 0, 600).Hold(60, 0, 0).Hold(10, 0, 600).Hold(60, 36, 1200).Fold());
  EXPECT_EQ(trip.start_time_ms, kMorningMs + 70'000);
}

TEST(VehicleFold, ANudgeOfFourMetresIsNoTripAndDoesNotProlongOne) {
  // 3.6 km/h for 3 s: 3 m and half a metre at either end.
  EXPECT_THAT(AllTrips(Trace().Hold(10, 0, 0).Hold(3, 3.6, 700).Hold(300, 0, 0).Fold()), IsEmpty());
  // The nudge comes 150 s after the stop; 201 s after the stop the trip is over.
  const VehicleFold fold =
      Trace().Hold(60, 36, 1200).Hold(150, 0, 0).Hold(3, 3.6, 700).Hold(60, 0, 0).Hold(60, 36, 1200).Fold();
  EXPECT_THAT(AllTrips(fold), SizeIs(2));
}

TEST(VehicleFold, WithoutAnEngineSpeedMovingCountsAsRunning) {
  Trace trace;
  for (int i = 0; i < 60; ++i) trace.Add({{"wheel_based_vehicle_speed", 36.0}});
  for (int i = 0; i < 60; ++i) trace.Add({{"wheel_based_vehicle_speed", 0.0}});
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.engine_ms, 59'000);
  EXPECT_EQ(trip.totals.idle_ms, 0);
}

TEST(VehicleFold, GnssSpeedHelpsOutWhereTheWheelsAreSilent) {
  Trace trace;
  for (int i = 0; i < 60; ++i) {
    trace.Add({{"wheel_based_vehicle_speed", std::nullopt}, {"gnss_speed", 36.0}, {"engine_speed", 1200.0}});
  }
  EXPECT_EQ(OnlyTrip(trace.Fold()).totals.distance_mm, 590'000);  // 59 s at 10 m/s
}

TEST(VehicleFold, AValueThatIsNotAvailableIsNotZero) {
  // The speed is lost for 20 s of the drive, the frames are not: neither driving nor idling.
  Trace trace;
  trace.Hold(60, 36, 1200);
  for (int i = 0; i < 20; ++i) trace.Add({{"wheel_based_vehicle_speed", std::nullopt}, {"engine_speed", 1200.0}});
  trace.Hold(60, 36, 1200);
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.driving_ms, 60'000 + 59'000);
  EXPECT_EQ(trip.totals.idle_ms, 0);
  EXPECT_EQ(trip.totals.engine_ms, 139'000);
  EXPECT_EQ(trip.totals.distance_mm, 590'000 * 2);
  EXPECT_THAT(EventsOf(trip, EventKind::kHarshBrake), IsEmpty());
}

TEST(VehicleFold, SparseFramesKeepTheirLastValues) {
  // A raw log: speed every 100 ms, engine speed 50 ms later, nothing else.
  Trace trace;
  for (int i = 0; i < 100; ++i) {
    trace.Add({{"wheel_based_vehicle_speed", 36.0}}, 50);
    trace.Add({{"engine_speed", 1200.0}}, 50);
  }
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.driving_ms, 9'950);
  EXPECT_EQ(trip.totals.distance_mm, 99'000);   // from the first to the last speed, 9.9 s
  EXPECT_EQ(trip.totals.green_band_ms, 9'900);  // from the first engine speed on
}

TEST(VehicleFold, AGapIsNotIntegratedAndFrom10SecondsOnAnEvent) {
  const Trip trip = OnlyTrip(Trace().Hold(60, 36, 1200).Quiet(29'000).Hold(60, 36, 1200).Fold());
  EXPECT_EQ(trip.totals.driving_ms, 59'000 * 2);
  EXPECT_EQ(trip.totals.distance_mm, 590'000 * 2);
  ASSERT_THAT(EventsOf(trip, EventKind::kGap), SizeIs(1));
  EXPECT_EQ(EventsOf(trip, EventKind::kGap)[0].value, 30.0);
  EXPECT_EQ(EventsOf(trip, EventKind::kGap)[0].start_time_ms, kMorningMs + 59'000);
  EXPECT_THAT(OnlyTrip(Trace().Hold(60, 36, 1200).Quiet(8'000).Hold(60, 36, 1200).Fold()).events, IsEmpty());
}

TEST(VehicleFold, AGapOfMoreThan200SecondsEndsTheTripAndIsNoIdling) {
  const VehicleFold fold = Trace().Hold(60, 36, 1200).Hold(10, 0, 600).Quiet(200'000).Hold(60, 36, 1200).Fold();
  ASSERT_THAT(AllTrips(fold), SizeIs(2));
  EXPECT_EQ(AllTrips(fold)[0].end_time_ms, kMorningMs + 69'000);
  EXPECT_EQ(SumOf(fold.days()).idle_ms, 9'000);
  EXPECT_EQ(SumOf(fold.days()).frame_count, 130u);
}

TEST(VehicleFold, TenSecondsBetweenFramesAreACadenceNotGaps) {
  Trace trace;
  for (int i = 0; i < 60; ++i) trace.Add({{"wheel_based_vehicle_speed", 36.0}, {"engine_speed", 1200.0}}, 10'000);
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.driving_ms, 590'000);
  EXPECT_EQ(trip.totals.distance_mm, 5'900'000);
  EXPECT_THAT(trip.events, IsEmpty());
}

TEST(VehicleFold, ATripOverMidnightIsSplitBetweenItsDays) {
  Trace trace(DayOf(kMorningMs) * kMsPerDay + kMsPerDay - 30'000);
  const VehicleFold fold = trace.Hold(60, 36, 1200).Fold();
  const std::vector<VehicleDay> days = fold.days();
  ASSERT_THAT(days, SizeIs(2));
  EXPECT_EQ(FormatDay(days[0].day), "2026-03-02");
  EXPECT_EQ(days[0].totals.distance_mm, 290'000);  // an interval belongs to the day that it ends on
  EXPECT_EQ(days[1].totals.distance_mm, 300'000);
  EXPECT_EQ(days[0].trip_count, 1u);
  EXPECT_EQ(days[1].trip_count, 0u);
}

TEST(VehicleFold, PositionsAreThoseOfTheFirstAndLastActiveFrame) {
  const Trip trip = OnlyTrip(Trace()
                                 .Hold(30, 36, 1200, {{"latitude", 48.1}, {"longitude", 11.5}})
                                 .Hold(30, 36, 1200, {{"latitude", 48.2}, {"longitude", 11.6}})
                                 .Fold());
  ASSERT_TRUE(trip.start_position && trip.end_position);
  EXPECT_NEAR(trip.start_position->latitude_deg, 48.1, 1e-7);
  EXPECT_NEAR(trip.end_position->longitude_deg, 11.6, 1e-7);
  EXPECT_EQ(OnlyTrip(Trace().Hold(60, 36, 1200).Fold()).start_position, std::nullopt);
}

// --- Distance and fuel
// -------------------------------------------------------------------------------------------------

TEST(VehicleFold, TheFineOdometerGoesBeforeTheSpeed) {
  Trace trace;
  for (int i = 0; i <= 300; ++i) {
    // 10 m/s by the wheels, 10 m a second by SPN 917, from 12,345 km on.
    trace.Add(
        {{"wheel_based_vehicle_speed", 36.0}, {"total_vehicle_distance_high_resolution", 12'345'000.0 + 10.0 * i}});
  }
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.distance_mm, 3'000'000);
  EXPECT_EQ(trip.totals.distance_source, Source::kCounter);
}

TEST(VehicleFold, ACoarseCounterCountsOnlyIfItAdvancedEnough) {
  const auto drive = [](int seconds) {
    Trace trace;
    for (int i = 0; i <= seconds; ++i) {
      // SPN 245 moves in steps of 125 m: at 25 m/s every 5 s.
      trace.Add({{"wheel_based_vehicle_speed", 90.0}, {"total_vehicle_distance", 1000.0 + 0.125 * (i / 5)}});
    }
    return OnlyTrip(trace.Fold()).totals.distance_source;
  };
  EXPECT_EQ(drive(95), Source::kIntegrated);  // 19 steps
  EXPECT_EQ(drive(100), Source::kCounter);    // 20 steps
}

TEST(VehicleFold, ACounterThatIsResetOrStopsIsNotBelieved) {
  Trace reset;
  Trace stopped;
  for (int i = 0; i <= 300; ++i) {
    const double odometer_m = i < 150 ? 5'000'000.0 + 10.0 * i : 10.0 * (i - 150);
    reset.Add({{"wheel_based_vehicle_speed", 36.0}, {"total_vehicle_distance_high_resolution", odometer_m}});
    stopped.Add({{"wheel_based_vehicle_speed", 36.0},
                 {"total_vehicle_distance_high_resolution", 5e6 + 10.0 * std::min(i, 99)}});
  }
  // 149 steps of 10 m, the reset, 150 steps of 10 m.
  EXPECT_EQ(OnlyTrip(reset.Fold()).totals.distance_mm, 2'990'000);
  EXPECT_EQ(OnlyTrip(stopped.Fold()).totals.distance_mm, 3'000'000);
  EXPECT_EQ(OnlyTrip(stopped.Fold()).totals.distance_source, Source::kIntegrated);
}

TEST(VehicleFold, FuelIsTheRateIntegrated) {
  // 36 l/h are 10 ml a second; 3.6 l/h while idling are 1 ml.
  const Trip trip = OnlyTrip(
      Trace().Hold(61, 36, 1200, {{"engine_fuel_rate", 36.0}}).Hold(61, 0, 600, {{"engine_fuel_rate", 3.6}}).Fold());
  // 60 x 10 + (10 + 1) / 2 + 60 x 1 = 665.5 ml.
  EXPECT_NEAR(trip.totals.fuel_used_l(), 0.6655, 1e-6);
  EXPECT_NEAR(trip.totals.idle_fuel_l(), 0.060, 1e-6);
  EXPECT_EQ(trip.totals.fuel_source, Source::kIntegrated);
}

TEST(VehicleFold, TheFuelCounterGoesBeforeTheRate) {
  Trace trace;
  for (int i = 0; i <= 60; ++i) {
    trace.Add({{"wheel_based_vehicle_speed", 36.0},
               {"engine_total_fuel_used_high_resolution", 500.0 + 0.011 * i},
               {"engine_fuel_rate", 36.0}});
  }
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.fuel_used_ul, 660'000);  // 60 x 11 ml
  EXPECT_EQ(trip.totals.fuel_source, Source::kCounter);
}

TEST(VehicleFold, APetrolEnginesFuelIsEstimatedFromItsAir) {
  // 14.7 x 0.745 g of air a second are 0.745 g or 1 ml of petrol; 10.9515 g/s is 10.95 on the grid.
  const Trace trace = Trace().Hold(61, 36, 1200, {{"mass_air_flow_rate", 10.95}});
  const Totals petrol = OnlyTrip(trace.Fold(kPetrolCar)).totals;
  EXPECT_NEAR(petrol.fuel_used_l(), 0.0600, 0.0001);
  EXPECT_EQ(petrol.fuel_source, Source::kEstimated);
  EXPECT_EQ(OnlyTrip(trace.Fold(kCar)).totals.fuel_source, Source::kNone);
}

// --- Events
// --------------------------------------------------------------------------------------------------------------

TEST(VehicleFold, ARunOfHardSecondsIsOneHarshBrake) {
  // From 60 km/h in 4 s to 16.8: 10.8 km/h, or 3 m/s2, each second. A heavy truck's limit is 2.5, a car's 3.5.
  const Trace trace = Trace().Hold(60, 60, 1200).Ramp(4, 60, 16.8, 1000).Hold(60, 16.8, 1000);
  const Trip trip = OnlyTrip(trace.Fold());
  EXPECT_EQ(trip.totals.harsh_brake_count, 1u);
  const std::vector<Event> brakes = EventsOf(trip, EventKind::kHarshBrake);
  ASSERT_THAT(brakes, SizeIs(1));
  EXPECT_NEAR(brakes[0].value, 3.0, 0.01);
  EXPECT_EQ(brakes[0].start_time_ms, kMorningMs + 60'000);
  EXPECT_EQ(brakes[0].duration_ms, 4'000);
  EXPECT_EQ(brakes[0].speed_kmh_at_start, 60.0);
  EXPECT_EQ(OnlyTrip(trace.Fold(kCar)).totals.harsh_brake_count, 0u);
}

TEST(VehicleFold, AccelerationIsHarshOnlyFrom10KilometresAnHour) {
  // 7.2 km/h, or 2 m/s2, each second, from 0 to 36: harsh from 14.4 on.
  const Trip trip = OnlyTrip(Trace().Hold(10, 0, 600).Ramp(5, 0, 36, 1500).Hold(60, 36, 1200).Fold());
  const std::vector<Event> events = EventsOf(trip, EventKind::kHarshAcceleration);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_NEAR(events[0].speed_kmh_at_start, 14.4, 0.01);
  EXPECT_EQ(events[0].duration_ms, 3'000);
}

TEST(VehicleFold, DenseFramesAreSeenThroughAWindowOfASecond) {
  // 20 Hz; from 60 to 42 km/h in 2 s is 2.5 m/s2; one frame of 3 km/h less is noise.
  Trace trace;
  const auto add = [&trace](double speed_kmh) { trace.Add({{"wheel_based_vehicle_speed", speed_kmh}}, 50); };
  for (int i = 0; i < 200; ++i) add(i == 100 ? 57.0 : 60.0);
  EXPECT_THAT(EventsOf(OnlyTrip(trace.Fold()), EventKind::kHarshBrake), IsEmpty());
  for (int i = 0; i <= 40; ++i) add(60.0 - 0.46 * i);
  for (int i = 0; i < 40; ++i) add(41.6);
  EXPECT_THAT(EventsOf(OnlyTrip(trace.Fold()), EventKind::kHarshBrake), SizeIs(1));
}

TEST(VehicleFold, AJumpThatNoVehicleMakesIsIgnored) {
  // 60 to 200 km/h and back in a second each would be 39 m/s2.
  const Trip trip = OnlyTrip(Trace().Hold(60, 60, 1200).Hold(1, 200, 1200).Hold(60, 60, 1200).Fold());
  EXPECT_THAT(trip.events, IsEmpty());
  EXPECT_EQ(trip.totals.speed_kmh_max, 60.0);
  EXPECT_EQ(trip.totals.distance_mm, 2'000'000);  // 120 s at 60 km/h
}

TEST(VehicleFold, AJumpThatStaysIsBelieved) {
  const Trip trip = OnlyTrip(Trace().Hold(60, 20, 1200).Hold(60, 100, 1200).Fold());
  EXPECT_THAT(EventsOf(trip, EventKind::kHarshAcceleration), IsEmpty());
  EXPECT_EQ(trip.totals.speed_kmh_max, 100.0);
}

TEST(VehicleFold, OverspeedIsSummedAndFrom5SecondsOnAnEvent) {
  // A heavy truck's limit is 90 km/h; the event needs more than 92 km/h.
  const Trip trip = OnlyTrip(Trace()
                                 .Hold(60, 85, 1200)
                                 .Hold(20, 91, 1200)
                                 .Hold(30, 96, 1300)
                                 .Hold(60, 85, 1200)
                                 .Hold(3, 95, 1300)
                                 .Hold(9, 85, 1200)
                                 .Fold());
  EXPECT_EQ(trip.totals.overspeed_ms, 53'000);
  const std::vector<Event> events = EventsOf(trip, EventKind::kOverspeed);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].start_time_ms, kMorningMs + 80'000);
  EXPECT_EQ(events[0].duration_ms, 29'000);
  EXPECT_EQ(events[0].value, 96.0);
  // v (v2 - limit2): 91 km/h: 25.278 x (638.97 - 625) = 353.1; 96: 26.667 x (711.1 - 625) = 2296.3; 95: 26.389 x
  // (696.4 - 625) = 1883.9. Times 20, 30 and 3 s: 81,602.
  EXPECT_NEAR(static_cast<double>(trip.measures.overspeed_work_m3s2), 81'602.0, 15.0);
}

// --- Driving
// ---------------------------------------------------------------------------------------------------------------

TEST(VehicleFold, CoastingIsRollingInGearWithoutAcceleratorAndBrake) {
  const auto coasting_ms = [](const std::vector<Trace::Value>& more) {
    return OnlyTrip(Trace().Hold(11, 50, 1200, more).Fold()).totals.coasting_ms;
  };
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 0.0}}), 10'000);
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 20.0}}), 0);
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 0.0}, {"brake_switch", 1.0}}), 0);
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 0.0}, {"transmission_current_gear", 0.0}}), 0);
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 0.0}, {"clutch_switch", 1.0}}), 0);
  EXPECT_EQ(coasting_ms({{"accelerator_pedal_position_1", 0.0}, {"cruise_control_active", 1.0}}), 0);
  EXPECT_EQ(coasting_ms({}), 0);
}

TEST(VehicleFold, TheRestOfPedalDIsLearnt) {
  const Trip trip = OnlyTrip(Trace()
                                 .Hold(10, 0, 800, {{"accelerator_pedal_d", 14.5}})
                                 .Hold(20, 50, 1500, {{"accelerator_pedal_d", 25.0}})
                                 .Hold(10, 50, 1500, {{"accelerator_pedal_d", 14.9}})
                                 .Hold(1, 50, 1500)
                                 .Fold());
  EXPECT_EQ(trip.totals.coasting_ms, 10'000);
}

TEST(VehicleFold, EngineSpeedsAreHeldAgainstTheGreenBand) {
  // A heavy truck's green band is 1,000 to 1,500 rpm.
  const Trip trip = OnlyTrip(Trace().Hold(10, 50, 900).Hold(20, 50, 1500).Hold(31, 50, 1600).Fold());
  EXPECT_EQ(trip.totals.green_band_ms, 20'000);
  EXPECT_EQ(trip.totals.over_rev_ms, 30'000);
  EXPECT_EQ(trip.measures.engine_speed_known_ms, 60'000);
}

TEST(VehicleFold, CruiseControlIsSummed) {
  const Trip trip = OnlyTrip(Trace()
                                 .Hold(30, 80, 1200, {{"cruise_control_active", 1.0}})
                                 .Hold(31, 80, 1200, {{"cruise_control_active", 0.0}})
                                 .Fold());
  EXPECT_EQ(trip.totals.cruise_ms, 30'000);
  EXPECT_EQ(trip.measures.highway_ms, 60'000);
  EXPECT_EQ(trip.measures.highway_cruise_ms, 30'000);
}

TEST(VehicleFold, AFrameThatIsNotNewerChangesNothing) {
  const Trace trace = Trace().Hold(60, 36, 1200);
  VehicleFold fold = trace.Fold();
  for (std::size_t i = 0; i < trace.frames().size(); ++i) fold.Add(trace.frames()[i]);
  EXPECT_EQ(fold.days(), trace.Fold().days());
}

}  // namespace
}  // namespace telltale
