#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// Integers of 7 bits a byte, the low ones first, the top bit set on all but the last (as protobuf's).
inline void PutVarint(std::string& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<char>(value));
}

// The same to memory, where up to 10 bytes are written; returns their end.
inline char* PutVarint(char* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

// Takes the integer at the front of `from`. False: `from` ends too soon, or it does not fit 64 bits.
inline bool TakeVarint(std::string_view& from, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (from.empty()) return false;
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Small numbers of either sign as small unsigned ones: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}
constexpr std::uint32_t ZigZag32(std::uint32_t value) { return (value << 1) ^ (0U - (value >> 31)); }
constexpr std::uint32_t UnZigZag32(std::uint32_t value) { return (value >> 1) ^ (0U - (value & 1)); }

}  // namespace telltale
