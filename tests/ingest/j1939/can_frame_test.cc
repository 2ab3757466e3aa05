#include "ingest/j1939/can_frame.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(CanId, Pdu2IsForEverybodyAndItsSpecificByteBelongsToThePgn) {
  // 0x0CF00400: priority 011, data page 0, format F0 (240), specific 04, source 00.
  EXPECT_EQ(CanId::FromBits(0x0CF00400),
            (CanId{.pgn = 61444, .priority = 3, .source_address = 0, .destination_address = 255}));
}

TEST(CanId, Pdu1NamesItsDestinationWhichIsNotInThePgn) {
  // 0x18EA21F9: priority 110, format EA (234) below 240, to 21, from F9.
  EXPECT_EQ(CanId::FromBits(0x18EA21F9),
            (CanId{.pgn = 0xEA00, .priority = 6, .source_address = 0xF9, .destination_address = 0x21}));
}

TEST(CanId, DataPagesAreTheTopBitsOfThePgn) {
  EXPECT_EQ(CanId::FromBits(0x19F00400).pgn, 0x1F004U);
  EXPECT_EQ(CanId::FromBits(0x1AF00400).pgn, 0x2F004U);
  EXPECT_EQ(CanId::FromBits(0x19EF0102).pgn, 0x1EF00U);
  EXPECT_EQ(CanId::FromBits(CanId::kMax).priority, 7);
}

}  // namespace
}  // namespace telltale
