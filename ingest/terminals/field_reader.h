#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

// One field of a message, for people: where it is, what it is called, what it says.
struct ExplainedField {
  std::size_t first_byte = 0;  // in the message as the standard numbers it: escapes undone, from 0
  std::size_t byte_count = 0;
  std::size_t depth = 0;  // of groups around it; a group is a field of depth n whose parts have n + 1
  std::string name;
  std::string value;  // "75.3 km/h"; of a group empty
};
using Explanation = std::vector<ExplainedField>;

// How a number of the wire is written for people.
struct Unit {
  double scale = 1.0;
  double offset = 0.0;
  std::string_view name;  // "km/h"
  int decimals = 0;
};

// Reads the big-endian fields of a message one after the other. Decoders read through it, and the same code explains a
// message: with an Explanation every field that is read is noted with its bytes. Reading past the end gives zeros and
// turns ok() false, so that a decoder looks once, at its end. A view of the bytes. Not thread-safe.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::uint8_t> bytes, Explanation* explanation = nullptr,
                       std::size_t first_byte = 0, std::size_t depth = 0)
      : bytes_(bytes), explanation_(explanation), first_byte_(first_byte), depth_(depth) {}

  std::uint8_t U8(std::string_view name, const Unit& unit = {}) {
    return static_cast<std::uint8_t>(Number(1, name, unit));
  }
  std::uint16_t U16(std::string_view name, const Unit& unit = {}) {
    return static_cast<std::uint16_t>(Number(2, name, unit));
  }
  std::uint32_t U32(std::string_view name, const Unit& unit = {}) {
    return static_cast<std::uint32_t>(Number(4, name, unit));
  }
  std::uint32_t Bits(std::size_t byte_count, std::string_view name);  // explained as hexadecimal; at most 4 bytes

  // Bytes as they are; none if there are fewer. Explained as hexadecimal.
  std::span<const std::uint8_t> Bytes(std::size_t count, std::string_view name);
  // Text without the zeros and blanks at its end. Explained as text, what is not ASCII as dots.
  std::string Text(std::size_t count, std::string_view name);
  // Decimal digits, two a byte. What is no digit stays hexadecimal.
  std::string Bcd(std::size_t count, std::string_view name);

  // The next `count` bytes as a reader of their own, explained as a group of `name`.
  FieldReader Group(std::size_t count, std::string_view name);

  // The same bytes, unexplained: for what must not be shown.
  FieldReader Silently() const { return FieldReader(bytes_.subspan(at_)); }

  // Adds what it means to the field that was read last: "1 = lit". No effect, and no cost, without an Explanation.
  void Note(std::string_view meaning);

  bool explains() const { return explanation_ != nullptr; }
  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }  // in the bytes of this reader

 private:
  std::uint32_t Number(std::size_t count, std::string_view name, const Unit& unit) {
    if (remaining() < count) [[unlikely]] {
      Overrun(name);
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes_[at_ + i];
    at_ += count;
    if (explanation_ != nullptr) [[unlikely]] {
      ExplainNumber(count, name, value, unit);
    }
    return value;
  }
  std::span<const std::uint8_t> Take(std::size_t count, std::string_view name);  // unexplained
  void Overrun(std::string_view name);
  void Explain(std::size_t count, std::string_view name, std::string value);
  void ExplainNumber(std::size_t count, std::string_view name, std::uint32_t value, const Unit& unit);

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
  Explanation* explanation_;
  std::size_t first_byte_;  // of bytes_ in the message
  std::size_t depth_;
};

// "7e 02 00", for explanations and messages.
std::string HexText(std::span<const std::uint8_t> bytes);

}  // namespace telltale
