// The column codec's loops for processors with AVX2 and BMI2. Eight values at a time: eight values of `width` bits are
// exactly `width` bytes, so every group begins at a byte.

#include "storage/codec/column_kernels.h"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <immintrin.h>

#define TELLTALE_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace telltale {
namespace {

constexpr std::size_t kLanes = 8;

TELLTALE_AVX2 inline __m256i Load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
TELLTALE_AVX2 inline void Store(void* to, __m256i values) { _mm256_storeu_si256(static_cast<__m256i*>(to), values); }
TELLTALE_AVX2 inline __m256i Broadcast(std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }

// All ones in the first `count` lanes.
TELLTALE_AVX2 inline __m256i FirstLanes(std::size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// Eight indices of a byte each, as lanes.
TELLTALE_AVX2 inline __m256i LoadIndices(const std::array<std::uint8_t, 8>& indices) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(indices.data())));
}

TELLTALE_AVX2 inline __m256i LoadHalves(const RawValue* low, const RawValue* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

// Transposes v[i] of columns 0..3 and v[i + 4] of columns 4..7, each with row i in its low half and row i + 4 in its
// high one: pairs of 32 bits, then of 64, change places.
TELLTALE_AVX2 inline void TransposeHalves(__m256i (&v)[kLanes]) {
  for (std::size_t i = 0; i < kLanes; i += 4) {
    const __m256i low01 = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    const __m256i high01 = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    const __m256i low23 = _mm256_unpacklo_epi32(v[i + 2], v[i + 3]);
    const __m256i high23 = _mm256_unpackhi_epi32(v[i + 2], v[i + 3]);
    v[i] = _mm256_unpacklo_epi64(low01, low23);
    v[i + 1] = _mm256_unpackhi_epi64(low01, low23);
    v[i + 2] = _mm256_unpacklo_epi64(high01, high23);
    v[i + 3] = _mm256_unpackhi_epi64(high01, high23);
  }
}

TELLTALE_AVX2 inline void TransposeWholeTile(const RawValue* from, std::size_t from_stride, RawValue* to,
                                             std::size_t to_stride) {
  __m256i v[kLanes];
  for (std::size_t i = 0; i < 4; ++i) {
    const RawValue* low = from + i * from_stride;
    v[i] = LoadHalves(low, low + 4 * from_stride);
    v[i + 4] = LoadHalves(low + 4, low + 4 * from_stride + 4);
  }
  TransposeHalves(v);
  for (std::size_t i = 0; i < kLanes; ++i) Store(to + i * to_stride, v[i]);
}

TELLTALE_AVX2 void TransposePartOfTile(const RawValue* from, std::size_t from_stride, std::size_t rows,
                                       std::size_t columns, RawValue* to, std::size_t to_stride) {
  const __m256i column_mask = FirstLanes(columns);
  const __m256i row_mask = FirstLanes(rows);
  __m256i v[kLanes];
  for (std::size_t i = 0; i < 4; ++i) {
    const __m256i low = _mm256_maskload_epi32(from + std::min(i, rows - 1) * from_stride, column_mask);
    const __m256i high = _mm256_maskload_epi32(from + std::min(i + 4, rows - 1) * from_stride, column_mask);
    v[i] = _mm256_permute2x128_si256(low, high, 0x20);
    v[i + 4] = _mm256_permute2x128_si256(low, high, 0x31);
  }
  TransposeHalves(v);
  for (std::size_t i = 0; i < columns; ++i) _mm256_maskstore_epi32(to + i * to_stride, row_mask, v[i]);
}

TELLTALE_AVX2 void Transpose(const RawValue* from, std::size_t from_stride, std::size_t row_count,
                             std::size_t column_count, RawValue* to, std::size_t to_stride) {
  for (std::size_t row = 0; row < row_count; row += kLanes) {
    const std::size_t rows = std::min(kLanes, row_count - row);
    for (std::size_t column = 0; column < column_count; column += kLanes) {
      const std::size_t columns = std::min(kLanes, column_count - column);
      const RawValue* source = from + row * from_stride + column;
      RawValue* target = to + column * to_stride + row;
      if (rows == kLanes && columns == kLanes) {
        TransposeWholeTile(source, from_stride, target, to_stride);
      } else {
        TransposePartOfTile(source, from_stride, rows, columns, target, to_stride);
      }
    }
  }
}

TELLTALE_AVX2 inline __m256i Or(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }

TELLTALE_AVX2 inline unsigned LaneBits(__m256i lanes) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)));
}

