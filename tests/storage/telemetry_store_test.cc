// The telemetry store on a real RocksDB: equal to a simple model whatever happens, durable, and honest about damage.

#include <csignal>
#include <future>
#include <map>
#include <optional>
#include <random>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/signal_summary.h"
#include "tests/rounds.h"
#include "tests/storage/crash_writer.h"
#include "tests/storage/store_access.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

// --- A model, and random operations against it
// ------------------------------------------------------------------------

struct Operation {
  enum Kind { kAppend, kFlush, kReopen, kDrop, kArchive } kind = kAppend;
  VehicleId vehicle = 0;
  std::int64_t time_ms = 0;
  std::vector<SignalId> signals;
  std::vector<RawValue> values;
};

std::vector<Operation> RandomOperations(std::mt19937& random, std::size_t count) {
  const std::vector<std::vector<SignalId>> layouts = {{1, 2, 3}, {3, 1}, {2}, {7, 8, 40, 100}};
  std::vector<Operation> operations;
  std::array<std::int64_t, 3> now = {kTimeMs, kTimeMs + 80'000'000, kTimeMs};
  for (std::size_t i = 0; i < count; ++i) {
    Operation operation;
    const unsigned dice = random() % 100;
    if (dice < 2) {
      operation.kind = Operation::kFlush;
    } else if (dice < 4) {
      operation.kind = Operation::kReopen;
    } else if (dice < 5) {
      operation.kind = Operation::kDrop;
      operation.time_ms = kTimeMs + static_cast<std::int64_t>(random() % 3) * kMsPerDay;
    } else if (dice < 8) {
      operation.kind = Operation::kArchive;
      operation.time_ms = kTimeMs + static_cast<std::int64_t>(random() % 4) * kMsPerDay;
    } else {
      operation.vehicle = static_cast<VehicleId>(1 + random() % 3);
      std::int64_t& time = now[operation.vehicle - 1];
      // Mostly forward, sometimes the same again, minutes late, or days late.
      if (dice < 70) {
        operation.time_ms = time += 1000 + static_cast<std::int64_t>(random() % 3) * 3'000'000;
      } else if (dice < 80) {
        operation.time_ms = time;
      } else if (dice < 92) {
        operation.time_ms = time - static_cast<std::int64_t>(random() % 20) * 1000;
      } else {
        operation.time_ms = kTimeMs + static_cast<std::int64_t>(random() % 100) * 1'000'000;
      }
      operation.signals = layouts[random() % layouts.size()];
      for (std::size_t s = 0; s < operation.signals.size(); ++s) {
        operation.values.push_back(random() % 5 == 0 ? kNotAvailable : static_cast<RawValue>(random() % 4));
      }
    }
    operations.push_back(std::move(operation));
  }
  return operations;
}

