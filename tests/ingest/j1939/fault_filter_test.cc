#include "ingest/j1939/fault_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using testing::ElementsAre;

FaultReport At(std::int64_t time_s, std::uint32_t spn = 247, std::uint8_t source_address = 0, bool dm2 = false) {
  return {.measure_time_ms = time_s * 1000,
          .source_address = source_address,
          .previously_active = dm2,
          .lamps = {},
          .dtcs = {{.spn = spn, .fmi = 9, .occurrence_count = 1}}};
}

TEST(FaultFilter, ReportsWhatRepeatsEveryTenSecondsAndTheLast) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  for (std::int64_t second = 0; second <= 25; ++second) filter.Add(At(second), out);
  EXPECT_THAT(out, ElementsAre(At(0), At(10), At(20)));
  filter.Finish(out);
  EXPECT_THAT(out, ElementsAre(At(0), At(10), At(20), At(25)));
}

TEST(FaultFilter, DoesNotRepeatTheLastWhenItWasReported) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  filter.Add(At(0), out);
  filter.Add(At(10), out);
  filter.Finish(out);
  EXPECT_THAT(out, ElementsAre(At(0), At(10)));
}

TEST(FaultFilter, ReportsAChangeAtOnceAndUntilWhenTheOldWasSeen) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  filter.Add(At(0, 247), out);
  filter.Add(At(1, 247), out);
  filter.Add(At(2, 247), out);
  filter.Add(At(3, 100), out);
  filter.Finish(out);
  EXPECT_THAT(out, ElementsAre(At(0, 247), At(2, 247), At(3, 100)));
}

TEST(FaultFilter, TakesALampThatChangesForAChange) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  FaultReport lamp_on = At(1);
  lamp_on.lamps.red_stop = LampStatus::kOn;
  filter.Add(At(0), out);
  filter.Add(lamp_on, out);
  EXPECT_THAT(out, ElementsAre(At(0), lamp_on));
}

TEST(FaultFilter, KeepsControllersAndDm2Apart) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  filter.Add(At(0, 247, 0), out);
  filter.Add(At(0, 247, 11), out);
  filter.Add(At(0, 247, 0, true), out);
  EXPECT_EQ(out.size(), 3U);
}

TEST(FaultFilter, BeginsAnewWhereTheClockSteppedFarBack) {
  FaultFilter filter;
  std::vector<FaultReport> out;
  filter.Add(At(1000), out);
  filter.Add(At(100), out);
  EXPECT_THAT(out, ElementsAre(At(1000), At(100)));
}

}  // namespace
}  // namespace telltale
