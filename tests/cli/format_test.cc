#include "cli/format.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "canned_server.h"

namespace telltale::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FormatDuration, RoundsToWhatItShows) {
  EXPECT_EQ(FormatDuration(seconds(0)), "0 s");
  EXPECT_EQ(FormatDuration(seconds(59)), "59 s");
  EXPECT_EQ(FormatDuration(milliseconds(59'600)), "1 min");
  EXPECT_EQ(FormatDuration(seconds(12 * 60 + 20)), "12 min");
  EXPECT_EQ(FormatDuration(seconds(59 * 60 + 40)), "1 h 00 min");  // not "60 min"
  EXPECT_EQ(FormatDuration(seconds(3900)), "1 h 05 min");
  EXPECT_EQ(FormatDuration(seconds(26 * 3600)), "26 h 00 min");
}

TEST(FormatAge, TakesTheLargestUnit) {
  EXPECT_EQ(FormatAge(milliseconds(400)), "now");
  EXPECT_EQ(FormatAge(seconds(12)), "12 s");
  EXPECT_EQ(FormatAge(seconds(60)), "1 min");
  EXPECT_EQ(FormatAge(seconds(3 * 3600 + 1800)), "3 h");
  EXPECT_EQ(FormatAge(seconds(4 * 86'400)), "4 d");
  EXPECT_EQ(FormatAge(seconds(-300)), "in 5 min");  // the vehicle's clock is ahead of ours
}

TEST(FormatTableTime, IsReadableAndUtc) {
  EXPECT_EQ(FormatTableTime(kNowMs), "2026-03-01 12:00:00");
  EXPECT_EQ(FormatTableTime(kNowMs + 250), "2026-03-01 12:00:00");
  EXPECT_EQ(FormatTableTime(kNowMs + 250, true), "2026-03-01 12:00:00.250");
  EXPECT_EQ(FormatTableTime(-1, true), "1969-12-31 23:59:59.999");
}

TEST(FormatNumber, KeepsTheDecimalsAndDropsMinusZero) {
  EXPECT_EQ(FormatNumber(900.125, 1), "900.1");
  EXPECT_EQ(FormatNumber(12, 1), "12.0");
  EXPECT_EQ(FormatNumber(-0.04, 1), "0.0");
  EXPECT_EQ(FormatNumber(-0.06, 1), "-0.1");
  EXPECT_EQ(FormatNumber(-40, 0), "-40");
}

TEST(DecimalsOf, ShowsOneStepOfTheScale) {
  EXPECT_EQ(DecimalsOf(1), 0);
  EXPECT_EQ(DecimalsOf(5), 0);
  EXPECT_EQ(DecimalsOf(0.5), 1);
  EXPECT_EQ(DecimalsOf(0.125), 1);  // engine speed, SPN 190
  EXPECT_EQ(DecimalsOf(0.1), 1);
  EXPECT_EQ(DecimalsOf(0.05), 2);  // fuel rate, SPN 183
  EXPECT_EQ(DecimalsOf(0.001), 3);
  EXPECT_EQ(DecimalsOf(1.0 / 256), 3);  // speed, SPN 84: steps of 0.0039
  EXPECT_EQ(DecimalsOf(1e-7), 7);       // latitude
  EXPECT_EQ(DecimalsOf(1e-12), 7);
  EXPECT_EQ(DecimalsOf(0), 0);
  EXPECT_EQ(DecimalsOf(std::nan("")), 0);
}

TEST(FormatCount, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
  EXPECT_EQ(FormatCount(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(FormatSize, TakesTheUnitThatFits) {
  EXPECT_EQ(FormatSize(999), "999 B");
  EXPECT_EQ(FormatSize(24'000), "24.0 kB");
  EXPECT_EQ(FormatSize(999'999), "1.0 MB");  // not "1000.0 kB"
  EXPECT_EQ(FormatSize(2'100'000'000), "2.1 GB");
}

TEST(FormatScore, IsABarAndANumber) {
  EXPECT_EQ(FormatScore(82), "████████░░  82");
  EXPECT_EQ(FormatScore(0), "░░░░░░░░░░   0");
  EXPECT_EQ(FormatScore(100), "██████████ 100");
  EXPECT_EQ(FormatBar(7, 4), "████");
  EXPECT_EQ(FormatBar(std::nan(""), 4), "░░░░");
}

}  // namespace
}  // namespace telltale::cli