// What differs between the store and the model after the operations; empty: nothing.
std::string Difference(const std::vector<Operation>& operations) {
  TemporaryFolder folder;
  std::map<VehicleId, VehicleFrames> model;
  // Which signals are short-lived changes from opening to opening: it decides where they are, not what is read.
  TelemetryStoreOptions options = SmallOptions(folder.path());
  auto store = Open(options);
  for (const Operation& operation : operations) {
    switch (operation.kind) {
      case Operation::kAppend: {
        const auto result =
            AppendAndWait(*store, OneFrame(operation.vehicle, operation.time_ms, operation.signals, operation.values));
        if (!result.ok()) return result.status().ToString();
        Cells& cells = model[operation.vehicle][operation.time_ms];
        for (std::size_t i = 0; i < operation.signals.size(); ++i) cells[operation.signals[i]] = operation.values[i];
        break;
      }
      case Operation::kFlush:
        if (const Status status = store->Flush(); !status.ok()) return status.ToString();
        break;
      case Operation::kReopen:
        store.reset();
        options.short_lived_signals =
            options.short_lived_signals.empty() ? std::vector<SignalId>{2, 8} : std::vector<SignalId>{};
        store = Open(options);
        break;
      case Operation::kArchive:
        if (const Status status = store->Archive(operation.time_ms); !status.ok()) return status.ToString();
        break;
      case Operation::kDrop:
        if (const Status status = store->DropBefore(operation.time_ms); !status.ok()) return status.ToString();
        for (auto& [vehicle, frames] : model) {
          frames.erase(frames.begin(), frames.lower_bound(DayOf(operation.time_ms) * kMsPerDay));
        }
        break;
    }
  }
  for (VehicleId vehicle = 1; vehicle <= 3; ++vehicle) {
    const auto all = ScanAll(*store, vehicle);
    if (!all.ok()) return all.status().ToString();
    if (*all != model[vehicle]) return fmt::format("vehicle {}: a scan of everything differs", vehicle);
    const TimeRange range{kTimeMs + 5'000'000, kTimeMs + 60'000'000};
    const auto part = ScanAll(*store, vehicle, {1, 8}, range);
    if (!part.ok()) return part.status().ToString();
    VehicleFrames expected;
    for (const auto& [time_ms, cells] : model[vehicle]) {
      for (const auto& [signal, raw] : cells) {
        if (range.contains(time_ms) && (signal == 1 || signal == 8)) expected[time_ms][signal] = raw;
      }
    }
    if (*part != expected) return fmt::format("vehicle {}: a scan of a part differs", vehicle);
    for (const auto& [time_ms, cells] : model[vehicle]) {
      const auto instant = ScanAll(*store, vehicle, {}, {time_ms, time_ms + 1});
      if (!instant.ok()) return instant.status().ToString();
      if (*instant != VehicleFrames{{time_ms, cells}}) return fmt::format("vehicle {}: an instant differs", vehicle);
    }
    for (const SignalId signal : {SignalId{1}, SignalId{2}, SignalId{8}, SignalId{40}}) {
      for (const TimeRange& wanted : {TimeRange{}, range}) {
        std::map<std::int64_t, RawValue> found;
        const Status status = store->ScanSignal(vehicle, signal, wanted, {}, [&found](const SignalRun& run) {
          for (std::size_t i = 0; i < run.times_ms.size(); ++i)
            found.emplace_hint(found.end(), run.times_ms[i], run.values[i]);
          return true;
        });
        if (!status.ok()) return status.ToString();
        std::map<std::int64_t, RawValue> of_signal;
        for (const auto& [time_ms, cells] : model[vehicle]) {
          if (wanted.contains(time_ms) && cells.contains(signal)) of_signal[time_ms] = cells.at(signal);
        }
        if (found != of_signal) return fmt::format("vehicle {}: signal {} differs", vehicle, signal);
      }
    }
  }
  return "";
}

TEST(TelemetryStore, EqualsAMapWhateverTheOrderOfThings) {
  for (int seed = 1; seed <= Rounds(12); ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::vector<Operation> operations = RandomOperations(random, 150);
    std::string difference = Difference(operations);
    if (difference.empty()) continue;
    // Leave out what is not needed for the failure.
    for (std::size_t size = operations.size() / 2; size > 0; size /= 2) {
      for (std::size_t at = 0; at + size <= operations.size();) {
        std::vector<Operation> fewer = operations;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                    fewer.begin() + static_cast<std::ptrdiff_t>(at + size));
        if (const std::string still = Difference(fewer); !still.empty()) {
          operations = std::move(fewer);
          difference = still;
        } else {
          at += size;
        }
      }
    }
    for (const Operation& operation : operations) {
      difference += fmt::format("\n  kind {} vehicle {} time +{} signals [{}] values [{}]",
                                static_cast<int>(operation.kind), operation.vehicle, operation.time_ms - kTimeMs,
                                fmt::join(operation.signals, ","), fmt::join(operation.values, ","));
    }
    FAIL() << "seed " << seed << ": " << difference;
  }
}

