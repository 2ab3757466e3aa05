#include "storage/codec/column_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/varint.h"

namespace telltale {
namespace {

enum Form : unsigned { kPacked = 0, kDelta = 1, kBitmap = 2, kListed = 3, kConstant = 4, kNoForm = 5 };
constexpr unsigned kTaggedForms = 4;  // that a tag is made of

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

// There are few of them: they are found one by one, without a look at the values between.
void ListChanges(const RawValue* column, const Bitmap& changes, std::size_t change_count, Words& positions,
                 Words& zigzag) {
  for (std::size_t first = 0, k = 0; k < change_count; first += 64) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, changes.data() + first / 8, sizeof(bits));
    for (; bits != 0 && k < change_count; bits &= bits - 1, ++k) {
      const std::size_t at = first + static_cast<std::size_t>(std::countr_zero(bits));
      positions[k] = static_cast<std::uint32_t>(at);
      zigzag[k] = ZigZag32(static_cast<std::uint32_t>(column[at]) - static_cast<std::uint32_t>(column[at - 1]));
    }
  }
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
  if (shape.form == kPacked) {
    PutPacked(kernels, reinterpret_cast<const std::uint32_t*>(column), static_cast<std::uint32_t>(stats.least), count,
              shape.width, sink.data);
    return;
  }
  Words zigzag;
  if (shape.form == kDelta) {
    kernels.differences(column, count, zigzag.data());
    PutPacked(kernels, zigzag.data(), 0, count, shape.width, sink.data);
    return;
  }
  Words positions;
  if (shape.form == kBitmap) {
    kernels.changes(column, count, changes.data(), positions.data(), zigzag.data());
    std::memcpy(sink.data, changes.data(), PackedBytes(count, 1));
    sink.data += PackedBytes(count, 1);
  } else {
    ListChanges(column, changes, shape.change_count, positions, zigzag);
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

// What a tag says of its column, in numbers that lead from it to the sizes of all its parts without a branch: which
// form comes next cannot be foreseen.
struct TagTraits {
  std::uint32_t base_mask = 0;
  std::uint32_t base_if_none = 0;  // of constants without bytes
  std::uint8_t form = kNoForm;
  std::uint8_t base_bytes = 0;
  std::uint8_t width = 0;           // of the numbers; 0: in the head, or there are none
  std::uint8_t bits_per_value = 0;  // in the part before the differences
  std::uint8_t has_changes = 0;     // 0 or 1
  std::uint8_t is_listed = 0;       // 0 or 1
  std::uint8_t is_wide = 0;         // 0 or 1
};

constexpr TagTraits TraitsOf(unsigned tag) {
  TagTraits traits;
  if (tag <= kConstantInt) {
    traits.form = kConstant;
    traits.base_bytes = tag < kConstantByte ? 0 : std::uint8_t{1} << (tag - kConstantByte);
    if (tag == kConstantNotAvailable) traits.base_if_none = static_cast<std::uint32_t>(kNotAvailable);
  } else if (tag >= kWide && tag < kWide + kTaggedForms) {
    traits.form = static_cast<std::uint8_t>(tag - kWide);
    traits.base_bytes = 4;
    traits.is_wide = 1;
  } else if (tag >= kNarrow) {
    const unsigned code = tag - kNarrow;
    traits.form = static_cast<std::uint8_t>(code / (kBaseSizeCount * kNarrowWidthMax));
    traits.base_bytes = static_cast<std::uint8_t>(1U << (code / kNarrowWidthMax % kBaseSizeCount));
    traits.width = static_cast<std::uint8_t>(code % kNarrowWidthMax + 1);
  }
  traits.base_mask = traits.base_bytes == 0 ? 0 : 0xFFFFFFFFU >> (32 - 8 * traits.base_bytes);
  traits.has_changes = traits.form == kBitmap || traits.form == kListed ? 1 : 0;
  traits.is_listed = traits.form == kListed ? 1 : 0;
  traits.bits_per_value = traits.form == kBitmap ? 1 : traits.form == kListed ? 0 : traits.width;
  return traits;
}

constexpr std::array<TagTraits, 256> MakeTagTraits() {
  std::array<TagTraits, 256> traits;
  for (unsigned tag = 0; tag < traits.size(); ++tag) traits[tag] = TraitsOf(tag);
  return traits;
}

constexpr std::array<TagTraits, 256> kTagTraits = MakeTagTraits();

// Of the four bytes at `from` of a source, those that are there.
std::uint32_t ReadInt(const ColumnCodec::Source& source, const std::uint8_t* from) {
  std::uint32_t value = 0;
  const auto left = static_cast<std::size_t>(source.readable_end - from);
  if (left >= sizeof(value)) {
    std::memcpy(&value, from, sizeof(value));
  } else {
    std::copy_n(from, left, reinterpret_cast<std::uint8_t*>(&value));
  }
  return value;
}

// Takes the next column, which has no states; `packed.column` stays. kNoForm: there is none.
inline Form TakePlain(ColumnCodec::Source& source, const ColumnCodec::CountTraits& of_count, PackedColumn& packed) {
  if (source.head == source.head_end) return kNoForm;
  const TagTraits traits = kTagTraits[*source.head++];
  std::uint32_t width = traits.width;
  std::size_t bits_per_value = traits.bits_per_value;
  if (traits.is_wide != 0) {
    if (source.head == source.head_end) return kNoForm;
    width = *source.head++;
    if (width == 0 || width > 32) return kNoForm;
    if (traits.has_changes == 0) bits_per_value = width;
  }
  std::uint16_t less_one = 0;
  std::memcpy(&less_one, source.head, sizeof(less_one));
  source.head += traits.has_changes * of_count.change_bytes;
  const std::uint32_t change_count = traits.has_changes * ((less_one & of_count.change_mask) + 1U);
  const std::size_t where =
      traits.base_bytes +
      (of_count.count * bits_per_value + std::size_t{change_count} * (traits.is_listed * of_count.position_width) + 7) /
          8;
  const std::size_t size = where + (std::size_t{change_count} * width + 7) / 8;
  if (source.head > source.head_end || size > static_cast<std::size_t>(source.data_end - source.data) ||
      change_count > of_count.count - 1) {
    return kNoForm;
  }
  packed.base = (ReadInt(source, source.data) & traits.base_mask) | traits.base_if_none;
  packed.data = source.data + traits.base_bytes;
  packed.differences = source.data + where;
  packed.width = width;
  packed.change_count = change_count;
  source.data += size;
  return static_cast<Form>(traits.form);
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

RawValue DecodeOne(const ColumnKernels& kernels, Form form, const PackedColumn& packed, std::size_t count,
                   std::size_t at, bool& sound) {
  Words values;
  std::size_t changes = 0;  // up to and with the value
  const std::uint8_t* differences = packed.differences;
  switch (form) {
    case kConstant:
      return static_cast<RawValue>(packed.base);
    case kPacked:
      return static_cast<RawValue>(packed.base + ReadBits(packed.data, at * packed.width, packed.width));
    case kDelta:
      changes = at + 1;
      differences = packed.data;
      break;
    case kBitmap:
      changes = CountBits(packed.data, at + 1);
      break;
    default:
      kernels.unpack(packed.data, 0, packed.change_count, PositionWidth(count), values.data());
      while (changes < packed.change_count && values[changes] <= at) ++changes;
  }
  if (form != kDelta && changes > packed.change_count) sound = false;
  if (changes == 0 || !sound) return static_cast<RawValue>(packed.base);
  kernels.unpack_sums(differences, packed.base, changes, packed.width, values.data());
  return static_cast<RawValue>(values[changes - 1]);
}

// Columns of one form.
bool DecodeForm(const ColumnKernels& kernels, Form form, std::span<const PackedColumn> columns, std::size_t count,
                std::size_t to) {
  switch (form) {
    case kPacked:
      kernels.unpack_all(columns, to);
      return true;
    case kDelta:
      kernels.unpack_sums_all(columns, to);
      return true;
    case kBitmap:
      return kernels.expand_all(columns, to, count);
    case kListed:
      return kernels.spread_all(columns, to, count);
    case kConstant:
      kernels.fill(columns, to);
      return true;
    case kNoForm:
      break;
  }
  return false;
}

// What the kernels may read behind a column that begins at `data` is there.
bool HasSlack(const ColumnCodec::Source& source) {
  return static_cast<std::size_t>(source.readable_end - source.data) >= ColumnCodec::kSlack;
}

bool DecodeTaken(const ColumnKernels& kernels, Form form, const PackedColumn& packed, std::size_t count,
                 ColumnCodec::Part part) {
  if (!part.is_one()) return DecodeForm(kernels, form, {&packed, 1}, count, part.to);
  bool sound = true;
  packed.column[part.from] = DecodeOne(kernels, form, packed, count, part.from, sound);
  return sound;
}

// The same at the end of the block, where the kernels would read beyond it.
bool DecodeCopy(const ColumnKernels& kernels, Form form, PackedColumn packed, const std::uint8_t* data_end,
                std::size_t count, ColumnCodec::Part part) {
  std::array<std::uint8_t, ColumnCodec::MaxDataBytes(ColumnCodec::kMaxCount) + ColumnCodec::kSlack> copy;
  const auto size = static_cast<std::size_t>(data_end - packed.data);
  if (size + ColumnCodec::kSlack > copy.size()) return false;
  std::copy_n(packed.data, size, copy.data());
  packed.differences = copy.data() + (packed.differences - packed.data);
  packed.data = copy.data();
  return DecodeTaken(kernels, form, packed, count, part);
}

// A column without states.
bool DecodePlain(const ColumnKernels& kernels, ColumnCodec::Source& source, std::size_t count, ColumnCodec::Part part,
                 RawValue* column) {
  PackedColumn packed;
  const Form form = TakePlain(source, ColumnCodec::CountTraits::Of(count), packed);
  if (form == kNoForm) return false;
  packed.column = column;
  return HasSlack(source) ? DecodeTaken(kernels, form, packed, count, part)
                          : DecodeCopy(kernels, form, packed, source.data, count, part);
}

bool SkipPlain(ColumnCodec::Source& source, std::size_t count) {
  PackedColumn packed;
  return TakePlain(source, ColumnCodec::CountTraits::Of(count), packed) != kNoForm;
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

// Budget: 75 ns for the same; Batch is for many of them.
bool ColumnCodec::Decode(const ColumnKernels& kernels, Source& source, std::size_t count, Part part, RawValue* column) {
  if (TakeStatesTag(source)) return DecodeWithStates(kernels, source, count, part, column);
  return DecodePlain(kernels, source, count, part, column);
}

std::optional<RawValue> ColumnCodec::TakeConstant(Source& source, std::size_t count) {
  if (source.head == source.head_end || *source.head > kConstantInt) return std::nullopt;
  Source behind = source;
  PackedColumn packed;
  if (TakePlain(behind, CountTraits::Of(count), packed) != kConstant) return std::nullopt;
  source = behind;
  return static_cast<RawValue>(packed.base);
}

bool ColumnCodec::Skip(Source& source, std::size_t count) {
  if (TakeStatesTag(source) && !SkipPlain(source, count)) return false;
  return SkipPlain(source, count);
}

ColumnCodec::CountTraits ColumnCodec::CountTraits::Of(std::size_t count) {
  const auto bytes = static_cast<std::uint32_t>(ChangeCountBytes(count));
  return {.count = static_cast<std::uint32_t>(count),
          .change_bytes = bytes,
          .change_mask = (1U << (8 * bytes)) - 1,
          .position_width = PositionWidth(count)};
}

ColumnCodec::Batch::Batch(const ColumnKernels& kernels, std::size_t count, Part part)
    : kernels_(kernels), of_count_(CountTraits::Of(count)), part_(part) {}

bool ColumnCodec::Batch::Add(Source& source, RawValue* column) {
  if (TakeStatesTag(source)) return DecodeWithStates(kernels_, source, of_count_.count, part_, column);
  if (source.head == source.head_end) return false;
  const unsigned form = kTagTraits[*source.head].form;
  if (form == kNoForm) return false;
  // In its place at once: a copy would wait for what was just written.
  PackedColumn& packed = columns_[form][sizes_[form]];
  if (TakePlain(source, of_count_, packed) == kNoForm) return false;
  packed.column = column;
  if (!HasSlack(source)) {
    return DecodeCopy(kernels_, static_cast<Form>(form), packed, source.data, of_count_.count, part_);
  }
  if (part_.is_one()) return DecodeTaken(kernels_, static_cast<Form>(form), packed, of_count_.count, part_);
  ++sizes_[form];
  return true;
}

bool ColumnCodec::Batch::Skip(Source& source, std::size_t columns) {
  PackedColumn packed;
  for (; columns > 0; --columns) {
    if (TakeStatesTag(source) && TakePlain(source, of_count_, packed) == kNoForm) return false;
    if (TakePlain(source, of_count_, packed) == kNoForm) return false;
  }
  return true;
}

// Budget: 50 ns for 128 values, with Add(); a column alone takes half as long again.
bool ColumnCodec::Batch::Decode() {
  bool sound = true;
  for (unsigned form = 0; form < kFormCount; ++form) {
    const std::span<const PackedColumn> columns(columns_[form].data(), sizes_[form]);
    sound &= columns.empty() || DecodeForm(kernels_, static_cast<Form>(form), columns, of_count_.count, part_.to);
    sizes_[form] = 0;
  }
  return sound;
}

}  // namespace telltale
