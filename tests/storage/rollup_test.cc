// Daily rollups of the fleet: equal to what the frames add up to, whatever came late; percentiles equal to sorting.

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "storage/codec/signal_sums.h"
#include "storage/fleet_percentile.h"
#include "storage/rocksdb/rollup_writer.h"
#include "tests/storage/store_access.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

constexpr std::int64_t kDay = 20'513;  // 2026-03-01
constexpr RollupPart kParts[] = {RollupPart::kCount, RollupPart::kFirst, RollupPart::kLast,
                                 RollupPart::kMin,   RollupPart::kMax,   RollupPart::kSum};

// By vehicle the parts, in the order of kParts.
using Rollups = std::map<VehicleId, std::vector<std::int64_t>>;

Rollups Stored(TelemetryStore& store, std::int64_t day, SignalId signal) {
  Rollups rollups;
  for (const RollupPart part : kParts) {
    const Status status = store.ScanRollup(day, signal, part, {}, [&](const RollupRun& run) {
      EXPECT_TRUE(std::ranges::is_sorted(run.offsets));
      for (std::size_t i = 0; i < run.values.size(); ++i) {
        rollups[run.first_vehicle + static_cast<VehicleId>(run.offsets[i])].push_back(run.values[i]);
      }
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  return rollups;
}

Rollups OfFrames(TelemetryStore& store, const std::vector<VehicleId>& vehicles, std::int64_t day, SignalId signal) {
  Rollups rollups;
  for (const VehicleId vehicle : vehicles) {
    const auto frames = ScanAll(store, vehicle, {signal}, {day * kMsPerDay, (day + 1) * kMsPerDay});
    EXPECT_TRUE(frames.ok());
    std::vector<std::int64_t>& parts = rollups[vehicle];
    for (const auto& [time_ms, cells] : *frames) {
      const RawValue raw = cells.at(signal);
      if (!IsValue(raw)) continue;
      if (parts.empty()) parts = {0, raw, raw, raw, raw, 0};
      ++parts[0];
      parts[2] = raw;
      parts[3] = std::min<std::int64_t>(parts[3], raw);
      parts[4] = std::max<std::int64_t>(parts[4], raw);
      parts[5] += raw;
    }
    if (parts.empty()) rollups.erase(vehicle);
  }
  return rollups;
}

RawValue RandomValue(std::mt19937& random) {
  switch (random() % 6) {
    case 0:
      return kNotAvailable;
    case 1:
      return kError;
    case 2:
      return kRawGreatest - static_cast<RawValue>(random() % 3);
    case 3:
      return kRawLeast + static_cast<RawValue>(random() % 3);
    default:
      return static_cast<RawValue>(random() % 100) - 50;
  }
}

// A block of the last vehicle that is archived may come meanwhile: it is archived again at once.
TEST(Rollups, AVehicleThatIsAddedTwiceHasTheLaterOnes) {
  const TemporaryFolder folder;
  {
    const auto database = internal::TelemetryDatabase::Open({.path = folder.path()});
    ASSERT_TRUE(database.ok()) << database.status();
    internal::RollupWriter writer(**database);
    const auto sums = [](std::uint32_t count) {
      return std::vector<SignalSums::Sums>{{.signal = 1, .count = count, .first = 3, .last = 3, .min = 3, .max = 3}};
    };
    writer.Begin(kDay);
    ASSERT_TRUE(writer.Add(1, sums(1)).ok());
    ASSERT_TRUE(writer.Add(2, sums(1)).ok());
    ASSERT_TRUE(writer.Add(2, sums(2)).ok());
    ASSERT_TRUE(writer.Flush().ok());
    ASSERT_TRUE((*database)->Flush().ok());
  }
  const auto store = Open({.path = folder.path()});
  const Rollups stored = Stored(*store, kDay, 1);
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored.at(1).front(), 1);
  EXPECT_EQ(stored.at(2).front(), 2);
}

TEST(Rollups, AreWhatTheFramesOfTheDayAddUpTo) {
  const TemporaryFolder folder;
  TelemetryStoreOptions options{.path = folder.path(), .frames_per_block = 7, .block_values_min = 1};
  options.archive_period = std::chrono::seconds{0};
  auto store = Open(options);
  ASSERT_NE(store, nullptr);
  const std::vector<VehicleId> vehicles = {1, 2, 77, 4095, 4096, 9000};
  const std::vector<std::vector<SignalId>> layouts = {{1, 2, 3}, {3, 1}, {2, 40}, {1, 2, 3, 40, 500}};
  std::mt19937 random(11);
  for (int round = 0; round < 8; ++round) {
    // Of the last rounds only some vehicles, late: the others keep theirs.
    const std::size_t heard = round < 4 ? vehicles.size() : 2;
    for (int i = 0; i < 60; ++i) {
      const VehicleId vehicle = vehicles[(random() + static_cast<unsigned>(round)) % heard];
      const auto& signals = layouts[random() % layouts.size()];
      std::vector<RawValue> values;
      for (std::size_t s = 0; s < signals.size(); ++s) values.push_back(RandomValue(random));
      const std::int64_t time_ms = (kDay + random() % 2) * kMsPerDay + random() % 200 * 1'000;
      ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, time_ms, signals, values)).ok());
    }
    if (round == 2) {
      store.reset();
      store = Open(options);
    }
    ASSERT_TRUE(store->Flush().ok());
    ASSERT_TRUE(store->Archive((kDay + 2) * kMsPerDay).ok());
    for (const std::int64_t day : {kDay, kDay + 1, kDay + 2}) {
      for (const SignalId signal : {1, 2, 3, 40, 500, 501}) {
        ASSERT_EQ(Stored(*store, day, signal), OfFrames(*store, vehicles, day, signal))
            << "signal " << signal << " of day " << day << " in round " << round;
      }
    }
  }
  ASSERT_TRUE(store->DropBefore((kDay + 1) * kMsPerDay).ok());
  EXPECT_TRUE(Stored(*store, kDay, 1).empty());
  EXPECT_FALSE(Stored(*store, kDay + 1, 1).empty());
  EXPECT_TRUE(
      absl::IsInvalidArgument(store->ScanRollup(-1, 1, RollupPart::kMin, {}, [](const RollupRun&) { return true; })));
  EXPECT_TRUE(absl::IsDeadlineExceeded(store->ScanRollup(kDay + 1, 1, RollupPart::kMin,
                                                         {.deadline = std::chrono::steady_clock::time_point::min()},
                                                         [](const RollupRun&) { return true; })));
}