// 3,000 frames of signals of several groups over two days, the last of them not archived.
class ArchivedHistory : public ::testing::Test {
 protected:
  explicit ArchivedHistory(std::vector<SignalId> short_lived = {}) : options_(SmallOptions(folder_.path())) {
    options_.short_lived_signals = std::move(short_lived);
    options_.short_retention = std::chrono::days{options_.short_lived_signals.empty() ? 0 : 90};
    options_.retention = std::chrono::days{1'000};
    options_.archive_period = std::chrono::seconds{0};
    store_ = Open(options_);
    const auto layout = *Layout::Create({5, 31, 32, 33, 400});
    FrameBatch batch;
    for (int i = 0; i < 3'000; ++i) {
      const std::vector<RawValue> values = {i, -i, i % 7 == 0 ? kNotAvailable : i % 100, 7, i / 10};
      frames_[TimeOf(i)] = values;
      batch.Add(1, TimeOf(i), layout, values);
    }
    EXPECT_TRUE(AppendAndWait(*store_, std::move(batch)).ok());
    EXPECT_TRUE(store_->Flush().ok());
    EXPECT_TRUE(store_->Archive(kTimeMs + kMsPerDay).ok());
  }

  static std::int64_t TimeOf(int i) { return kTimeMs + i * 40'000LL; }

  TemporaryFolder folder_;
  TelemetryStoreOptions options_;
  std::unique_ptr<RocksDbTelemetryStore> store_;
  std::map<std::int64_t, std::vector<RawValue>> frames_;
};

TEST_F(ArchivedHistory, ComesBackWholeAndInParts) {
  for (const bool reopened : {false, true}) {
    if (reopened) {
      store_.reset();
      store_ = Open(SmallOptions(folder_.path()));
    }
    const auto all = ScanAll(*store_, 1);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(all->size(), frames_.size());
    for (const auto& [time_ms, cells] : *all) {
      const std::vector<RawValue>& values = frames_.at(time_ms);
      EXPECT_EQ(cells, (Cells{{5, values[0]}, {31, values[1]}, {32, values[2]}, {33, values[3]}, {400, values[4]}}));
    }
    const auto one = ScanAll(*store_, 1, {}, {TimeOf(1'500), TimeOf(1'501)});
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->size(), 1U);
    EXPECT_EQ(one->begin()->second.size(), 5U);
  }
}

TEST_F(ArchivedHistory, TakesInLateFramesAndIsArchivedAgain) {
  const auto late = [&](int i, RawValue value) {
    ASSERT_TRUE(AppendAndWait(*store_, OneFrame(1, TimeOf(i), {33}, {value})).ok());
    ASSERT_TRUE(store_->Flush().ok());
  };
  const auto value_at = [&](int i) {
    RawValue found = kAbsent;
    EXPECT_TRUE(store_
                    ->ScanSignal(1, 33, {TimeOf(i), TimeOf(i + 1)}, {},
                                 [&](const SignalRun& run) {
                                   found = run.values[0];
                                   return true;
                                 })
                    .ok());
    return found;
  };
  late(100, 1);
  late(1'200, 2);
  EXPECT_EQ(value_at(100), 1);
  ASSERT_TRUE(store_->Archive(kTimeMs + kMsPerDay).ok());
  EXPECT_EQ(value_at(100), 1);
  EXPECT_EQ(value_at(1'200), 2);
  EXPECT_EQ(value_at(101), 7);
  late(100, 3);
  EXPECT_EQ(value_at(100), 3);
  ASSERT_TRUE(store_->Archive(kTimeMs + kMsPerDay).ok());
  store_.reset();
  store_ = Open(SmallOptions(folder_.path()));
  EXPECT_EQ(value_at(100), 3);
  EXPECT_EQ(ScanAll(*store_, 1)->size(), frames_.size());
}

// Signals between others of their groups, and the whole of one group.
class ShortLivedHistory : public ArchivedHistory {
 protected:
  ShortLivedHistory() : ArchivedHistory({400, 31, 32}) {}

  std::size_t CountOf(SignalId signal) {
    std::size_t count = 0;
    EXPECT_TRUE(store_
                    ->ScanSignal(1, signal, {}, {},
                                 [&](const SignalRun& run) {
                                   count += run.values.size();
                                   return true;
                                 })
                    .ok());
    return count;
  }
};

TEST_F(ShortLivedHistory, IsReadWithTheRestUntilItGoesByWholeFiles) {
  const auto all = ScanAll(*store_, 1);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->size(), frames_.size());
  for (const auto& [time_ms, cells] : *all) {
    const std::vector<RawValue>& values = frames_.at(time_ms);
    ASSERT_EQ(cells, (Cells{{5, values[0]}, {31, values[1]}, {32, values[2]}, {33, values[3]}, {400, values[4]}}));
  }
  EXPECT_EQ(ScanAll(*store_, 1, {31, 33})->begin()->second.size(), 2U);
  for (const SignalId signal : {5, 31, 32, 33, 400}) EXPECT_EQ(CountOf(signal), frames_.size());
  std::size_t rollups = 0;
  ASSERT_TRUE(store_
                  ->ScanRollup(DayOf(kTimeMs), 31, RollupPart::kMin, {},
                               [&](const RollupRun& run) {
                                 rollups += run.values.size();
                                 return true;
                               })
                  .ok());
  EXPECT_EQ(rollups, 0U) << "a rollup would outlive what it is of";

  ASSERT_TRUE(store_->ApplyRetention(kTimeMs + 90 * kMsPerDay).ok());
  EXPECT_EQ(CountOf(31), frames_.size()) << "the day ended less than 90 days ago";
  const std::uint64_t bytes_before = store_->Stats().size_bytes;
  ASSERT_TRUE(store_->ApplyRetention(kTimeMs + 91 * kMsPerDay).ok());
  const std::size_t of_second_day = frames_.size() - 2'160;
  for (const SignalId signal : {31, 32, 400}) EXPECT_EQ(CountOf(signal), of_second_day);
  for (const SignalId signal : {5, 33}) EXPECT_EQ(CountOf(signal), frames_.size());
  // Files that were not merged yet go in the background.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (store_->Stats().size_bytes >= bytes_before && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_LT(store_->Stats().size_bytes, bytes_before) << "the files are gone";
  store_.reset();
  store_ = Open(options_);
  EXPECT_EQ(CountOf(31), of_second_day);
  EXPECT_EQ(CountOf(5), frames_.size());
  const auto rest = ScanAll(*store_, 1);
  EXPECT_EQ(rest->size(), frames_.size());
  EXPECT_EQ(rest->begin()->second.size(), 2U);

  ASSERT_TRUE(store_->ApplyRetention(kTimeMs + 1'001 * kMsPerDay).ok());
  for (const SignalId signal : {5, 31, 32, 33, 400}) EXPECT_EQ(CountOf(signal), of_second_day);
}

TEST_F(ArchivedHistory, IsSummedUpInSteps) {
  constexpr std::int64_t kHour = 3'600'000;
  std::size_t steps = 0;
  ASSERT_TRUE(
      SummarizeSignal(*store_, 1, 32, {TimeOf(95), TimeOf(2'950)}, kHour, {}, [&](const SignalSummary& summary) {
        SignalSummary expected{.begin_ms = summary.begin_ms};
        std::vector<RawValue> values;
        for (int i = 95; i < 2'950; ++i) {
          if (TimeOf(i) / kHour * kHour != summary.begin_ms || i % 7 == 0) continue;
          values.push_back(i % 100);
          expected.sum += i % 100;
          expected.last_time_ms = TimeOf(i);
        }
        EXPECT_EQ(summary.count, values.size());
        EXPECT_EQ(summary.min, std::ranges::min(values));
        EXPECT_EQ(summary.max, std::ranges::max(values));
        EXPECT_EQ(summary.last, values.back());
        EXPECT_EQ(summary.last_time_ms, expected.last_time_ms);
        EXPECT_EQ(summary.sum, expected.sum);
        ++steps;
        return true;
      }).ok());
  EXPECT_EQ(steps, static_cast<std::size_t>(TimeOf(2'949) / kHour - TimeOf(95) / kHour + 1));
  EXPECT_TRUE(
      absl::IsInvalidArgument(SummarizeSignal(*store_, 1, 32, {}, 0, {}, [](const SignalSummary&) { return true; })));
}

// What ScanLatest says of a signal, by vehicle.
std::map<VehicleId, std::pair<RawValue, std::int64_t>> LatestOfAll(TelemetryStore& store, SignalId signal) {
  std::map<VehicleId, std::pair<RawValue, std::int64_t>> all;
  const Status status = store.ScanLatest(signal, {}, [&](const LatestRun& run) {
    for (std::size_t i = 0; i < run.values.size(); ++i) {
      if (run.values[i] == kAbsent) continue;
      const bool added =
          all.try_emplace(run.first_vehicle + static_cast<VehicleId>(i), run.values[i], run.times_ms[i]).second;
      EXPECT_TRUE(added);
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return all;
}

// Late, repeated and rewritten frames of few and far vehicles; columns that come and go; sealing and opening again:
// always the same as asking vehicle by vehicle.
TEST(TelemetryStore, LatestOfAllVehiclesIsThatOfEach) {
  const TemporaryFolder folder;
  TelemetryStoreOptions options{.path = folder.path(), .frames_per_block = 6, .block_values_min = 1};
  options.latest_columns_max = 2;
  auto store = Open(options);
  ASSERT_NE(store, nullptr);
  const std::vector<VehicleId> vehicles = {1, 2, 3, 4095, 4096, 5000, 1'000'000};
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 10; ++i) {
      const VehicleId vehicle = vehicles[random() % vehicles.size()];
      std::vector<SignalId> signals = {1, 2, 3, 4};
      signals.erase(signals.begin() + static_cast<std::ptrdiff_t>(random() % 4));
      const auto time_ms = kTimeMs + static_cast<std::int64_t>(random() % 20 + static_cast<unsigned>(round)) * 1'000;
      const auto value = static_cast<RawValue>(random() % 1'000);
      ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, time_ms, signals, {value, value + 1, value + 2})).ok());
    }
    if (round % 7 == 6) {
      store.reset();
      store = Open(options);
    } else if (round % 7 == 3) {
      ASSERT_TRUE(store->Flush().ok());
    }
    for (const SignalId signal : {1 + round % 4, 1 + (round + 1) % 4, 9}) {
      std::map<VehicleId, std::pair<RawValue, std::int64_t>> expected;
      // Of some only when the column is there: reading must not depend on what was asked before.
      const auto all = LatestOfAll(*store, static_cast<SignalId>(signal));
      for (const VehicleId vehicle : vehicles) {
        const auto latest = store->Latest(vehicle, std::vector<SignalId>{static_cast<SignalId>(signal)});
        ASSERT_TRUE(latest.ok());
        for (const LatestValue& value : *latest) expected[vehicle] = {value.raw, value.measure_time_ms};
      }
      ASSERT_EQ(all, expected) << "signal " << signal << " in round " << round;
    }
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(store->ScanLatest(1, {.deadline = std::chrono::steady_clock::time_point::min()},
                                                         [](const LatestRun&) { return true; })));
}

TEST(TelemetryStore, LatestIsTheNewestOfEachSignalBeforeAndAfterSealing) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  const auto expect = [&store](VehicleId vehicle, const Cells& expected) {
    Cells found;
    const auto latest = store->Latest(vehicle, {});
    ASSERT_TRUE(latest.ok()) << latest.status();
    for (const LatestValue& value : *latest) found[value.signal] = value.raw;
    EXPECT_EQ(found, expected);
  };
  expect(1, {});
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs, {1, 2}, {10, 20})).ok());
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + 2000, {2}, {21})).ok());
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + 1000, {2, 3}, {99, 30})).ok());  // late: 2 is older there
  expect(1, {{1, 10}, {2, 21}, {3, 30}});
  ASSERT_TRUE(store->Flush().ok());
  expect(1, {{1, 10}, {2, 21}, {3, 30}});
  store.reset();
  store = Open(SmallOptions(folder.path()));
  expect(1, {{1, 10}, {2, 21}, {3, 30}});
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + 3000, {1}, {kNotAvailable})).ok());
  expect(1, {{1, kNotAvailable}, {2, 21}, {3, 30}});
  const auto chosen = *store->Latest(1, std::vector<SignalId>{2, 99});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].measure_time_ms, kTimeMs + 2000);
  EXPECT_EQ(store->Extent(1)->newest_time_ms, kTimeMs + 3000);
}

