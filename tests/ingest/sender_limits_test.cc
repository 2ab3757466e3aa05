// How much one sender may send, by a clock of our own.

#include "ingest/sender_limits.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SenderLimit::Clock::time_point kStart{std::chrono::hours{5}};

TEST(SenderLimit, LetsABurstThroughAndThenTheRate) {
  SenderLimit limit({.frames_per_second_max = 100, .burst = seconds{10}});
  EXPECT_TRUE(limit.idle(kStart));
  EXPECT_EQ(limit.Delay(kStart), milliseconds{0});
  limit.Count(999, kStart);
  EXPECT_EQ(limit.Delay(kStart), milliseconds{0});
  limit.Count(1, kStart);
  EXPECT_EQ(limit.Delay(kStart), seconds{5});
  EXPECT_EQ(limit.Delay(kStart + milliseconds{1}), milliseconds{0});
  limit.Count(200, kStart + seconds{1});  // at last 11 s are used up, 1 s is over
  EXPECT_EQ(limit.Delay(kStart + seconds{1}), seconds{6});
  EXPECT_EQ(limit.Delay(kStart + seconds{7}), milliseconds{0});
  EXPECT_FALSE(limit.idle(kStart + seconds{11}));
  EXPECT_TRUE(limit.idle(kStart + seconds{12}));
}

TEST(SenderLimit, SavesNothingUpBeyondABurst) {
  SenderLimit limit({.frames_per_second_max = 10, .burst = seconds{1}});
  limit.Count(10, kStart);
  limit.Count(10, kStart + std::chrono::hours{1});
  EXPECT_GT(limit.Delay(kStart + std::chrono::hours{1}), milliseconds{0});
}

TEST(SenderLimits, AreOneForAllStreamsOfASender) {
  SenderLimits limits({.frames_per_second_max = 10, .burst = seconds{1}});
  EXPECT_EQ(limits.Of("a"), limits.Of("a"));
  EXPECT_NE(limits.Of("a"), limits.Of("b"));
}

TEST(SenderLimits, ForgetOnlySendersThatAreIdle) {
  SenderLimits limits({.frames_per_second_max = 1, .burst = seconds{1}});
  limits.Of("busy")->Count(1'000'000, SenderLimit::Clock::now());
  for (int i = 0; i < 5000; ++i) limits.Of(std::to_string(i));
  EXPECT_GT(limits.Of("busy")->Delay(SenderLimit::Clock::now()), milliseconds{0});
}

TEST(SenderLimits, AreNoneWithoutARate) {
  SenderLimits limits({});
  EXPECT_EQ(limits.Of("a"), nullptr);
}

}  // namespace
}  // namespace telltale