// The reduction of the lanes to one.
template <typename Combine>
TELLTALE_AVX2 inline std::uint32_t Reduce(__m256i v, Combine combine) {
  __m128i half = combine(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  half = combine(half, _mm_shuffle_epi32(half, 0b01'00'11'10));
  half = combine(half, _mm_shuffle_epi32(half, 0b10'11'00'01));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(half));
}

TELLTALE_AVX2 ColumnStats Analyze(const RawValue* column, std::size_t count, std::uint8_t* changes) {
  __m256i value = Load(column);
  __m256i least = value;
  __m256i greatest = value;
  __m256i magnitude_bits = _mm256_setzero_si256();
  // Loaded, it would have to wait until column[-1] is in the cache.
  __m256i before = _mm256_permutevar8x32_epi32(value, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6));
  ColumnStats stats;
  for (std::size_t i = 0;;) {
    const __m256i difference = _mm256_sub_epi32(value, before);
    least = _mm256_min_epi32(least, value);
    greatest = _mm256_max_epi32(greatest, value);
    magnitude_bits = Or(magnitude_bits, _mm256_xor_si256(difference, _mm256_srai_epi32(difference, 31)));
    const unsigned bits = ~LaneBits(_mm256_cmpeq_epi32(value, before)) & 0xFFU;
    changes[i / kLanes] = static_cast<std::uint8_t>(bits);
    stats.change_count += static_cast<std::size_t>(std::popcount(bits));
    i += kLanes;
    if (i >= count) break;
    value = Load(column + i);
    before = Load(column + i - 1);
  }
  stats.least = stats.greatest = column[0];
  if (stats.change_count == 0) return stats;
  stats.least =
      static_cast<RawValue>(Reduce(least, [](__m128i a, __m128i b) TELLTALE_AVX2 { return _mm_min_epi32(a, b); }));
  stats.greatest =
      static_cast<RawValue>(Reduce(greatest, [](__m128i a, __m128i b) TELLTALE_AVX2 { return _mm_max_epi32(a, b); }));
  // Zigzag is twice the magnitude, and one more for the negative ones.
  const std::uint32_t bits =
      Reduce(magnitude_bits, [](__m128i a, __m128i b) TELLTALE_AVX2 { return _mm_or_si128(a, b); });
  stats.delta_width = static_cast<unsigned>(std::bit_width(bits)) + 1;
  return stats;
}

TELLTALE_AVX2 inline __m256i ZigZagDifferences(const RawValue* at) {
  const __m256i difference = _mm256_sub_epi32(Load(at), Load(at - 1));
  return _mm256_xor_si256(_mm256_slli_epi32(difference, 1), _mm256_srai_epi32(difference, 31));
}

TELLTALE_AVX2 void Differences(const RawValue* column, std::size_t count, std::uint32_t* zigzag) {
  for (std::size_t i = 0; i < count; i += kLanes) Store(zigzag + i, ZigZagDifferences(column + i));
}

using ByteIndices = std::array<std::array<std::uint8_t, 8>, 256>;

// For each byte, where its set bits are.
constexpr ByteIndices MakeCompressIndices() {
  ByteIndices table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::size_t next = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1U) != 0) table[byte][next++] = static_cast<std::uint8_t>(bit);
    }
  }
  return table;
}