TEST(TelemetryStore, CountsRepeatsAndRewrites) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs, {1, 2}, {1, 2}))->repeated_frame_count, 0U);
  EXPECT_EQ(store->Extent(1)->rewrite_count, 0U);
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs, {1, 2}, {1, 2}))->repeated_frame_count, 1U);
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs, {2}, {2}))->repeated_frame_count, 1U);  // nothing new in it
  EXPECT_EQ(store->Extent(1)->rewrite_count, 0U);
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs, {1, 2}, {1, 3}))->changed_frame_count, 1U);
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs, {9}, {1}))->changed_frame_count, 1U);
  EXPECT_EQ(AppendAndWait(*store, OneFrame(1, kTimeMs - 1, {1}, {1}))->changed_frame_count, 0U);
  EXPECT_EQ(store->Extent(1)->rewrite_count, 3U);
}

TEST(TelemetryStore, TellsThoseThatFoldDaysWhatIsNew) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  const auto append = [&store](VehicleId vehicle, std::int64_t time_ms) {
    ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, time_ms, {1}, {static_cast<RawValue>(time_ms % 1000)})).ok());
  };
  append(1, kTimeMs);
  append(2, kTimeMs);
  EXPECT_THAT(store->TakeNews(1), testing::ElementsAre(1));  // never heard of before
  EXPECT_THAT(store->TakeNews(10), testing::ElementsAre(2));
  append(1, kTimeMs + 5);
  EXPECT_THAT(store->TakeNews(10), testing::IsEmpty());
  append(1, kTimeMs + kMsPerDay);  // another day
  append(1, kTimeMs + 2 * kMsPerDay);
  EXPECT_THAT(store->TakeNews(10), testing::ElementsAre(1));  // each once
  EXPECT_TRUE(store->Extent(1)->rewritten.empty());
  append(1, kTimeMs + 7);
  append(1, kTimeMs + 3);
  EXPECT_THAT(store->TakeNews(10), testing::ElementsAre(1));
  const VehicleExtent extent = *store->Extent(1);
  EXPECT_EQ(extent.rewritten, (TimeRange{.from_ms = kTimeMs + 3, .to_ms = kTimeMs + 8}));
  append(1, kTimeMs + 9);
  store->ForgetRewrites(1, extent.rewrite_count);  // that one was not known when they folded
  EXPECT_FALSE(store->Extent(1)->rewritten.empty());
  store->ForgetRewrites(1, store->Extent(1)->rewrite_count);
  EXPECT_TRUE(store->Extent(1)->rewritten.empty());
}

