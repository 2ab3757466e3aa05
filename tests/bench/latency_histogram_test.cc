#include "bench/load/latency_histogram.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(LatencyHistogram, IsZeroWithoutDurations) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.99), microseconds{0});
  EXPECT_EQ(histogram.max(), microseconds{0});
}

TEST(LatencyHistogram, IsExactBelow32Microseconds) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 31; ++us) histogram.Add(microseconds(us));
  EXPECT_EQ(histogram.Quantile(0.0), microseconds{1});
  EXPECT_EQ(histogram.Quantile(0.5), microseconds{16});  // the 16th of 31
  EXPECT_EQ(histogram.Quantile(1.0), microseconds{31});
}

TEST(LatencyHistogram, IsAtMostAThirtySecondTooGreat) {
  for (std::int64_t us = 32; us < 100'000'000'000; us = us * 5 / 4 + 1) {
    LatencyHistogram histogram;
    histogram.Add(microseconds(us));
    histogram.Add(std::chrono::hours(1'000'000));
    const std::int64_t bound_us = histogram.Quantile(0.5).count();
    EXPECT_GE(bound_us, us);
    EXPECT_LE(bound_us, us + us / 32 + 1);
  }
}

TEST(LatencyHistogram, NeverExceedsTheGreatest) {
  LatencyHistogram histogram;
  histogram.Add(microseconds(1000));
  EXPECT_EQ(histogram.Quantile(0.99), microseconds{1000});
}

TEST(LatencyHistogram, AddsUpWithAnother) {
  LatencyHistogram a;
  LatencyHistogram b;
  for (int i = 0; i < 99; ++i) a.Add(microseconds(10));
  b.Add(milliseconds(20));
  a.Add(b);
  EXPECT_EQ(a.count(), 100U);
  EXPECT_EQ(a.Quantile(0.99), microseconds{10});
  EXPECT_EQ(a.Quantile(0.995), milliseconds{20});
  EXPECT_EQ(a.max(), milliseconds{20});
}

}  // namespace
}  // namespace telltale
