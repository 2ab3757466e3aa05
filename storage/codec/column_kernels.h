#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "catalog/signal.h"

namespace telltale {

// Which instructions the codec uses. All give the same bytes.
enum class CodecPath : std::uint8_t { kScalar, kAvx2 };

// What the choice of a column's form needs to know of it.
struct ColumnStats {
  RawValue least = 0;
  RawValue greatest = 0;
  std::size_t change_count = 0;  // values that differ from the one before
  unsigned delta_width = 0;      // bits of the widest zigzag difference from one value to the next
};

// A packed column, as its head tells, and where its values go. Uninitialised: there are arrays of it.
struct PackedColumn {
  const std::uint8_t* data;         // the numbers; in the forms of changes: which values differ
  const std::uint8_t* differences;  // in the forms of changes
  std::uint32_t base;
  std::uint32_t width;         // bits: 1..32; of constants 0
  std::uint32_t change_count;  // in the forms of changes: 1 up to one less than there are values
  RawValue* column;
};

// The loops of the column codec, for one kind of processor. `count` is at most ColumnCodec::kMaxCount.
//
// Unless said otherwise they work on whole groups of kGroup and for speed read and write up to kSlack elements (of
// bytes: bytes) beyond what was asked; what is there does not matter and what they leave there means nothing.
struct ColumnKernels {
  static constexpr std::size_t kGroup = 8;
  static constexpr std::size_t kSlack = 64;

  // to[c * to_stride + r] = from[r * from_stride + c], and touches nothing else.
  void (*transpose)(const RawValue* from, std::size_t from_stride, std::size_t row_count, std::size_t column_count,
                    RawValue* to, std::size_t to_stride);

  // Of a column whose column[-1] is its first value and whose last value is repeated up to a whole group. Bit i of
  // `changes` tells whether value i differs from the one before; the bits of the group beyond `count` are 0.
  ColumnStats (*analyze)(const RawValue* column, std::size_t count, std::uint8_t* changes);

  // The zigzag differences of the same column, the first being 0.
  void (*differences)(const RawValue* column, std::size_t count, std::uint32_t* zigzag);
  // Only those of the values that differ, and where these are.
  void (*changes)(const RawValue* column, std::size_t count, const std::uint8_t* changes, std::uint32_t* positions,
                  std::uint32_t* zigzag);

  // `width` bits (1..32) of each value less `least`, from the lowest bit of the first byte up; the bits left over in
  // the last byte may be anything.
  void (*pack)(const std::uint32_t* values, std::uint32_t least, std::size_t count, unsigned width, std::uint8_t* to);
  void (*unpack)(const std::uint8_t* from, std::uint32_t least, std::size_t count, unsigned width,
                 std::uint32_t* values);

  // Of unpacked zigzag differences: values[i] = first + the sum of the differences 0..i.
  void (*unpack_sums)(const std::uint8_t* from, std::uint32_t first, std::size_t count, unsigned width,
                      std::uint32_t* values);

  // These decode columns of one form, the values [0, count) of each. Many at a time: what the processor learns from one
  // column, how long the loops are and which way the branches go, then holds for the next.
  using DecodeColumns = void (*)(std::span<const PackedColumn> columns, std::size_t count);
  DecodeColumns fill;             // constants
  DecodeColumns unpack_all;       // packed
  DecodeColumns unpack_sums_all;  // delta

  // The same of columns of `total` values whose changes are in a bitmap or listed. False: a column is not sound, which
  // is seen only of what was decoded; what is in them is then undefined.
  using DecodeChanges = bool (*)(std::span<const PackedColumn> columns, std::size_t count, std::size_t total);
  DecodeChanges expand_all;  // bitmap
  DecodeChanges spread_all;  // listed

  // Those of the fastest path this processor has, or of the one that was forced. Thread-safe.
  static const ColumnKernels& Get();

  static bool Has(CodecPath path);
  static CodecPath Fastest();
  static const ColumnKernels& Of(CodecPath path);  // which this processor has
  static void ForceForTest(CodecPath path);        // for tests and benchmarks: what Get() gives from now on
};

// Bits that tell a place among `count` values.
constexpr unsigned PositionWidth(std::size_t count) {
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint32_t>(count - 1)));
}

namespace internal {
extern const ColumnKernels kScalarKernels;
extern const ColumnKernels kAvx2Kernels;  // null pointers on other processors than x86-64
}  // namespace internal

constexpr std::size_t RoundUpToGroup(std::size_t count) {
  return (count + ColumnKernels::kGroup - 1) / ColumnKernels::kGroup * ColumnKernels::kGroup;
}

}  // namespace telltale