// Frames at these minutes of kTimeMs' day and after, their value being the minute; each is found alone.
void AppendMinutes(TelemetryStore& store, const std::vector<int>& minutes) {
  for (const int minute : minutes) {
    ASSERT_TRUE(AppendAndWait(store, OneFrame(1, kTimeMs + minute * 60'000, {1}, {minute})).ok());
  }
}

void ExpectMinutes(TelemetryStore& store, const std::vector<int>& minutes) {
  for (const int minute : minutes) {
    const std::int64_t time_ms = kTimeMs + minute * 60'000;
    const auto found = ScanAll(store, 1, {}, {time_ms, time_ms + 1});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, (VehicleFrames{{time_ms, {{1, minute}}}})) << "minute " << minute;
    std::vector<RawValue> values;
    ASSERT_TRUE(store
                    .ScanSignal(1, 1, {time_ms, time_ms + 1}, {},
                                [&values](const SignalRun& run) {
                                  values.insert(values.end(), run.values.begin(), run.values.end());
                                  return true;
                                })
                    .ok());
    EXPECT_EQ(values, std::vector<RawValue>{minute});
  }
}

TEST(TelemetryStore, FindsAnInstantInABlockThatBeginsLongBeforeItsNeighbours) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 128;
  auto store = Open(options);
  const std::vector<int> lasting = {600, 660, 719};  // of 119 minutes
  AppendMinutes(*store, lasting);
  ASSERT_TRUE(store->Flush().ok());
  std::vector<int> later;
  for (int minute = 601; minute < 719; minute += 4) {
    AppendMinutes(*store, {minute, minute + 1});
    ASSERT_TRUE(store->Flush().ok());  // late, in a block of its own
    later.insert(later.end(), {minute, minute + 1});
  }
  for (int opening = 0; opening < 2; ++opening) {
    ExpectMinutes(*store, lasting);
    ExpectMinutes(*store, later);
    store.reset();
    store = Open(options);
  }
}

TEST(TelemetryStore, FindsAnInstantOfAVehicleThatSeldomSends) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 128;
  auto store = Open(options);
  std::vector<int> minutes;
  for (int minute = 0; minute < 3 * 1'440; minute += 40) minutes.push_back(minute);
  AppendMinutes(*store, minutes);
  ExpectMinutes(*store, minutes);  // in the head
  ASSERT_TRUE(store->Flush().ok());
  ExpectMinutes(*store, minutes);
}

TEST(TelemetryStore, FindsAnInstantInALongBlockOfAnOlderProgram) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 128;
  const std::vector<int> minutes = {0, 1, 700, 1'439};
  Open(options).reset();
  {
    auto database = internal::TelemetryDatabase::Open(options);
    ASSERT_TRUE(database.ok()) << database.status();
    FrameRun frames;
    const auto layout = *Layout::Create({1});
    for (const int minute : minutes) frames.Add(kTimeMs + minute * 60'000, layout, std::vector<RawValue>{minute});
    rocksdb::WriteOptions write;
    write.disableWAL = true;
    rocksdb::DB& db = *(*database)->db;
    ASSERT_TRUE(db.Put(write, (*database)->blocks, internal::BlockKey(1, kTimeMs, 0),
                       BlockCodec::Encode(1, 0, frames, 0, frames.size()))
                    .ok());
    ASSERT_TRUE(db.Delete(write, (*database)->meta, "long_blocks_end").ok());
    ASSERT_TRUE((*database)->Flush().ok());
  }
  auto store = Open(options);
  const std::vector<int> next_day = {1'440, 1'500, 2'800};
  AppendMinutes(*store, next_day);
  ASSERT_TRUE(store->Flush().ok());
  for (int opening = 0; opening < 2; ++opening) {
    ExpectMinutes(*store, minutes);
    ExpectMinutes(*store, next_day);
    store.reset();
    store = Open(options);
  }
}

TEST(TelemetryStore, StatsTellWhatTheBytesAreOf) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  EXPECT_EQ(store->Stats().block_bytes + store->Stats().latest_bytes, 0U);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + i * 1000, {1}, {i})).ok());
  ASSERT_TRUE(store->Flush().ok());
  const StoreStats sealed = store->Stats();
  EXPECT_GT(sealed.block_bytes, 0U);
  EXPECT_GT(sealed.latest_bytes, 0U);
  EXPECT_EQ(sealed.archive_bytes + sealed.rollup_bytes, 0U);
  ASSERT_TRUE(store->Archive(kTimeMs + kMsPerDay).ok());
  const StoreStats archived = store->Stats();
  EXPECT_GT(archived.archive_bytes, 0U);
  EXPECT_GT(archived.rollup_bytes, 0U);
  EXPECT_EQ(archived.latest_bytes, sealed.latest_bytes);
  EXPECT_LE(archived.block_bytes + archived.latest_bytes + archived.archive_bytes + archived.rollup_bytes +
                archived.journal_bytes,
            archived.size_bytes);
}

