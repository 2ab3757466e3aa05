#include "ingest/files/csv_decoder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/files/decode_file.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kStart = 1'772'344'800'000;  // 2026-03-01T06:00:00Z

DecodedFile DecodeCsv(std::string_view text, std::optional<std::int64_t> start_time_ms = kStart) {
  return DecodeFile(text, {.format = FileFormat::kCsv, .vehicle_id = 9, .start_time_ms = start_time_ms});
}

TEST(CsvDecoder, MakesAFrameOfARow) {
  const DecodedFile file = DecodeCsv("t_s,speed_kmh,rpm\n1.5,80,1200\n");
  ASSERT_TRUE(file.status.ok()) << file.status;
  ASSERT_EQ(file.piece.frames.size(), 1U);
  const Frame frame = file.piece.frames[0];
  EXPECT_EQ(frame.vehicle_id, 9U);
  EXPECT_EQ(frame.measure_time_ms, kStart + 1500);
  EXPECT_EQ(RawOf(frame, "wheel_based_vehicle_speed"), 20480);  // 80 x 256
  EXPECT_EQ(RawOf(frame, "engine_speed"), 9600);                // 1200 x 8
  EXPECT_THAT(file.piece.refusals, IsEmpty());
  EXPECT_EQ(file.line_count, 2U);
}

TEST(CsvDecoder, AnEmptyCellIsAbsentAndNaIsNotAvailable) {
  const DecodedFile file = DecodeCsv("t_s,speed_kmh,rpm\n0,,900\n1,NA,n/a\n2,1,\n");
  ASSERT_EQ(file.piece.frames.size(), 3U);
  EXPECT_EQ(RawOf(file.piece.frames[0], "wheel_based_vehicle_speed"), kAbsent);
  EXPECT_EQ(RawOf(file.piece.frames[0], "engine_speed"), 7200);
  EXPECT_EQ(RawOf(file.piece.frames[1], "wheel_based_vehicle_speed"), kNotAvailable);
  EXPECT_EQ(RawOf(file.piece.frames[1], "engine_speed"), kNotAvailable);
  EXPECT_EQ(RawOf(file.piece.frames[2], "engine_speed"), kAbsent);
  EXPECT_THAT(file.piece.refusals, IsEmpty());
}

TEST(CsvDecoder, ABadCellIsAnErrorAndItsNeighboursAreTaken) {
  const DecodedFile file =
      DecodeCsv("t_s,speed_kmh,rpm\n0,fast,900\n1,nan,900\n2,-inf,900\n3,1e999,900\n4,251,900\n5,12 km,x\n");
  ASSERT_EQ(file.piece.frames.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(RawOf(file.piece.frames[i], "wheel_based_vehicle_speed"), kError) << i;
    EXPECT_EQ(RawOf(file.piece.frames[i], "engine_speed"), i == 5 ? kError : 7200) << i;
  }
  ASSERT_THAT(file.piece.refusals, SizeIs(6));
  using enum RefusalReason;
  const std::vector<RefusalReason> reasons = {kNotANumber, kNotANumber, kNotANumber,
                                              kOutOfRange, kOutOfRange, kNotANumber};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(file.piece.refusals[i].line, i + 2);
    EXPECT_EQ(file.piece.refusals[i].reason, reasons[i]) << i;
    EXPECT_THAT(file.piece.refusals[i].message, HasSubstr("speed_kmh: ")) << i;
  }
  EXPECT_EQ(file.piece.refusals[0].message, "speed_kmh: 'fast' is not a number");
  EXPECT_THAT(file.piece.refusals[5].message, HasSubstr("and 1 more of this row"));
}

TEST(CsvDecoder, TakesSignsExponentsAndBlanks) {
  const DecodedFile file = DecodeCsv("t_s, torque_act_pct ,rpm\n0,-8, +9e2 \n");
  ASSERT_EQ(file.piece.frames.size(), 1U);
  EXPECT_DOUBLE_EQ(PhysicalOf(file.piece.frames[0], "actual_engine_percent_torque"), -8.0);
  EXPECT_DOUBLE_EQ(PhysicalOf(file.piece.frames[0], "engine_speed"), 900.0);
}

TEST(CsvDecoder, RefusesARowOfAnotherWidthOrWithoutTime) {
  const DecodedFile file = DecodeCsv("t_s,rpm\n0,900\n1\n2,900,3\nlate,900\n,900\n5,900\n");
  EXPECT_EQ(file.piece.frames.size(), 2U);
  ASSERT_THAT(file.piece.refusals, SizeIs(4));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(file.piece.refusals[i].line, i + 3);
    EXPECT_EQ(file.piece.refusals[i].reason, RefusalReason::kMalformedLine);
  }
  EXPECT_EQ(file.piece.refusals[0].message, "1 fields; the header names 2 columns");
  EXPECT_EQ(file.piece.refusals[2].message, "the time 'late' is not seconds from the start, as 12.25");
}

