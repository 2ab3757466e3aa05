#include "storage/codec/column_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace telltale {
namespace {

enum Form : unsigned { kPacked = 0, kDelta = 1, kBitmap = 2, kListed = 3 };
constexpr unsigned kFormCount = 4;

enum Tag : std::uint8_t {
  kConstantZero = 0,
  kConstantNotAvailable = 1,
  kConstantByte = 2,
  kConstantWord = 3,
  kConstantInt = 4,
  kWithStates = 5,
  kWide = 8,
  kNarrow = 64,
};

constexpr unsigned kNarrowWidthMax = 16;
constexpr unsigned kBaseSizeCount = 3;  // 1, 2, 4 bytes

// A column's values with what the kernels may touch around them.
constexpr std::size_t kBefore = 16;
using Scratch = std::array<RawValue, kBefore + ColumnCodec::kMaxCount + ColumnCodec::kSlack>;
using Words = std::array<std::uint32_t, ColumnCodec::kMaxCount + ColumnCodec::kSlack>;
using Bitmap = std::array<std::uint8_t, ColumnCodec::kMaxCount / 8 + ColumnCodec::kSlack>;

constexpr std::size_t PackedBytes(std::size_t count, unsigned width) { return (count * width + 7) / 8; }
constexpr unsigned WidthOf(std::uint32_t value) { return static_cast<unsigned>(std::bit_width(value)); }
constexpr unsigned PositionWidth(std::size_t count) { return WidthOf(static_cast<std::uint32_t>(count - 1)); }
constexpr std::size_t ChangeCountBytes(std::size_t count) { return count <= 256 ? 1 : 2; }

// 0, 1, 2: one, two, four bytes.
constexpr unsigned BaseSize(RawValue base) {
  const auto bits = static_cast<std::uint32_t>(base);
  return bits <= 0xFF ? 0 : bits <= 0xFFFF ? 1 : 2;
}

// What a column's head says.
struct Shape {
  Form form = kPacked;
  unsigned width = 0;      // 1..32
  unsigned base_size = 0;  // 0, 1, 2
  std::size_t change_count = 0;

