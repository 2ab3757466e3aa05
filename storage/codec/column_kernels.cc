#include "storage/codec/column_kernels.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/varint.h"

namespace telltale {
namespace {

void Transpose(const RawValue* from, std::size_t from_stride, std::size_t row_count, std::size_t column_count,
               RawValue* to, std::size_t to_stride) {
  constexpr std::size_t kTile = 16;  // 16 rows of a cache line each
  for (std::size_t row = 0; row < row_count; row += kTile) {
    const std::size_t row_end = std::min(row + kTile, row_count);
    for (std::size_t c = 0; c < column_count; ++c) {
      for (std::size_t r = row; r < row_end; ++r) to[c * to_stride + r] = from[r * from_stride + c];
    }
  }
}

std::uint32_t DifferenceAt(const RawValue* column, std::size_t i) {
  return static_cast<std::uint32_t>(column[i]) - static_cast<std::uint32_t>(column[std::ptrdiff_t(i) - 1]);
}

ColumnStats Analyze(const RawValue* column, std::size_t count, std::uint8_t* changes) {
  ColumnStats stats{.least = column[0], .greatest = column[0]};
  std::uint32_t zigzag_bits = 0;
  for (std::size_t i = 0; i < count; i += ColumnKernels::kGroup) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < ColumnKernels::kGroup; ++j) {
      const RawValue value = column[i + j];
      const std::uint32_t difference = DifferenceAt(column, i + j);
      stats.least = std::min(stats.least, value);
      stats.greatest = std::max(stats.greatest, value);
      zigzag_bits |= ZigZag32(difference);
      bits |= (difference != 0 ? 1U : 0U) << j;
    }
    changes[i / ColumnKernels::kGroup] = static_cast<std::uint8_t>(bits);
    stats.change_count += static_cast<std::size_t>(std::popcount(bits));
  }
  stats.delta_width = static_cast<unsigned>(std::bit_width(zigzag_bits));
  return stats;
}

void Differences(const RawValue* column, std::size_t count, std::uint32_t* zigzag) {
  for (std::size_t i = 0; i < count; ++i) zigzag[i] = ZigZag32(DifferenceAt(column, i));
}

void Changes(const RawValue* column, std::size_t count, const std::uint8_t* changes, std::uint32_t* positions,
             std::uint32_t* zigzag) {
  for (std::size_t i = 0; i < count; i += ColumnKernels::kGroup) {
    for (unsigned bits = changes[i / ColumnKernels::kGroup]; bits != 0; bits &= bits - 1) {
      const std::size_t at = i + static_cast<std::size_t>(std::countr_zero(bits));
      *positions++ = static_cast<std::uint32_t>(at);
      *zigzag++ = ZigZag32(DifferenceAt(column, at));
    }
  }
}

// A 64-bit accumulator, written four bytes at a time.
void Pack(const std::uint32_t* values, std::uint32_t least, std::size_t count, unsigned width, std::uint8_t* to) {
  std::uint64_t pending = 0;
  unsigned pending_bits = 0;
  for (std::size_t i = 0; i < count; ++i) {
    pending |= std::uint64_t{values[i] - least} << pending_bits;
    pending_bits += width;
    if (pending_bits >= 32) {
      std::memcpy(to, &pending, 4);
      to += 4;
      pending >>= 32;
      pending_bits -= 32;
    }
  }
  std::memcpy(to, &pending, sizeof(pending));
}

void Unpack(const std::uint8_t* from, std::uint32_t least, std::size_t count, unsigned width, std::uint32_t* values) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::size_t bit = 0;
  for (std::size_t i = 0; i < count; ++i, bit += width) {  // at most 7 + 32 bits of a word are used
    std::uint64_t word = 0;
    std::memcpy(&word, from + bit / 8, sizeof(word));
    values[i] = static_cast<std::uint32_t>((word >> (bit % 8)) & mask) + least;
  }
}

