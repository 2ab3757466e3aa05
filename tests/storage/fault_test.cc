// Disks that fail, fill up, tear and flip: what was acknowledged is there or its loss is told, never something else.

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include "storage/rocksdb/disk_space.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "tests/rounds.h"
#include "tests/storage/crash_writer.h"
#include "tests/storage/faulty_file_system.h"
#include "tests/storage/store_access.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Operation = FaultyFileSystem::Operation;

bool IsJournal(const std::string& path) { return path.find("/journal") != std::string::npos; }

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::vector<std::filesystem::path> Segments(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "journal")) segments.push_back(entry.path());
  std::ranges::sort(segments);
  return segments;
}

// Without the zeros that an open segment may have behind its end. Records begin at multiples of 8.
std::size_t WrittenBytes(const std::filesystem::path& segment) {
  return (ReadFile(segment).find_last_not_of('\0') + 8) / 8 * 8;
}

// A store on a disk that can fail, and what was sent to it. Batch i has a frame for vehicle 1 and one for vehicle 2.
class StoreOnBadDisk {
 public:
  explicit StoreOnBadDisk(const std::string& path) : options_(SmallOptions(path)) {
    files_->SkipSyncs();
    options_.env = env_.get();
    options_.retry_interval = std::chrono::milliseconds{20};
  }

  FaultyFileSystem& files() { return *files_; }
  TelemetryStoreOptions& options() { return options_; }
  RocksDbTelemetryStore& store() { return *store_; }
  void Open() { store_ = telltale::Open(options_); }
  void Close() { store_.reset(); }

  Status Append(int i) {
    FrameBatch batch = OneFrame(1, kTimeMs + i * 1000LL, {1, 2}, {i, -i});
    batch.Add(2, kTimeMs + i * 1000LL, *Layout::Create({3}), std::array<RawValue, 1>{i});
    const Status status = AppendAndWait(*store_, std::move(batch)).status();
    (status.ok() ? acknowledged_ : refused_).insert(i);
    return status;
  }

  // Everything acknowledged is there as it was sent; of what was refused nothing, or whole batches.
  void ExpectSound(bool refused_may_be_there) {
    const auto first = ScanAll(*store_, 1);
    const auto second = ScanAll(*store_, 2);
    ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
    VehicleFrames expected_first;
    VehicleFrames expected_second;
    std::set<int> there = acknowledged_;
    for (const int i : refused_) {
      if (refused_may_be_there && first->contains(kTimeMs + i * 1000LL)) there.insert(i);
    }
    for (const int i : there) {
      expected_first[kTimeMs + i * 1000LL] = {{1, i}, {2, -i}};
      expected_second[kTimeMs + i * 1000LL] = {{3, i}};
    }
    EXPECT_EQ(*first, expected_first);
    EXPECT_EQ(*second, expected_second);
  }

  // True in time, which is long for a slow machine.
  bool WaitUntil(bool writable) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (store_->Stats().writable != writable) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }

 private:
  const std::shared_ptr<FaultyFileSystem> files_ = std::make_shared<FaultyFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  TelemetryStoreOptions options_;
  std::unique_ptr<RocksDbTelemetryStore> store_;
  std::set<int> acknowledged_;
  std::set<int> refused_;
};

// --- A disk that fails and gets well
// ----------------------------------------------------------------------------------

struct FaultCase {
  const char* name;
  bool in_journal;
  bool in_database;
  Operation operation;
  rocksdb::IOStatus (*status)(const std::string& path);
};

