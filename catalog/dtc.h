#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace telltale {

// A diagnostic trouble code, SAE J1939-73.
struct Dtc {
  static constexpr std::uint32_t kMaxSpn = 0x7FFFF;
  static constexpr std::uint32_t kMaxFmi = 31;
  static constexpr std::uint32_t kOccurrenceNotAvailable = 127;

  std::uint32_t spn = 0;              // 0..kMaxSpn
  std::uint8_t fmi = 0;               // 0..kMaxFmi
  std::uint8_t occurrence_count = 0;  // 0..126, or kOccurrenceNotAvailable
  friend bool operator==(const Dtc&, const Dtc&) = default;
};

// As on the bus: two bits a lamp.
enum class LampStatus : std::uint8_t { kOff = 0, kOn = 1, kError = 2, kNotAvailable = 3 };

struct Lamps {
  LampStatus malfunction = LampStatus::kNotAvailable;    // SPN 1213
  LampStatus red_stop = LampStatus::kNotAvailable;       // SPN 623
  LampStatus amber_warning = LampStatus::kNotAvailable;  // SPN 624
  LampStatus protect = LampStatus::kNotAvailable;        // SPN 987
  friend bool operator==(const Lamps&, const Lamps&) = default;
};

// What one controller said of its trouble codes at one instant: DM1 (active) or DM2 (previously active).
struct FaultReport {
  std::int64_t measure_time_ms = 0;
  std::uint8_t source_address = 0;
  bool previously_active = false;
  Lamps lamps;
  std::vector<Dtc> dtcs;
  friend bool operator==(const FaultReport&, const FaultReport&) = default;
};

// What a failure mode means, in our own words, for example 3 "voltage above normal, or shorted high". Empty: reserved.
std::string_view FmiText(std::uint32_t fmi);

// The preferred source addresses of J1939 that a truck has: 0 "Engine #1", 3 "Transmission #1". Empty: none.
std::string_view SourceName(std::uint32_t source_address);

}  // namespace telltale
