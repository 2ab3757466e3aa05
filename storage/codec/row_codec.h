#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "catalog/signal.h"

namespace telltale {

// Packs a row of raw values as its difference to another row of the same signals:
//
//     groups    a bit for each 64 values: whether any of them differs
//     changes   for each group that does a bit for each value: 8 bytes, of the last group as many as it needs
//     nibbles   for each changed value the lowest 4 bits of its zigzag difference; differences wrap at 32 bits
//     sizes     2 bits for each: whether the bits above take 0, 1, 2 or 4 bytes
//     bytes     the bits above, little-endian
//
// Bits fill bytes from the lowest up. The number of values is known from outside. docs/formats/journal.md works an
// example. Stateless; safe from any thread.
class RowCodec {
 public:
  // How many bytes Encode may write to for a row of so many values.
  static constexpr std::size_t MaxBytes(std::size_t count) {
    const std::size_t groups = (count + 63) / 64;
    const std::size_t beyond = 32;  // is written behind the end
    return (groups + 7) / 8 + groups * 8 + (count + 1) / 2 + (count + 3) / 4 + count * 4 + beyond;
  }

  // Writes what turns `base` into `row`, which is as long, to `out`, which has room for MaxBytes(). An empty base
  // stands for zeros. Returns the end of what was written.
  static char* Encode(std::span<const RawValue> base, std::span<const RawValue> row, char* out);

  // Takes a packed row from the front of `bytes` and turns `row`, which holds the base, into it. False: `bytes` ends
  // too soon or is no packed row; `row` is then anything.
  static bool Decode(std::string_view& bytes, std::span<RawValue> row);

  // The bytes that a row of so many values, packed at the front of `bytes`, takes of them. Nullopt as Decode's false.
  static std::optional<std::size_t> PackedSize(std::string_view bytes, std::size_t count);

  // What Encode and Decode do on a processor without AVX2.
  static char* EncodePortably(std::span<const RawValue> base, std::span<const RawValue> row, char* out);
  static bool DecodePortably(std::string_view& bytes, std::span<RawValue> row);
};

}  // namespace telltale
