#include "ingest/terminals/field_reader.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/terminals/beijing_time.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale {
namespace {

TEST(FieldReader, ReadsAndExplainsTheSameBytes) {
  const std::vector<std::uint8_t> bytes = HexBytes(
      "2a"
      "012c"
      "00010000"
      "414243202000"
      "1380");
  Explanation explanation;
  FieldReader reader(bytes, &explanation, 10);
  EXPECT_EQ(reader.U8("state"), 42);
  reader.Note("the answer");
  EXPECT_EQ(reader.U16("speed", {.scale = 0.1, .name = "km/h", .decimals = 1}), 300);
  EXPECT_EQ(reader.U32("count"), 65'536U);
  EXPECT_EQ(reader.Text(6, "name"), "ABC");
  EXPECT_EQ(reader.Bcd(2, "number"), "1380");
  EXPECT_TRUE(reader.ok());
  ASSERT_EQ(explanation.size(), 5U);
  EXPECT_EQ(explanation[0].value, "42 = the answer");
  EXPECT_EQ(explanation[1].value, "300 = 30.0 km/h");
  EXPECT_EQ(explanation[1].first_byte, 11U);
  EXPECT_EQ(explanation[3].value, "\"ABC\"");
  EXPECT_EQ(explanation[4].first_byte, 23U);
  EXPECT_EQ(explanation[4].byte_count, 2U);
}

TEST(FieldReader, BeyondTheEndThereAreZerosAndItIsSaidOnce) {
  const std::vector<std::uint8_t> bytes = HexBytes("0102ff");
  Explanation explanation;
  FieldReader reader(bytes, &explanation);
  EXPECT_EQ(reader.U16("first"), 0x0102);
  EXPECT_EQ(reader.U32("second"), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8("third"), 0) << "also of what was left";
  EXPECT_TRUE(reader.Bytes(1, "fourth").empty());
  EXPECT_EQ(reader.Text(3, "fifth"), "");
  ASSERT_EQ(explanation.size(), 2U);
  EXPECT_EQ(explanation[1].first_byte, 2U);
  EXPECT_EQ(explanation[1].byte_count, 1U);
  EXPECT_THAT(explanation[1].value, ::testing::HasSubstr("cut off"));
}

// Whatever the field that is cut off, the explanation goes to the last byte.
TEST(FieldReader, EveryKindOfFieldSaysThatItIsCutOff) {
  const std::vector<std::uint8_t> bytes = HexBytes("010203");
  const std::function<void(FieldReader&)> reads[] = {
      [](FieldReader& reader) { reader.U32("field"); },      [](FieldReader& reader) { reader.Bits(4, "field"); },
      [](FieldReader& reader) { reader.Bytes(4, "field"); }, [](FieldReader& reader) { reader.Text(4, "field"); },
      [](FieldReader& reader) { reader.Bcd(4, "field"); },   [](FieldReader& reader) { reader.Group(4, "field"); },
  };
  for (const auto& read : reads) {
    Explanation explanation;
    FieldReader reader(bytes, &explanation);
    reader.U8("first");
    read(reader);
    EXPECT_FALSE(reader.ok());
    ASSERT_EQ(explanation.size(), 2U);
    EXPECT_EQ(explanation[1].first_byte, 1U);
    EXPECT_EQ(explanation[1].byte_count, 2U);
  }
}

TEST(FieldReader, AGroupHasItsPartsBelowIt) {
  const std::vector<std::uint8_t> bytes = HexBytes("010203");
  Explanation explanation;
  FieldReader reader(bytes, &explanation);
  reader.U8("kind");
  FieldReader group = reader.Group(2, "item");
  group.U8("a");
  group.U8("b");
  EXPECT_EQ(reader.remaining(), 0U);
  ASSERT_EQ(explanation.size(), 4U);
  EXPECT_EQ(explanation[1].byte_count, 2U);
  EXPECT_EQ(explanation[3].depth, 1U);
  EXPECT_EQ(explanation[3].first_byte, 2U);
}

TEST(BeijingTime, IsEightHoursAheadAndKnowsTheCalendar) {
  // 2024-02-29T07:30:15+08:00 is 23:30:15 of the day before, UTC: 1,709,163,015 s.
  const auto time = BeijingTime::FromBcd({0x24, 0x02, 0x29, 0x07, 0x30, 0x15});
  EXPECT_EQ(time.ToUnixMs(), 1'709'163'015'000);
  EXPECT_EQ(BeijingTime::FromUnixMs(1'709'163'015'000), time);
  EXPECT_EQ(time.ToBcd(), (std::array<std::uint8_t, 6>{0x24, 0x02, 0x29, 0x07, 0x30, 0x15}));
  EXPECT_FALSE(BeijingTime::FromBcd({0x25, 0x02, 0x29, 0x07, 0x30, 0x15}).ToUnixMs()) << "no leap year";
  EXPECT_FALSE(BeijingTime::FromBcd({0x24, 0x1a, 0x01, 0x07, 0x30, 0x15}).ToUnixMs()) << "no digit";
  EXPECT_FALSE(BeijingTime::FromBytes({24, 2, 1, 24, 0, 0}).ToUnixMs());
  EXPECT_FALSE(BeijingTime::FromBytes({0, 0, 0, 0, 0, 0}).ToUnixMs());
}

}  // namespace
}  // namespace telltale
