// The archive of past days: whatever frames a day has, all of it and each part of it comes back, and no flipped bit
// does.

#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_context.h>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/verification.h"
#include "tests/storage/crash_writer.h"
#include "tests/storage/store_access.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

// A day of frames that can be made again.
struct Day {
  const char* name;
  std::function<std::int64_t(int)> time_ms;  // of frame i, growing
  std::function<const std::vector<SignalId>&(int)> signals;

  static RawValue ValueOf(int i, SignalId signal) {
    if (signal > 9) return signal + i / 1'000 % 5;
    if (i % 11 == 0) return kNotAvailable;
    return signal % 3 == 0 ? signal : (i * 37 % 1000) * signal - i / 100;
  }
  bool Has(int i, SignalId signal) const { return std::ranges::binary_search(signals(i), signal); }
};

const std::vector<SignalId>& AllSignals() {
  static const std::vector<SignalId> signals = {2, 5, 9, 15, 16, 31, 400};
  return signals;
}

std::vector<Day> Days() {
  const auto all = [](int) -> const std::vector<SignalId>& { return AllSignals(); };
  const auto some = [](int i) -> const std::vector<SignalId>& {
    static const std::vector<std::vector<SignalId>> layouts = {{2},         {15, 31}, {9, 16}, {16},
                                                               {9, 15, 31}, {16, 31}, {15},    {5, 400}};
    return layouts[(static_cast<std::size_t>(i) * 2'654'435'761U >> 16U) % layouts.size()];
  };
  // All signals for two and a half hours, then some, so that there are blocks of one layout among those of several.
  const auto changing = [all, some](int i) -> const std::vector<SignalId>& {
    return i / 9'000 % 2 == 0 ? all(i) : some(i);
  };
  // Groups of signals cost next to nothing here.
  const auto alike = [](int i) -> const std::vector<SignalId>& {
    static const std::vector<std::vector<SignalId>> layouts = {{2, 5, 9, 15, 16, 31}, AllSignals()};
    return layouts[static_cast<std::size_t>(i) / 100 % layouts.size()];
  };
  const auto jitter = [](int i) { return kTimeMs + i * 1'000LL + i * 7'919LL % 100; };
  return {{"steady", [](int i) { return kTimeMs + i * 1'000LL; }, all},
          {"with gaps", [](int i) { return kTimeMs + i * 1'000LL + i / 10'000 * 600'000LL; }, all},
          {"unsteady", jitter, all},
          {"of several layouts", jitter, some},
          {"of changing layouts", [](int i) { return kTimeMs + i * 1'000LL; }, changing},
          {"of layouts that are much alike", jitter, alike}};
}

// One vehicle for each kind of day, archived.
class ArchivedDays : public ::testing::TestWithParam<bool> {
 protected:
  explicit ArchivedDays(int frame_count = 1'000) : frame_count_(frame_count), options_(SmallOptions(folder_.path())) {
    options_.frames_per_block = 512;
    options_.archive_period = std::chrono::seconds{0};
  }

  void SetUp() override {
    if (GetParam()) options_.short_lived_signals = {5, 400};
    store_ = Open(options_);
    for (VehicleId vehicle = 1; vehicle <= days_.size(); ++vehicle) {
      FrameBatch batch;
      for (int i = 0; i < frame_count_; ++i) {
        const Day& day = days_[vehicle - 1];
        std::vector<RawValue> values;
        for (const SignalId signal : day.signals(i)) values.push_back(Day::ValueOf(i, signal));
        batch.Add(vehicle, day.time_ms(i), *Layout::Create(day.signals(i)), values);
      }
      ASSERT_TRUE(AppendAndWait(*store_, std::move(batch)).ok());
    }
    ASSERT_TRUE(store_->Flush().ok());
    ASSERT_TRUE(store_->Archive(kTimeMs + kMsPerDay).ok());
  }

  // What differs in a scan of frames [from, to); empty: nothing.
  std::string Difference(VehicleId vehicle, int from, int to, const std::vector<SignalId>& signals) {
    const Day& day = days_[vehicle - 1];
    const std::vector<SignalId>& wanted = signals.empty() ? AllSignals() : signals;
    const TimeRange range{day.time_ms(from), to == frame_count_ ? kTimeMs + kMsPerDay : day.time_ms(to)};
    const auto has_any = [&](int i) {
      return std::ranges::any_of(wanted, [&](SignalId signal) { return day.Has(i, signal); });
    };
    std::string difference;
    int i = from;
    const Status status = store_->Scan(vehicle, signals, range, {}, [&](const Frame& frame) {
      while (i < to && !has_any(i)) ++i;
      Cells expected;
      if (i < to) {
        for (const SignalId signal : wanted) {
          if (day.Has(i, signal)) expected[signal] = Day::ValueOf(i, signal);
        }
      }
      Cells found;
      for (std::size_t s = 0; s < frame.values.size(); ++s) found[frame.layout->signals()[s]] = frame.values[s];
      if (i >= to || frame.measure_time_ms != day.time_ms(i) || found != expected) {
        difference = fmt::format("{}: frame {} of [{}, {}) differs", day.name, i, from, to);
        return false;
      }
      ++i;
      return true;
    });
    if (!status.ok()) return status.ToString();
    if (!difference.empty()) return difference;
    while (i < to && !has_any(i)) ++i;
    if (i != to) return fmt::format("{}: ends with frame {} of [{}, {})", day.name, i, from, to);
    if (signals.size() != 1) return "";
    i = from;
    const Status scanned = store_->ScanSignal(vehicle, signals[0], range, {}, [&](const SignalRun& run) {
      for (std::size_t s = 0; s < run.values.size(); ++s, ++i) {
        while (i < to && !has_any(i)) ++i;
        if (i < to && run.times_ms[s] == day.time_ms(i) && run.values[s] == Day::ValueOf(i, signals[0])) continue;
        difference = fmt::format("{}: value {} of [{}, {}) differs", day.name, i, from, to);
        return false;
      }
      return true;
    });
    if (!scanned.ok()) return scanned.ToString();
    if (!difference.empty()) return difference;
    while (i < to && !has_any(i)) ++i;
    return i == to ? "" : fmt::format("{}: values end at {} of [{}, {})", day.name, i, from, to);
  }

  const std::vector<Day> days_ = Days();
  const int frame_count_;
  TemporaryFolder folder_;
  TelemetryStoreOptions options_;
  std::unique_ptr<RocksDbTelemetryStore> store_;
};

// Of narrow frames a block has 4,096, so these are 14 blocks, and a section has 12.
class LongArchivedDays : public ArchivedDays {
 protected:
  LongArchivedDays() : ArchivedDays(55'000) {}
};

TEST_P(LongArchivedDays, ComeBackWholeAndInParts) {
  std::mt19937 random(3);
  for (VehicleId vehicle = 1; vehicle <= days_.size(); ++vehicle) {
    EXPECT_EQ(Difference(vehicle, 0, frame_count_, {}), "");
    for (const SignalId signal : AllSignals()) EXPECT_EQ(Difference(vehicle, 0, frame_count_, {signal}), "");
    for (int round = 0; round < 60; ++round) {
      // Instants, and parts that begin or end at the ends of blocks.
      const int ends[] = {0, 4'095, 4'096, 8'192, 49'151, 49'152, 53'248, frame_count_ - 1};
      const int from = round % 2 == 0 ? static_cast<int>(random() % 54'000) : ends[random() % std::size(ends)];
      const int to = std::min(frame_count_, from + (round % 3 == 0 ? 1 : 1 + static_cast<int>(random() % 9'000)));
      std::vector<SignalId> signals;
      if (round % 4 == 1) signals = {AllSignals()[random() % AllSignals().size()]};
      if (round % 4 == 2) signals = {5, 9, 16, 77};
      EXPECT_EQ(Difference(vehicle, from, to, signals), "");
    }
  }
}

TEST_P(LongArchivedDays, TakeLateFramesIn) {
  for (VehicleId vehicle = 1; vehicle <= days_.size(); ++vehicle) {
    // Between two frames of a later section.
    ASSERT_TRUE(AppendAndWait(*store_, OneFrame(vehicle, days_[vehicle - 1].time_ms(50'001) - 300, {9}, {-5})).ok());
  }
  for (const char* state : {"in memory", "sealed", "archived"}) {
    SCOPED_TRACE(state);
    if (state == std::string_view("sealed")) {
      ASSERT_TRUE(store_->Flush().ok());
    }
    if (state == std::string_view("archived")) {
      ASSERT_TRUE(store_->Archive(kTimeMs + kMsPerDay).ok());
    }
    for (VehicleId vehicle = 1; vehicle <= days_.size(); ++vehicle) {
      std::size_t count = 0;
      std::size_t late = 0;
      std::int64_t last_ms = 0;
      ASSERT_TRUE(store_
                      ->ScanSignal(vehicle, 9, {}, {},
                                   [&](const SignalRun& run) {
                                     for (std::size_t i = 0; i < run.values.size(); ++i) {
                                       EXPECT_GT(run.times_ms[i], last_ms);
                                       last_ms = run.times_ms[i];
                                       late += run.values[i] == -5 ? 1 : 0;
                                     }
                                     count += run.values.size();
                                     return true;
                                   })
                      .ok());
      std::size_t expected = 1;
      for (int i = 0; i < frame_count_; ++i) expected += days_[vehicle - 1].Has(i, 9) ? 1 : 0;
      EXPECT_EQ(count, expected);
      EXPECT_EQ(late, 1U);
    }
  }
}

TEST_P(ArchivedDays, StopAtTheLimitAndAtTheDeadlineAndLetWritersGoOn) {
  for (VehicleId vehicle = 1; vehicle <= days_.size(); ++vehicle) {
    std::size_t value_count = 0;
    for (int i = 0; i < frame_count_; ++i) value_count += days_[vehicle - 1].Has(i, 5) ? 1 : 0;
    for (const std::size_t limit : {0U, 1U, 7U, 600U}) {
      EXPECT_EQ(ScanAll(*store_, vehicle, {}, {}, {.frame_limit = limit})->size(), limit);
      std::size_t count = 0;
      EXPECT_TRUE(store_
                      ->ScanSignal(vehicle, 5, {}, {.frame_limit = limit},
                                   [&](const SignalRun& run) {
                                     count += run.values.size();
                                     return true;
                                   })
                      .ok());
      EXPECT_EQ(count, std::min(limit, value_count));
    }
    const ScanOptions late{.deadline = std::chrono::steady_clock::now() - std::chrono::seconds{1}};
    EXPECT_TRUE(absl::IsDeadlineExceeded(ScanAll(*store_, vehicle, {}, {}, late).status()));
    const auto ignore = [](const SignalRun&) { return true; };
    EXPECT_TRUE(absl::IsDeadlineExceeded(store_->ScanSignal(vehicle, 5, {}, late, ignore)));
    // While a scan goes on, its vehicle is written to, sealed and archived.
    int calls = 0;
    EXPECT_TRUE(store_
                    ->ScanSignal(vehicle, 5, {}, {},
                                 [&](const SignalRun&) {
                                   const std::int64_t time_ms = kTimeMs + 3 * kMsPerDay + ++calls;
                                   EXPECT_TRUE(AppendAndWait(*store_, OneFrame(vehicle, time_ms, {5}, {1})).ok());
                                   EXPECT_TRUE(store_->Flush().ok());
                                   EXPECT_TRUE(store_->Archive(kTimeMs + 4 * kMsPerDay).ok());
                                   return true;
                                 })
                    .ok());
    EXPECT_GT(calls, 0);
  }
}

// Otherwise the tests around this one are not about what they say.
TEST_P(LongArchivedDays, AreKeptInEveryForm) {
  using internal::BlockForm;
  store_.reset();
  auto database = internal::TelemetryDatabase::Open(options_);
  ASSERT_TRUE(database.ok()) << database.status();
  std::map<std::string, std::set<BlockForm>> forms;
  std::set<BlockForm> short_lived_forms;
  for (rocksdb::ColumnFamilyHandle* family : {(*database)->archive, (*database)->short_lived}) {
    const std::unique_ptr<rocksdb::Iterator> it((*database)->db->NewIterator({}, family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const auto parts = internal::ParseArchiveKey(internal::ViewOf(it->key()));
      internal::BlockList list;
      ASSERT_TRUE(parts && list.Read(internal::ViewOf(it->value())).ok());
      for (const internal::BlockList::Entry& entry : list.entries) {
        if (family == (*database)->short_lived) short_lived_forms.insert(entry.form);
        forms[days_[parts->vehicle - 1].name].insert(entry.form);
      }
    }
  }
  using ::testing::Contains;
  using ::testing::ElementsAre;
  EXPECT_THAT(forms["steady"], ElementsAre(BlockForm::kSteady));
  EXPECT_THAT(forms["unsteady"], ElementsAre(BlockForm::kTimed));
  EXPECT_THAT(forms["of changing layouts"], ::testing::SizeIs(5));
  if (!GetParam()) {
    EXPECT_THAT(forms["of several layouts"], ElementsAre(BlockForm::kWhole));
  }
  EXPECT_THAT(forms["of layouts that are much alike"], Contains(BlockForm::kNumbered));
  if (GetParam()) {
    EXPECT_THAT(short_lived_forms, ::testing::SizeIs(5));
  }
}

TEST_P(ArchivedDays, ReportEveryFlippedBit) {
  struct Value {
    bool short_lived;
    std::string key;
    std::string bytes;
  };
  std::map<VehicleId, std::vector<Value>> values;
  store_.reset();
  const auto with_families = [this](const auto& work) {
    auto database = internal::TelemetryDatabase::Open(options_);
    ASSERT_TRUE(database.ok()) << database.status();
    work(*(*database)->db, (*database)->archive, (*database)->short_lived);
  };
  with_families([&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* archive, rocksdb::ColumnFamilyHandle* short_lived) {
    for (rocksdb::ColumnFamilyHandle* family : {archive, short_lived}) {
      const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}, family));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        const auto parts = internal::ParseArchiveKey(internal::ViewOf(it->key()));
        ASSERT_TRUE(parts);
        values[parts->vehicle].push_back({family == short_lived, it->key().ToString(), it->value().ToString()});
      }
    }
  });
  ASSERT_EQ(values.size(), days_.size());
  std::mt19937 random(5);
  for (std::size_t round = 0; round < 16; ++round) {
    // In each round a bit of one value of each vehicle, with RocksDB's own checksum made good.
    with_families([&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* archive, rocksdb::ColumnFamilyHandle* short_lived) {
      for (const auto& [vehicle, of_vehicle] : values) {
        for (std::size_t i = 0; i < of_vehicle.size(); ++i) {
          std::string bytes = of_vehicle[i].bytes;
          const std::size_t bit = random() % (8 * bytes.size());
          if (i == round % of_vehicle.size()) bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
          rocksdb::ColumnFamilyHandle* family = of_vehicle[i].short_lived ? short_lived : archive;
          ASSERT_TRUE(db.Put({}, family, of_vehicle[i].key, bytes).ok());
        }
      }
    });
    store_ = Open(options_);
    for (const auto& [vehicle, of_vehicle] : values) {
      SCOPED_TRACE(fmt::format("round {}, vehicle {}", round, vehicle));
      const std::string named = fmt::format("DATA_LOSS: vehicle {}", vehicle);
      EXPECT_THAT(ScanAll(*store_, vehicle).status().ToString(), HasSubstr(named));
      for (const SignalId signal : AllSignals()) {
        const std::string difference = Difference(vehicle, 0, frame_count_, {signal});
        EXPECT_THAT(difference, ::testing::AnyOf("", HasSubstr(named)));
      }
    }
    store_.reset();
  }
}

TEST_P(ArchivedDays, AreVerifiedOffline) {
  TemporaryFolder data;
  ASSERT_TRUE(RocksDbDocumentStore::Open({.path = data.path() / "documents"}).ok());
  ASSERT_TRUE(store_->LinkTo(data.path() / "telemetry").ok());
  const auto sound = VerifyStores(data.path(), {});
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_THAT(sound->damage, ::testing::IsEmpty());
  EXPECT_GT(sound->frame_count, 4U * static_cast<unsigned>(frame_count_));
  TelemetryStoreOptions options = options_;
  options.path = data.path() / "telemetry";
  {
    auto database = internal::TelemetryDatabase::Open(options);
    ASSERT_TRUE(database.ok()) << database.status();
    const std::string key = internal::ArchiveKey(DayOf(kTimeMs), 3, 0, internal::GroupOf(9));
    std::string value;
    ASSERT_TRUE((*database)->db->Get({}, (*database)->archive, key, &value).ok());
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
    ASSERT_TRUE((*database)->db->Put({}, (*database)->archive, key, value).ok());
    ASSERT_TRUE((*database)->Flush().ok());
  }
  const auto damaged = VerifyStores(data.path(), {});
  ASSERT_TRUE(damaged.ok()) << damaged.status();
  ASSERT_THAT(damaged->damage, ::testing::SizeIs(1));
  EXPECT_THAT(damaged->damage[0], HasSubstr("vehicle 3 on 2026-03-01, signals from 8"));
}

INSTANTIATE_TEST_SUITE_P(ShortLivedSignals, ArchivedDays, ::testing::Bool());
INSTANTIATE_TEST_SUITE_P(ShortLivedSignals, LongArchivedDays, ::testing::Bool());

// A CAN log: messages of different periods, each of a few signals of its own.
FrameBatch CanLog(VehicleId vehicle, int frame_count) {
  constexpr int kMessages = 20;
  std::vector<std::shared_ptr<const Layout>> layouts;
  for (int m = 0; m < kMessages; ++m) {
    std::vector<SignalId> signals;
    for (int s = 0; s < 2 + m % 4; ++s) signals.push_back(static_cast<SignalId>(1 + m + s * 23));
    layouts.push_back(*Layout::Create(signals));
  }
  FrameBatch batch;
  std::mt19937 random(7);
  std::int64_t time_ms = kTimeMs;
  for (int i = 0; i < frame_count; ++i) {
    time_ms += 1 + static_cast<std::int64_t>(random() % 9);
    const auto& layout = layouts[std::min(random() % kMessages, random() % kMessages)];
    std::vector<RawValue> values;
    for (const SignalId signal : layout->signals())
      values.push_back(signal * 100 + i / 50 + static_cast<int>(random() % 3));
    batch.Add(vehicle, time_ms, layout, values);
  }
  return batch;
}

TEST(ArchivedCanLog, TakesNoMoreThanItsBlocks) {
  // One of a minute or so, and one of several sections.
  for (const int frame_count : {300, 3'000, 60'000}) {
    for (const bool short_lived : {false, true}) {
      SCOPED_TRACE(fmt::format("{} frames, short-lived signals: {}", frame_count, short_lived));
      TemporaryFolder folder;
      TelemetryStoreOptions options = {.path = folder.path()};
      options.archive_period = std::chrono::seconds{0};
      if (short_lived) options.short_lived_signals = {3, 26};
      auto store = Open(options);
      ASSERT_TRUE(AppendAndWait(*store, CanLog(1, frame_count)).ok());
      ASSERT_TRUE(store->Flush().ok());
      const auto sealed = ScanAll(*store, 1);
      const std::uint64_t block_bytes = store->Stats().block_bytes;
      ASSERT_TRUE(store->Archive(kTimeMs + kMsPerDay).ok());
      const std::uint64_t archive_bytes = store->Stats().archive_bytes;
      EXPECT_GT(archive_bytes, 0U);
      // Of a short log a second table, for short-lived signals, is more than its values.
      EXPECT_LE(archive_bytes, block_bytes + block_bytes / 10 + (short_lived ? 1'536 : 0));
      ASSERT_TRUE(sealed.ok() && ScanAll(*store, 1).ok());
      EXPECT_EQ(sealed->size(), static_cast<std::size_t>(frame_count));
      EXPECT_EQ(*ScanAll(*store, 1), *sealed);
    }
  }
}

// As programs of format 3 left them: blocks of 32 signals, some in the family of short-lived ones.
TEST(OldArchivedDay, IsReadAndArchivedAnewInTheNewForm) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  const std::int64_t day = DayOf(kTimeMs);
  const std::string prefix = internal::BlockPrefix(day, 1);
  {
    auto database = internal::TelemetryDatabase::Open(options);
    ASSERT_TRUE(database.ok()) << database.status();
    const auto put = [&](rocksdb::ColumnFamilyHandle* family, std::uint32_t group, SignalId signal) {
      FrameRun run;
      for (int i = 0; i < 100; ++i) {
        run.Add(kTimeMs + i * 1'000, *Layout::Create({signal}), std::vector<RawValue>{i * signal});
      }
      for (const std::size_t from : {0U, 60U}) {
        const std::size_t to = from == 0 ? 60 : 100;
        std::string key = prefix;
        PutBigEndian(key, group, 2);
        PutBigEndian(key, static_cast<std::uint32_t>(run.time_ms(to - 1) - day * kMsPerDay), 4);
        ASSERT_TRUE((*database)->db->Put({}, family, key, BlockCodec::Encode(1, 7, run, from, to)).ok());
      }
    };
    put((*database)->archive, 0, 5);
    put((*database)->archive, 12, 400);
    put((*database)->short_lived, 2'048 + 1, 33);
  }
  const auto expect_all = [](RocksDbTelemetryStore& store, std::size_t count) {
    const auto frames = ScanAll(store, 1);
    ASSERT_TRUE(frames.ok()) << frames.status();
    EXPECT_EQ(frames->size(), count);
    EXPECT_EQ(frames->at(kTimeMs + 70'000), (Cells{{5, 350}, {33, 2'310}, {400, 28'000}}));
    EXPECT_EQ(ScanAll(store, 1, {5, 33}, {kTimeMs + 59'000, kTimeMs + 61'000})->size(), 2U);
    for (const SignalId signal : {5, 33, 400}) {
      std::int64_t sum = 0;
      ASSERT_TRUE(store
                      .ScanSignal(1, signal, {kTimeMs, kTimeMs + 100'000}, {},
                                  [&](const SignalRun& run) {
                                    for (const RawValue value : run.values) sum += value;
                                    return true;
                                  })
                      .ok());
      EXPECT_EQ(sum, 99 * 100 / 2 * signal);
    }
  };
  auto store = Open(options);
  expect_all(*store, 100);
  ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + 200'000, {5}, {1})).ok());
  ASSERT_TRUE(store->Flush().ok());
  expect_all(*store, 101);
  ASSERT_TRUE(store->Archive(kTimeMs + kMsPerDay).ok());
  expect_all(*store, 101);
  store.reset();
  auto database = internal::TelemetryDatabase::Open(options);
  for (rocksdb::ColumnFamilyHandle* family : {(*database)->archive, (*database)->short_lived}) {
    const std::unique_ptr<rocksdb::Iterator> it((*database)->db->NewIterator({}, family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) EXPECT_EQ(it->key().size(), internal::kArchiveKeyBytes);
  }
}

TEST(SealedBlocks, AreFoundAmongManyFilesWithoutOpeningThoseWithoutTheVehicle) {
  constexpr VehicleId kVehicles = 10;
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.archive_period = std::chrono::seconds{0};
  auto store = Open(options);
  // Files of the vehicles 0 and k: all overlap each other.
  for (VehicleId vehicle = 1; vehicle <= kVehicles; ++vehicle) {
    for (const VehicleId of : {VehicleId{1}, vehicle, VehicleId{1'000}}) {
      ASSERT_TRUE(
          AppendAndWait(*store, OneFrame(of, kTimeMs + vehicle * 1'000, {1}, {static_cast<RawValue>(of)})).ok());
    }
    ASSERT_TRUE(store->Flush().ok());
  }
  for (VehicleId vehicle = 2; vehicle <= kVehicles; ++vehicle) {
    rocksdb::get_perf_context()->Reset();
    const auto frames = ScanAll(*store, vehicle);
    ASSERT_TRUE(frames.ok()) << frames.status();
    EXPECT_EQ(frames->size(), 1U);
    EXPECT_EQ(rocksdb::get_perf_context()->bloom_sst_miss_count, kVehicles - 1U);
  }
  EXPECT_EQ(ScanAll(*store, 1)->size(), std::size_t{kVehicles});
  EXPECT_EQ(ScanAll(*store, 1'000)->size(), std::size_t{kVehicles});
}

// However many flushes a day's blocks came with, and although they were never merged.
TEST(ArchivedBlocks, LeaveTheDiskAtOnceAndTheOpenDayStays) {
  const TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.archive_period = std::chrono::seconds{0};
  const auto store = Open(options);
  constexpr int kFlushes = 5;
  const auto append = [&](std::int64_t day) {
    for (int i = 0; i < kFlushes; ++i) {
      ASSERT_TRUE(AppendAndWait(*store, OneFrame(1, kTimeMs + day * kMsPerDay + i, {1, 2}, {i, -i})).ok());
      ASSERT_TRUE(store->Flush().ok());
    }
  };
  for (const std::int64_t day : {0, 1}) append(day);
  const std::uint64_t before = store->Stats().block_bytes;
  append(2);
  const std::uint64_t of_a_day = store->Stats().block_bytes - before;
  ASSERT_GT(of_a_day, 0U);
  ASSERT_TRUE(store->Archive(kTimeMs + 2 * kMsPerDay).ok());
  // What says that the blocks are removed may be there until files behind it go.
  EXPECT_LT(store->Stats().block_bytes, of_a_day * 2);
  EXPECT_EQ(ScanAll(*store, 1)->size(), 3U * kFlushes);
  ASSERT_TRUE(store->Archive(kTimeMs + 3 * kMsPerDay).ok());
  EXPECT_LT(store->Stats().block_bytes, of_a_day);
  EXPECT_EQ(ScanAll(*store, 1)->size(), 3U * kFlushes);
}

TEST(ColdMonth, IsReadAheadByOthers) {
  constexpr int kDays = 40;
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.archive_period = std::chrono::seconds{0};
  auto store = Open(options);
  FrameBatch batch;
  for (int i = 0; i < kDays * 24; ++i) {
    batch.Add(1, kTimeMs + i * 3'600'000LL, *Layout::Create({1}), std::vector<RawValue>{i});
  }
  ASSERT_TRUE(AppendAndWait(*store, std::move(batch)).ok());
  ASSERT_TRUE(store->Flush().ok());
  ASSERT_TRUE(store->Archive(kTimeMs + kDays * kMsPerDay).ok());
  store.reset();
  store = Open(options);
  rocksdb::get_perf_context()->Reset();
  int next = 0;
  const Status status = store->ScanSignal(1, 1, {}, {}, [&next](const SignalRun& run) {
    for (const RawValue value : run.values) EXPECT_EQ(value, next++);
    return true;
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(next, kDays * 24);
  EXPECT_LT(rocksdb::get_perf_context()->block_read_count, kDays) << "by this thread";
}

TEST(BlockList, KeepsUpToEightPaces) {
  using internal::PacesOf;
  std::vector<std::int64_t> times_ms = {1'000};
  EXPECT_EQ(PacesOf(times_ms, 0).size(), 1U);
  // 16 times are 8 pairs of any distances; the 17th is one more.
  for (int i = 1; i < 16; ++i) times_ms.push_back(times_ms.back() + (i % 2 == 0 ? 5'000 + i : i));
  internal::BlockListWriter writer;
  const auto paces = PacesOf(times_ms, 0);
  EXPECT_EQ(paces.size(), internal::kPacesMax);
  writer.AddSteady(paces, "block");
  writer.AddNumbered("another");
  writer.FillUp(3);
  const std::string bytes = writer.Take(7, 300);
  internal::BlockList list;
  ASSERT_TRUE(list.Read(bytes).ok());
  EXPECT_EQ(list.vehicle, 7U);
  EXPECT_EQ(list.sequence, 300U);
  ASSERT_EQ(list.entries.size(), 3U);
  std::vector<std::int64_t> read_ms;
  list.entries[0].GetTimes(0, read_ms);
  EXPECT_EQ(read_ms, times_ms);
  EXPECT_EQ(list.entries[0].block, "block");
  EXPECT_EQ(list.entries[1].block, "another");
  EXPECT_EQ(list.entries[2].form, internal::BlockForm::kAbsent);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(list.Read(bytes.substr(0, size)).ok());
  times_ms.push_back(times_ms.back() + 1);
  EXPECT_TRUE(PacesOf(times_ms, 0).empty());
}

}  // namespace
}  // namespace telltale
