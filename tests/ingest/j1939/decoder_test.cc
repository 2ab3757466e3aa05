#include "ingest/j1939/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/built_in_catalog.h"

namespace telltale {
namespace {

using Payload = std::vector<std::uint8_t>;

std::vector<J1939Sample> Decode(const Catalog& catalog, std::uint32_t pgn, const Payload& payload) {
  std::vector<J1939Sample> samples;
  J1939Decoder(catalog).Decode(pgn, payload, samples);
  return samples;
}

// The raw value of a signal; nullopt: the payload does not have it.
std::optional<RawValue> RawOf(const Catalog& catalog, std::uint32_t pgn, const Payload& payload,
                              std::string_view name) {
  for (const J1939Sample& sample : Decode(catalog, pgn, payload)) {
    if (sample.signal->name == name) return sample.raw;
  }
  return std::nullopt;
}

constexpr std::uint32_t kEec1 = 61444;

TEST(J1939Decoder, ReadsEngineSpeedAtOneEighthRpmPerBit) {
  const Payload eec1 = {0xF0, 0x7D, 0x7D, 0x20, 0x1C, 0xFF, 0xFF, 0xFF};
  const auto raw = RawOf(BuiltInCatalog(), kEec1, eec1, "engine_speed");
  ASSERT_TRUE(raw);
  EXPECT_EQ(*raw, 7200);                                                                 // 0x1C20
  EXPECT_DOUBLE_EQ(BuiltInCatalog().Get("engine_speed").ToPhysical(*raw), 900.0);        // 7200 / 8
  EXPECT_EQ(RawOf(BuiltInCatalog(), kEec1, eec1, "actual_engine_percent_torque"), 125);  // 0x7D, 125 - 125 = 0 %
}

TEST(J1939Decoder, ReadsPositionsThatCountFromFarAway) {
  // SPN 584: (latitude + 210) / 1e-7. 39.76735 degrees: 2,497,673,500 = 0x94DF791C. SPN 585: -104.9894 degrees:
  // 1,050,106,000 = 0x3E975890.
  const Payload position = {0x1C, 0x79, 0xDF, 0x94, 0x90, 0x58, 0x97, 0x3E};
  EXPECT_EQ(RawOf(BuiltInCatalog(), 65267, position, "latitude"), 397'673'500);
  EXPECT_EQ(RawOf(BuiltInCatalog(), 65267, position, "longitude"), -1'049'894'000);
  const Payload none(8, 0xFF);
  EXPECT_EQ(RawOf(BuiltInCatalog(), 65267, none, "latitude"), kNotAvailable);
  const Payload beyond_the_pole = {0x00, 0x00, 0x00, 0xF0, 0x90, 0x58, 0x97, 0x3E};  // 192.7 degrees
  EXPECT_EQ(RawOf(BuiltInCatalog(), 65267, beyond_the_pole, "latitude"), kError);
}

TEST(J1939Decoder, TellsTheStatesOfTwoBytesByTheTopOne) {
  const auto engine_speed = [](std::uint8_t low, std::uint8_t high) {
    return RawOf(BuiltInCatalog(), kEec1, {0xFF, 0xFF, 0xFF, low, high, 0xFF, 0xFF, 0xFF}, "engine_speed");
  };
  EXPECT_EQ(engine_speed(0xFF, 0xFA), 64255);  // the greatest value
  EXPECT_EQ(engine_speed(0x00, 0xFB), kError);
  EXPECT_EQ(engine_speed(0xFF, 0xFD), kError);
  EXPECT_EQ(engine_speed(0x00, 0xFE), kError);
  EXPECT_EQ(engine_speed(0xFF, 0xFE), kError);
  EXPECT_EQ(engine_speed(0x00, 0xFF), kNotAvailable);
  EXPECT_EQ(engine_speed(0xFF, 0xFF), kNotAvailable);
  EXPECT_EQ(engine_speed(0x00, 0x00), 0);
}

TEST(J1939Decoder, TellsTheStatesOfOneByte) {
  const auto coolant = [](std::uint8_t byte) {
    return RawOf(BuiltInCatalog(), 65262, {byte, 0, 0, 0, 0, 0, 0, 0}, "engine_coolant_temperature");
  };
  EXPECT_EQ(coolant(0x00), 0);    // -40 degC
  EXPECT_EQ(coolant(0xFA), 250);  // 210 degC
  EXPECT_EQ(coolant(0xFB), kError);
  EXPECT_EQ(coolant(0xFE), kError);
  EXPECT_EQ(coolant(0xFF), kNotAvailable);
}

constexpr std::string_view kHeader =
    "id,name,description,unit,scale,offset,min,max,kind,group,spn,pgn,start_bit,bit_length,bus_offset,terminal_key\n";

Catalog CatalogOf(const std::string& rows) {
  auto catalog = Catalog::FromCsv(std::string(kHeader) + rows, "test");
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return *std::move(catalog);
}

TEST(J1939Decoder, TellsTheStatesOfSingleBits) {
  const Catalog catalog = CatalogOf(
      "50000,one_bit,d,,1,0,0,1,state,operator,524001,65280,0,1,,\n"
      "50001,two_bits,d,,1,0,0,1,state,operator,524002,65280,1,2,,\n"
      "50002,three_bits,d,,1,0,0,6,state,operator,524003,65280,3,3,,\n"
      "50003,five_bits,d,,1,0,0,29,state,operator,524004,65280,6,5,,\n");
  const auto raws = [&](std::uint32_t bits) {
    std::vector<RawValue> values;
    for (const J1939Sample& sample :
         Decode(catalog, 65280, {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8)})) {
      values.push_back(sample.raw);
    }
    return values;
  };
  EXPECT_THAT(raws(0), testing::ElementsAre(0, 0, 0, 0));
  // 1 bit has no states; 2 bits: 2 is an error; 3 bits: 6 is a value; 5 bits: 30 is outside the signal's range.
  EXPECT_THAT(raws(1U | 2U << 1 | 6U << 3 | 30U << 6), testing::ElementsAre(1, kError, 6, kError));
  EXPECT_THAT(raws(1U | 3U << 1 | 7U << 3 | 31U << 6),
              testing::ElementsAre(1, kNotAvailable, kNotAvailable, kNotAvailable));
  EXPECT_THAT(raws(0U | 1U << 1 | 5U << 3 | 29U << 6), testing::ElementsAre(0, 1, 5, 29));
}

TEST(J1939Decoder, ReadsBitsAnywhereInALongMessage) {
  const Catalog catalog = CatalogOf(
      "50000,wide,d,,1,0,0,2147483647,continuous,operator,524001,65280,85,32,,\n"  // 5 bits into byte 11, over 5 bytes
      "50001,twelve_bits,d,,1,0,0,4015,continuous,operator,524002,65280,124,12,,\n");
  Payload payload(17, 0);
  // 0x12345678 << 5 = 0x2468ACF00, in bytes 10 to 14.
  payload[10] = 0x00;
  payload[11] = 0xCF;
  payload[12] = 0x8A;
  payload[13] = 0x46;
  payload[14] = 0x02;
  payload[15] = 0x50;  // 0xFA5: top byte FA, the greatest that is a value
  payload[16] = 0xFA;
  EXPECT_EQ(RawOf(catalog, 65280, payload, "wide"), 0x12345678);
  EXPECT_EQ(RawOf(catalog, 65280, payload, "twelve_bits"), 0xFA5);
  payload[16] = 0xFB;
  EXPECT_EQ(RawOf(catalog, 65280, payload, "twelve_bits"), kError);
}

TEST(J1939Decoder, LeavesOutSignalsBeyondThePayload) {
  EXPECT_EQ(RawOf(BuiltInCatalog(), kEec1, {0xF0, 0x7D, 0x7D, 0x20}, "engine_speed"), std::nullopt);
  EXPECT_EQ(RawOf(BuiltInCatalog(), kEec1, {0xF0, 0x7D, 0x7D, 0x20}, "actual_engine_percent_torque"), 125);
  EXPECT_TRUE(Decode(BuiltInCatalog(), kEec1, {}).empty());
}

TEST(J1939Decoder, PassesOverGroupsThatTheCatalogueDoesNotHave) {
  EXPECT_TRUE(Decode(BuiltInCatalog(), 59904, Payload(3, 0xFF)).empty());  // a request
  EXPECT_TRUE(Decode(BuiltInCatalog(), 59392, Payload(8, 0xFF)).empty());  // an acknowledgement
}

TEST(J1939Decoder, GivesEachSignalOfAnyPayloadAValueInItsRangeOrAState) {
  const J1939Decoder decoder(BuiltInCatalog());
  std::vector<J1939Sample> samples;
  for (const Signal& signal : BuiltInCatalog().signals()) {
    if (!signal.j1939) continue;
    for (const std::uint8_t byte : {0x00, 0x55, 0xAA, 0xFA, 0xFB, 0xFE, 0xFF}) {
      for (const std::size_t size : {1, 7, 8, 9, 40, 255}) {
        samples.clear();
        decoder.Decode(signal.j1939->pgn, Payload(size, byte), samples);
        for (const J1939Sample& sample : samples) {
          if (!IsValue(sample.raw)) continue;
          ASSERT_GE(sample.raw, sample.signal->raw_min) << sample.signal->name;
          ASSERT_LE(sample.raw, sample.signal->raw_max) << sample.signal->name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace telltale