// For each byte and bit, how many bits are set up to and with it; not counting bit 0, so that eight lanes suffice.
constexpr ByteIndices MakeExpandIndices() {
  ByteIndices table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned set = 0;
    for (unsigned bit = 1; bit < 8; ++bit) {
      set += byte >> bit & 1U;
      table[byte][bit] = static_cast<std::uint8_t>(set);
    }
  }
  return table;
}

alignas(64) constexpr ByteIndices kCompressIndices = MakeCompressIndices();
alignas(64) constexpr ByteIndices kExpandIndices = MakeExpandIndices();

TELLTALE_AVX2 void Changes(const RawValue* column, std::size_t count, const std::uint8_t* changes,
                           std::uint32_t* positions, std::uint32_t* zigzag) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const unsigned bits = changes[i / kLanes];
    const __m256i set = LoadIndices(kCompressIndices[bits]);
    Store(positions, _mm256_add_epi32(set, Broadcast(static_cast<std::uint32_t>(i))));
    Store(zigzag, _mm256_permutevar8x32_epi32(ZigZagDifferences(column + i), set));
    positions += std::popcount(bits);
    zigzag += std::popcount(bits);
  }
}

// Eight values of at most 8 bits have a byte each; pext takes their bits together.
TELLTALE_AVX2 void PackBytes(const std::uint32_t* values, std::uint32_t least, std::size_t count, unsigned width,
                             std::uint8_t* to) {
  const __m256i less = Broadcast(least);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // undoes that packing works on halves
  const std::uint64_t mask = 0x0101010101010101U * ((1U << width) - 1);
  for (std::size_t i = 0; i < count; i += 4 * kLanes) {
    const __m256i a = _mm256_sub_epi32(Load(values + i), less);
    const __m256i b = _mm256_sub_epi32(Load(values + i + 8), less);
    const __m256i c = _mm256_sub_epi32(Load(values + i + 16), less);
    const __m256i d = _mm256_sub_epi32(Load(values + i + 24), less);
    const __m256i packed = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    alignas(32) std::array<std::uint64_t, 4> groups;
    _mm256_store_si256(reinterpret_cast<__m256i*>(groups.data()), _mm256_permutevar8x32_epi32(packed, order));
    for (const std::uint64_t group : groups) {
      const std::uint64_t bits = _pext_u64(group, mask);
      std::memcpy(to, &bits, sizeof(bits));
      to += width;
    }
  }
}

// The same for 9 to 15 bits: four values in a word, two words in a group.
TELLTALE_AVX2 void PackWords(const std::uint32_t* values, std::uint32_t least, std::size_t count, unsigned width,
                             std::uint8_t* to) {
  const __m256i less = Broadcast(least);
  const std::uint64_t mask = 0x0001000100010001U * ((1U << width) - 1);
  for (std::size_t i = 0; i < count; i += 2 * kLanes) {
    const __m256i a = _mm256_sub_epi32(Load(values + i), less);
    const __m256i b = _mm256_sub_epi32(Load(values + i + 8), less);
    alignas(32) std::array<std::uint64_t, 4> halves;
    _mm256_store_si256(reinterpret_cast<__m256i*>(halves.data()),
                       _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0b11'01'10'00));
    for (std::size_t half = 0; half < 4; half += 2) {
      const std::uint64_t low = _pext_u64(halves[half], mask);
      const std::uint64_t high = _pext_u64(halves[half + 1], mask);
      const std::uint64_t first = low | high << (4 * width);
      const std::uint64_t second = high >> (64 - 4 * width);
      std::memcpy(to, &first, sizeof(first));
      std::memcpy(to + 8, &second, sizeof(second));
      to += width;
    }
  }
}

TELLTALE_AVX2 void Pack(const std::uint32_t* values, std::uint32_t least, std::size_t count, unsigned width,
                        std::uint8_t* to) {
  if (width <= 8) {
    PackBytes(values, least, count, width, to);
  } else if (width < 16) {
    PackWords(values, least, count, width, to);
  } else {
    internal::kScalarKernels.pack(values, least, count, width, to);
  }
}

constexpr unsigned kMaxShuffledWidth = 25;  // at most 7 bits before them: four bytes hold the value

// Of a width: which bytes hold value 0..3 of the first 16 bytes, 4..7 of those half a group later; and where they
// begin.
struct UnpackPlan {
  alignas(32) std::array<std::uint8_t, 32> bytes;
  alignas(32) std::array<std::uint32_t, 8> shifts;
};

constexpr std::array<UnpackPlan, kMaxShuffledWidth + 1> MakeUnpackPlans() {
  std::array<UnpackPlan, kMaxShuffledWidth + 1> plans{};
  for (unsigned width = 0; width <= kMaxShuffledWidth; ++width) {
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned bit = i < 4 ? i * width : 4 * width % 8 + (i - 4) * width;
      plans[width].shifts[i] = bit % 8;
      for (unsigned byte = 0; byte < 4; ++byte) {
        plans[width].bytes[4 * i + byte] = static_cast<std::uint8_t>(bit / 8 + byte);
      }
    }
  }
  return plans;
}

