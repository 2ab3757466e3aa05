#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale {

// Packs a run of raw values of one signal in the form that takes the fewest bytes:
//
//     form     uint8     0 constant | 1 packed | 2 delta | 3 changes | 4 with states
//     body     0: zigzag varint value
//              1: zigzag varint least, uint8 width, the values less the least, `width` bits each
//              2: zigzag varint first, uint8 width, the zigzag differences from one to the next
//              3: zigzag varint first, uint8 width, a bit for each further value: changed or not,
//                 the zigzag differences of those that changed
//              4: varint size, a column of codes (0 value, 1 not available, 2 error) of that size, then a column of the
//              values, where
//                 each state repeats the value before it
//
// Bits fill bytes from the lowest up. Differences wrap at 32 bits, so every int32 packs. The number of values and the
// end of the bytes are known from outside, as is the checksum (BlockCodec). docs/formats/column.md works an example.
// Stateless; safe from any thread.
class ColumnCodec {
 public:
  // Keeps a decoded column within 16 KiB, half of a common L1 data cache.
  static constexpr std::size_t kMaxCount = 4096;

  // Appends the packed form of `raw`, which has 1..kMaxCount values.
  static void Encode(std::span<const RawValue> raw, std::string& to);

  // Fills `raw`, which has as many elements as were encoded, from all of `bytes`. Errors: DATA_LOSS the bytes are not a
  // column of so many values.
  static Status Decode(std::string_view bytes, std::span<RawValue> raw);
};

}  // namespace telltale