  std::size_t base_bytes() const { return std::size_t{1} << base_size; }
  bool has_changes() const { return form == kBitmap || form == kListed; }
  std::size_t data_bytes(std::size_t count) const {
    switch (form) {
      case kPacked:
      case kDelta:
        return base_bytes() + PackedBytes(count, width);
      case kBitmap:
        return base_bytes() + PackedBytes(count, 1) + PackedBytes(change_count, width);
      case kListed:
        return base_bytes() + PackedBytes(change_count, PositionWidth(count)) + PackedBytes(change_count, width);
    }
    return 0;
  }
};

// The smallest form; of equals the one that is read faster. Without loops and copies of shapes, which took a fifth of
// the time to encode a column.
Shape ChooseShape(const ColumnStats& stats, RawValue first, std::size_t count) {
  const unsigned packed_width =
      WidthOf(static_cast<std::uint32_t>(stats.greatest) - static_cast<std::uint32_t>(stats.least));
  const unsigned delta_width = stats.delta_width;
  const auto base_size_of = [](unsigned width, RawValue base) {
    return width > kNarrowWidthMax ? kBaseSizeCount - 1 : BaseSize(base);
  };
  const unsigned packed_base = base_size_of(packed_width, stats.least);
  const unsigned delta_base = base_size_of(delta_width, first);
  const std::size_t base_bytes = std::size_t{1} << delta_base;
  const std::size_t packed = (std::size_t{1} << packed_base) + PackedBytes(count, packed_width);
  const std::size_t delta = base_bytes + PackedBytes(count, delta_width);
  const std::size_t changes = base_bytes + ChangeCountBytes(count) + PackedBytes(stats.change_count, delta_width);
  const std::size_t bitmap = changes + PackedBytes(count, 1);
  const std::size_t listed = changes + PackedBytes(stats.change_count, PositionWidth(count));
  const std::size_t least = std::min({packed, delta, bitmap, listed});
  if (packed == least) return {kPacked, packed_width, packed_base, 0};
  const Form form = delta == least ? kDelta : bitmap == least ? kBitmap : kListed;
  return {form, delta_width, delta_base, stats.change_count};
}

void PutHead(const Shape& shape, std::size_t count, std::uint8_t*& head) {
  if (shape.width > kNarrowWidthMax) {
    *head++ = static_cast<std::uint8_t>(unsigned{kWide} + shape.form);
    *head++ = static_cast<std::uint8_t>(shape.width);
  } else {
    *head++ = static_cast<std::uint8_t>(kNarrow + (shape.form * kBaseSizeCount + shape.base_size) * kNarrowWidthMax +
                                        shape.width - 1);
  }
  if (!shape.has_changes()) return;
  const std::size_t less_one = shape.change_count - 1;
  *head++ = static_cast<std::uint8_t>(less_one);
  if (ChangeCountBytes(count) == 2) *head++ = static_cast<std::uint8_t>(less_one >> 8);
}

void PutInt(RawValue value, std::size_t size_bytes, std::uint8_t*& to) {
  std::memcpy(to, &value, sizeof(value));
  to += size_bytes;
}

void PutConstant(RawValue value, ColumnCodec::Sink& sink) {
  if (value == 0 || value == kNotAvailable) {
    *sink.head++ = value == 0 ? kConstantZero : kConstantNotAvailable;
    return;
  }
  const unsigned size = BaseSize(value);
  *sink.head++ = static_cast<std::uint8_t>(kConstantByte + size);
  PutInt(value, std::size_t{1} << size, sink.data);
}

// The kernel leaves anything in the bits that are left over.
void PutPacked(const ColumnKernels& kernels, const std::uint32_t* values, std::uint32_t least, std::size_t count,
               unsigned width, std::uint8_t*& to) {
  kernels.pack(values, least, count, width, to);
  to += PackedBytes(count, width);
  if (const unsigned used = count * width % 8; used != 0) to[-1] &= static_cast<std::uint8_t>((1U << used) - 1);
}

void EncodeValues(const ColumnKernels& kernels, const RawValue* column, std::size_t count, const ColumnStats& stats,
                  const Bitmap& changes, ColumnCodec::Sink& sink) {
  if (stats.change_count == 0) {
    PutConstant(column[0], sink);
    return;
  }
  const Shape shape = ChooseShape(stats, column[0], count);
  PutHead(shape, count, sink.head);
  PutInt(shape.form == kPacked ? stats.least : column[0], shape.base_bytes(), sink.data);
  Words zigzag;
  switch (shape.form) {
    case kPacked:
      PutPacked(kernels, reinterpret_cast<const std::uint32_t*>(column), static_cast<std::uint32_t>(stats.least), count,
                shape.width, sink.data);
      return;
    case kDelta:
      kernels.differences(column, count, zigzag.data());
      PutPacked(kernels, zigzag.data(), 0, count, shape.width, sink.data);
      return;
    case kBitmap:
      std::memcpy(sink.data, changes.data(), PackedBytes(count, 1));
      sink.data += PackedBytes(count, 1);
      break;
    case kListed:
      break;
  }
  Words positions;
  kernels.changes(column, count, changes.data(), positions.data(), zigzag.data());
  if (shape.form == kListed) {
    PutPacked(kernels, positions.data(), 0, shape.change_count, PositionWidth(count), sink.data);
  }
  PutPacked(kernels, zigzag.data(), 0, shape.change_count, shape.width, sink.data);
}

// What the kernels read around a column.
void Surround(RawValue* column, std::size_t count) {
  column[-1] = column[0];
  std::fill(column + count, column + RoundUpToGroup(count), column[count - 1]);
}

void AnalyzeAndEncode(const ColumnKernels& kernels, RawValue* column, std::size_t count, ColumnCodec::Sink& sink) {
  Surround(column, count);
  Bitmap changes;
  EncodeValues(kernels, column, count, kernels.analyze(column, count, changes.data()), changes, sink);
}

// Left in place, a state would be a jump of 31 bits there and back; apart, it is a change of a small code.
void EncodeWithStates(const ColumnKernels& kernels, const RawValue* column, std::size_t count,
                      ColumnCodec::Sink& sink) {
  Scratch codes;
  Scratch values;
  RawValue last = *std::find_if(column, column + count, IsValue);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_value = IsValue(column[i]);
    if (is_value) last = column[i];
    codes[kBefore + i] = is_value ? 0 : column[i] - kNotAvailable + 1;
    values[kBefore + i] = last;
  }
  *sink.head++ = kWithStates;
  AnalyzeAndEncode(kernels, codes.data() + kBefore, count, sink);
  AnalyzeAndEncode(kernels, values.data() + kBefore, count, sink);
}

// The shapes by narrow tag.
constexpr std::array<Shape, 256 - kNarrow> MakeNarrowShapes() {
  std::array<Shape, 256 - kNarrow> shapes;
  for (unsigned code = 0; code < shapes.size(); ++code) {
    shapes[code].form = static_cast<Form>(code / (kBaseSizeCount * kNarrowWidthMax));
    shapes[code].base_size = code / kNarrowWidthMax % kBaseSizeCount;
    shapes[code].width = code % kNarrowWidthMax + 1;
  }
  return shapes;
}