constexpr std::array<UnpackPlan, kMaxShuffledWidth + 1> kUnpackPlans = MakeUnpackPlans();

TELLTALE_AVX2 inline __m256i UnpackGroup(const std::uint8_t* from, unsigned width, __m256i bytes, __m256i shifts) {
  const __m256i both =
      _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(from + width / 2), reinterpret_cast<const __m128i*>(from));
  return _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(both, bytes), shifts), Broadcast((1U << width) - 1));
}

TELLTALE_AVX2 void Unpack(const std::uint8_t* from, std::uint32_t least, std::size_t count, unsigned width,
                          std::uint32_t* values) {
  if (width > kMaxShuffledWidth) {
    internal::kScalarKernels.unpack(from, least, count, width, values);
    return;
  }
  const __m256i bytes = Load(kUnpackPlans[width].bytes.data());
  const __m256i shifts = Load(kUnpackPlans[width].shifts.data());
  const __m256i more = Broadcast(least);
  for (std::size_t i = 0; i < count; i += kLanes, from += width) {
    Store(values + i, _mm256_add_epi32(UnpackGroup(from, width, bytes, shifts), more));
  }
}

TELLTALE_AVX2 void UnpackSums(const std::uint8_t* from, std::uint32_t first, std::size_t count, unsigned width,
                              std::uint32_t* values) {
  if (width > kMaxShuffledWidth) {
    internal::kScalarKernels.unpack_sums(from, first, count, width, values);
    return;
  }
  const __m256i bytes = Load(kUnpackPlans[width].bytes.data());
  const __m256i shifts = Load(kUnpackPlans[width].shifts.data());
  const __m256i one = Broadcast(1);
  const __m256i last_lane = Broadcast(7);
  __m256i carry = Broadcast(first);
  for (std::size_t i = 0; i < count; i += kLanes, from += width) {
    const __m256i zigzag = UnpackGroup(from, width, bytes, shifts);
    const __m256i sign = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_and_si256(zigzag, one));
    __m256i sum = _mm256_xor_si256(_mm256_srli_epi32(zigzag, 1), sign);
    sum = _mm256_add_epi32(sum, _mm256_slli_si256(sum, 4));
    sum = _mm256_add_epi32(sum, _mm256_slli_si256(sum, 8));
    const __m256i low_half = _mm256_permute2x128_si256(sum, sum, 0x08);  // in the high half's place
    sum = _mm256_add_epi32(sum, _mm256_shuffle_epi32(low_half, 0xFF));
    Store(values + i, _mm256_add_epi32(sum, carry));
    carry = _mm256_add_epi32(carry, _mm256_permutevar8x32_epi32(sum, last_lane));
  }
}

// A column's bytes of change, and its values, the first before them. Returns how many bits are set.
TELLTALE_AVX2 inline std::size_t Expand(const std::uint8_t* changes, const std::uint32_t* values, std::size_t count,
                                        RawValue* column) {
  std::size_t set = 0;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const unsigned bits = changes[i / kLanes];
    const __m256i from = Load(values + set + (bits & 1));
    Store(column + i, _mm256_permutevar8x32_epi32(from, LoadIndices(kExpandIndices[bits])));
    set += static_cast<std::size_t>(std::popcount(bits));
  }
  return set;
}

