#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "catalog/signal.h"
#include "storage/codec/column_kernels.h"

namespace telltale {

// Packs a run of raw values of one signal in the form that takes the fewest bytes. A column has a head, from which the
// size of its data follows, and the data; a block keeps all heads together, so that a column is found without reading
// the others (BlockCodec).
//
//     head     tag      uint8
//              width    uint8    only in the wide forms: 17..32
//              changes  uint8    only in the forms of changes: their number less 1; uint16 for more than 256 values
//
//     tag        0                      constant 0
//                1                      constant kNotAvailable
//                2, 3, 4                constant of 1, 2 bytes, unsigned, or of 4 bytes
//                5                      with states: two more heads, of a column of codes and of one of values
//                8 + form               wide: the width follows, the base has 4 bytes
//                64 + form * 48         width 1..16; the base has 1 or 2 bytes, unsigned, or 4 bytes: size 0, 1, 2
//                   + size * 16 + width - 1
//
//     form       data
//     0 packed   base, the least; each value less the base
//     1 delta    base, the first; the zigzag difference of each value from the one before, of the first 0
//     2 bitmap   base, the first; a bit for each value: does it differ from the one before; the zigzag differences of
//                those that do
//     3 listed   base, the first; the positions of those values, in as many bits as the last position has; their
//                zigzag differences
//     states     the codes: 0 value, 1 kNotAvailable, 2 kError, 3 kAbsent; the values, where a state repeats the value
//                before it
//
// Integers are little-endian; numbers of `width` bits follow each other from the lowest bit up, and the last byte of
// each such run is filled up with zeros. Differences wrap at 32 bits, so every int32 packs. The number of values is
// known from outside, as is that the bytes are sound. docs/formats/column.md works an example. Stateless; safe from any
// thread.
class ColumnCodec {
 public:
  // Keeps a decoded column within 16 KiB, half of a common L1 data cache.
  static constexpr std::size_t kMaxCount = 4096;
  static constexpr std::size_t kSlack = ColumnKernels::kSlack;

  // What a column of `count` values may take.
  static constexpr std::size_t kMaxHeadBytes = 9;
  static constexpr std::size_t MaxDataBytes(std::size_t count) { return 4 * count + count / 4 + 16; }

  struct Sink {
    std::uint8_t* head;
    std::uint8_t* data;
  };
  // Appends the packed form of 1..kMaxCount values, and moves the pointers behind it. `column` is written to: at [-1]
  // and up to a whole group. Behind it and `sink.data` is room for kSlack more.
  static void Encode(const ColumnKernels& kernels, RawValue* column, std::size_t count, Sink& sink);

  struct Source {
    const std::uint8_t* head;
    const std::uint8_t* head_end;  // two bytes behind it may be read
    const std::uint8_t* data;
    const std::uint8_t* data_end;
    const std::uint8_t* readable_end;  // at or behind data_end: what may be read, though it means nothing
  };
  // Which values are wanted: [from, to), not empty. One alone is found much faster than all.
  struct Part {
    std::size_t from;
    std::size_t to;
    bool is_one() const { return to - from == 1; }
  };
  // Takes the next column, of `count` values, and puts those that are wanted where they belong into `column`. It has
  // room for `count` and kSlack more, all of which may be overwritten. False: no column of so many values.
  static bool Decode(const ColumnKernels& kernels, Source& source, std::size_t count, Part part, RawValue* column);
  // Takes the next column if it is written as one value for all; nullopt: it is not, and stays.
  static std::optional<RawValue> TakeConstant(Source& source, std::size_t count);
  // As Decode(), without the values.
  static bool Skip(Source& source, std::size_t count);

  // What the number of values says of a column's parts.
  struct CountTraits {
    std::uint32_t count;
    std::uint32_t change_bytes;  // of the number of changes
    std::uint32_t change_mask;
    std::uint32_t position_width;

    static CountTraits Of(std::size_t count);
  };

  // Columns of one count that are decoded together, those of one form after each other (ColumnKernels says why). What
  // is wanted of them are the values [0, `to`). Not thread-safe.
  class Batch {
   public:
    static constexpr std::size_t kMaxColumns = 64;

    Batch(const ColumnKernels& kernels, std::size_t count, Part part);

    // Takes the next column; its values are in `column`, as above, after Decode(), which is due after kMaxColumns. The
    // source's bytes stay until then. False: no column of so many values.
    bool Add(Source& source, RawValue* column);
    // Takes columns without their values. False: one of them is no column of so many values.
    bool Skip(Source& source, std::size_t columns);
    // False: one of those added is no column of so many values.
    bool Decode();

   private:
    static constexpr std::size_t kFormCount = 5;

    const ColumnKernels& kernels_;
    CountTraits of_count_;
    Part part_;
    std::array<std::size_t, kFormCount> sizes_{};
    std::array<std::array<PackedColumn, kMaxColumns>, kFormCount> columns_;  // the first sizes_ of each
  };
};

}  // namespace telltale