class FailingDisk : public ::testing::TestWithParam<std::tuple<FaultCase, bool>> {
 protected:
  // Some frames in durable blocks, some in heads; then the fault, until the store has seen it.
  void BreakTheDisk() {
    const auto& [fault, direct_writes] = GetParam();
    if (!direct_writes) disk_.files().RefuseDirectWrites();
    disk_.Open();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(disk_.Append(i).ok());
    ASSERT_TRUE(disk_.store().Flush().ok());
    for (int i = 20; i < 33; ++i) ASSERT_TRUE(disk_.Append(i).ok());
    disk_.files().Fail([fault = fault](Operation operation, const std::string& path) {
      const bool here = IsJournal(path) ? fault.in_journal : fault.in_database;
      return here && operation == fault.operation ? fault.status(path) : rocksdb::IOStatus::OK();
    });
    if (fault.in_journal) {
      EXPECT_TRUE(absl::IsUnavailable(disk_.Append(100)));
    }
    if (fault.in_database) {
      EXPECT_TRUE(absl::IsUnavailable(disk_.store().Flush()));
    }
    ASSERT_TRUE(disk_.WaitUntil(false));
    const Status refused = disk_.Append(101);
    EXPECT_TRUE(absl::IsUnavailable(refused));
    EXPECT_THAT(refused.ToString(), HasSubstr("the disk is"));
    disk_.ExpectSound(false);
  }

  TemporaryFolder folder_;
  StoreOnBadDisk disk_{folder_.path()};
};

TEST_P(FailingDisk, StopsAcknowledgementsAndHealsByItself) {
  BreakTheDisk();
  disk_.files().Heal();
  ASSERT_TRUE(disk_.WaitUntil(true));
  for (int i = 40; i < 60; ++i) ASSERT_TRUE(disk_.Append(i).ok());
  disk_.ExpectSound(false);
  ASSERT_TRUE(disk_.store().Flush().ok());
  disk_.ExpectSound(false);
  disk_.Close();
  disk_.Open();
  EXPECT_EQ(disk_.store().Stats().replayed_frame_count, 0U) << "a flush that said so was one";
  disk_.ExpectSound(false);
  ASSERT_TRUE(disk_.Append(60).ok());
  disk_.Close();
  disk_.Open();
  disk_.ExpectSound(false);
  EXPECT_EQ(disk_.store().Stats().replay_damaged_count, 0U);
}

class DiskThatFailsForGood : public FailingDisk {};

TEST_P(DiskThatFailsForGood, LosesNothingWhenTheProcessEndsFirst) {
  BreakTheDisk();
  disk_.Close();
  disk_.files().Heal();
  disk_.Open();
  EXPECT_EQ(disk_.store().Stats().replay_damaged_count, 0U);
  disk_.ExpectSound(true);
  for (int i = 40; i < 60; ++i) ASSERT_TRUE(disk_.Append(i).ok());
  disk_.Close();
  disk_.Open();
  disk_.ExpectSound(true);
}

std::string NameOf(const ::testing::TestParamInfo<FailingDisk::ParamType>& test) {
  return fmt::format("{}{}", std::get<0>(test.param).name, std::get<1>(test.param) ? "Direct" : "Buffered");
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FailingDisk,
    ::testing::Combine(
        ::testing::Values(FaultCase{"JournalWrite", true, false, Operation::kWrite, FaultyFileSystem::Broken},
                          FaultCase{"JournalSync", true, false, Operation::kSync, FaultyFileSystem::Broken},
                          FaultCase{"JournalFull", true, false, Operation::kWrite, FaultyFileSystem::Full},
                          FaultCase{"DatabaseWrite", false, true, Operation::kWrite, FaultyFileSystem::Broken},
                          FaultCase{"DatabaseSync", false, true, Operation::kSync, FaultyFileSystem::Broken},
                          FaultCase{"DatabaseFullForNewFiles", false, true, Operation::kCreate, FaultyFileSystem::Full},
                          FaultCase{"BothWrite", true, true, Operation::kWrite, FaultyFileSystem::Broken},
                          FaultCase{"BothFull", true, true, Operation::kWrite, FaultyFileSystem::Full}),
        ::testing::Bool()),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Faults, DiskThatFailsForGood,
    ::testing::Combine(
        ::testing::Values(FaultCase{"JournalWrite", true, false, Operation::kWrite, FaultyFileSystem::Broken},
                          FaultCase{"JournalSync", true, false, Operation::kSync, FaultyFileSystem::Broken},
                          FaultCase{"BothFull", true, true, Operation::kWrite, FaultyFileSystem::Full}),
        ::testing::Bool()),
    NameOf);