void UnpackSums(const std::uint8_t* from, std::uint32_t first, std::size_t count, unsigned width,
                std::uint32_t* values) {
  Unpack(from, 0, count, width, values);
  for (std::size_t i = 0; i < count; ++i) values[i] = first += UnZigZag32(values[i]);
}

// Room for the values of a column's changes, the first before them.
using Words = std::array<std::uint32_t, 4096 + ColumnKernels::kSlack>;

void UnpackChanges(const PackedColumn& packed, Words& values) {
  values[0] = packed.base;
  UnpackSums(packed.differences, packed.base, packed.change_count, packed.width, values.data() + 1);
}

// Each value is repeated until the next bit that is set.
bool Expand(const PackedColumn& packed, std::size_t count, std::size_t total) {
  Words values;
  UnpackChanges(packed, values);
  std::size_t set = 0;
  for (std::size_t i = 0; i < RoundUpToGroup(count); ++i) {
    set += (packed.data[i / 8] >> (i % 8)) & 1;
    if (set > packed.change_count) return false;
    packed.column[i] = static_cast<RawValue>(values[set]);
  }
  return count < total || set == packed.change_count;
}

// Fills with runs: each value up to the position of the next one.
bool Spread(const PackedColumn& packed, std::size_t total) {
  Words values;
  Words ends;
  UnpackChanges(packed, values);
  Unpack(packed.data, 0, packed.change_count, PositionWidth(total), ends.data());
  ends[packed.change_count] = static_cast<std::uint32_t>(total);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i <= packed.change_count; ++i) {
    if (ends[i] <= at || ends[i] > total) return false;
    for (; at < ends[i]; ++at) packed.column[at] = static_cast<RawValue>(values[i]);
  }
  return true;
}

void Fill(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) std::fill_n(packed.column, count, static_cast<RawValue>(packed.base));
}

void UnpackAll(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) {
    Unpack(packed.data, packed.base, count, packed.width, reinterpret_cast<std::uint32_t*>(packed.column));
  }
}

void UnpackSumsAll(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) {
    UnpackSums(packed.data, packed.base, count, packed.width, reinterpret_cast<std::uint32_t*>(packed.column));
  }
}

bool ExpandAll(std::span<const PackedColumn> columns, std::size_t count, std::size_t total) {
  return std::ranges::all_of(columns, [&](const PackedColumn& packed) { return Expand(packed, count, total); });
}

bool SpreadAll(std::span<const PackedColumn> columns, std::size_t /*count*/, std::size_t total) {
  return std::ranges::all_of(columns, [&](const PackedColumn& packed) { return Spread(packed, total); });
}

std::atomic<const ColumnKernels*> forced_kernels = nullptr;

}  // namespace

const ColumnKernels internal::kScalarKernels = {
    Transpose,  Analyze, Differences, Changes,       Pack,      Unpack,
    UnpackSums, Fill,    UnpackAll,   UnpackSumsAll, ExpandAll, SpreadAll,
};

bool ColumnKernels::Has(CodecPath path) {
  switch (path) {
    case CodecPath::kScalar:
      return true;
    case CodecPath::kAvx2:
#if defined(__x86_64__)
      // Zen 1 and 2 have pext, but at some hundred cycles each.
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
             !__builtin_cpu_is("amdfam17h");
#else
      return false;
#endif
  }
  return false;
}

CodecPath ColumnKernels::Fastest() { return Has(CodecPath::kAvx2) ? CodecPath::kAvx2 : CodecPath::kScalar; }

const ColumnKernels& ColumnKernels::Of(CodecPath path) {
  CHECK(Has(path));
  return path == CodecPath::kAvx2 ? internal::kAvx2Kernels : internal::kScalarKernels;
}

const ColumnKernels& ColumnKernels::Get() {
  static const ColumnKernels& fastest = Of(Fastest());
  const ColumnKernels* forced = forced_kernels.load(std::memory_order_relaxed);
  return forced != nullptr ? *forced : fastest;
}

void ColumnKernels::ForceForTest(CodecPath path) { forced_kernels = &Of(path); }

}  // namespace telltale
