#include "storage/codec/column_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "storage/internal/varint.h"

namespace telltale {
namespace {

using internal::PutVarint;
using internal::TakeVarint;
using internal::UnZigZag32;
using internal::ZigZag32;

enum Form : std::uint8_t { kConstant = 0, kPacked = 1, kDelta = 2, kChanges = 3, kWithStates = 4 };

std::size_t PackedBytes(std::size_t count, unsigned width) { return (count * width + 7) / 8; }

unsigned WidthOf(std::uint32_t bits_used) { return static_cast<unsigned>(std::bit_width(bits_used)); }

// Appends `values`, `width` bits each. A 64-bit accumulator is written four bytes at a time.
void Pack(const std::uint32_t* values, std::size_t count, unsigned width, std::string& to) {
  const std::size_t begin = to.size();
  to.resize(begin + PackedBytes(count, width) + sizeof(std::uint64_t));
  char* out = to.data() + begin;
  std::uint64_t pending = 0;
  unsigned pending_bits = 0;
  for (std::size_t i = 0; i < count; ++i) {
    pending |= std::uint64_t{values[i]} << pending_bits;
    pending_bits += width;
    if (pending_bits >= 32) {
      std::memcpy(out, &pending, 4);
      out += 4;
      pending >>= 32;
      pending_bits -= 32;
    }
  }
  std::memcpy(out, &pending, sizeof(pending));
  to.resize(begin + PackedBytes(count, width));
}

// The inverse. `from` holds PackedBytes(count, width) bytes.
void Unpack(std::string_view from, std::size_t count, unsigned width, std::uint32_t* values) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::size_t bit = 0;
  std::size_t i = 0;
  // While eight bytes can be read at once; at most 7 + 32 bits of them are used.
  for (; i < count && bit / 8 + 8 <= from.size(); ++i, bit += width) {
    std::uint64_t word = 0;
    std::memcpy(&word, from.data() + bit / 8, 8);
    values[i] = static_cast<std::uint32_t>((word >> (bit % 8)) & mask);
  }
  for (; i < count; ++i, bit += width) {
    std::uint64_t word = 0;
    std::memcpy(&word, from.data() + bit / 8, std::min<std::size_t>(8, from.size() - bit / 8));
    values[i] = static_cast<std::uint32_t>((word >> (bit % 8)) & mask);
  }
}

// The differences from one value to the next, and what they would cost.
struct Differences {
  std::array<std::uint32_t, ColumnCodec::kMaxCount> zigzag;  // of values 1.., count - 1 of them
  std::uint32_t bits_used = 0;                               // all of them or-ed
  std::size_t changed_count = 0;
};

void PutHead(Form form, RawValue value, unsigned width, std::string& to) {
  to.push_back(static_cast<char>(form));
  PutVarint(to, ZigZag32(static_cast<std::uint32_t>(value)));
  to.push_back(static_cast<char>(width));
}

void EncodeChanges(RawValue first, const Differences& differences, std::size_t count, unsigned width, std::string& to) {
  PutHead(kChanges, first, width, to);
  std::array<std::uint32_t, ColumnCodec::kMaxCount> changed;
  std::size_t changed_count = 0;
  const std::size_t bitmap = to.size();
  to.resize(bitmap + PackedBytes(count - 1, 1));
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (differences.zigzag[i] == 0) continue;
    to[bitmap + i / 8] = static_cast<char>(to[bitmap + i / 8] | (1 << (i % 8)));
    changed[changed_count++] = differences.zigzag[i];
  }
  Pack(changed.data(), changed_count, width, to);
}

// Values only, no states.
void EncodeValues(std::span<const RawValue> raw, std::string& to) {
  Differences differences;
  RawValue least = raw[0];
  RawValue greatest = raw[0];
  for (std::size_t i = 1; i < raw.size(); ++i) {
    const std::uint32_t zigzag = ZigZag32(static_cast<std::uint32_t>(raw[i]) - static_cast<std::uint32_t>(raw[i - 1]));
    differences.zigzag[i - 1] = zigzag;
    differences.bits_used |= zigzag;
    differences.changed_count += zigzag != 0 ? 1 : 0;
    least = std::min(least, raw[i]);
    greatest = std::max(greatest, raw[i]);
  }
  if (differences.changed_count == 0) {
    to.push_back(kConstant);
    PutVarint(to, ZigZag32(static_cast<std::uint32_t>(raw[0])));
    return;
  }
  const std::size_t count = raw.size();
  const unsigned packed_width = WidthOf(static_cast<std::uint32_t>(greatest) - static_cast<std::uint32_t>(least));
  const unsigned delta_width = WidthOf(differences.bits_used);
  const std::size_t packed_bytes = PackedBytes(count, packed_width);
  const std::size_t delta_bytes = PackedBytes(count - 1, delta_width);
  const std::size_t changes_bytes = PackedBytes(count - 1, 1) + PackedBytes(differences.changed_count, delta_width);
  if (changes_bytes < packed_bytes && changes_bytes < delta_bytes) {
    EncodeChanges(raw[0], differences, count, delta_width, to);
  } else if (delta_bytes < packed_bytes) {
    PutHead(kDelta, raw[0], delta_width, to);
    Pack(differences.zigzag.data(), count - 1, delta_width, to);
  } else {
    PutHead(kPacked, least, packed_width, to);
    std::array<std::uint32_t, ColumnCodec::kMaxCount> above;
    for (std::size_t i = 0; i < count; ++i)
      above[i] = static_cast<std::uint32_t>(raw[i]) - static_cast<std::uint32_t>(least);
    Pack(above.data(), count, packed_width, to);
  }
}

// How many values beyond the states there are.
std::size_t CountValues(std::span<const RawValue> raw) {
  std::size_t count = 0;
  for (const RawValue value : raw) count += IsValue(value) ? 1 : 0;
  return count;
}

