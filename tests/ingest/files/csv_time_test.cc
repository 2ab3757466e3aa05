#include "ingest/files/csv_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"

namespace telltale {
namespace {

constexpr std::int64_t kStart = 1'772'344'800'000;  // 2026-03-01T06:00:00Z

std::optional<std::int64_t> Read(CsvTime& time, std::string_view cell) {
  const auto read = time.Read(cell);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *read : std::nullopt;
}

TEST(CsvTime, CountsSecondsFromTheStart) {
  CsvTime time(CsvTimeColumn::kSecondsFromStart, kStart);
  EXPECT_EQ(Read(time, "0"), kStart);
  EXPECT_EQ(Read(time, "0.2"), kStart + 200);
  EXPECT_EQ(Read(time, "1e3"), kStart + 1'000'000);
  EXPECT_EQ(Read(time, "-1.5"), kStart - 1'500);
  for (const char* cell : {"", "x", "1s", "nan", "inf", "1e30", "06:00:00"})
    EXPECT_EQ(Read(time, cell), std::nullopt) << cell;
}

TEST(CsvTime, TakesUnixSecondsAndMilliseconds) {
  CsvTime time(CsvTimeColumn::kTime, std::nullopt);
  EXPECT_EQ(Read(time, "1772344800"), kStart);
  EXPECT_EQ(Read(time, "1772344800.25"), kStart + 250);
  EXPECT_EQ(Read(time, "1772344800250"), kStart + 250);
  EXPECT_EQ(Read(time, "1e16"), std::nullopt);
  EXPECT_EQ(Read(time, "2026-03-01T06:00:00Z"), std::nullopt);  // another form than before
}

TEST(CsvTime, TakesRfc3339) {
  CsvTime time(CsvTimeColumn::kTime, std::nullopt);
  EXPECT_EQ(Read(time, "no time"), std::nullopt);  // says nothing of the form
  EXPECT_EQ(Read(time, "2026-03-01T06:00:00Z"), kStart);
  EXPECT_EQ(Read(time, "2026-03-01T14:00:00.5+08:00"), kStart + 500);
  EXPECT_EQ(Read(time, "1772344800"), std::nullopt);
}

TEST(CsvTime, TakesTimesOfDayFromTheInstantOfTheFirstRow) {
  CsvTime time(CsvTimeColumn::kTime, kStart);
  EXPECT_EQ(Read(time, "17:58:02.288"), kStart);
  EXPECT_EQ(Read(time, "17:58:02.379"), kStart + 91);
  EXPECT_EQ(Read(time, "17:58:02.300"), kStart + 12);  // stepped back
  EXPECT_EQ(Read(time, "18:58:02.288"), kStart + 3'600'000);
  for (const char* cell : {"24:00:00", "1:60:00", "1:00:61", "1:00", "1:00:", "a:00:00", "1:00:00.x", "-1:00:00"}) {
    EXPECT_EQ(Read(time, cell), std::nullopt) << cell;
  }
}

TEST(CsvTime, PassesMidnightBothWays) {
  CsvTime time(CsvTimeColumn::kTime, kStart);
  EXPECT_EQ(Read(time, "23:59:59.900"), kStart);
  EXPECT_EQ(Read(time, "00:00:00.100"), kStart + 200);
  EXPECT_EQ(Read(time, "23:59:59.950"), kStart + 50);
  EXPECT_EQ(Read(time, "00:00:01"), kStart + 1'100);
  // Two days on, twelve hours at a time at most.
  EXPECT_EQ(Read(time, "11:00:00"), kStart + 100 + 11 * 3'600'000);
  EXPECT_EQ(Read(time, "22:00:00"), kStart + 100 + 22 * 3'600'000);
  EXPECT_EQ(Read(time, "09:00:00"), kStart + 100 + 33 * 3'600'000);
}

TEST(CsvTime, WantsAStartTimeWhereItMustBeThereAndOnlyThere) {
  CsvTime seconds(CsvTimeColumn::kSecondsFromStart, std::nullopt);
  EXPECT_TRUE(absl::IsInvalidArgument(seconds.CheckStartTime()));
  EXPECT_TRUE(absl::IsInvalidArgument(seconds.Read("0").status()));
  CsvTime time_of_day(CsvTimeColumn::kTime, std::nullopt);
  EXPECT_TRUE(time_of_day.CheckStartTime().ok());  // not known yet
  EXPECT_TRUE(absl::IsInvalidArgument(time_of_day.Read("06:00:00").status()));
  CsvTime absolute(CsvTimeColumn::kTime, kStart);
  EXPECT_TRUE(absl::IsInvalidArgument(absolute.Read("2026-03-01T06:00:00Z").status()));
  CsvTime unix_time(CsvTimeColumn::kTime, kStart);
  EXPECT_TRUE(absl::IsInvalidArgument(unix_time.Read("1772344800").status()));
  CsvTime absurd(CsvTimeColumn::kSecondsFromStart, std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(absl::IsInvalidArgument(absurd.CheckStartTime()));
}

}  // namespace
}  // namespace telltale