// Two groups are written whatever the length of the run, unless they would end behind the column: it is rarely longer,
// and the next run overwrites the rest.
TELLTALE_AVX2 bool Spread(const std::uint32_t* ends, const std::uint32_t* values, std::size_t run_count,
                          std::size_t count, RawValue* column) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < run_count; ++i) {
    const std::size_t end = ends[i];
    if (end <= at || end > count) return false;
    if (at + 2 * kLanes > count || end + kLanes > count) {
      std::fill(column + at, column + end, static_cast<RawValue>(values[i]));
      at = end;
      continue;
    }
    const __m256i value = Broadcast(values[i]);
    Store(column + at, value);
    Store(column + at + kLanes, value);
    for (at += 2 * kLanes; at < end; at += kLanes) Store(column + at, value);
    at = end;
  }
  return true;
}

// Columns up to this long are expanded several at a time: what was stored of one column is in the cache when it is
// read again at another boundary, for which the processor would otherwise wait.
constexpr std::size_t kShort = 128;
constexpr std::size_t kPhase = 8;
using LongValues = std::array<std::uint32_t, 4096 + ColumnKernels::kSlack>;
using ShortValues = std::array<std::uint32_t, kShort + 3 * kLanes>;

TELLTALE_AVX2 inline void UnpackChanges(const PackedColumn& packed, std::uint32_t* values) {
  values[0] = packed.base;
  UnpackSums(packed.differences, packed.base, packed.change_count, packed.width, values + 1);
}

TELLTALE_AVX2 inline bool IsChangeCount(std::size_t set, const PackedColumn& packed, bool whole) {
  return whole ? set == packed.change_count : set <= packed.change_count;
}

TELLTALE_AVX2 bool ExpandAll(std::span<const PackedColumn> columns, std::size_t count, std::size_t total) {
  bool sound = true;
  if (total > kShort) {
    LongValues values;
    for (const PackedColumn& packed : columns) {
      UnpackChanges(packed, values.data());
      sound &= IsChangeCount(Expand(packed.data, values.data(), count, packed.column), packed, count == total);
    }
    return sound;
  }
  std::array<ShortValues, kPhase> values;
  for (std::size_t first = 0; first < columns.size(); first += kPhase) {
    const auto some = columns.subspan(first, std::min(kPhase, columns.size() - first));
    for (std::size_t k = 0; k < some.size(); ++k) UnpackChanges(some[k], values[k].data());
    for (std::size_t k = 0; k < some.size(); ++k) {
      const std::size_t set = Expand(some[k].data, values[k].data(), count, some[k].column);
      sound &= IsChangeCount(set, some[k], count == total);
    }
  }
  return sound;
}

// The bits of up to 8 positions below 128. A shift by more than 63 gives none, so lanes beyond them and those of
// the other half need no mask.
TELLTALE_AVX2 inline __m128i BitsOf(__m256i positions) {
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i half = _mm256_set1_epi64x(64);
  const __m256i a = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(positions));
  const __m256i b = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(positions, 1));
  const __m256i low = Or(_mm256_sllv_epi64(one, a), _mm256_sllv_epi64(one, b));
  const __m256i high =
      Or(_mm256_sllv_epi64(one, _mm256_sub_epi64(a, half)), _mm256_sllv_epi64(one, _mm256_sub_epi64(b, half)));
  const __m256i both = Or(_mm256_unpacklo_epi64(low, high), _mm256_unpackhi_epi64(low, high));
  return _mm_or_si128(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
}

