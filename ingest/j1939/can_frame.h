#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace telltale {

// The 29 bits of a J1939 identifier (SAE J1939-21, 5.2):
//     28..26 priority | 25 extended data page | 24 data page | 23..16 PDU format | 15..8 PDU specific | 7..0 source
//     address
// With a PDU format below 240 (PDU1) the PDU specific byte is the destination; from 240 on (PDU2) it belongs to the PGN
// and the message is for everybody.
struct CanId {
  static constexpr std::uint32_t kMax = 0x1FFFFFFF;
  static constexpr std::uint8_t kToAll = 255;

  std::uint32_t pgn = 0;      // 18 bits
  std::uint8_t priority = 0;  // 0 (highest) .. 7
  std::uint8_t source_address = 0;
  std::uint8_t destination_address = kToAll;
  friend bool operator==(const CanId&, const CanId&) = default;

  static constexpr CanId FromBits(std::uint32_t bits) {
    CanId id{.pgn = (bits >> 8) & 0x3FFFF,
             .priority = static_cast<std::uint8_t>((bits >> 26) & 7),
             .source_address = static_cast<std::uint8_t>(bits)};
    if (((bits >> 16) & 0xFF) < 240) {
      id.destination_address = static_cast<std::uint8_t>(bits >> 8);
      id.pgn &= 0x3FF00;
    }
    return id;
  }
};

// One data frame of a J1939 bus as a logger saw it.
struct CanFrame {
  std::int64_t time_us = 0;  // since 1970-01-01T00:00:00Z
  CanId id;
  std::uint8_t size = 0;  // 0..8
  std::array<std::uint8_t, 8> bytes{};

  std::span<const std::uint8_t> payload() const { return std::span(bytes).first(size); }
};

}  // namespace telltale
