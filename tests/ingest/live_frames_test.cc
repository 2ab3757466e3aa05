#include "ingest/live_frames.h"

#include <array>

#include <gtest/gtest.h>

namespace telltale {
namespace {

FrameBatch OneFrame(VehicleId vehicle, std::int64_t time_ms) {
  FrameBatch batch;
  batch.Add(vehicle, time_ms, *Layout::Create({1}), std::array<RawValue, 1>{7});
  return batch;
}

TEST(LiveFrames, ASlowWatcherKeepsTheNewestAndLearnsWhatItMissed) {
  LiveFrames live({.frames_per_watcher_max = 2});
  int woken = 0;
  const auto watcher = *live.Watch({5}, [&woken] { ++woken; });
  for (std::int64_t time_ms = 1; time_ms <= 5; ++time_ms) live.Publish(live.Capture(OneFrame(5, time_ms)));
  EXPECT_EQ(woken, 1);  // the first made it wake; the others found it awake
  std::uint64_t missed = 0;
  EXPECT_EQ(watcher->Next(missed)->measure_time_ms, 4);
  EXPECT_EQ(missed, 3U);
  EXPECT_EQ(watcher->Next(missed)->measure_time_ms, 5);
  EXPECT_EQ(missed, 0U);
  EXPECT_FALSE(watcher->Next(missed).has_value());
}

TEST(LiveFrames, FramesThatNobodyWatchesAreNotCopied) {
  LiveFrames live({});
  EXPECT_TRUE(live.Capture(OneFrame(5, 1)).empty());
  auto watcher = *live.Watch({6}, [] {});
  EXPECT_TRUE(live.Capture(OneFrame(5, 1)).empty());
  EXPECT_EQ(live.Capture(OneFrame(6, 1)).size(), 1U);
  watcher.reset();
  EXPECT_TRUE(live.Capture(OneFrame(6, 1)).empty());
}

TEST(LiveFrames, HasALimitAndAnEnd) {
  LiveFrames live({.watchers_max = 1});
  int woken = 0;
  const auto watcher = *live.Watch({1}, [&woken] { ++woken; });
  EXPECT_TRUE(absl::IsResourceExhausted(live.Watch({1}, [] {}).status()));
  EXPECT_FALSE(watcher->ended());
  live.EndAll();
  EXPECT_TRUE(watcher->ended());
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace telltale