// The bitmap of a column's positions. `bad` becomes other than zero unless they grow, from 1, and are below `total`.
TELLTALE_AVX2 inline __m128i ListedBits(const PackedColumn& packed, const UnpackPlan& plan, unsigned width,
                                        std::size_t total, __m256i& bad) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i bytes = Load(plan.bytes.data());
  const __m256i shifts = Load(plan.shifts.data());
  __m256i last = _mm256_setzero_si256();  // in lane 7
  __m128i bits = _mm_setzero_si128();
  const std::uint8_t* from = packed.data;
  for (std::size_t i = 0; i < packed.change_count; i += kLanes, from += width) {
    const __m256i beyond = _mm256_cmpgt_epi32(lanes, _mm256_set1_epi32(static_cast<int>(packed.change_count - i) - 1));
    const __m256i positions = Or(UnpackGroup(from, width, bytes, shifts), beyond);
    const __m256i shifted = _mm256_permutevar8x32_epi32(positions, _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6));
    const __m256i before =
        _mm256_blend_epi32(shifted, _mm256_permutevar8x32_epi32(last, _mm256_setr_epi32(7, 0, 0, 0, 0, 0, 0, 0)), 1);
    const __m256i grows = _mm256_and_si256(_mm256_cmpgt_epi32(positions, before),
                                           _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(total)), positions));
    bad = Or(bad, _mm256_andnot_si256(Or(grows, beyond), _mm256_set1_epi32(-1)));
    bits = _mm_or_si128(bits, BitsOf(positions));
    last = positions;
  }
  return bits;
}

TELLTALE_AVX2 bool SpreadAll(std::span<const PackedColumn> columns, std::size_t count, std::size_t total) {
  const unsigned width = PositionWidth(total);
  if (total > kShort) {
    LongValues values;
    LongValues ends;
    return std::ranges::all_of(columns, [&](const PackedColumn& packed) TELLTALE_AVX2 {
      UnpackChanges(packed, values.data());
      Unpack(packed.data, 0, packed.change_count, width, ends.data());
      ends[packed.change_count] = static_cast<std::uint32_t>(total);
      return Spread(ends.data(), values.data(), packed.change_count + 1, total, packed.column);
    });
  }
  std::array<ShortValues, kPhase> values;
  alignas(16) std::array<std::array<std::uint8_t, 16>, kPhase> changes;
  __m256i bad = _mm256_setzero_si256();
  for (std::size_t first = 0; first < columns.size(); first += kPhase) {
    const auto some = columns.subspan(first, std::min(kPhase, columns.size() - first));
    for (std::size_t k = 0; k < some.size(); ++k) {
      UnpackChanges(some[k], values[k].data());
      const __m128i bits = ListedBits(some[k], kUnpackPlans[width], width, total, bad);
      _mm_store_si128(reinterpret_cast<__m128i*>(changes[k].data()), bits);
    }
    for (std::size_t k = 0; k < some.size(); ++k) {
      Expand(changes[k].data(), values[k].data(), count, some[k].column);
    }
  }
  return _mm256_testz_si256(bad, bad) != 0;
}

TELLTALE_AVX2 void Fill(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) {
    const __m256i values = Broadcast(packed.base);
    for (std::size_t i = 0; i < count; i += kLanes) Store(packed.column + i, values);
  }
}

TELLTALE_AVX2 void UnpackAll(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) {
    Unpack(packed.data, packed.base, count, packed.width, reinterpret_cast<std::uint32_t*>(packed.column));
  }
}

TELLTALE_AVX2 void UnpackSumsAll(std::span<const PackedColumn> columns, std::size_t count) {
  for (const PackedColumn& packed : columns) {
    UnpackSums(packed.data, packed.base, count, packed.width, reinterpret_cast<std::uint32_t*>(packed.column));
  }
}

}  // namespace

const ColumnKernels internal::kAvx2Kernels = {
    Transpose,  Analyze, Differences, Changes,       Pack,      Unpack,
    UnpackSums, Fill,    UnpackAll,   UnpackSumsAll, ExpandAll, SpreadAll,
};

}  // namespace telltale

#else

const telltale::ColumnKernels telltale::internal::kAvx2Kernels = {};

#endif
