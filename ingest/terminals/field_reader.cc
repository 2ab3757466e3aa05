#include "ingest/terminals/field_reader.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace telltale {

std::string HexText(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kShown = 64;  // of a picture or a long upload the beginning is enough
  std::string text = fmt::format("{:02x}", fmt::join(bytes.first(std::min(bytes.size(), kShown)), " "));
  if (bytes.size() > kShown) text += fmt::format(" ... ({} bytes)", bytes.size());
  return text;
}

std::span<const std::uint8_t> FieldReader::Take(std::size_t count, std::string_view name) {
  if (count > remaining()) {
    Overrun(name);
    return {};
  }
  const std::span<const std::uint8_t> bytes = bytes_.subspan(at_, count);
  at_ += count;
  return bytes;
}

std::uint32_t FieldReader::Bits(std::size_t byte_count, std::string_view name) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : Take(byte_count, name)) value = value << 8 | byte;
  if (explanation_ != nullptr && ok_) Explain(byte_count, name, fmt::format("0x{:0{}x}", value, byte_count * 2));
  return value;
}

std::span<const std::uint8_t> FieldReader::Bytes(std::size_t count, std::string_view name) {
  const std::span<const std::uint8_t> bytes = Take(count, name);
  if (explanation_ != nullptr && ok_) Explain(count, name, HexText(bytes));
  return bytes;
}

std::string FieldReader::Text(std::size_t count, std::string_view name) {
  const std::span<const std::uint8_t> bytes = Take(count, name);
  std::string text(bytes.begin(), bytes.end());
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.pop_back();
  // A number that is shorter than its field may be filled up in front.
  text.erase(0, std::min(text.find_first_not_of('\0'), text.size()));
  if (explanation_ != nullptr && ok_) {
    std::string shown = text;
    std::replace_if(
        shown.begin(), shown.end(), [](unsigned char c) { return c >= 128 || std::isprint(c) == 0; }, '.');
    Explain(count, name, fmt::format("\"{}\"", shown));
  }
  return text;
}

std::string FieldReader::Bcd(std::size_t count, std::string_view name) {
  const std::span<const std::uint8_t> bytes = Take(count, name);
  std::string digits(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    digits[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
    digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
  }
  if (explanation_ != nullptr && ok_) Explain(count, name, digits);
  return digits;
}

FieldReader FieldReader::Group(std::size_t count, std::string_view name) {
  if (count > remaining()) {
    Overrun(name);
    count = 0;
  }
  FieldReader group(bytes_.subspan(at_, count), explanation_, first_byte_ + at_, depth_ + 1);
  at_ += count;
  if (explanation_ != nullptr && ok_) Explain(count, name, {});
  return group;
}

void FieldReader::Note(std::string_view meaning) {
  if (explanation_ == nullptr || explanation_->empty() || !ok_) return;
  std::string& value = explanation_->back().value;
  value += value.empty() ? std::string(meaning) : fmt::format(" = {}", meaning);
}

void FieldReader::Overrun(std::string_view name) {
  if (explanation_ != nullptr && ok_) {
    explanation_->push_back({.first_byte = first_byte_ + at_,
                             .byte_count = remaining(),
                             .depth = depth_,
                             .name = std::string(name),
                             .value = "cut off: the message ends inside"});
  }
  ok_ = false;
  at_ = bytes_.size();
}

// Of the `count` bytes before at_.
void FieldReader::Explain(std::size_t count, std::string_view name, std::string value) {
  explanation_->push_back({.first_byte = first_byte_ + at_ - count,
                           .byte_count = count,
                           .depth = depth_,
                           .name = std::string(name),
                           .value = std::move(value)});
}

void FieldReader::ExplainNumber(std::size_t count, std::string_view name, std::uint32_t value, const Unit& unit) {
  std::string text = std::to_string(value);
  if (!unit.name.empty() || unit.scale != 1.0 || unit.offset != 0.0) {
    const std::uint32_t not_available = count == 4 ? 0xFFFF'FFFF : (std::uint32_t{1} << (8 * count)) - 1;
    if (value != not_available) {
      text += fmt::format(" = {:.{}f} {}", value * unit.scale + unit.offset, unit.decimals, unit.name);
    }
  }
  Explain(count, name, std::move(text));
}

}  // namespace telltale