constexpr std::array<Shape, 256 - kNarrow> kNarrowShapes = MakeNarrowShapes();

bool TakeHead(std::uint8_t tag, std::size_t count, ColumnCodec::Source& source, Shape& shape) {
  if (tag >= kNarrow) {
    shape = kNarrowShapes[tag - kNarrow];
  } else if (tag >= kWide && tag < unsigned{kWide} + kFormCount && source.head != source.head_end) {
    shape.form = static_cast<Form>(tag - kWide);
    shape.base_size = kBaseSizeCount - 1;
    shape.width = *source.head++;
    if (shape.width == 0 || shape.width > 32) return false;
  } else {
    return false;
  }
  if (!shape.has_changes()) return true;
  const auto size = static_cast<std::ptrdiff_t>(ChangeCountBytes(count));
  if (source.head_end - source.head < size) return false;
  shape.change_count = std::size_t{source.head[0]} + 1;
  if (size == 2) shape.change_count += std::size_t{source.head[1]} << 8;
  source.head += size;
  return shape.change_count < count;
}

// The sizes of constants by tag.
constexpr std::array<std::size_t, 5> kConstantBytes = {0, 0, 1, 2, 4};

// The lowest `size_bytes` (1..4) of the four bytes at `from`: without a branch, which would often be foreseen wrongly.
RawValue ReadInt(const std::uint8_t* from, std::size_t size_bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  return static_cast<RawValue>(value & (0xFFFFFFFFU >> (32 - 8 * size_bytes)));
}

// Those among the first `count` bits that are set.
std::size_t CountBits(const std::uint8_t* bits, std::size_t count) {
  std::size_t set = 0;
  for (; count >= 64; count -= 64, bits += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bits, sizeof(word));
    set += static_cast<std::size_t>(std::popcount(word));
  }
  for (std::size_t i = 0; i < count; ++i) set += bits[i / 8] >> (i % 8) & 1U;
  return set;
}

// The `width` (1..32) bits from `first` on. Reads 8 bytes.
std::uint32_t ReadBits(const std::uint8_t* data, std::size_t first, std::size_t width) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, data + first / 8, sizeof(bits));
  return static_cast<std::uint32_t>(bits >> (first % 8) & ((std::uint64_t{1} << width) - 1));
}

bool DecodeChanges(const ColumnKernels& kernels, const Shape& shape, const std::uint8_t* data, std::uint32_t first,
                   std::size_t count, ColumnCodec::Part part, RawValue* column) {
  const std::uint8_t* where = data;
  const std::size_t position_width = PositionWidth(count);
  data += shape.form == kBitmap ? PackedBytes(count, 1) : PackedBytes(shape.change_count, position_width);
  Words values;
  values[0] = first;
  if (part.is_one()) {
    std::size_t changes = 0;  // up to and with the value
    if (shape.form == kBitmap) {
      changes = CountBits(where, part.to);
    } else {
      Words positions;
      kernels.unpack(where, 0, shape.change_count, position_width, positions.data());
      while (changes < shape.change_count && positions[changes] <= part.from) ++changes;
    }
    if (changes > shape.change_count) return false;
    if (changes > 0) kernels.unpack_sums(data, first, changes, shape.width, values.data() + 1);
    column[part.from] = static_cast<RawValue>(values[changes]);
    return true;
  }
  kernels.unpack_sums(data, first, shape.change_count, shape.width, values.data() + 1);
  if (shape.form == kBitmap) {
    const std::size_t changes = kernels.expand(where, values.data(), part.to, column);
    return part.to == count ? changes == shape.change_count : changes <= shape.change_count;
  }
  Words ends;  // of the runs of each value: where the next one is
  kernels.unpack(where, 0, shape.change_count, position_width, ends.data());
  ends[shape.change_count] = static_cast<std::uint32_t>(count);
  return kernels.spread(ends.data(), values.data(), shape.change_count + 1, count, column);
}

bool DecodeShape(const ColumnKernels& kernels, const Shape& shape, const std::uint8_t* data, std::size_t count,
                 ColumnCodec::Part part, RawValue* column) {
  const auto base = static_cast<std::uint32_t>(ReadInt(data, shape.base_bytes()));
  data += shape.base_bytes();
  auto* bits = reinterpret_cast<std::uint32_t*>(column);
  switch (shape.form) {
    case kPacked:
      if (part.is_one()) {
        bits[part.from] = base + ReadBits(data, part.from * shape.width, shape.width);
      } else {
        kernels.unpack(data, base, part.to, shape.width, bits);
      }
      return true;
    case kDelta:
      kernels.unpack_sums(data, base, part.to, shape.width, bits);
      return true;
    default:
      return DecodeChanges(kernels, shape, data, base, count, part, column);
  }
}