TEST(CsvDecoder, RefusesARowWithoutAnyValue) {
  const DecodedFile file = DecodeCsv("t_s,rpm\n0,\n1,900\n");
  EXPECT_EQ(file.piece.frames.size(), 1U);
  ASSERT_THAT(file.piece.refusals, SizeIs(1));
  EXPECT_EQ(file.piece.refusals[0].reason, RefusalReason::kEmptyFrame);
}

TEST(CsvDecoder, GoesOnBehindMalformedQuotesAndCountsLines) {
  const DecodedFile file =
      DecodeCsv("t_s,rpm,note\r\n0,900,\"a, \"\"b\"\"\"\r\n\r\n1,9\"00,x\r\n2,900,\"two\nlines\"\r\n3,x,\r\n");
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(file.piece.frames.size(), 3U);
  ASSERT_THAT(file.piece.refusals, SizeIs(2));
  EXPECT_EQ(file.piece.refusals[0].line, 4U);
  EXPECT_THAT(file.piece.refusals[0].message, HasSubstr("quotes are malformed"));
  EXPECT_EQ(file.piece.refusals[1].line, 7U);
  EXPECT_EQ(file.line_count, 7U);
}

TEST(CsvDecoder, SaysWhichQuoteDoesNotEnd) {
  const DecodedFile file = DecodeCsv("t_s,rpm\n0,900\n1,\"900\n2,900\n");
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(file.piece.frames.size(), 1U);
  ASSERT_THAT(file.piece.refusals, SizeIs(1));
  EXPECT_EQ(file.piece.refusals[0].message, "a quoted field does not end");
}

TEST(CsvDecoder, NamesTheColumnsThatNoSignalTakes) {
  const DecodedFile file =
      DecodeCsv("t_s,tod,rpm,engine_speed,mood,engine_fuel_rate [furlong]\n0,06:00:00,900,901,good,1\n");
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(RawOf(file.piece.frames[0], "engine_speed"), 7200);
  EXPECT_THAT(
      file.ignored_columns,
      ElementsAre("tod", "engine_speed (rpm has engine_speed already)", "mood",
                  "engine_fuel_rate [furlong] ('furlong' cannot be converted into the unit of engine_fuel_rate, "
                  "'l/h')"));
}

TEST(CsvDecoder, RefusesAFileThatNoSignalTakes) {
  const DecodedFile file = DecodeCsv("t_s,mood\n0,good\n");
  EXPECT_TRUE(absl::IsInvalidArgument(file.status));
  EXPECT_THAT(MessageOf(file.status), HasSubstr("speed_kmh"));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeCsv("rpm\n900\n").status));
  EXPECT_THAT(MessageOf(DecodeCsv("rpm\n900\n").status), HasSubstr("no column tells the time"));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeCsv("\"t_s,rpm\n").status));
}

TEST(CsvDecoder, WantsAStartTimeForSecondsAndTimesOfDayOnly) {
  EXPECT_THAT(MessageOf(DecodeCsv("t_s,rpm\n0,900\n", std::nullopt).status), HasSubstr("give the start time"));
  EXPECT_THAT(MessageOf(DecodeCsv("time,rpm\n06:00:00,900\n", std::nullopt).status), HasSubstr("give the start time"));
  EXPECT_THAT(MessageOf(DecodeCsv("time,rpm\n2026-03-01T06:00:00Z,900\n").status),
              HasSubstr("leave the start time out"));
  EXPECT_EQ(DecodeCsv("time,rpm\n2026-03-01T06:00:00Z,900\n", std::nullopt).piece.frames[0].measure_time_ms, kStart);
}

TEST(CsvDecoder, GivesUpOnAFileOfOtherLines) {
  std::string text = "t_s,rpm\n";
  for (std::size_t i = 0; i <= CsvDecoder::kMaxMalformedLinesInARow; ++i) text += "x\n";
  const DecodedFile file = DecodeCsv(text);
  EXPECT_TRUE(absl::IsInvalidArgument(file.status));
  EXPECT_THAT(file.piece.refusals, SizeIs(CsvDecoder::kMaxMalformedLinesInARow));
}

TEST(CsvDecoder, SharesLayoutsBetweenRowsOfTheSameCells) {
  const DecodedFile file = DecodeCsv("t_s,speed_kmh,rpm\n0,1,900\n1,,900\n2,1,900\n");
  EXPECT_EQ(file.piece.frames.layout_of(0), file.piece.frames.layout_of(2));
  EXPECT_NE(file.piece.frames.layout_of(0), file.piece.frames.layout_of(1));
}

}  // namespace
}  // namespace telltale
