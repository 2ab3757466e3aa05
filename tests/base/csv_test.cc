#include "base/csv.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace telltale {
namespace {

using Rows = std::vector<std::pair<std::uint64_t, std::vector<std::string>>>;

struct Outcome {
  Rows rows;
  Status status;
};

// Reads `pieces` one after the other, up to the first error.
Outcome Read(const std::vector<std::string_view>& pieces) {
  Outcome outcome;
  CsvReader reader(
      [&](std::uint64_t row, const std::vector<std::string>& fields) { outcome.rows.emplace_back(row, fields); });
  for (const std::string_view piece : pieces) {
    outcome.status = reader.Add(piece);
    if (!outcome.status.ok()) return outcome;
  }
  outcome.status = reader.Finish();
  return outcome;
}

TEST(CsvReader, GivesEachRowWithItsNumber) {
  const Outcome outcome = Read({"t_s,speed_kmh\n0,12.5\n1,\n"});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.rows, (Rows{{1, {"t_s", "speed_kmh"}}, {2, {"0", "12.5"}}, {3, {"1", ""}}}));
}

TEST(CsvReader, TakesTheLastRowWithoutALineEnd) { EXPECT_EQ(Read({"a,b\n1,2"}).rows.back().second.back(), "2"); }

TEST(CsvReader, TakesBothLineEndsAndSkipsEmptyLines) {
  EXPECT_EQ(Read({"a\r\n\r\n\nb\n\n"}).rows, (Rows{{1, {"a"}}, {2, {"b"}}}));
}

TEST(CsvReader, KeepsCommasQuotesAndLineEndsOfQuotedFields) {
  EXPECT_EQ(Read({"\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n"}).rows,
            (Rows{{1, {"a,b", "say \"hi\"", "two\nlines"}}}));
}

TEST(CsvReader, IsEmptyForAnEmptyFile) {
  EXPECT_TRUE(Read({}).status.ok());
  EXPECT_TRUE(Read({"", "\n"}).rows.empty());
}

TEST(CsvReader, GivesTheSameRowsWhereverTheInputIsCut) {
  const std::string text = "name,note\r\n\"x,y\",\"a \"\"b\"\"\nc\"\n\n 1 ,2.5\n\"\",\nlast,row";
  const Outcome whole = Read({text});
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  ASSERT_EQ(whole.rows.size(), 5U);
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      const std::string_view view = text;
      const Outcome cut = Read({view.substr(0, first), view.substr(first, second - first), view.substr(second)});
      ASSERT_TRUE(cut.status.ok()) << first << ' ' << second;
      ASSERT_EQ(cut.rows, whole.rows) << first << ' ' << second;
    }
  }
}

TEST(CsvReader, RefusesAQuoteInsideAnUnquotedFieldAndNamesTheRow) {
  const Outcome outcome = Read({"a,b\nc\"d,e\nf,g\n"});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(outcome.status), testing::HasSubstr("row 2"));
  EXPECT_EQ(outcome.rows.size(), 1U);  // what came before it counts
}

TEST(CsvReader, RefusesAQuoteThatNeverEnds) {
  const Outcome outcome = Read({"a,b\n\"c,d\n"});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(CsvReader, TakesNothingMoreAfterAnError) {
  int row_count = 0;
  CsvReader reader([&](std::uint64_t, const std::vector<std::string>&) { ++row_count; });
  EXPECT_FALSE(reader.Add("a\"b\n").ok());
  EXPECT_FALSE(reader.Add("c\n").ok());
  EXPECT_FALSE(reader.Finish().ok());
  EXPECT_EQ(row_count, 0);
}

TEST(CsvReader, RefusesARowAboveTheLimitHoweverItArrives) {
  const std::string longest = fmt::format("{:x<{}},y\n", "", CsvReader::kMaxRowBytes - 2);
  const std::string too_long = fmt::format("x{}", longest);
  for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{1000}, std::size_t{65'536}, too_long.size()}) {
    const auto cut = [&](const std::string& text) {
      std::vector<std::string_view> pieces;
      for (std::size_t i = 0; i < text.size(); i += piece_bytes) {
        pieces.push_back(std::string_view(text).substr(i, piece_bytes));
      }
      return Read(pieces);
    };
    EXPECT_EQ(cut(longest).rows.size(), 1U) << piece_bytes;
    const Outcome refused = cut(too_long);
    EXPECT_EQ(refused.status.code(), absl::StatusCode::kInvalidArgument) << piece_bytes;
    EXPECT_TRUE(refused.rows.empty()) << piece_bytes;
  }
}

TEST(CsvReader, RefusesARowOfCommasAboveTheLimit) {
  const std::string commas(CsvReader::kMaxRowBytes + 1, ',');
  EXPECT_EQ(Read({commas}).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(CsvReader, NoticesAnOpenQuoteLongBeforeTheEndOfALargeFile) {
  CsvReader reader([](std::uint64_t, const std::vector<std::string>&) {});
  ASSERT_TRUE(reader.Add("a,\"").ok());
  const std::string line(99, 'x');
  std::size_t taken_bytes = 0;
  while (reader.Add(line + "\n").ok()) {
    taken_bytes += line.size() + 1;
    ASSERT_LT(taken_bytes, 2 * CsvReader::kMaxRowBytes);
  }
}

TEST(CsvReader, TakesAnyNumberOfEmptyLines) {
  const std::string text = fmt::format("{:\n<{}}a\n", "", 3 * CsvReader::kMaxRowBytes);
  const Outcome outcome = Read({text});
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.rows, (Rows{{1, {"a"}}}));
}

TEST(CsvReader, TakesAnyNumberOfRowsInOnePiece) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "1,2,3,4,5,6\n";
  EXPECT_EQ(Read({text}).rows.size(), 200'000U);
}

TEST(ReadCsvFile, ReadsAFileOfMoreThanOneBuffer) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("telltale-csv-{}.csv", getpid());
  {
    std::ofstream out(path);
    for (int i = 0; i < 20'000; ++i) out << i << ",\"a,b\"\n";
  }
  std::uint64_t last_row = 0;
  std::string last_field;
  const Status status = ReadCsvFile(path.string(), [&](std::uint64_t row, const std::vector<std::string>& fields) {
    last_row = row;
    last_field = fields.at(0);
  });
  std::filesystem::remove(path);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(last_row, 20'000U);
  EXPECT_EQ(last_field, "19999");
}

TEST(ReadCsvFile, SaysThatAFolderCannotBeRead) {
  const Status status = ReadCsvFile(std::filesystem::temp_directory_path().string(),
                                    [](std::uint64_t, const std::vector<std::string>&) {});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST(ReadCsvFile, NamesAFileThatIsNotThere) {
  const Status status = ReadCsvFile("/nowhere/at/all.csv", [](std::uint64_t, const std::vector<std::string>&) {});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(status), testing::HasSubstr("/nowhere/at/all.csv"));
}

}  // namespace
}  // namespace telltale
