#include "catalog/internal/signal_row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace telltale::internal {
namespace {

enum Column : std::size_t {
  kId,
  kName,
  kDescription,
  kUnit,
  kScale,
  kOffset,
  kMin,
  kMax,
  kKind,
  kGroup,
  kSpn,
  kPgn,
  kStartBit,
  kBitLength,
  kBusOffset,
  kTerminalKey,
};

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::uint32_t kMaxSpn = 0x7FFFF;           // SAE J1939-73: 19 bits
constexpr std::uint32_t kMaxPgn = 0x3FFFF;           // SAE J1939-21: 18 bits
constexpr std::uint32_t kMaxPayloadBits = 1785 * 8;  // SAE J1939-21: the longest transport message
constexpr std::array<std::string_view, 9> kGroups = {"powertrain", "aftertreatment", "chassis",  "body",    "electric",
                                                     "position",   "vehicle",        "terminal", "operator"};

Status Wrong(std::string_view column, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("column {}: '{}' {}", column, text, why));
}

Status ParseDouble(std::string_view column, const std::string& text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
    return Wrong(column, text, "is not a finite number");
  }
  return OkStatus();
}

Status ParseUnsigned(std::string_view column, const std::string& text, std::uint32_t least, std::uint32_t greatest,
                     std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < least || out > greatest) {
    return Wrong(column, text, fmt::format("is not a whole number from {} to {}", least, greatest));
  }
  return OkStatus();
}

Status ParseKind(const std::string& text, SignalKind& out) {
  constexpr std::array<std::pair<std::string_view, SignalKind>, 4> kKinds = {{{"continuous", SignalKind::kContinuous},
                                                                              {"counter", SignalKind::kCounter},
                                                                              {"state", SignalKind::kState},
                                                                              {"position", SignalKind::kPosition}}};
  for (const auto& [name, kind] : kKinds) {
    if (text == name) {
      out = kind;
      return OkStatus();
    }
  }
  return Wrong("kind", text, "is not one of continuous, counter, state, position");
}

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kMaxNameBytes && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// min or max on the signal's grid.
Status ToGrid(const Signal& signal, std::string_view column, double physical, RawValue& out) {
  const double raw = std::round((physical - signal.offset) / signal.scale);
  if (raw < kRawLeast || raw > kRawGreatest) {
    return Wrong(column, fmt::format("{}", physical),
                 fmt::format("does not fit 32 signed bits with scale {} and offset {}", signal.scale, signal.offset));
  }
  out = static_cast<RawValue>(raw);
  return OkStatus();
}

StatusOr<J1939Source> ParseJ1939(std::span<const std::string> fields, const Signal& signal) {
  J1939Source source;
  RETURN_IF_ERROR(ParseUnsigned("spn", fields[kSpn], 1, kMaxSpn, source.spn));
  RETURN_IF_ERROR(ParseUnsigned("pgn", fields[kPgn], 0, kMaxPgn, source.pgn));
  RETURN_IF_ERROR(ParseUnsigned("start_bit", fields[kStartBit], 0, kMaxPayloadBits - 1, source.start_bit));
  RETURN_IF_ERROR(ParseUnsigned("bit_length", fields[kBitLength], 1, 32, source.bit_length));
  if (!fields[kBusOffset].empty()) {
    double bus_offset = 0;
    RETURN_IF_ERROR(ParseDouble("bus_offset", fields[kBusOffset], bus_offset));
    source.raw_shift = std::llround((bus_offset - signal.offset) / signal.scale);
  }
  return source;
}

}  // namespace

StatusOr<Signal> ParseSignalRow(std::span<const std::string> fields) {
  if (fields.size() != kSignalColumnCount) {
    return absl::InvalidArgumentError(fmt::format("{} fields instead of {}", fields.size(), kSignalColumnCount));
  }
  Signal signal;
  std::uint32_t id = 0;
  RETURN_IF_ERROR(ParseUnsigned("id", fields[kId], 1, std::numeric_limits<SignalId>::max(), id));
  signal.id = static_cast<SignalId>(id);
  signal.name = fields[kName];
  if (!IsName(signal.name)) {
    return Wrong(
        "name", signal.name,
        fmt::format("is not lower_snake_case of at most {} characters that begins with a letter", kMaxNameBytes));
  }
  signal.description = fields[kDescription];
  if (signal.description.empty()) return Wrong("description", "", "is missing");
  signal.unit = fields[kUnit];
  RETURN_IF_ERROR(ParseDouble("scale", fields[kScale], signal.scale));
  if (signal.scale <= 0) return Wrong("scale", fields[kScale], "is not greater than 0");
  RETURN_IF_ERROR(ParseDouble("offset", fields[kOffset], signal.offset));
  RETURN_IF_ERROR(ParseDouble("min", fields[kMin], signal.min));
  RETURN_IF_ERROR(ParseDouble("max", fields[kMax], signal.max));
  if (signal.min >= signal.max) return Wrong("max", fields[kMax], "is not greater than min");
  RETURN_IF_ERROR(ParseKind(fields[kKind], signal.kind));
  signal.group = fields[kGroup];
  if (std::find(kGroups.begin(), kGroups.end(), signal.group) == kGroups.end()) {
    return Wrong("group", signal.group, fmt::format("is not one of {}", fmt::join(kGroups, ", ")));
  }
  signal.terminal_key = fields[kTerminalKey];
  RETURN_IF_ERROR(ToGrid(signal, "min", signal.min, signal.raw_min));
  RETURN_IF_ERROR(ToGrid(signal, "max", signal.max, signal.raw_max));
  if (!fields[kSpn].empty()) {
    ASSIGN_OR_RETURN(signal.j1939, ParseJ1939(fields, signal));
  } else if (!fields[kPgn].empty() || !fields[kStartBit].empty() || !fields[kBitLength].empty() ||
             !fields[kBusOffset].empty()) {
    return Wrong("spn", "", "is missing while other J1939 columns are there");
  }
  return signal;
}

}  // namespace telltale::internal
