#include "ingest/files/candump_line.h"

#include <cstdint>
#include <optional>

namespace telltale {
namespace {

constexpr std::uint32_t kErrorFlag = 0x20000000;
constexpr std::size_t kMaxSecondsDigits = 11;  // until the year 5138
constexpr std::size_t kMaxFractionDigits = 9;

CandumpLine Malformed(std::string_view expected) {
  return {.kind = CandumpLineKind::kMalformed, .frame = {}, .expected = expected};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
}

// Takes "(1622547830.084000)" off the front; the fraction may be missing.
std::optional<std::int64_t> TakeTime(std::string_view& text) {
  if (text.empty() || text.front() != '(') return std::nullopt;
  text.remove_prefix(1);
  std::int64_t seconds = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits == kMaxSecondsDigits) return std::nullopt;
    seconds = seconds * 10 + (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  std::int64_t micros = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    std::int64_t unit = 100'000;
    for (digits = 0; digits < text.size() && IsDigit(text[digits]); ++digits, unit /= 10) {
      if (digits == kMaxFractionDigits) return std::nullopt;
      micros += (text[digits] - '0') * unit;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
  }
  if (text.empty() || text.front() != ')') return std::nullopt;
  text.remove_prefix(1);
  return seconds * 1'000'000 + micros;
}

struct Identifier {
  std::uint32_t bits = 0;
  bool extended = false;
};

// Takes 3 or 8 hexadecimal digits before '#' off the front.
std::optional<Identifier> TakeIdentifier(std::string_view& text) {
  const std::size_t digits = text.find('#');
  if (digits != 3 && digits != 8) return std::nullopt;
  Identifier id{.extended = digits == 8};
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    id.bits = id.bits << 4 | static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(digits);
  if (id.extended ? id.bits > (kErrorFlag | CanId::kMax) : id.bits > 0x7FF) return std::nullopt;
  return id;
}

// Takes up to 8 bytes off the front.
bool TakeBytes(std::string_view& text, CanFrame& frame) {
  while (text.size() >= 2) {
    const int high = HexDigit(text[0]);
    const int low = HexDigit(text[1]);
    if (high < 0 || low < 0) break;
    if (frame.size == frame.bytes.size()) return false;
    frame.bytes[frame.size++] = static_cast<std::uint8_t>(high << 4 | low);
    text.remove_prefix(2);
  }
  return text.empty() || IsBlank(text.front());
}

// Nothing but blanks, or a direction.
bool IsRest(std::string_view text) {
  SkipBlanks(text);
  if (!text.empty() && (text.front() == 'R' || text.front() == 'T')) text.remove_prefix(1);
  SkipBlanks(text);
  return text.empty();
}

}  // namespace

CandumpLine ParseCandumpLine(std::string_view line) {
  SkipBlanks(line);
  const auto time_us = TakeTime(line);
  if (!time_us) return Malformed("the time in seconds in brackets");
  if (line.empty() || !IsBlank(line.front())) return Malformed("a blank after the time");
  SkipBlanks(line);

  std::size_t interface_length = 0;
  while (interface_length < line.size() && !IsBlank(line[interface_length])) ++interface_length;
  if (interface_length == 0 || interface_length == line.size()) return Malformed("the interface, then the identifier");
  line.remove_prefix(interface_length);
  SkipBlanks(line);

  const auto id = TakeIdentifier(line);
  if (!id) return Malformed("an identifier of 3 or 8 hexadecimal digits, and '#'");
  line.remove_prefix(1);
  if (!line.empty() && line.front() == '#') {
    line.remove_prefix(1);
    // Flags and up to 64 bytes: an odd number of digits.
    std::size_t digits = 0;
    while (digits < line.size() && HexDigit(line[digits]) >= 0) ++digits;
    if (digits % 2 == 0 || digits > 1 + 2 * 64 || !IsRest(line.substr(digits))) {
      return Malformed("a digit of flags and up to 64 bytes of CAN FD");
    }
    return {.kind = CandumpLineKind::kCanFd, .frame = {}, .expected = {}};
  }
  if (!line.empty() && line.front() == 'R') {
    line.remove_prefix(1);
    if (!line.empty() && line.front() >= '0' && line.front() <= '8') line.remove_prefix(1);
    if (!IsRest(line)) return Malformed("nothing but a length after R, a remote frame");
    return {.kind = CandumpLineKind::kRemote, .frame = {}, .expected = {}};
  }
  CanFrame frame{.time_us = *time_us};
  if (!TakeBytes(line, frame) || !IsRest(line)) return Malformed("up to 8 bytes of two hexadecimal digits");
  if (!id->extended) return {.kind = CandumpLineKind::kStandardId, .frame = {}, .expected = {}};
  if ((id->bits & kErrorFlag) != 0) return {.kind = CandumpLineKind::kErrorFrame, .frame = {}, .expected = {}};
  frame.id = CanId::FromBits(id->bits);
  return {.kind = CandumpLineKind::kJ1939, .frame = frame, .expected = {}};
}

}  // namespace telltale
