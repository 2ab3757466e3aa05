#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "catalog/dtc.h"

namespace telltale {

inline constexpr std::uint32_t kPgnDm1 = 65226;  // active trouble codes
inline constexpr std::uint32_t kPgnDm2 = 65227;  // previously active trouble codes

// How a controller that does not follow today's layout (version 4, conversion method bit 0) orders the 19 bits of an
// SPN. SAE J1939-73, 5.7.1.7: the bit is 1 for all three, and only the maker knows which.
enum class OldSpnLayout : std::uint8_t {
  kVersion1 = 1,  // most significant bits first
  kVersion2 = 2,  // the middle byte, the most significant byte, the low 3 bits
  kVersion3 = 3,  // the same bits as version 4
};

// Reads a trouble code of 4 bytes. nullopt: all zeros or all ones, by which a controller says that it has none.
//
//     version 4   SPN 7..0 | SPN 15..8 | SPN 18..16, FMI 4..0 | conversion method 0, occurrence count 6..0
std::optional<Dtc> DecodeDtc(std::span<const std::uint8_t, 4> bytes, OldSpnLayout old_layout = OldSpnLayout::kVersion3);

// Reads DM1 or DM2, of one frame or of many: lamps, their flash codes (not kept), then 4 bytes a code; what is left at
// the end and too short for a code is padding. nullopt: shorter than the lamps.
std::optional<FaultReport> DecodeFaults(std::uint32_t pgn, std::int64_t measure_time_ms, std::uint8_t source_address,
                                        std::span<const std::uint8_t> payload,
                                        OldSpnLayout old_layout = OldSpnLayout::kVersion3);

}  // namespace telltale