TEST(TelemetryStore, StopsAtTheLimitAndAtTheDeadline) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + i * 1000, {1}, {i})).ok());
  }
  EXPECT_EQ(ScanAll(*store, 1, {}, {}, {.frame_limit = 10})->size(), 10U);
  EXPECT_EQ(ScanAll(*store, 1, {}, {}, {.frame_limit = 0})->size(), 0U);
  const auto late =
      ScanAll(*store, 1, {}, {}, {.deadline = std::chrono::steady_clock::now() - std::chrono::seconds{1}});
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status()));
  int visited = 0;
  EXPECT_TRUE(store->Scan(1, {}, {}, {}, [&visited](const Frame&) { return ++visited < 3; }).ok());
  EXPECT_EQ(visited, 3);
}

TEST(TelemetryStore, TrimsItsJournalAndGoesOnAfterAReopen) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.journal_segment_bytes = 1 << 16;
  auto store = Open(options);
  for (int i = 0; i < 4000; ++i) {
    ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + i * 1000, {1}, {i})).ok());
  }
  ASSERT_TRUE(store->Flush().ok());
  ASSERT_TRUE(store->Flush().ok());                   // the first one's blocks are durable now: their segments are gone
  EXPECT_LT(store->Stats().journal_bytes, 100'000U);  // of some 190,000 written
  store.reset();
  store = Open(SmallOptions(folder.path()));
  EXPECT_EQ(store->Stats().replayed_frame_count, 0U);
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + 5'000'000, {1}, {7})).ok());
  store.reset();
  store = Open(SmallOptions(folder.path()));
  EXPECT_EQ(ScanAll(*store, 1)->size(), 4001U);
}

