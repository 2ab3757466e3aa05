#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

// 2026-03-01 is day 20513: 56 years of 365 days are 20440, with 14 leap days (1972 to 2024) it is 2026-01-01 at 20454,
// and January and February have 31 + 28 = 59.
constexpr std::int64_t kMarch1 = 20'513 * kMsPerDay;
constexpr std::int64_t kHalfPastTwelve = kMarch1 + (12 * 60 + 30) * 60'000;

TEST(FormatTime, WritesUtcWithMillisecondsOnlyWhenThereAreSome) {
  EXPECT_EQ(FormatTime(kHalfPastTwelve), "2026-03-01T12:30:00Z");
  EXPECT_EQ(FormatTime(kHalfPastTwelve + 250), "2026-03-01T12:30:00.250Z");
  EXPECT_EQ(FormatTime(kHalfPastTwelve + 7), "2026-03-01T12:30:00.007Z");
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00Z");
}

TEST(FormatTime, CountsBackFrom1970) {
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatTime(-1000), "1969-12-31T23:59:59Z");
  EXPECT_EQ(FormatTime(-kMsPerDay), "1969-12-31T00:00:00Z");
}

TEST(FormatTime, WritesTimesOutsideTheCalendarAsANumber) {
  EXPECT_EQ(FormatTime(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatTime(253'402'300'800'000), "253402300800000 ms");
  EXPECT_EQ(FormatTime(-62'167'219'200'000), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(-62'167'219'200'001), "-62167219200001 ms");
  EXPECT_EQ(FormatTime(Limits::max()), "9223372036854775807 ms");
  EXPECT_EQ(FormatTime(Limits::min()), "-9223372036854775808 ms");
}

TEST(FormatDay, WritesTheDate) {
  EXPECT_EQ(FormatDay(20'513), "2026-03-01");
  EXPECT_EQ(FormatDay(-1), "1969-12-31");
  EXPECT_EQ(FormatDay(Limits::max() / kMsPerDay), "day 106751991167");
}

TEST(DayOf, IsTheUtcDayAlsoBefore1970AndAtTheLimits) {
  EXPECT_EQ(DayOf(0), 0);
  EXPECT_EQ(DayOf(kMsPerDay - 1), 0);
  EXPECT_EQ(DayOf(kMsPerDay), 1);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(DayOf(-kMsPerDay), -1);
  EXPECT_EQ(DayOf(-kMsPerDay - 1), -2);
  // A TimeRange that is open on a side has these. 2^63 ms / 86,400,000 ms = 106,751,991,167.3 days
  EXPECT_EQ(DayOf(Limits::max()), 106'751'991'167);
  EXPECT_EQ(DayOf(Limits::min()), -106'751'991'168);
}

TEST(ParseTime, ReadsRfc3339) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"2026-03-01T12:30:00Z", kHalfPastTwelve},
      {"2026-03-01T12:30:00.250Z", kHalfPastTwelve + 250},
      {"2026-03-01T12:30:00.2Z", kHalfPastTwelve + 200},
      {"2026-03-01 12:30:00Z", kHalfPastTwelve},
      {"2026-03-01T20:30:00+08:00", kHalfPastTwelve},                        // Beijing
      {"2026-03-01T09:00:00.5-03:30", kHalfPastTwelve + 500},                // Newfoundland
      {"2026-03-01T00:30:00+08:00", kMarch1 - 7 * 3'600'000 - 30 * 60'000},  // still the day before
      {"2026-03-01", kMarch1},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2024-02-29", 19'782 * kMsPerDay},  // 20454 - 365 - 366 + 59
  };
  for (const auto& [text, time_ms] : cases) {
    const auto parsed = ParseTime(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, time_ms) << text;
  }
}

TEST(ParseTime, CutsFinerFractionsToMilliseconds) {
  EXPECT_EQ(*ParseTime("2026-03-01T12:30:00.123456Z"), kHalfPastTwelve + 123);
  EXPECT_EQ(*ParseTime("2026-03-01T12:30:00.999999999Z"), kHalfPastTwelve + 999);
  EXPECT_EQ(*ParseTime("2026-03-01T20:30:00.000001+08:00"), kHalfPastTwelve);
}

TEST(ParseTime, RefusesWhatIsNoTimeAndShowsHowToWriteOne) {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-03",
                           "2026-13-01",
                           "2026-02-29",
                           "2026-03-01T",
                           "2026-03-01T12:30:00",
                           "2026-03-01T25:00:00Z",
                           "2026-03-01T12:60:00Z",
                           "2026-03-01T12:30:61Z",
                           "2026-03-01T12:30:00Zulu",
                           "2026-03-01T12:30:00+8",
                           " 2026-03-01",
                           "2026-03-01 ",
                           "2026-03-01T12:30:00.Z",
                           "2026-03-01T12:30:00.1234xZ",
                           "20260301",
                           "99999-03-01",
                           "-2026-03-01",
                           "2026-03-01T12:30:00.1.2Z",
                           "2026-03-01T12:30.5Z",
                           "2026-03-01T-1:30:00Z"}) {
    const auto parsed = ParseTime(text);
    EXPECT_FALSE(parsed.ok()) << "'" << text << "' was read as " << FormatTime(parsed.value_or(0));
    if (!parsed.ok()) {
      EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
      EXPECT_THAT(MessageOf(parsed.status()), testing::HasSubstr("write it as 2026-03-01T12:30:00Z"));
    }
  }
}

TEST(ParseTime, ReadsBackWhatFormatTimeWrites) {
  std::int64_t time_ms = -62'167'219'200'000;  // year 0
  while (time_ms < 253'402'300'800'000) {      // year 10000
    EXPECT_EQ(*ParseTime(FormatTime(time_ms)), time_ms);
    time_ms += 86'399'999'123;  // about a thousand days, so that the time of day wanders
  }
}

TEST(TimeRange, HoldsItsStartAndNotItsEnd) {
  const TimeRange range{.from_ms = 10, .to_ms = 20};
  EXPECT_FALSE(range.contains(9));
  EXPECT_TRUE(range.contains(10));
  EXPECT_TRUE(range.contains(19));
  EXPECT_FALSE(range.contains(20));
  EXPECT_FALSE(range.empty());
}

TEST(TimeRange, IsEmptyWhenItEndsWhereItStartsOrBefore) {
  EXPECT_TRUE((TimeRange{.from_ms = 10, .to_ms = 10}).empty());
  EXPECT_TRUE((TimeRange{.from_ms = 10, .to_ms = 9}).empty());
  EXPECT_FALSE(TimeRange{}.empty());
}

}  // namespace
}  // namespace telltale
