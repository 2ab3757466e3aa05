// What holds for every drive: sums are exact, and a fold depends on its frames alone.

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "advice/driver_score.h"
#include "tests/advice/random_drive.h"
#include "tests/advice/trace.h"
#include "tests/rounds.h"

namespace telltale {
namespace {

constexpr VehicleTraits kTruck{.vehicle_class = VehicleClass::kHeavyTruck, .fuel_type = FuelType::kDiesel};

void ExpectSame(const VehicleFold& a, const VehicleFold& b) {
  EXPECT_EQ(a.trips(), b.trips());
  EXPECT_EQ(a.open_trip(), b.open_trip());
  EXPECT_EQ(a.days(), b.days());
  EXPECT_EQ(a.outside_totals(), b.outside_totals());
}

TEST(FoldProperties, TheSumOfTheDaysIsThatOfAllTripsAndOfWhatIsOutside) {
  std::size_t trip_count = 0;
  for (unsigned seed = 1; seed <= Rounds(40U); ++seed) {
    SCOPED_TRACE(seed);
    const FrameBatch frames = RandomFrames(seed);
    VehicleFold fold(BuiltinSignals(), kTruck);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      fold.Add(frames[i]);
      if (i % 1009 != 0 && i + 1 != frames.size()) continue;
      Totals parts = SumOf(AllTrips(fold));
      parts += fold.outside_totals();
      ASSERT_EQ(SumOf(fold.days()), parts);
      ASSERT_EQ(parts.frame_count, i + 1);
    }
    trip_count += fold.trips().size();
  }
  EXPECT_GT(trip_count, Rounds(200U));  // the drives are worth their name
}

TEST(FoldProperties, ACopyGoesOnLikeTheOriginal) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const FrameBatch frames = RandomFrames(seed);
    VehicleFold whole(BuiltinSignals(), kTruck);
    auto pieces = std::make_unique<VehicleFold>(BuiltinSignals(), kTruck);
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      whole.Add(frames[i]);
      pieces->Add(frames[i]);
      if (random() % 500 != 0) continue;
      static_cast<void>(pieces->open_trip());  // looking changes nothing
      static_cast<void>(pieces->days());
      pieces = std::make_unique<VehicleFold>(*pieces);
    }
    ExpectSame(whole, *pieces);
  }
}

TEST(FoldProperties, TripsAreInOrderAndWithinTheirTimes) {
  for (unsigned seed = 1; seed <= Rounds(40U); ++seed) {
    SCOPED_TRACE(seed);
    const FrameBatch frames = RandomFrames(seed);
    VehicleFold fold(BuiltinSignals(), kTruck);
    for (std::size_t i = 0; i < frames.size(); ++i) fold.Add(frames[i]);
    std::int64_t last_end_ms = 0;
    for (const Trip& trip : AllTrips(fold)) {
      EXPECT_GT(trip.start_time_ms, last_end_ms);
      EXPECT_GE(trip.end_time_ms, trip.start_time_ms);
      last_end_ms = trip.end_time_ms;
      EXPECT_LE(trip.totals.driving_ms + trip.totals.idle_ms, trip.end_time_ms - trip.start_time_ms);
      EXPECT_LE(trip.totals.engine_ms, trip.end_time_ms - trip.start_time_ms);
      EXPECT_LE(trip.totals.idle_fuel_ul, trip.totals.fuel_used_ul);
      EXPECT_GT(trip.totals.driving_ms + trip.totals.distance_mm, 0);
      std::uint32_t brakes = 0;
      std::int64_t last_event_ms = 0;
      for (const Event& event : trip.events) {
        brakes += event.kind == EventKind::kHarshBrake ? 1 : 0;
        EXPECT_GE(event.start_time_ms, last_event_ms);
        last_event_ms = event.start_time_ms;
      }
      EXPECT_EQ(brakes, trip.totals.harsh_brake_count);
    }
  }
}

// Segments are independent: what is before a long gap does not change what is after it.
TEST(FoldProperties, ATripAfterALongGapDoesNotDependOnWhatWasBefore) {
  const FrameBatch before = RandomFrames(3, 20);
  const FrameBatch after = RandomFrames(4, 20);
  VehicleFold alone(BuiltinSignals(), kTruck);
  VehicleFold both(BuiltinSignals(), kTruck);
  const std::int64_t shift_ms = 30 * 86'400'000LL;
  const auto later = [&](std::size_t i) {
    Frame frame = after[i];
    frame.measure_time_ms += shift_ms;
    return frame;
  };
  for (std::size_t i = 0; i < before.size(); ++i) both.Add(before[i]);
  for (std::size_t i = 0; i < after.size(); ++i) {
    both.Add(later(i));
    alone.Add(later(i));
  }
  const std::vector<Trip> trips_alone = AllTrips(alone);
  const std::vector<Trip> trips_both = AllTrips(both);
  ASSERT_GE(trips_both.size(), trips_alone.size());
  EXPECT_EQ(std::vector<Trip>(trips_both.end() - static_cast<std::ptrdiff_t>(trips_alone.size()), trips_both.end()),
            trips_alone);
}

// Not a limit that a busy machine could break: what it costs is told, in docs/trips.md for one machine.
TEST(FoldProperties, AFrameCostsAboutAMicrosecond) {
  Trace trace;
  for (int i = 0; i < 20'000; ++i) {
    trace.Add({{"wheel_based_vehicle_speed", 60.0 + i % 7},
               {"engine_speed", 1200.0 + i % 50},
               {"engine_fuel_rate", 20.0},
               {"engine_total_fuel_used_high_resolution", 100.0 + 0.005 * i},
               {"total_vehicle_distance_high_resolution", 1000.0 + 15.0 * i},
               {"accelerator_pedal_position_1", 20.0},
               {"brake_switch", 0.0},
               {"clutch_switch", 0.0},
               {"cruise_control_active", 1.0},
               {"transmission_current_gear", 10.0},
               {"latitude", 48.0 + 1e-5 * i},
               {"longitude", 11.0}});
  }
  double least_ns = 1e9;
  for (int round = 0; round < 10; ++round) {
    const auto start = std::chrono::steady_clock::now();
    VehicleFold fold(BuiltinSignals(), kTruck);
    for (std::size_t i = 0; i < trace.frames().size(); ++i) fold.Add(trace.frames()[i]);
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    least_ns = std::min(least_ns, taken.count() / 20'000);
    EXPECT_EQ(fold.open_trip()->totals.frame_count, 20'000u);
  }
  RecordProperty("ns_per_frame", std::to_string(least_ns));
  std::printf("%.0f ns a frame\n", least_ns);
}

}  // namespace
}  // namespace telltale