TEST(UnreadableDisk, GivesErrorsAndOverwritesNothing) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.Open();
  ASSERT_TRUE(disk.Append(1).ok());
  ASSERT_TRUE(AppendAndWait(disk.store(), OneFrame(1, kTimeMs + 2000, {9}, {90})).ok());
  for (int life = 0; life < 2; ++life) {
    // Until the journal has nothing of the vehicle, so that opening does not look at it.
    ASSERT_TRUE(disk.store().Flush().ok());
    disk.Close();
    disk.Open();
  }
  disk.files().Fail([](Operation operation, const std::string& path) {
    return operation == Operation::kRead && path.ends_with(".sst") ? FaultyFileSystem::Broken(path)
                                                                   : rocksdb::IOStatus::OK();
  });
  const auto unreadable = [](const Status& status) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr("vehicle 1"), HasSubstr("read")));
  };
  unreadable(ScanAll(disk.store(), 1).status());
  unreadable(disk.store().Latest(1, {}).status());
  unreadable(disk.store().Extent(1).status());
  unreadable(disk.Append(3));
  disk.files().Heal();
  EXPECT_EQ(ScanAll(disk.store(), 1)->size(), 2U);
  ASSERT_TRUE(AppendAndWait(disk.store(), OneFrame(1, kTimeMs + 4000, {9}, {91})).ok());
  ASSERT_TRUE(disk.store().Flush().ok());
  disk.Close();
  disk.Open();
  EXPECT_EQ(disk.store().Latest(1, {})->size(), 3U) << "signals 1 and 2 of the first frame, 9 of the last";
}

// --- A disk that is nearly full
// -----------------------------------------------------------------------------------------

TEST(DiskSpace, WantsATenthMoreOnceThereWasTooLittle) {
  const auto files = std::make_shared<FaultyFileSystem>();
  const auto env = rocksdb::NewCompositeEnv(files);
  internal::DiskSpace space(*env, "/tmp", 1000);
  const auto is_enough = [&](std::uint64_t bytes) {
    files->SetFreeBytes(bytes);
    return space.Check().ok();
  };
  EXPECT_TRUE(is_enough(1000));
  EXPECT_FALSE(is_enough(999));
  EXPECT_FALSE(is_enough(1099));
  EXPECT_TRUE(is_enough(1100));
  EXPECT_TRUE(is_enough(1000));
  EXPECT_TRUE(internal::DiskSpace(*env, "/tmp", 0).Check().ok());
}

TEST(NearlyFullDisk, RefusesFramesUntilThereIsSpaceAgain) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.options().disk_free_bytes_min = 5000;
  disk.files().SetFreeBytes(4999);
  disk.Open();  // which it does, so that what is there can be read
  EXPECT_FALSE(disk.store().Stats().writable);
  const Status refused = disk.Append(1);
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_THAT(refused.ToString(), AllOf(HasSubstr("4999"), HasSubstr("5000"), HasSubstr("store.disk_free_bytes_min")));
  disk.files().SetFreeBytes(5500);
  ASSERT_TRUE(disk.WaitUntil(true));
  ASSERT_TRUE(disk.Append(2).ok());
  disk.files().SetFreeBytes(0);
  ASSERT_TRUE(disk.WaitUntil(false));
  EXPECT_TRUE(absl::IsUnavailable(disk.Append(3)));
  disk.ExpectSound(false);
  disk.files().SetFreeBytes(std::nullopt);
  ASSERT_TRUE(disk.WaitUntil(true));
  ASSERT_TRUE(disk.Append(4).ok());
  disk.Close();
  disk.Open();
  disk.ExpectSound(false);
}