TEST(Rollups, AreGoneWhenALaterWriteTakesTheOnlyValueAway) {
  const TemporaryFolder folder;
  auto store = Open({.path = folder.path(), .frames_per_block = 7, .block_values_min = 1});
  ASSERT_NE(store, nullptr);
  const auto write = [&](VehicleId vehicle, RawValue value) {
    ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, kDay * kMsPerDay, {1, 2}, {value, 5})).ok());
    ASSERT_TRUE(store->Flush().ok());
    ASSERT_TRUE(store->Archive((kDay + 1) * kMsPerDay).ok());
  };
  write(1, 7);
  EXPECT_EQ(Stored(*store, kDay, 1).size(), 1U);
  write(1, kNotAvailable);
  EXPECT_TRUE(Stored(*store, kDay, 1).empty());
  EXPECT_EQ(Stored(*store, kDay, 2).size(), 1U);
  write(2, 8);
  EXPECT_EQ(Stored(*store, kDay, 1).size(), 1U);
  EXPECT_EQ(Stored(*store, kDay, 2).size(), 2U);
}

TEST(Rollups, PercentileIsThatOfTheSortedFleet) {
  const TemporaryFolder folder;
  auto store = Open({.path = folder.path(), .frames_per_block = 7, .block_values_min = 1});
  ASSERT_NE(store, nullptr);
  std::mt19937 random(3);
  std::vector<std::int64_t> narrow;
  std::vector<std::int64_t> wide;
  for (VehicleId vehicle = 1; vehicle <= 503; ++vehicle) {
    const std::vector<RawValue> values = {static_cast<RawValue>(random() % 90) - 40,
                                          static_cast<RawValue>(random()) / 2};
    narrow.push_back(values[0]);
    wide.push_back(values[1]);
    ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, kDay * kMsPerDay, {1, 2}, values)).ok());
  }
  ASSERT_TRUE(store->Flush().ok());
  ASSERT_TRUE(store->Archive((kDay + 1) * kMsPerDay).ok());
  std::ranges::sort(narrow);
  std::ranges::sort(wide);
  const auto percentile = [&](SignalId signal, double percent) {
    return PercentileOfFleet(*store, kDay, signal, RollupPart::kMax, percent, {});
  };
  for (const double percent : {0.0, 0.1, 10.0, 50.0, 95.0, 99.9, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(percent / 100 * 503))) - 1;
    EXPECT_EQ(percentile(1, percent)->value, narrow[rank]) << percent;
    EXPECT_EQ(percentile(2, percent)->value, wide[rank]) << percent;
    EXPECT_EQ(percentile(1, percent)->vehicle_count, 503U);
  }
  EXPECT_EQ(percentile(9, 50.0)->vehicle_count, 0U);
  EXPECT_TRUE(absl::IsInvalidArgument(percentile(1, 101.0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(percentile(1, std::nan("")).status()));
}

TEST(SignalSums, AddsRowsTheSameOnEveryPath) {
  std::mt19937 random(5);
  for (const std::size_t width : {1, 7, 8, 9, 33, 420}) {
    std::vector<RawValue> rows(width * 50);
    for (RawValue& value : rows) value = RandomValue(random);
    struct Result {
      std::vector<std::uint32_t> count;
      std::vector<RawValue> first, last, min, max;
      std::vector<std::int64_t> sum;
      bool operator==(const Result&) const = default;
    };
    const auto add = [&](auto function) {
      Result result{std::vector<std::uint32_t>(width),     std::vector<RawValue>(width, kAbsent),
                    std::vector<RawValue>(width, kAbsent), std::vector<RawValue>(width, kRawGreatest),
                    std::vector<RawValue>(width, kAbsent), std::vector<std::int64_t>(width)};
      function(rows.data(), 50, width,
               internal::RowSums{result.count.data(), result.first.data(), result.last.data(), result.min.data(),
                                 result.max.data(), result.sum.data()});
      return result;
    };
    EXPECT_EQ(add(&internal::AddRows), add(&internal::AddRowsPortably)) << width;
  }
}

}  // namespace
}  // namespace telltale
