// Days are published as they end and restated as late frames ask for; what is answered is always what a fold of all
// frames in order finds.

#include "server/vehicle_folds.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "tests/advice/random_drive.h"
#include "tests/advice/trace.h"
#include "tests/rounds.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNowMs = kMorningMs + 30 * kMsPerDay;
constexpr TimeRange kEver;

FrameBatch Slice(const FrameBatch& frames, std::size_t from, std::size_t to) {
  FrameBatch slice;
  for (std::size_t i = from; i < to; ++i) {
    slice.Add(frames[i].vehicle_id, frames[i].measure_time_ms, frames.layout_of(i), frames[i].values);
  }
  return slice;
}

FrameBatch Join(const FrameBatch& a, const FrameBatch& b) {
  FrameBatch joined = Slice(a, 0, a.size());
  for (std::size_t i = 0; i < b.size(); ++i) {
    joined.Add(b[i].vehicle_id, b[i].measure_time_ms, b.layout_of(i), b[i].values);
  }
  return joined;
}

// What a fold of these frames, which are in order, finds.
FoldResults Direct(const FrameBatch& frames, const VehicleTraits& traits = {}) {
  VehicleFold fold(BuiltinSignals(), traits);
  for (std::size_t i = 0; i < frames.size(); ++i) fold.Add(frames[i]);
  FoldResults results = fold.results();
  results.slices = fold.slices();
  if (const auto open = fold.open_trip()) results.trips.push_back(*open);
  if (const auto open = fold.open_stop()) results.stops.push_back(*open);
  for (const Event& event : fold.open_events()) results.events.push_back(event);
  const auto by_start = [](const auto& a, const auto& b) { return a.start_time_ms < b.start_time_ms; };
  std::stable_sort(results.trips.begin(), results.trips.end(), by_start);
  std::stable_sort(results.stops.begin(), results.stops.end(), by_start);
  std::stable_sort(results.gaps.begin(), results.gaps.end(), by_start);
  std::stable_sort(results.events.begin(), results.events.end(), by_start);
  return results;
}

// A store with one vehicle, which can be closed and opened.
class World {
 public:
  World() {
    vehicle_.id = 1;
    Open();
  }

  void Open() {
    documents_ = *RocksDbDocumentStore::Open({.path = folder_.path() / "documents"});
    telemetry_ = *RocksDbTelemetryStore::Open(
        {.path = folder_.path() / "telemetry", .frames_per_block = 64, .disk_free_bytes_min = 0});
    days_ = std::make_unique<DayStore>(*documents_);
    drivers_ = std::make_unique<DriverLog>(*documents_);
    folds_ = *VehicleFolds::Open(BuiltinCatalog(), *telemetry_, *days_, *drivers_, clock_, {});
  }

  void Close() {
    folds_.reset();
    drivers_.reset();
    days_.reset();
    telemetry_.reset();
    documents_.reset();
  }

  void Append(FrameBatch frames) {
    if (frames.empty()) return;
    std::promise<Status> done;
    telemetry_->Append(std::move(frames), [&done](const auto& result) { done.set_value(result.status()); });
    ASSERT_TRUE(done.get_future().get().ok());
  }

  FoldResults Results(TimeRange range = kEver) {
    FoldResults results;
    EXPECT_TRUE(folds_
                    ->Use(vehicle_,
                          [&](const VehicleResults& found) -> Status {
                            ASSIGN_OR_RETURN(results, found.In(range));
                            return OkStatus();
                          })
                    .ok());
    return results;
  }

  FoldResults ResultsAsKnown(std::int64_t time_ms) {
    FoldResults results;
    EXPECT_TRUE(folds_
                    ->Use(vehicle_,
                          [&](const VehicleResults& found) -> Status {
                            ASSIGN_OR_RETURN(results, found.In(kEver, time_ms));
                            return OkStatus();
                          })
                    .ok());
    return results;
  }

  std::vector<Restatement> Restatements() {
    std::vector<Restatement> restatements;
    EXPECT_TRUE(folds_
                    ->Use(vehicle_,
                          [&](const VehicleResults& found) -> Status {
                            ASSIGN_OR_RETURN(restatements, found.Restatements(kEver));
                            return OkStatus();
                          })
                    .ok());
    return restatements;
  }

  FakeClock& clock() { return clock_; }
  Vehicle& vehicle() { return vehicle_; }
  VehicleFolds& folds() { return *folds_; }
  TelemetryStore& telemetry() { return *telemetry_; }
  DayStore& days() { return *days_; }
  DriverLog& drivers() { return *drivers_; }

