// Which heads become blocks when there is more in memory than may be.

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/crash_writer.h"
#include "tests/storage/store_access.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr VehicleId kVehicles = 20;
constexpr int kRounds = 60;

// Every second vehicle stands; all values of the others change with each frame.
FrameBatch Round(int round, const std::shared_ptr<const Layout>& layout, std::mt19937& random) {
  FrameBatch batch;
  for (VehicleId vehicle = 1; vehicle <= kVehicles; ++vehicle) {
    const std::span<RawValue> row = batch.AddUninitialized(vehicle, kTimeMs + round * 10'000, layout);
    for (RawValue& value : row) value = vehicle % 2 == 0 ? 7 : static_cast<RawValue>(random() % 1'000'000);
  }
  return batch;
}

TEST(HeadMemory, VehiclesThatStandKeepTheirHeadsWhileOthersHaveMoreToGive) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 4'096;
  options.head_bytes_max = 256 << 10;  // of 60 frames of ten vehicles, some 800 kB
  std::vector<SignalId> signals(300);
  for (std::size_t i = 0; i < signals.size(); ++i) signals[i] = static_cast<SignalId>(i + 1);
  const auto layout = *Layout::Create(signals);
  std::mt19937 random(1);
  const auto store = Open(options);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(AppendAndWait(*store, Round(round, layout, random)).ok());
  }
  EXPECT_GT(store->Stats().block_count, 5U);
  const std::uint64_t standing = kVehicles / 2 * kRounds;
  EXPECT_GE(store->Stats().head_frame_count, standing);
  EXPECT_LT(store->Stats().head_frame_count, standing + kVehicles / 2 * kRounds / 2);
  for (VehicleId vehicle = 1; vehicle <= kVehicles; ++vehicle) {
    const auto frames = ScanAll(*store, vehicle);
    ASSERT_TRUE(frames.ok()) << frames.status();
    EXPECT_EQ(frames->size(), static_cast<std::size_t>(kRounds)) << vehicle;
  }
}

// At its limit the journal asks for a flush with each group, which makes more tables than RocksDB can merge.
TEST(HeadMemory, HeadsOfVehiclesThatStandGoBeforeTheJournalIsFull) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 4'096;
  options.head_bytes_max = 256 << 10;
  options.journal_segment_bytes = 64 << 10;
  options.journal_bytes_max = 2 << 20;
  options.write_buffer_bytes = 128 << 10;
  std::vector<SignalId> signals(300);
  for (std::size_t i = 0; i < signals.size(); ++i) signals[i] = static_cast<SignalId>(i + 1);
  const auto layout = *Layout::Create(signals);
  std::mt19937 random(1);
  const auto store = Open(options);
  std::uint64_t journal_bytes_max = 0;
  for (int round = 0; round < 600; ++round) {  // some 5 MB of journal
    ASSERT_TRUE(AppendAndWait(*store, Round(round, layout, random)).ok());
    std::uint64_t journal_bytes = store->Stats().journal_bytes;
    journal_bytes_max = std::max(journal_bytes_max, journal_bytes);
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);  // a slow machine seals late
    while (journal_bytes >= options.journal_bytes_max * 9 / 10 && std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      journal_bytes = store->Stats().journal_bytes;
    }
    ASSERT_LT(journal_bytes, options.journal_bytes_max * 9 / 10) << "in round " << round;
  }
  EXPECT_GT(journal_bytes_max, options.journal_bytes_max / 2);  // heads of those that stand were kept
}

TEST(HeadMemory, WhereAllStandTheOldestGo) {
  TemporaryFolder folder;
  TelemetryStoreOptions options = SmallOptions(folder.path());
  options.frames_per_block = 4'096;
  options.head_bytes_max = 1;
  const auto store = Open(options);
  for (int round = 0; round < kRounds; ++round) {
    FrameBatch batch;
    for (VehicleId vehicle = 1; vehicle <= kVehicles; ++vehicle) {
      batch.Add(vehicle, kTimeMs + round * 10'000, *Layout::Create({2}), std::vector<RawValue>{7});
    }
    ASSERT_TRUE(AppendAndWait(*store, std::move(batch)).ok());
  }
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_GT(store->Stats().block_count, std::uint64_t{kVehicles});
  EXPECT_EQ(ScanAll(*store, 1)->size(), static_cast<std::size_t>(kRounds));
}

}  // namespace
}  // namespace telltale