Status Damaged(const char* what) { return absl::DataLossError(what); }

// Takes a value of 32 bits, a width of at most 32, and checks both.
bool TakeHead(std::string_view& bytes, std::uint32_t& value, unsigned& width) {
  std::uint64_t zigzag = 0;
  if (!TakeVarint(bytes, zigzag) || zigzag > 0xFFFFFFFF || bytes.empty()) return false;
  value = UnZigZag32(static_cast<std::uint32_t>(zigzag));
  width = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return width <= 32;
}

Status DecodeChanges(std::string_view bytes, std::uint32_t first, unsigned width, std::span<RawValue> raw) {
  const std::size_t bitmap_bytes = PackedBytes(raw.size() - 1, 1);
  if (bytes.size() < bitmap_bytes) return Damaged("the change bitmap is cut short");
  const std::string_view bitmap = bytes.substr(0, bitmap_bytes);
  bytes.remove_prefix(bitmap_bytes);
  std::size_t changed_count = 0;
  for (const char byte : bitmap)
    changed_count += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
  if (changed_count >= raw.size() || bytes.size() != PackedBytes(changed_count, width)) {
    return Damaged("the changes do not fit the change bitmap");
  }
  std::array<std::uint32_t, ColumnCodec::kMaxCount> changed;
  Unpack(bytes, changed_count, width, changed.data());
  std::uint32_t value = first;
  raw[0] = static_cast<RawValue>(value);
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < raw.size(); ++i) {
    if ((static_cast<unsigned char>(bitmap[i / 8]) >> (i % 8)) & 1) value += UnZigZag32(changed[next++]);
    raw[i + 1] = static_cast<RawValue>(value);
  }
  return OkStatus();
}

Status DecodeWithStates(std::string_view bytes, std::span<RawValue> raw) {
  std::uint64_t codes_size = 0;
  if (!TakeVarint(bytes, codes_size) || codes_size > bytes.size()) return Damaged("the states are cut short");
  // Neither part has states of its own, so this nests once.
  std::array<RawValue, ColumnCodec::kMaxCount> codes;
  const std::span<RawValue> used(codes.data(), raw.size());
  if (codes_size == 0 || bytes[0] == kWithStates || codes_size == bytes.size() || bytes[codes_size] == kWithStates) {
    return Damaged("the states are malformed");
  }
  RETURN_IF_ERROR(ColumnCodec::Decode(bytes.substr(0, codes_size), used));
  RETURN_IF_ERROR(ColumnCodec::Decode(bytes.substr(codes_size), raw));
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (used[i] < 0 || used[i] > 2) return Damaged("an unknown state");
    if (used[i] != 0) raw[i] = used[i] == 1 ? kNotAvailable : kError;
  }
  return OkStatus();
}

}  // namespace

void ColumnCodec::Encode(std::span<const RawValue> raw, std::string& to) {
  CHECK(!raw.empty() && raw.size() <= kMaxCount);
  const std::size_t value_count = CountValues(raw);
  if (value_count == raw.size() || value_count == 0) {
    EncodeValues(raw, to);
    return;
  }
  // Left in place, a state would be a jump of 31 bits there and back; apart, it is a change of a small code.
  std::array<RawValue, kMaxCount> codes;
  std::array<RawValue, kMaxCount> values;
  RawValue last = *std::find_if(raw.begin(), raw.end(), IsValue);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (IsValue(raw[i])) last = raw[i];
    codes[i] = IsValue(raw[i]) ? 0 : (raw[i] == kNotAvailable ? 1 : 2);
    values[i] = last;
  }
  std::string packed_codes;
  EncodeValues({codes.data(), raw.size()}, packed_codes);
  to.push_back(kWithStates);
  PutVarint(to, packed_codes.size());
  to += packed_codes;
  EncodeValues({values.data(), raw.size()}, to);
}

Status ColumnCodec::Decode(std::string_view bytes, std::span<RawValue> raw) {
  CHECK(!raw.empty() && raw.size() <= kMaxCount);
  if (bytes.empty()) return Damaged("the column is empty");
  const auto form = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  if (form == kWithStates) return DecodeWithStates(bytes, raw);
  if (form == kConstant) {
    std::uint64_t zigzag = 0;
    if (!TakeVarint(bytes, zigzag) || zigzag > 0xFFFFFFFF || !bytes.empty())
      return Damaged("the constant is malformed");
    std::fill(raw.begin(), raw.end(), static_cast<RawValue>(UnZigZag32(static_cast<std::uint32_t>(zigzag))));
    return OkStatus();
  }
  std::uint32_t first = 0;
  unsigned width = 0;
  if (!TakeHead(bytes, first, width)) return Damaged("the column's head is malformed");
  std::array<std::uint32_t, kMaxCount> unpacked;
  switch (form) {
    case kPacked:
      if (bytes.size() != PackedBytes(raw.size(), width)) return Damaged("the packed values have the wrong length");
      Unpack(bytes, raw.size(), width, unpacked.data());
      for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<RawValue>(first + unpacked[i]);
      return OkStatus();
    case kDelta:
      if (bytes.size() != PackedBytes(raw.size() - 1, width)) return Damaged("the differences have the wrong length");
      Unpack(bytes, raw.size() - 1, width, unpacked.data());
      raw[0] = static_cast<RawValue>(first);
      for (std::size_t i = 0; i + 1 < raw.size(); ++i)
        raw[i + 1] = static_cast<RawValue>(first += UnZigZag32(unpacked[i]));
      return OkStatus();
    case kChanges:
      return DecodeChanges(bytes, first, width, raw);
    default:
      return Damaged("an unknown form of column");
  }
}

}  // namespace telltale