 private:
  TemporaryFolder folder_;
  FakeClock clock_{kNowMs};
  Vehicle vehicle_{.vin = *Vin::Parse("WDB9634031L000001")};
  std::unique_ptr<RocksDbDocumentStore> documents_;
  std::unique_ptr<RocksDbTelemetryStore> telemetry_;
  std::unique_ptr<DayStore> days_;
  std::unique_ptr<DriverLog> drivers_;
  std::unique_ptr<VehicleFolds> folds_;
};

void ExpectSame(const FoldResults& found, const FoldResults& expected) {
  EXPECT_EQ(found.trips, expected.trips);
  EXPECT_EQ(found.stops, expected.stops);
  EXPECT_EQ(found.gaps, expected.gaps);
  EXPECT_EQ(found.events, expected.events);
  EXPECT_EQ(found.slices, expected.slices);
}

// Ten minutes of driving on each of so many days, from kMorningMs on.
Trace Days(int count) {
  Trace trace;
  for (int day = 0; day < count; ++day) {
    trace.Hold(30, 0, 600).Hold(600, 36, 1200).Hold(30, 0, 0);
    trace.Quiet(kMorningMs + (day + 1) * kMsPerDay - trace.time_ms());
  }
  return trace;
}

TEST(VehicleFolds, PublishesDaysThatAreOver) {
  World world;
  const FrameBatch frames = Days(3).frames();
  world.Append(Slice(frames, 0, frames.size()));
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_EQ(world.folds().stats().published_days, 2U);
  EXPECT_THAT(world.days().ReadHead(1)->days, SizeIs(2));
  EXPECT_THAT(world.Restatements(), IsEmpty());
  // Another process finds the same, from what is published and the rest.
  world.Close();
  world.Open();
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_EQ(world.folds().stats().published_days, 0U);
}

TEST(VehicleFolds, ALateFrameRefoldsItsDayAndNoOther) {
  World world;
  const FrameBatch frames = Days(5).frames();
  const std::size_t late_at = frames.size() / 5 + 300;  // on the second day, while driving
  world.Append(Slice(frames, 0, late_at));
  world.Append(Slice(frames, late_at + 20, frames.size()));
  const FoldResults before = world.Results();
  world.clock().Advance(std::chrono::hours(1));
  world.Append(Slice(frames, late_at, late_at + 20));
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_EQ(world.folds().stats().refolded_days, 1U);
  EXPECT_EQ(world.folds().stats().restated_days, 1U);

  const std::vector<Restatement> restatements = world.Restatements();
  ASSERT_THAT(restatements, SizeIs(1));
  EXPECT_EQ(restatements[0].day, DayOf(kMorningMs) + 1);
  EXPECT_EQ(restatements[0].time_ms, kNowMs + 3'600'000);
  EXPECT_EQ(restatements[0].cause.reason, RestatementReason::kLateFrames);
  EXPECT_EQ(restatements[0].cause.late.from_ms, frames[late_at].measure_time_ms);
  EXPECT_EQ(restatements[0].cause.late.to_ms, frames[late_at + 19].measure_time_ms + 1);
  EXPECT_EQ(restatements[0].cause.late_frame_count, 20U);

  // Reports can still be had as they were known before: of the days that were over.
  FoldResults known = world.ResultsAsKnown(kNowMs + 3'599'999);
  FoldResults over = before;
  const auto is_last_day = [](const auto& item) { return DayOf(item.start_time_ms) >= DayOf(kMorningMs) + 4; };
  std::erase_if(over.trips, is_last_day);
  EXPECT_EQ(known.trips, over.trips);
  EXPECT_NE(known.trips, world.Results().trips);
  EXPECT_THAT(world.ResultsAsKnown(kNowMs - 1).trips, IsEmpty());
  EXPECT_EQ(world.ResultsAsKnown(kNowMs + 3'600'000).trips, [&] {
    std::vector<Trip> trips = world.Results().trips;
    std::erase_if(trips, is_last_day);
    return trips;
  }());
}

