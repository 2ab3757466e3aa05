#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace telltale::jt808 {

// A message on the wire, JT/T 808, 4.4:
//
//     7e | header, body and checksum, with 7e written as 7d 02 and 7d as 7d 01 | 7e
//
// The delimiter occurs nowhere else, so the stream is taken apart at each: terminals that share one between two
// messages are understood, too, and after garbage the next message is found.
inline constexpr std::uint8_t kDelimiter = 0x7e;
inline constexpr std::uint8_t kEscape = 0x7d;
// Header of 2019 with sub-packets, body and checksum.
inline constexpr std::size_t kMessageBytesMax = 21 + 1023 + 1;
inline constexpr std::size_t kEscapedBytesMax = 2 * kMessageBytesMax;

// The bytes between two delimiters, and how much of the stream is spent with them.
struct Piece {
  std::span<const std::uint8_t> escaped;  // never empty
  std::size_t consumed = 0;
};

// The next piece that ends in `stream`; `escaped` is empty if there is none: `consumed` bytes, delimiters and the like,
// are spent, the rest is the beginning of a message.
Piece NextPiece(std::span<const std::uint8_t> stream);

// Undoes the escapes; `message` is overwritten. Errors: INVALID_ARGUMENT a 7d is followed by neither 01 nor 02: the
// byte is named, and everything is still there, unchanged.
Status Unescape(std::span<const std::uint8_t> escaped, std::vector<std::uint8_t>& message);

// Adds `message`, which has no checksum, to `out` with its checksum, escapes and delimiters.
void AppendEscaped(std::string_view message, std::string& out);

// Exclusive or of all bytes.
std::uint8_t Checksum(std::span<const std::uint8_t> bytes);

}  // namespace telltale::jt808
