#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace telltale::cli {
namespace {

constexpr char32_t kMalformed = 0xFFFFFFFF;

// Takes one character off the front of `text`; of malformed UTF-8 one byte.
char32_t TakeCharacter(std::string_view& text) {
  const auto byte_at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte_at(0);
  std::size_t length = 0;
  char32_t least = 0;  // a smaller character in this length is an overlong form
  char32_t character = 0;
  if (first < 0x80) {
    length = 1, least = 0, character = first;
  } else if ((first & 0xE0) == 0xC0) {
    length = 2, least = 0x80, character = first & 0x1F;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, least = 0x800, character = first & 0x0F;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, least = 0x10000, character = first & 0x07;
  }
  bool good = length > 0 && length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (byte_at(i) & 0xC0) == 0x80;
    character = (character << 6) | (byte_at(i) & 0x3F);
  }
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (!good || character < least || character > 0x10FFFF || surrogate) {
    text.remove_prefix(1);
    return kMalformed;
  }
  text.remove_prefix(length);
  return character;
}

struct CharacterRange {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool IsIn(const std::array<CharacterRange, N>& ranges, char32_t character) {
  return std::any_of(ranges.begin(), ranges.end(), [character](const CharacterRange& range) {
    return character >= range.first && character <= range.last;
  });
}

// The blocks that matter in practice, from Unicode's EastAsianWidth.txt (W and F) and the combining mark blocks.
constexpr std::array<CharacterRange, 10> kWide = {{{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x1FAFF},
                                                   {0x20000, 0x3FFFD}}};
constexpr std::array<CharacterRange, 5> kZeroWidth = {
    {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

bool IsControl(char32_t character) {
  // U+202A..202E and U+2066..2069 turn the direction of the text around them.
  return character < 0x20 || (character >= 0x7F && character < 0xA0) || (character >= 0x202A && character <= 0x202E) ||
         (character >= 0x2066 && character <= 0x2069);
}

std::size_t WidthOf(char32_t character) {
  if (IsIn(kZeroWidth, character)) return 0;
  return IsIn(kWide, character) ? 2 : 1;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (TakeCharacter(text) == kMalformed) return false;
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t character = TakeCharacter(text);
    if (character == kMalformed || IsControl(character)) {
      printable += '?';
    } else {
      printable += before.substr(0, before.size() - text.size());
    }
  }
  return printable;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(text));
  return width;
}

std::vector<std::string> WrapText(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    const std::size_t word_width = DisplayWidth(word);
    if (used > 0 && used + 1 + word_width > width) {
      lines.emplace_back();
      used = 0;
    } else if (used > 0) {
      lines.back() += ' ';
      ++used;
    }
    while (!word.empty()) {
      const std::string_view before = word;
      const std::size_t character_width = WidthOf(TakeCharacter(word));
      if (used > 0 && used + character_width > width) {
        lines.emplace_back();
        used = 0;
      }
      lines.back() += before.substr(0, before.size() - word.size());
      used += character_width;
    }
  }
  return lines;
}

std::string WordsOf(std::string_view enum_name, std::string_view prefix, char between) {
  if (enum_name.starts_with(prefix)) enum_name.remove_prefix(prefix.size());
  std::string words(enum_name);
  for (char& letter : words) {
    letter = letter == '_' ? between : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return words;
}

}  // namespace telltale::cli