TEST(NearlyFullDisk, IsSeenBeforeANewSegmentIsBegun) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.options().disk_free_bytes_min = 1;
  disk.options().retry_interval = std::chrono::hours{1};
  disk.options().journal_segment_bytes = 1 << 16;
  disk.Open();
  disk.files().SetFreeBytes(0);
  int i = 0;
  while (i < 10'000 && disk.Append(i).ok()) ++i;
  EXPECT_GT(i, 100);
  EXPECT_LT(i, 10'000);
  EXPECT_EQ(Segments(folder.path()).size(), 1U);
}

// --- Files that are damaged while the store is closed
// ------------------------------------------------------------------

// A copy of the closed store, whose segment has these bytes instead.
std::unique_ptr<RocksDbTelemetryStore> OpenTorn(StoreOnBadDisk& disk, const std::string& copy,
                                                const std::filesystem::path& segment, std::string_view bytes) {
  std::filesystem::remove_all(copy);
  std::filesystem::copy(disk.options().path, copy, std::filesystem::copy_options::recursive);
  WriteFile(copy + "/journal/" + segment.filename().string(), bytes);
  TelemetryStoreOptions options = disk.options();
  options.path = copy;
  return Open(options);
}

TEST(TornJournal, IsWholeOrEndsWithTheGroupBefore) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path() / "store");
  disk.options().frames_per_block = 128;  // nothing is sealed
  disk.Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(disk.Append(i).ok());
  const std::filesystem::path segment = Segments(disk.options().path).back();
  const std::size_t before = WrittenBytes(segment);
  ASSERT_TRUE(disk.Append(3).ok());
  disk.Close();
  const std::string bytes = ReadFile(segment);
  EXPECT_EQ(bytes.size(), WrittenBytes(segment)) << "a segment that was closed has nothing behind its end";
  ASSERT_GT(bytes.size(), before);
  const std::string copy = folder.path() / "copy";
  // Under a sanitizer every seventh, and all where padding may be.
  const auto next = [&](std::size_t size) { return size + (kSanitized && size + 9 < bytes.size() ? 7 : 1); };
  for (std::size_t size = before; size <= bytes.size(); size = next(size)) {
    SCOPED_TRACE(fmt::format("{} bytes", size));
    const auto store = OpenTorn(disk, copy, segment, bytes.substr(0, size));
    ASSERT_NE(store, nullptr);
    // The padding is written and not needed.
    const std::size_t count = ScanAll(*store, 1)->size();
    EXPECT_TRUE(count == (size == bytes.size() ? 4U : 3U) || (size + 8 > bytes.size() && count == 4)) << count;
    EXPECT_EQ(ScanAll(*store, 2)->size(), count);
    EXPECT_EQ(store->Stats().replay_damaged_count, 0U);
  }
}

// Around the page cache a group is written in pages, of which a disk writes some sectors and others not.
TEST(TornJournal, OfSectorsEndsWithTheGroupBefore) {
  constexpr std::size_t kSector = 512;
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path() / "store");
  disk.files().SkipSyncs();
  disk.options().frames_per_block = 4096;  // nothing is sealed
  disk.Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(disk.Append(i).ok());
  const std::filesystem::path segment = Segments(disk.options().path).back();
  const std::size_t before = WrittenBytes(segment);
  std::mt19937 random(7);
  std::vector<SignalId> signals(400);
  std::iota(signals.begin(), signals.end(), SignalId{1});
  const auto layout = Layout::Create(signals);
  FrameBatch batch;
  for (int i = 0; i < 100; ++i) {
    std::vector<RawValue> values(signals.size());
    for (RawValue& value : values) value = static_cast<RawValue>(random() >> 1);
    batch.Add(3, kTimeMs + i, *layout, values);
  }
  ASSERT_TRUE(AppendAndWait(disk.store(), std::move(batch)).ok());
  const std::size_t after = WrittenBytes(segment);
  ASSERT_TRUE(disk.Append(3).ok());
  disk.Close();
  const std::string bytes = ReadFile(segment);
  const std::size_t sectors = (after - before) / kSector;
  ASSERT_GT(sectors, 256U) << "several records";
  const std::string copy = folder.path() / "copy";
  for (int round = 0; round < Rounds(40); ++round) {
    std::string torn = bytes.substr(0, after);
    torn.resize((after + 4095) / 4096 * 4096);
    const std::size_t holes = round % 4 == 0 ? 1 : 1 + random() % sectors;
    for (std::size_t hole = 0; hole < holes; ++hole) {
      // The sector that earlier records end in has these all the same.
      const std::size_t sector = before / kSector + (round == 0 ? 0 : random() % (sectors + 1));
      const std::size_t begin = std::max(before, sector * kSector);
      std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(begin), (sector + 1) * kSector - begin, '\0');
    }
    SCOPED_TRACE(fmt::format("round {}: {} sectors of {} missing", round, holes, sectors));
    {
      const auto store = OpenTorn(disk, copy, segment, torn);
      ASSERT_NE(store, nullptr);
      EXPECT_EQ(ScanAll(*store, 1)->size(), 3U);
      EXPECT_TRUE(ScanAll(*store, 3)->empty());
      EXPECT_EQ(store->Stats().replay_damaged_count, 0U);
    }
    if (round % 8 != 0) continue;
    // The same before a group that was acknowledged is damage.
    const auto store = OpenTorn(disk, copy, segment, torn.substr(0, after) + bytes.substr(after));
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(ScanAll(*store, 1)->size(), 4U);
    EXPECT_LT(ScanAll(*store, 3)->size(), 100U);
    EXPECT_GT(store->Stats().replay_damaged_count, 0U);
  }
}

