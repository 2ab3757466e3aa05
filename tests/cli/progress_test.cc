#include "cli/progress.h"

#include <sstream>

#include <gtest/gtest.h>

namespace telltale::cli {
namespace {

TEST(Progress, DrawsABarInPlaceOnATerminal) {
  FakeClock clock(0);
  std::ostringstream out;
  Progress progress("truck.log", 4'000'000, /*is_terminal=*/true, out, clock);
  clock.Advance(std::chrono::milliseconds(500));
  progress.Update(1'000'000);  // a quarter: 6 of 24; 1 MB in 0.5 s
  EXPECT_EQ(out.str(), "\r\x1b[Ktruck.log  ██████░░░░░░░░░░░░░░░░░░  25 %  1.0 MB of 4.0 MB  2.0 MB/s");
  out.str("");
  progress.Clear();
  EXPECT_EQ(out.str(), "\r\x1b[K");
}

TEST(Progress, WritesALineNowAndThenElsewhere) {
  FakeClock clock(0);
  std::ostringstream out;
  Progress progress("truck.log", 4'000'000, /*is_terminal=*/false, out, clock);
  clock.Advance(std::chrono::milliseconds(4999));
  progress.Update(1'000'000);
  EXPECT_EQ(out.str(), "");
  clock.Advance(std::chrono::milliseconds(1));
  progress.Update(2'000'000);  // 2 MB in 5 s
  EXPECT_EQ(out.str(), "truck.log   50 %  2.0 MB of 4.0 MB  0.4 MB/s\n");
  progress.Update(3'000'000);
  progress.Clear();
  EXPECT_EQ(out.str(), "truck.log   50 %  2.0 MB of 4.0 MB  0.4 MB/s\n");
}

TEST(Progress, KnowsNoPercentageWithoutASize) {
  FakeClock clock(0);
  std::ostringstream out;
  Progress progress("standard input", std::nullopt, /*is_terminal=*/false, out, clock);
  clock.Advance(std::chrono::seconds(10));
  progress.Update(5'000'000);
  EXPECT_EQ(out.str(), "standard input  5.0 MB  0.5 MB/s\n");
}

TEST(Progress, TakesAnEmptyFileAsDone) {
  FakeClock clock(0);
  std::ostringstream out;
  Progress progress("empty", 0, /*is_terminal=*/false, out, clock);
  clock.Advance(std::chrono::seconds(5));
  progress.Update(0);
  EXPECT_EQ(out.str(), "empty  100 %  0 B of 0 B  0.0 MB/s\n");
}

}  // namespace
}  // namespace telltale::cli
