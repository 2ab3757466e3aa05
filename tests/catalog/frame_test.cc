#include "catalog/frame.h"

#include <array>
#include <numeric>

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(Layout, RefusesNothingTwiceAndTooMany) {
  EXPECT_FALSE(Layout::Create({}).ok());
  EXPECT_FALSE(Layout::Create({5, 7, 5}).ok());
  std::vector<SignalId> many(Layout::kMaxSignals + 1);
  std::iota(many.begin(), many.end(), SignalId{1});
  EXPECT_FALSE(Layout::Create(many).ok());
  many.pop_back();
  EXPECT_TRUE(Layout::Create(many).ok());
}

TEST(Layout, KeepsTheOrderAndFindsPositions) {
  const auto layout = *Layout::Create({30, 10, 20});
  EXPECT_EQ(layout->signals()[0], 30);
  EXPECT_EQ(layout->PositionOf(30), 0U);
  EXPECT_EQ(layout->PositionOf(20), 2U);
  EXPECT_FALSE(layout->PositionOf(11).has_value());
  EXPECT_FALSE(layout->PositionOf(60'000).has_value());
  EXPECT_TRUE(*layout == **Layout::Create({30, 10, 20}));
  EXPECT_FALSE(*layout == **Layout::Create({10, 20, 30}));
}

TEST(FrameBatch, GivesBackWhatWasAdded) {
  const auto wide = *Layout::Create({1, 2, 3});
  const auto narrow = *Layout::Create({2});
  FrameBatch batch;
  batch.Add(7, 1000, wide, std::array<RawValue, 3>{10, kNotAvailable, 30});
  batch.Add(8, 2000, narrow, std::array<RawValue, 1>{kError});
  batch.Add(7, 3000, wide, std::array<RawValue, 3>{11, 21, 31});
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch.sample_count(), 7U);
  EXPECT_EQ(batch[0].vehicle_id, 7U);
  EXPECT_EQ(batch[0].Get(1), 10);
  EXPECT_EQ(batch[0].Get(2), kNotAvailable);
  EXPECT_EQ(batch[0].Get(9), kAbsent);
  EXPECT_EQ(batch[1].measure_time_ms, 2000);
  EXPECT_EQ(batch[1].Get(2), kError);
  EXPECT_EQ(batch[1].Get(1), kAbsent);
  EXPECT_EQ(batch[2].Get(3), 31);
  batch.RemoveLast();
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.sample_count(), 4U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
}

}  // namespace
}  // namespace telltale
