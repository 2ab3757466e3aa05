#include "ingest/files/candump_line.h"

#include <string>

#include <gtest/gtest.h>

namespace telltale {
namespace {

using Kind = CandumpLineKind;

TEST(CandumpLine, ReadsTimeIdentifierAndBytes) {
  const CandumpLine line = ParseCandumpLine("(1622547830.084600) can1 0CF00400#F0FF7D0000FFFFFF");
  ASSERT_EQ(line.kind, Kind::kJ1939);
  EXPECT_EQ(line.frame.time_us, 1'622'547'830'084'600);
  EXPECT_EQ(line.frame.id.pgn, 61444U);
  EXPECT_EQ(line.frame.id.priority, 3);
  EXPECT_EQ(line.frame.size, 8);
  EXPECT_EQ(line.frame.bytes, (std::array<std::uint8_t, 8>{0xF0, 0xFF, 0x7D, 0, 0, 0xFF, 0xFF, 0xFF}));
}

TEST(CandumpLine, TakesOtherFractionsLowerCaseShortFramesAndADirection) {
  EXPECT_EQ(ParseCandumpLine("(12.5) vcan0 18fef100#ab T").frame.time_us, 12'500'000);
  EXPECT_EQ(ParseCandumpLine("(12.123456789) vcan0 18fef100#ab R").frame.time_us, 12'123'456);
  EXPECT_EQ(ParseCandumpLine("(12) vcan0 18fef100#ab").frame.time_us, 12'000'000);
  const CandumpLine line = ParseCandumpLine("  (12.5)\tvcan0  18fef100#  ");
  EXPECT_EQ(line.kind, Kind::kJ1939);
  EXPECT_EQ(line.frame.size, 0);
}

TEST(CandumpLine, KnowsWhatIsNotJ1939) {
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 7FF#1122").kind, Kind::kStandardId);
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 123#R").kind, Kind::kRemote);
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 18EAFF00#R3").kind, Kind::kRemote);
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 20000080#0000000000000000").kind, Kind::kErrorFrame);
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 123##1").kind, Kind::kCanFd);
  EXPECT_EQ(ParseCandumpLine("(1.0) can0 18FEF100##5" + std::string(128, 'A')).kind, Kind::kCanFd);
}

TEST(CandumpLine, RefusesWhatIsMalformedAndSaysWhatItExpected) {
  const auto expected = [](std::string_view text) {
    const CandumpLine line = ParseCandumpLine(text);
    EXPECT_EQ(line.kind, Kind::kMalformed) << text;
    return std::string(line.expected);
  };
  const std::string time = "the time in seconds in brackets";
  EXPECT_EQ(expected(""), time);
  EXPECT_EQ(expected("can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(.5) can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(1.) can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(-1.5) can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(1.5 can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(123456789012.5) can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(1.0123456789) can0 18FEF100#00"), time);
  EXPECT_EQ(expected("(1.5)can0 18FEF100#00"), "a blank after the time");
  EXPECT_EQ(expected("(1.5) "), "the interface, then the identifier");
  EXPECT_EQ(expected("(1.5) can0"), "the interface, then the identifier");
  const std::string identifier = "an identifier of 3 or 8 hexadecimal digits, and '#'";
  EXPECT_EQ(expected("(1.5) can0 18FEF100"), identifier);
  EXPECT_EQ(expected("(1.5) can0 8FEF100#00"), identifier);
  EXPECT_EQ(expected("(1.5) can0 18FEF10G#00"), identifier);
  EXPECT_EQ(expected("(1.5) can0 800#00"), identifier);       // 11 bits
  EXPECT_EQ(expected("(1.5) can0 40000000#00"), identifier);  // 29 bits and the error flag
  EXPECT_EQ(expected("(1.5) can0  18FEF100   [8]  00 00"), identifier);
  const std::string bytes = "up to 8 bytes of two hexadecimal digits";
  EXPECT_EQ(expected("(1.5) can0 18FEF100#0"), bytes);
  EXPECT_EQ(expected("(1.5) can0 18FEF100#001"), bytes);
  EXPECT_EQ(expected("(1.5) can0 18FEF100#0G"), bytes);
  EXPECT_EQ(expected("(1.5) can0 18FEF100#001122334455667788"), bytes);
  EXPECT_EQ(expected("(1.5) can0 18FEF100#0011 X"), bytes);
  EXPECT_EQ(expected("(1.5) can0 123#R9"), "nothing but a length after R, a remote frame");
  EXPECT_EQ(expected("(1.5) can0 123##"), "a digit of flags and up to 64 bytes of CAN FD");
  EXPECT_EQ(expected("(1.5) can0 123##11"), "a digit of flags and up to 64 bytes of CAN FD");
}

TEST(CandumpLine, ATruncatedLineIsMalformedOrAShorterFrame) {
  const std::string line = "(1622547830.084600) can1 0CF00400#F0FF7D0000FFFFFF";
  for (std::size_t size = 0; size < line.size(); ++size) {
    const CandumpLine read = ParseCandumpLine(std::string_view(line).substr(0, size));
    const std::size_t digits = size < 34 ? 0 : size - 34;  // behind '#'
    const bool whole_bytes = size >= 34 && digits % 2 == 0;
    EXPECT_EQ(read.kind, whole_bytes ? Kind::kJ1939 : Kind::kMalformed) << size;
    if (whole_bytes) {
      EXPECT_EQ(read.frame.size, digits / 2);
    }
  }
}

}  // namespace
}  // namespace telltale