// The crash came before the first page was on the disk: the file system shows a page that was never written.
TEST(BegunSegment, OfZerosIsBegunAgain) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(disk.Append(i).ok());
  disk.Close();
  WriteFile(folder.path() / "journal/0000000002.journal", std::string(4096, '\0'));
  disk.Open();
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 0U);
  disk.ExpectSound(false);
}

// A vehicle's frames t=10, 20, then in one record 15 and, each packed against the one before, 30 and 40. Without the
// record of 20, what 40 is packed against is not there, though the record has another frame that fits.
TEST(DamagedJournal, DecodesNoFrameAgainstAnotherThanItsOwn) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.Open();
  const auto frame = [](int t, RawValue value) { return OneFrame(1, kTimeMs + t, {1}, {value}); };
  ASSERT_TRUE(AppendAndWait(disk.store(), frame(10, 100)).ok());
  const std::filesystem::path segment = Segments(folder.path()).back();
  const std::size_t second_record = WrittenBytes(segment);
  ASSERT_TRUE(AppendAndWait(disk.store(), frame(20, 200)).ok());
  FrameBatch batch = frame(15, 150);
  for (const int t : {30, 40}) batch.Add(1, kTimeMs + t, *Layout::Create({1}), std::array<RawValue, 1>{t * 10});
  ASSERT_TRUE(AppendAndWait(disk.store(), std::move(batch)).ok());
  disk.Close();
  std::string bytes = ReadFile(segment);
  bytes[second_record + 30] ^= 1;
  WriteFile(segment, bytes);
  disk.Open();
  EXPECT_EQ(*ScanAll(disk.store(), 1), (VehicleFrames{{kTimeMs + 10, {{1, 100}}}, {kTimeMs + 15, {{1, 150}}}}));
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 1U);
  EXPECT_EQ(disk.store().Stats().replay_lost_frame_count, 2U);
  // What goes on from there is whole, also for the next replay.
  ASSERT_TRUE(AppendAndWait(disk.store(), frame(25, 250)).ok());
  ASSERT_TRUE(AppendAndWait(disk.store(), frame(26, 260)).ok());
  disk.Close();
  disk.Open();
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 0U);
  EXPECT_EQ(disk.store().Stats().replay_lost_frame_count, 0U);
  EXPECT_EQ(ScanAll(disk.store(), 1)->size(), 4U);
}

TEST(LostJournal, IsCountedAndWhatIsAppendedLaterIsReplayed) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  disk.Open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(disk.Append(i).ok());
  ASSERT_TRUE(disk.store().Flush().ok());
  disk.Close();
  std::filesystem::remove_all(folder.path() / "journal");
  disk.Open();
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 1U);
  ASSERT_TRUE(disk.Append(10).ok());
  disk.Close();
  disk.Open();
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 0U);
  disk.ExpectSound(false);
}

