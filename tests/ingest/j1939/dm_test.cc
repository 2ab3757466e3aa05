#include "ingest/j1939/dm.h"

#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Bytes = std::array<std::uint8_t, 4>;

TEST(DecodeDtc, ReadsTheLayoutOfToday) {
  // F7 00 | 09 = 000 01001 | 5D: SPN 0x000F7 = 247, FMI 9, method 0, count 93. From a Kenworth (tests/data/canlogs).
  EXPECT_EQ(DecodeDtc(Bytes{0xF7, 0x00, 0x09, 0x5D}), (Dtc{.spn = 247, .fmi = 9, .occurrence_count = 93}));
  // The top three bits of byte 3 are bits 18 to 16: E3 = 111 00011.
  EXPECT_EQ(DecodeDtc(Bytes{0xFF, 0xFF, 0xE3, 0x7F}),
            (Dtc{.spn = 0x7FFFF, .fmi = 3, .occurrence_count = Dtc::kOccurrenceNotAvailable}));
  EXPECT_EQ(DecodeDtc(Bytes{0x00, 0x00, 0x1F, 0x01}), (Dtc{.spn = 0, .fmi = 31, .occurrence_count = 1}));
}

TEST(DecodeDtc, ReadsTheOlderLayoutsWhenTheMethodBitIsSet) {
  // SPN 1208 = 0x4B8 = 000 00000100 10111000 in 19 bits; FMI 3; count 10 with the method bit: 0x8A.
  const Dtc dtc{.spn = 1208, .fmi = 3, .occurrence_count = 10};
  // Version 1: bits 18..11, 10..3, 2..0. 1208 >> 11 = 0, 1208 >> 3 = 151 = 0x97, 1208 & 7 = 0.
  EXPECT_EQ(DecodeDtc(Bytes{0x00, 0x97, 0x03, 0x8A}, OldSpnLayout::kVersion1), dtc);
  EXPECT_EQ(DecodeDtc(Bytes{0x97, 0x00, 0x03, 0x8A}, OldSpnLayout::kVersion2), dtc);
  EXPECT_EQ(DecodeDtc(Bytes{0xB8, 0x04, 0x03, 0x8A}, OldSpnLayout::kVersion3), dtc);
  EXPECT_EQ(DecodeDtc(Bytes{0xB8, 0x04, 0x03, 0x8A}), dtc);
  // Without the bit the older layouts do not matter.
  EXPECT_EQ(DecodeDtc(Bytes{0xB8, 0x04, 0x03, 0x0A}, OldSpnLayout::kVersion1), dtc);
  // The highest SPN of version 1: all 19 bits.
  EXPECT_EQ(DecodeDtc(Bytes{0xFF, 0xFF, 0xE0, 0x81}, OldSpnLayout::kVersion1)->spn, Dtc::kMaxSpn);
}

TEST(DecodeDtc, TakesAllZerosAndAllOnesForNoCode) {
  EXPECT_EQ(DecodeDtc(Bytes{0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(DecodeDtc(Bytes{0xFF, 0xFF, 0xFF, 0xFF}), std::nullopt);
}

TEST(DecodeFaults, ReadsLampsAndOneCodeOfASingleFrame) {
  const std::vector<std::uint8_t> payload = {0x44, 0xFF, 0xF7, 0x00, 0x09, 0x5D, 0xFF, 0xFF};  // 01 00 01 00
  const auto report = DecodeFaults(kPgnDm1, 1000, 49, payload);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->measure_time_ms, 1000);
  EXPECT_EQ(report->source_address, 49);
  EXPECT_FALSE(report->previously_active);
  EXPECT_EQ(report->lamps, (Lamps{.malfunction = LampStatus::kOn,
                                  .red_stop = LampStatus::kOff,
                                  .amber_warning = LampStatus::kOn,
                                  .protect = LampStatus::kOff}));
  EXPECT_THAT(report->dtcs, ElementsAre(Dtc{.spn = 247, .fmi = 9, .occurrence_count = 93}));
}

TEST(DecodeFaults, ReadsEachLampFromItsTwoBits) {
  const auto report = DecodeFaults(kPgnDm1, 0, 0, std::vector<std::uint8_t>{0b11'10'01'00, 0xFF});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->lamps, (Lamps{.malfunction = LampStatus::kNotAvailable,
                                  .red_stop = LampStatus::kError,
                                  .amber_warning = LampStatus::kOn,
                                  .protect = LampStatus::kOff}));
}

TEST(DecodeFaults, ReadsManyCodesOfATransportMessage) {
  std::vector<std::uint8_t> payload = {0x00, 0xFF};
  for (std::uint8_t i = 1; i <= 5; ++i) payload.insert(payload.end(), {i, 0x00, i, i});
  const auto report = DecodeFaults(kPgnDm2, 0, 0, payload);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->previously_active);
  ASSERT_EQ(report->dtcs.size(), 5U);
  EXPECT_EQ(report->dtcs[4], (Dtc{.spn = 5, .fmi = 5, .occurrence_count = 5}));
}

TEST(DecodeFaults, GivesNoCodeForTheFillersOfAControllerThatHasNone) {
  EXPECT_THAT(DecodeFaults(kPgnDm1, 0, 0, std::vector<std::uint8_t>{0, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF})->dtcs, IsEmpty());
  EXPECT_THAT(DecodeFaults(kPgnDm1, 0, 0, std::vector<std::uint8_t>(8, 0xFF))->dtcs, IsEmpty());
}

TEST(DecodeFaults, TakesWhatIsThereOfAShortMessage) {
  EXPECT_EQ(DecodeFaults(kPgnDm1, 0, 0, {}), std::nullopt);
  EXPECT_EQ(DecodeFaults(kPgnDm1, 0, 0, std::vector<std::uint8_t>{0x00}), std::nullopt);
  EXPECT_THAT(DecodeFaults(kPgnDm1, 0, 0, std::vector<std::uint8_t>{0, 0xFF, 1, 0, 1})->dtcs, IsEmpty());
}

}  // namespace
}  // namespace telltale