// A tank and counters carry over from day to day; a late minute must not reach further for that.
TEST(VehicleFolds, ALateFrameRefoldsItsDayAndNoOtherAlsoOfATruckWithATank) {
  Trace trace;
  double fuel_l = 1000;
  double odometer_km = 1000;
  double level = 90;
  for (int day = 0; day < 8; ++day) {
    for (int minute = 0; minute < 240; ++minute) {
      for (int second = 0; second < 60; second += 10) {
        const bool drives = minute < 200;
        if (drives) fuel_l += 0.08;
        if (drives) odometer_km += 0.2;
        if (drives) level -= 0.02;  // of 400 l
        trace.Add({{"wheel_based_vehicle_speed", drives ? 72.0 : 0.0},
                   {"engine_speed", drives ? 1200.0 : 0.0},
                   {"fuel_level_1", std::round(level / 0.4 + minute % 7 - 3) * 0.4},
                   {"engine_total_fuel_used_high_resolution", fuel_l},
                   {"total_vehicle_distance_high_resolution", odometer_km * 1000},
                   {"latitude", 30 + odometer_km * 0.001},
                   {"longitude", 104.0}},
                  10'000);
      }
    }
    if (level < 40) level = 90;
    trace.Quiet(kMorningMs + (day + 1) * kMsPerDay - trace.time_ms());
  }
  World world;
  const FrameBatch& frames = trace.frames();
  const std::size_t late_at = frames.size() / 8 + 300;
  world.Append(Slice(frames, 0, late_at));
  world.Append(Slice(frames, late_at + 12, frames.size()));
  world.Results();
  world.Append(Slice(frames, late_at, late_at + 12));
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_EQ(world.folds().stats().refolded_days, 1U);
}

TEST(VehicleFolds, ARepeatedFrameRestatesNothing) {
  World world;
  const FrameBatch frames = Days(3).frames();
  world.Append(Slice(frames, 0, frames.size()));
  world.Results();
  world.Append(Slice(frames, 100, 200));
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_EQ(world.folds().stats().restated_days, 0U);
}

TEST(VehicleFolds, ADayThatOnlyLateFramesHaveIsInserted) {
  World world;
  const FrameBatch frames = Days(4).frames();
  const std::size_t day = frames.size() / 4;
  world.Append(Slice(frames, 0, day));
  world.Append(Slice(frames, 2 * day, frames.size()));
  world.Results();
  world.clock().Advance(std::chrono::minutes(1));
  world.Append(Slice(frames, day, 2 * day));
  ExpectSame(world.Results(), Direct(frames));
  const std::vector<Restatement> restatements = world.Restatements();
  ASSERT_FALSE(restatements.empty());
  EXPECT_EQ(restatements[0].day, DayOf(kMorningMs) + 1);
  EXPECT_EQ(restatements[0].before, std::nullopt);
  // The stop that ended on the third day began on the second now.
  EXPECT_THAT(world.ResultsAsKnown(kNowMs).trips, SizeIs(2));  // of the first and the third; the fourth goes on
}

TEST(VehicleFolds, FramesOlderThanAllOthersAreTakenIn) {
  World world;
  const FrameBatch frames = Days(3).frames();
  const std::size_t day = frames.size() / 3;
  world.Append(Slice(frames, day, frames.size()));
  world.Results();
  world.Append(Slice(frames, 0, day));
  ExpectSame(world.Results(), Direct(frames));
}

TEST(VehicleFolds, AnotherDescriptionOfTheVehicleRestatesItsDays) {
  World world;
  Trace trace;
  for (int day = 0; day < 3; ++day) {
    trace.Hold(600, 110, 1600).Hold(30, 0, 0);  // too fast for a truck, not for a car
    trace.Quiet(kMorningMs + (day + 1) * kMsPerDay - trace.time_ms());
  }
  world.Append(Slice(trace.frames(), 0, trace.frames().size()));
  EXPECT_GT(world.Results().trips[0].totals.overspeed_ms, 0);
  world.vehicle().traits.vehicle_class = VehicleClass::kCar;
  ExpectSame(world.Results(), Direct(trace.frames(), world.vehicle().traits));
  EXPECT_EQ(world.Results().trips[0].totals.overspeed_ms, 0);
  ASSERT_THAT(world.Restatements(), SizeIs(2));
  EXPECT_EQ(world.Restatements()[0].cause.reason, RestatementReason::kVehicle);
}

TEST(VehicleFolds, ACorrectedDriverRestatesTheDaysFromThenOn) {
  World world;
  const FrameBatch frames = Days(4).frames();
  world.Append(Slice(frames, 0, frames.size()));
  const Totals before = DaysOf(world.Results().slices)[1].totals;
  // In the middle of the second day's drive, 330 s after its first frame.
  const std::int64_t from_ms = kMorningMs + kMsPerDay + 330'000;
  ASSERT_TRUE(*world.drivers().Record(1, {.time_ms = from_ms, .driver_id = "D2"}));
  ASSERT_TRUE(world.folds().Mark(1, RestatementReason::kDrivers, from_ms).ok());
  const FoldResults results = world.Results();
  ASSERT_TRUE(results.slices.contains(from_ms));
  Totals sum = results.slices.at(kMorningMs + kMsPerDay).totals;
  EXPECT_EQ(sum.driving_ms, 299'000);  // an interval belongs to the slice that it ends in
  sum += results.slices.at(from_ms).totals;
  EXPECT_EQ(sum, before);
  ASSERT_THAT(world.Restatements(), SizeIs(1));  // the other days have no change of drivers
  EXPECT_EQ(world.Restatements()[0].cause.reason, RestatementReason::kDrivers);
}

TEST(VehicleFolds, WhatWasMarkedIsRestatedAfterACrash) {
  World world;
  const FrameBatch frames = Days(3).frames();
  const std::size_t late_at = 300;
  world.Append(Slice(frames, 0, late_at));
  world.Append(Slice(frames, late_at + 20, frames.size()));
  world.Results();
  world.Append(Slice(frames, late_at, late_at + 20));
  EXPECT_EQ(*world.folds().MarkLate({1}), 1U);
  ASSERT_TRUE(world.telemetry().Flush().ok());  // the journal tells nothing any more
  world.Close();
  world.Open();
  EXPECT_THAT(world.folds().MarkedVehicles(), testing::ElementsAre(1));
  ExpectSame(world.Results(), Direct(frames));
  EXPECT_THAT(world.folds().MarkedVehicles(), IsEmpty());
  EXPECT_THAT(world.Restatements(), SizeIs(1));
}

TEST(VehicleFolds, TheJournalTellsOfLateFramesAfterACrash) {
  World world;
  const FrameBatch frames = Days(3).frames();
  world.Append(Slice(frames, 0, 300));
  world.Append(Slice(frames, 320, frames.size()));
  world.Results();
  world.Append(Slice(frames, 300, 320));
  world.Close();
  world.Open();
  EXPECT_THAT(world.telemetry().TakeNews(10), testing::ElementsAre(1));
  ExpectSame(world.Results(), Direct(frames));
}

TEST(VehicleFolds, RangesFindWhatStartsInThem) {
  World world;
  const FrameBatch frames = Days(5).frames();
  world.Append(Slice(frames, 0, frames.size()));
  const TimeRange second = {.from_ms = kMorningMs + kMsPerDay, .to_ms = kMorningMs + 2 * kMsPerDay};
  const FoldResults found = world.Results(second);
  ASSERT_THAT(found.trips, SizeIs(1));
  EXPECT_EQ(found.trips[0].start_time_ms, second.from_ms);
  EXPECT_THAT(found.stops, SizeIs(2));  // that before it, which ends as the range begins, and that after it
}

// Pieces of a stream come delayed, repeated and in any order; questions and restarts come in between.
TEST(VehicleFolds, EveryArrivalEndsInTheResultsOfTheOrderlyStream) {
  std::uint64_t restated_days = 0;
  for (unsigned seed = 1; seed <= Rounds(15U); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    FrameBatch frames = RandomFrames(seed, 40);
    // Two more weeks, so that there are days to restate.
    for (unsigned week = 1; week <= 2; ++week) {
      const FrameBatch more = RandomFrames(seed + 100 * week, 40);
      FrameBatch later;
      for (std::size_t i = 0; i < more.size(); ++i) {
        later.Add(1, more[i].measure_time_ms + week * 7 * kMsPerDay, more.layout_of(i), more[i].values);
      }
      frames = Join(frames, later);
    }
    std::vector<std::pair<std::size_t, std::size_t>> pieces;
    for (std::size_t at = 0; at < frames.size();) {
      const std::size_t size = 1 + random() % (random() % 8 == 0 ? 20 : 600);
      pieces.emplace_back(at, std::min(at + size, frames.size()));
      at += size;
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (random() % 3 == 0) std::swap(pieces[i], pieces[i + random() % (pieces.size() - i)]);
      if (random() % 10 == 0) pieces.push_back(pieces[random() % pieces.size()]);
    }
    World world;
    for (const auto& [from, to] : pieces) {
      world.Append(Slice(frames, from, to));
      world.clock().Advance(std::chrono::minutes(1));
      if (random() % 3 == 0) world.Results();
      if (random() % 12 == 0) {
        world.Close();
        world.Open();
      }
    }
    const FoldResults expected = Direct(frames);
    ExpectSame(world.Results(), expected);
    restated_days += world.folds().stats().restated_days;
    world.Close();
    world.Open();
    ExpectSame(world.Results(), expected);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(restated_days, Rounds(10U));  // the arrivals are worth their name
}

}  // namespace
}  // namespace telltale
