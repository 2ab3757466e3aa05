#include "ingest/j1939/dm.h"

namespace telltale {
namespace {

constexpr std::size_t kLampBytes = 2;
constexpr std::size_t kDtcBytes = 4;

LampStatus LampAt(std::uint8_t lamps, unsigned shift) { return static_cast<LampStatus>((lamps >> shift) & 3); }

}  // namespace

std::optional<Dtc> DecodeDtc(std::span<const std::uint8_t, 4> bytes, OldSpnLayout old_layout) {
  const std::uint32_t b0 = bytes[0];
  const std::uint32_t b1 = bytes[1];
  const std::uint32_t b2 = bytes[2];
  const std::uint32_t b3 = bytes[3];
  if ((b0 | b1 | b2 | b3) == 0 || (b0 & b1 & b2 & b3) == 0xFF) return std::nullopt;
  const std::uint32_t top_bits = b2 >> 5;  // of byte 3, above the FMI
  std::uint32_t spn = b0 | b1 << 8 | top_bits << 16;
  if (const bool old = (b3 & 0x80) != 0; old && old_layout == OldSpnLayout::kVersion1) {
    spn = b0 << 11 | b1 << 3 | top_bits;
  } else if (old && old_layout == OldSpnLayout::kVersion2) {
    spn = b1 << 11 | b0 << 3 | top_bits;
  }
  return Dtc{.spn = spn,
             .fmi = static_cast<std::uint8_t>(b2 & 0x1F),
             .occurrence_count = static_cast<std::uint8_t>(b3 & 0x7F)};
}

std::optional<FaultReport> DecodeFaults(std::uint32_t pgn, std::int64_t measure_time_ms, std::uint8_t source_address,
                                        std::span<const std::uint8_t> payload, OldSpnLayout old_layout) {
  if (payload.size() < kLampBytes) return std::nullopt;
  FaultReport report{.measure_time_ms = measure_time_ms,
                     .source_address = source_address,
                     .previously_active = pgn == kPgnDm2,
                     .lamps = {.malfunction = LampAt(payload[0], 6),
                               .red_stop = LampAt(payload[0], 4),
                               .amber_warning = LampAt(payload[0], 2),
                               .protect = LampAt(payload[0], 0)},
                     .dtcs = {}};
  for (auto rest = payload.subspan(kLampBytes); rest.size() >= kDtcBytes; rest = rest.subspan(kDtcBytes)) {
    if (const auto dtc = DecodeDtc(rest.first<kDtcBytes>(), old_layout)) report.dtcs.push_back(*dtc);
  }
  return report;
}

}  // namespace telltale
