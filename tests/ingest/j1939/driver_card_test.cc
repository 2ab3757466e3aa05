// Whose card is in the tachograph, from the messages of the bus.

#include "ingest/j1939/driver_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/files/file_decoder.h"
#include "tests/ingest/built_in_catalog.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(DriverIdOf, TakesTheFirstDriversWithoutBlanks) {
  EXPECT_EQ(DriverIdOf(Bytes("D  DF00012345671 0*D  DF000999*")), "DDF000123456710");
  EXPECT_EQ(DriverIdOf(Bytes("CN123")), "CN123");
  EXPECT_EQ(DriverIdOf(Bytes("*D  DF000999*")), "");
  EXPECT_EQ(DriverIdOf(Bytes("\xFF\xFF\xFF\xFF*")), "") << "not available";
  EXPECT_EQ(DriverIdOf({}), "");
  EXPECT_EQ(DriverIdOf(Bytes(std::string(65, 'A'))), "") << "longer than can be kept";
}

class DriverCardTest : public testing::Test {
 protected:
  std::vector<DriverChange> Identified(std::int64_t time_ms, std::string_view text) {
    std::vector<DriverChange> changes;
    watch_.Add(kPgnDriverIdentification, time_ms, Bytes(text), changes);
    return changes;
  }
  // SPN 1615, bits 5 and 6 of the second byte.
  std::vector<DriverChange> Card(std::int64_t time_ms, std::uint8_t state) {
    const std::vector<std::uint8_t> payload = {0xFF, static_cast<std::uint8_t>(0xCF | state << 4), 0xFF, 0xFF};
    std::vector<DriverChange> changes;
    watch_.Add(kPgnTachograph, time_ms, payload, changes);
    return changes;
  }
  static DriverChange ChangeTo(std::int64_t time_ms, std::string id) {
    return {.time_ms = time_ms, .driver_id = std::move(id), .source = DriverSource::kTachograph};
  }

  DriverCardWatch watch_;
};

TEST_F(DriverCardTest, OnlyAnotherCardIsAChange) {
  EXPECT_THAT(Card(0, 0), IsEmpty()) << "nobody was known before";
  EXPECT_THAT(Card(1, 1), IsEmpty()) << "whose it is comes later";
  EXPECT_THAT(Identified(2, "D1*"), ElementsAre(ChangeTo(2, "D1")));
  EXPECT_THAT(Identified(3, "D1*"), IsEmpty());
  EXPECT_THAT(Card(4, 1), IsEmpty());
  EXPECT_THAT(Card(5, 2), IsEmpty()) << "error";
  EXPECT_THAT(Card(6, 3), IsEmpty()) << "not available";
  EXPECT_THAT(Identified(7, "*"), IsEmpty());
  EXPECT_THAT(Card(8, 0), ElementsAre(ChangeTo(8, "")));
  EXPECT_THAT(Card(9, 0), IsEmpty());
  EXPECT_THAT(Identified(10, "D1*"), ElementsAre(ChangeTo(10, "D1")));
  EXPECT_THAT(Identified(11, "D2*"), ElementsAre(ChangeTo(11, "D2")));
}

// A broadcast of two packets, PGN 65131 = 0xFEEB... of 8 bytes and more goes by the transport protocol.
TEST_F(DriverCardTest, ALogOfTheBusGivesTheDriver) {
  const auto decoder = FileDecoder::Create(BuiltInCatalog(), {.vehicle_id = 1});
  DecodedPiece piece;
  const std::string log =
      "(1772323200.000000) can0 18ECFFEE#200A0002FF6BFE00\n"  // 10 bytes in 2 packets of PGN 00FE6B
      "(1772323200.050000) can0 18EBFFEE#0144463030303132\n"
      "(1772323200.100000) can0 18EBFFEE#0233342AFFFFFFFF\n"
      "(1772323260.000000) can0 0CFE6CEE#FFCFFFFFFFFFFFFF\n";
  ASSERT_TRUE(decoder->Add(log, piece).ok());
  ASSERT_TRUE(decoder->Finish(piece).ok());
  EXPECT_THAT(piece.drivers, ElementsAre(ChangeTo(1'772'323'200'100, "DF0001234"), ChangeTo(1'772'323'260'000, "")));
}

}  // namespace
}  // namespace telltale
