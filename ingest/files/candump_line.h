#pragma once

#include <string_view>

#include "ingest/j1939/can_frame.h"

namespace telltale {

// What a line of a candump log holds.
enum class CandumpLineKind {
  kJ1939,       // a data frame with a 29-bit identifier
  kStandardId,  // a data frame with an 11-bit identifier
  kRemote,
  kErrorFrame,  // what the controller of the logger said of the bus
  kCanFd,
  kMalformed,
};

struct CandumpLine {
  CandumpLineKind kind = CandumpLineKind::kMalformed;
  CanFrame frame;             // only of kJ1939
  std::string_view expected;  // only of kMalformed: what should have been there
};

// Reads one line as `candump -L` writes it, without its end:
//     (1622547830.084000) can0 0CF00400#F0FF7D0000FFFFFF      29-bit identifier: 8 digits
//     (1622547830.084000) can0 123#R                          11-bit identifier: 3 digits; a remote frame
//     (1622547830.084000) can0 0CF00400##1F0FF7D              CAN FD: one digit of flags
//     (1622547830.084000) can0 20000080#0000000000000000      identifier above 1FFFFFFF: an error frame
// A direction at the end, " R" or " T" (candump -x), is passed over. Stateless.
CandumpLine ParseCandumpLine(std::string_view line);

}  // namespace telltale