// A column without states.
bool DecodePlain(const ColumnKernels& kernels, ColumnCodec::Source& source, std::size_t count, ColumnCodec::Part part,
                 RawValue* column) {
  if (source.head == source.head_end) return false;
  const std::uint8_t tag = *source.head++;
  const auto left = static_cast<std::size_t>(source.data_end - source.data);
  if (tag < kConstantBytes.size()) {
    const std::size_t size = kConstantBytes[tag];
    if (size > left) return false;
    RawValue value = tag == kConstantZero ? 0 : kNotAvailable;
    if (size > 0) {
      std::array<std::uint8_t, 4> bytes{};
      const bool near_end = source.readable_end - source.data < 4;
      if (near_end) std::memcpy(bytes.data(), source.data, size);
      value = ReadInt(near_end ? bytes.data() : source.data, size);
    }
    if (part.is_one()) {
      column[part.from] = value;
    } else {
      kernels.fill(value, part.to, column);
    }
    source.data += size;
    return true;
  }
  Shape shape;
  if (!TakeHead(tag, count, source, shape)) return false;
  const std::size_t size = shape.data_bytes(count);
  if (size > left) return false;
  const std::uint8_t* data = source.data;
  source.data += size;
  if (size + ColumnCodec::kSlack <= static_cast<std::size_t>(source.readable_end - data)) {
    return DecodeShape(kernels, shape, data, count, part, column);
  }
  // At the end of the block: the kernels would read beyond it.
  std::array<std::uint8_t, ColumnCodec::MaxDataBytes(ColumnCodec::kMaxCount) + ColumnCodec::kSlack> copy;
  if (size + ColumnCodec::kSlack > copy.size()) return false;
  std::memcpy(copy.data(), data, size);
  return DecodeShape(kernels, shape, copy.data(), count, part, column);
}

bool SkipPlain(ColumnCodec::Source& source, std::size_t count) {
  if (source.head == source.head_end) return false;
  const std::uint8_t tag = *source.head++;
  std::size_t size = 0;
  if (tag < kConstantBytes.size()) {
    size = kConstantBytes[tag];
  } else {
    Shape shape;
    if (!TakeHead(tag, count, source, shape)) return false;
    size = shape.data_bytes(count);
  }
  if (size > static_cast<std::size_t>(source.data_end - source.data)) return false;
  source.data += size;
  return true;
}

bool TakeStatesTag(ColumnCodec::Source& source) {
  if (source.head == source.head_end || *source.head != kWithStates) return false;
  ++source.head;
  return true;
}

bool DecodeWithStates(const ColumnKernels& kernels, ColumnCodec::Source& source, std::size_t count,
                      ColumnCodec::Part part, RawValue* column) {
  Scratch codes;  // decoded first, as a column may write behind itself
  if (!DecodePlain(kernels, source, count, part, codes.data())) return false;
  if (!DecodePlain(kernels, source, count, part, column)) return false;
  for (std::size_t i = part.from; i < part.to; ++i) {
    if (codes[i] < 0 || codes[i] > kAbsent - kNotAvailable + 1) return false;
    if (codes[i] != 0) column[i] = kNotAvailable + (codes[i] - 1);
  }
  return true;
}

}  // namespace

// Budget: 110 ns for 128 values, with AVX2 and transposition; half of the columns of a driving truck change seldom.
void ColumnCodec::Encode(const ColumnKernels& kernels, RawValue* column, std::size_t count, Sink& sink) {
  CHECK(count > 0 && count <= kMaxCount);
  Surround(column, count);
  Bitmap changes;
  const ColumnStats stats = kernels.analyze(column, count, changes.data());
  if (IsValue(stats.least) || !IsValue(stats.greatest)) {
    EncodeValues(kernels, column, count, stats, changes, sink);
  } else {
    EncodeWithStates(kernels, column, count, sink);
  }
}

// Budget: 70 ns for the same.
bool ColumnCodec::Decode(const ColumnKernels& kernels, Source& source, std::size_t count, Part part, RawValue* column) {
  if (TakeStatesTag(source)) return DecodeWithStates(kernels, source, count, part, column);
  return DecodePlain(kernels, source, count, part, column);
}

bool ColumnCodec::Skip(Source& source, std::size_t count) {
  if (TakeStatesTag(source) && !SkipPlain(source, count)) return false;
  return SkipPlain(source, count);
}

}  // namespace telltale