TEST(TelemetryStore, AppendsFromManyThreadsKeepEachVehiclesOrder) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  std::vector<std::thread> threads;
  std::atomic<int> acknowledged = 0;
  for (VehicleId vehicle = 1; vehicle <= 4; ++vehicle) {
    threads.emplace_back([&, vehicle] {
      for (int i = 0; i < 200; ++i) {
        // The same time again and again: the last write must win.
        store->Append(OneFrame(vehicle, kTimeMs + (i % 10) * 1000, {1}, {i}),
                      [&acknowledged](const StatusOr<AppendResult>& result) { acknowledged += result.ok() ? 1 : 0; });
        if (i % 20 == 0) (void)store->Latest(vehicle, {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(acknowledged, 800);
  for (VehicleId vehicle = 1; vehicle <= 4; ++vehicle) {
    const auto frames = ScanAll(*store, vehicle);
    ASSERT_EQ(frames->size(), 10U);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(frames->at(kTimeMs + i * 1000).at(1), 190 + i);
  }
}

// --- Crashes and damage
// -----------------------------------------------------------------------------------------------

// Appends in a process of its own that is killed at some moment; returns how many batches were acknowledged before.
int AppendUntilKilled(const std::string& path, int first, int kill_after) {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const std::string first_batch = std::to_string(first);
  const pid_t child = fork();
  if (child == 0) {
    if (pipe_ends[1] != kAckDescriptor) dup2(pipe_ends[1], kAckDescriptor);
    fcntl(kAckDescriptor, F_SETFD, 0);  // it outlives the exec
    execl(TELLTALE_CRASH_WRITER, "crash_writer", path.c_str(), first_batch.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  int count = 0;
  for (char byte = 0; read(pipe_ends[0], &byte, 1) == 1;) {
    if (++count == kill_after) kill(child, SIGKILL);
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  return count;
}

TEST(TelemetryStoreCrash, KeepsWhatWasAcknowledgedAndNoHalfBatch) {
  TemporaryFolder folder;
  std::mt19937 random(5);
  int written = 0;  // at least so many; the next process goes on behind what is there
  for (int round = 0; round < 8; ++round) {
    written += AppendUntilKilled(folder.path(), written, 1 + static_cast<int>(random() % 60));
    auto store = Open(SmallOptions(folder.path()));
    const auto first = ScanAll(*store, 1);
    const auto second = ScanAll(*store, 2);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_EQ(first->size(), second->size()) << "a batch is there wholly or not at all";
    ASSERT_GE(first->size(), static_cast<std::size_t>(written));
    EXPECT_LE(first->size(), static_cast<std::size_t>(written) + 1);
    written = static_cast<int>(first->size());
    for (int i = 0; i < written; ++i) {
      EXPECT_EQ(first->at(kTimeMs + i * 1000LL), (Cells{{1, i}, {2, -i}}));
      EXPECT_EQ(second->at(kTimeMs + i * 1000LL), (Cells{{3, i}}));
    }
  }
}

TEST(TelemetryStoreDamage, NamesTheVehicleAndLeavesTheOthersReadable) {
  TemporaryFolder folder;
  {
    auto store = Open(SmallOptions(folder.path()));
    for (VehicleId vehicle = 1; vehicle <= 2; ++vehicle) {
      ASSERT_TRUE(AppendAndWait(*store, OneFrame(vehicle, kTimeMs, {1}, {5})).ok());
    }
    ASSERT_TRUE(store->Flush().ok());
  }
  {
    // Flip a bit of vehicle 1's block behind the store's back, with RocksDB's own checksum made good.
    auto database = internal::TelemetryDatabase::Open(SmallOptions(folder.path()));
    ASSERT_TRUE(database.ok()) << database.status();
    const std::unique_ptr<rocksdb::Iterator> it((*database)->db->NewIterator({}, (*database)->blocks));
    it->SeekToFirst();
    ASSERT_TRUE(it->Valid());
    std::string block = it->value().ToString();
    block[block.size() / 2] = static_cast<char>(block[block.size() / 2] ^ 1);
    ASSERT_TRUE((*database)->db->Put({}, (*database)->blocks, it->key(), block).ok());
  }
  auto store = Open(SmallOptions(folder.path()));
  const auto damaged = ScanAll(*store, 1);
  EXPECT_TRUE(absl::IsDataLoss(damaged.status())) << damaged.status();
  EXPECT_THAT(damaged.status().ToString(), HasSubstr("vehicle 1"));
  EXPECT_EQ(ScanAll(*store, 2)->size(), 1U);
}

TEST(TelemetryStoreOpen, RefusesASecondOpenAndANewerFormat) {
  TemporaryFolder folder;
  auto store = Open(SmallOptions(folder.path()));
  const auto second = RocksDbTelemetryStore::Open(SmallOptions(folder.path()));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  store.reset();
  {
    auto database = internal::TelemetryDatabase::Open(SmallOptions(folder.path()));
    ASSERT_TRUE((*database)->db->Put({}, (*database)->meta, "format_version", "999").ok());
  }
  const auto newer = RocksDbTelemetryStore::Open(SmallOptions(folder.path()));
  EXPECT_TRUE(absl::IsFailedPrecondition(newer.status()));
  EXPECT_THAT(newer.status().ToString(), HasSubstr("999"));
}

TEST(TelemetryStore, TellsWhenItHasRoomAgain) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.queue_bytes_max = 1;
  const auto store = Open(options);
  std::promise<bool> had_room;
  std::promise<void> room;
  // Until it returns the batch counts as waiting.
  store->Append(OneFrame(1, kTimeMs, {2}, {3}), [&](const StatusOr<AppendResult>&) {
    had_room.set_value(store->HasRoom([&room] { room.set_value(); }));
  });
  EXPECT_FALSE(had_room.get_future().get());
  room.get_future().get();
  EXPECT_TRUE(store->HasRoom([] { FAIL(); }));
}

TEST(TelemetryStoreOptions, AreChecked) {
  EXPECT_TRUE(Validate(TelemetryStoreOptions{}).ok());
  EXPECT_FALSE(Validate(TelemetryStoreOptions{.frames_per_block = 0}).ok());
  EXPECT_FALSE(Validate(TelemetryStoreOptions{.frames_per_block = 5000}).ok());
  EXPECT_FALSE(Validate(TelemetryStoreOptions{.queue_bytes_max = 0}).ok());
  EXPECT_FALSE(Validate({.retention = std::chrono::days{9}, .short_retention = std::chrono::days{10}}).ok());
}

}  // namespace
}  // namespace telltale