TEST(LostDatabase, IsCountedWhenTheJournalShowsIt) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path());
  for (int life = 0; life < 3; ++life) {
    disk.Open();
    ASSERT_TRUE(disk.Append(life).ok());
    ASSERT_TRUE(disk.store().Flush().ok());
    ASSERT_TRUE(disk.store().Flush().ok());  // between the two the journal is trimmed
    EXPECT_EQ(disk.store().Stats().replay_damaged_count, 0U);
    disk.Close();
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.is_regular_file()) std::filesystem::remove(entry.path());
  }
  disk.Open();
  EXPECT_EQ(disk.store().Stats().replay_damaged_count, 1U);
}

// --- A flipped bit in any file
// -----------------------------------------------------------------------------------------

constexpr VehicleId kFleet = 3;

// Frames of the fleet in blocks of several files and in several segments of the journal.
void WriteFleet(StoreOnBadDisk& disk, std::map<VehicleId, VehicleFrames>& written) {
  int t = 0;
  for (int life = 0; life < 3; ++life) {
    disk.Open();
    for (int i = 0; i < 24; ++i, ++t) {
      for (VehicleId vehicle = 1; vehicle <= kFleet; ++vehicle) {
        const Cells cells = {{1, t}, {2, 1000 - t}, {3 + life, static_cast<RawValue>(t * vehicle)}};
        std::vector<SignalId> signals;
        std::vector<RawValue> values;
        for (const auto& [signal, raw] : cells) {
          signals.push_back(signal);
          values.push_back(raw);
        }
        ASSERT_TRUE(AppendAndWait(disk.store(), OneFrame(vehicle, kTimeMs + t * 1000LL, signals, values)).ok());
        written[vehicle][kTimeMs + t * 1000LL] = cells;
      }
      if (i == 11 && life < 2) {
        ASSERT_TRUE(disk.store().Flush().ok());
      }
    }
    disk.Close();
  }
}

// What an error has to say: that data is lost, of which file, and of whom.
void ExpectNamed(const Status& status, const std::string& file, const std::string& whose) {
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.ToString(), AllOf(HasSubstr(file), HasSubstr(whose)));
}

// Opens a store of which one bit is flipped and compares what it gives with what was written.
void CheckDamaged(const TelemetryStoreOptions& options, const std::string& file, bool in_journal,
                  const std::map<VehicleId, VehicleFrames>& written) {
  const auto opened = RocksDbTelemetryStore::Open(options);
  if (!opened.ok()) return ExpectNamed(opened.status(), file, "");
  RocksDbTelemetryStore& store = **opened;
  std::size_t missing_count = 0;
  for (const auto& [vehicle, expected] : written) {
    const std::string whose = fmt::format("vehicle {}", vehicle);
    const auto frames = ScanAll(store, vehicle);
    if (!frames.ok()) {
      ExpectNamed(frames.status(), file, whose);
    } else {
      missing_count += expected.size() - frames->size();
      for (const auto& [time_ms, cells] : *frames) EXPECT_EQ(cells, expected.at(time_ms)) << whose;
    }
    const auto latest = store.Latest(vehicle, {});
    if (!latest.ok()) ExpectNamed(latest.status(), file, whose);
    if (!latest.ok() || store.Stats().replay_damaged_count > 0) continue;
    EXPECT_EQ(latest->size(), 5U);
    for (const LatestValue& value : *latest) EXPECT_EQ(value.raw, expected.at(value.measure_time_ms).at(value.signal));
  }
  std::size_t latest_count = 0;
  const Status latest_of_all = store.ScanLatest(1, {}, [&](const LatestRun& run) {
    for (std::size_t i = 0; i < run.values.size(); ++i) {
      if (run.values[i] == kAbsent) continue;
      ++latest_count;
      EXPECT_EQ(run.values[i], written.at(run.first_vehicle + static_cast<VehicleId>(i)).at(run.times_ms[i]).at(1));
    }
    return true;
  });
  EXPECT_TRUE(latest_of_all.ok() || absl::IsDataLoss(latest_of_all)) << latest_of_all;
  if (latest_of_all.ok() && store.Stats().replay_damaged_count == 0) {
    EXPECT_EQ(latest_count, written.size());
  }
  // The journal's damage takes no more than the rest of a vehicle's head with it, at most all frames of a life; all
  // other damage is an error.
  if (in_journal) {
    EXPECT_LE(missing_count, 24U);
  } else {
    EXPECT_EQ(missing_count, 0U);
  }
  EXPECT_TRUE(missing_count == 0 || store.Stats().replay_damaged_count > 0);
}

