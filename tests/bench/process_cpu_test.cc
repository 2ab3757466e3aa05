#include "bench/load/process_cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace telltale {
namespace {

TEST(ParseStatTicks, AddsUserAndSystemTime) {
  // proc(5): field 14 is utime, 15 stime.
  EXPECT_EQ(*ParseStatTicks("7 (telltaled) S 1 7 7 0 -1 4194304 100 0 0 0 120 30 5 6 20 0 9 0"), 150);
}

TEST(ParseStatTicks, IsNotMisledByTheProgramsName) {
  EXPECT_EQ(*ParseStatTicks("7 (a) 1 (b) S 1 7 7 0 -1 4194304 100 0 0 0 120 30 5 6 20"), 150);
}

TEST(ParseStatTicks, RefusesWhatIsTooShort) {
  EXPECT_TRUE(absl::IsDataLoss(ParseStatTicks("").status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseStatTicks("7 (telltaled) S 1 7 7 0 -1 4194304 100 0 0 0 120").status()));
}

TEST(CpuTimeOf, ReadsThisProcess) {
  while (OwnCpuTime() < std::chrono::milliseconds(30)) {
  }
  const auto cpu_time = CpuTimeOf(getpid());
  ASSERT_TRUE(cpu_time.ok()) << cpu_time.status();
  EXPECT_GE(*cpu_time, std::chrono::milliseconds(10));
}

TEST(CpuTimeOf, SaysThatThereIsNoSuchProcess) { EXPECT_TRUE(absl::IsNotFound(CpuTimeOf(0).status())); }

}  // namespace
}  // namespace telltale
