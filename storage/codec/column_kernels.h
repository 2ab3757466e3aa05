#pragma once

#include <cstddef>
#include <cstdint>

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

  // column[i] = values[the number of bits set in changes 0..i]: each value is repeated until the next change. Returns
  // how many bits are set in the bytes that hold `count` of them.
  std::size_t (*expand)(const std::uint8_t* changes, const std::uint32_t* values, std::size_t count, RawValue* column);

  // Fills a column with runs: values[i] up to ends[i]. False: these do not grow, or are beyond `count`.
  bool (*spread)(const std::uint32_t* ends, const std::uint32_t* values, std::size_t run_count, std::size_t count,
                 RawValue* column);

  void (*fill)(RawValue value, std::size_t count, RawValue* column);

  // Those of the fastest path this processor has, or of the one that was forced. Thread-safe.
  static const ColumnKernels& Get();

  static bool Has(CodecPath path);
  static CodecPath Fastest();
  static const ColumnKernels& Of(CodecPath path);  // which this processor has
  static void ForceForTest(CodecPath path);        // for tests and benchmarks: what Get() gives from now on
};

namespace internal {
extern const ColumnKernels kScalarKernels;
extern const ColumnKernels kAvx2Kernels;  // null pointers on other processors than x86-64
}  // namespace internal

constexpr std::size_t RoundUpToGroup(std::size_t count) {
  return (count + ColumnKernels::kGroup - 1) / ColumnKernels::kGroup * ColumnKernels::kGroup;
}

}  // namespace telltale