TEST(FlippedBit, IsToldAndNeverGivenAsData) {
  TemporaryFolder folder;
  StoreOnBadDisk disk(folder.path() / "store");
  std::map<VehicleId, VehicleFrames> written;
  WriteFleet(disk, written);
  const std::string copy = folder.path() / "copy";
  TelemetryStoreOptions options = disk.options();
  options.path = copy;
  std::mt19937 random(11);
  int flip_count = 0;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(disk.options().path)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  for (const std::filesystem::path& whole_path : paths) {
    const std::string path = std::filesystem::relative(whole_path, disk.options().path);
    const std::string name = whole_path.filename();
    // What RocksDB only writes for people and other tools.
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "IDENTITY") continue;
    const std::string bytes = ReadFile(whole_path);
    if (bytes.empty()) continue;
    const int flips = Rounds(name.starts_with("MANIFEST") ? 40 : 12);
    for (int i = 0; i < flips; ++i, ++flip_count) {
      const std::size_t bit = random() % (8 * bytes.size());
      SCOPED_TRACE(fmt::format("{} of {} bytes, bit {} of byte {}", path, bytes.size(), bit % 8, bit / 8));
      std::filesystem::remove_all(copy);
      std::filesystem::copy(disk.options().path, copy, std::filesystem::copy_options::recursive);
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      WriteFile(copy + "/" + path, damaged);
      CheckDamaged(options, name, IsJournal(whole_path), written);
    }
  }
  EXPECT_GE(flip_count, Rounds(100));
}

// On a slow disk RocksDB may begin to merge the very files that are being deleted, which it does not survive. Here its
// thread that merges is held until the first of them is on its way, so that it comes to the others meanwhile.
TEST(SlowDisk, OldDaysGoWhileTheirFilesAreMerged) {
  const TemporaryFolder folder;
  const auto files = std::make_shared<FaultyFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  files->SkipSyncs();
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.env = env.get();
  const auto opened = internal::TelemetryDatabase::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  internal::TelemetryDatabase& database = **opened;
  rocksdb::DB& db = *database.db;

  std::atomic<bool> merging = false;
  std::atomic<bool> deleting = false;
  const std::thread::id deleter = std::this_thread::get_id();
  files->Fail([&, deleter](Operation operation, const std::string& path) {
    std::array<char, 16> thread_name{};
    pthread_getname_np(pthread_self(), thread_name.data(), thread_name.size());
    if (thread_name.data() == std::string_view("rocksdb:low") && operation == Operation::kCreate) {
      merging = true;
      while (!deleting) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    if (merging && std::this_thread::get_id() == deleter && path.find("MANIFEST") != std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return rocksdb::IOStatus::OK();
  });
  const auto put = [&](rocksdb::ColumnFamilyHandle* family, const std::string& key) {
    EXPECT_TRUE(db.Put({}, family, key, "y").ok());
    EXPECT_TRUE(db.Flush({}, family).ok());
  };
  put(database.latest, "1");
  std::thread merge([&] { EXPECT_TRUE(db.CompactRange({}, database.latest, nullptr, nullptr).ok()); });
  while (!merging) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  for (std::int64_t day = 1; day <= 6; ++day) put(database.short_lived, internal::BlockPrefix(day, 1) + "x");
  deleting = true;
  EXPECT_TRUE(database.DropDays({database.short_lived}, 7).ok());
  merge.join();
  put(database.short_lived, internal::BlockPrefix(8, 1) + "x");
  EXPECT_TRUE(database.Flush().ok());
  std::uint64_t errors = 0;
  EXPECT_TRUE(db.GetIntProperty("rocksdb.background-errors", &errors));
  EXPECT_EQ(errors, 0U);
}

}  // namespace
}  // namespace telltale
