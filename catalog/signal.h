#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace telltale {

using SignalId = std::uint16_t;   // 1..65535, never reused
using VehicleId = std::uint32_t;  // dense, from 1; given by VehicleRegistry

// A value on its signal's own grid: physical = raw x scale + offset. The numbers at the very bottom are states.
using RawValue = std::int32_t;
inline constexpr RawValue kNotAvailable = std::numeric_limits<RawValue>::min();  // the vehicle has no value now
inline constexpr RawValue kError = kNotAvailable + 1;                            // the value is known to be wrong
// Only inside storage: a column's frame that does not have the signal at all. Never on the wire, never in a frame.
inline constexpr RawValue kAbsent = kNotAvailable + 2;
inline constexpr RawValue kRawLeast = kNotAvailable + 3;  // the least number that is a value
inline constexpr RawValue kRawGreatest = std::numeric_limits<RawValue>::max();

constexpr bool IsValue(RawValue raw) { return raw >= kRawLeast; }

enum class SignalKind : std::uint8_t {
  kContinuous = 1,  // goes up and down
  kCounter = 2,     // only grows, until it is reset
  kState = 3,       // one of a few states
  kPosition = 4,    // part of a place
};

// Where SAE J1939 carries a signal.
struct J1939Source {
  std::uint32_t spn = 0;
  std::uint32_t pgn = 0;
  std::uint32_t start_bit = 0;   // in the payload, 0-based, little endian
  std::uint32_t bit_length = 0;  // 1..32
  // raw = bus + raw_shift. Not 0 only where the bus counts from a far offset that does not fit 32 signed bits, for
  // example SPN 584: the bus carries (latitude + 210) / 1e-7, the signal's grid latitude / 1e-7.
  std::int64_t raw_shift = 0;
};

// One entry of the catalogue. A value; what the columns mean is said in catalog/README.md.
struct Signal {
  SignalId id = 0;
  std::string name;         // unique, lower_snake_case
  std::string description;  // one line
  std::string unit;         // empty for states
  double scale = 1.0;       // > 0
  double offset = 0.0;
  double min = 0.0;  // least and greatest valid physical value
  double max = 0.0;
  SignalKind kind = SignalKind::kContinuous;
  std::string group;
  std::optional<J1939Source> j1939;
  std::string terminal_key;  // "gb32960:01.soc"; empty: none

  RawValue raw_min = 0;  // min and max on the grid, derived
  RawValue raw_max = 0;

  double ToPhysical(RawValue raw) const { return static_cast<double>(raw) * scale + offset; }
};

}  // namespace telltale
