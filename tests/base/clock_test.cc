#include "base/clock.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(FakeClock, StandsStillUntilItIsSet) {
  FakeClock clock(1'000);
  EXPECT_EQ(clock.NowMs(), 1'000);
  EXPECT_EQ(clock.NowMs(), 1'000);
  clock.Advance(std::chrono::seconds{2});
  EXPECT_EQ(clock.NowMs(), 3'000);
  clock.Set(-5);
  EXPECT_EQ(clock.NowMs(), -5);
}

TEST(SystemClock, CountsMillisecondsSince1970) {
  EXPECT_GT(SystemClock().NowMs(), 1'700'000'000'000);  // November 2023
  EXPECT_LT(SystemClock().NowMs(), 4'102'444'800'000);  // 2100
}

}  // namespace
}  // namespace telltale
