#include "storage/rocksdb/latest_row.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/varint.h"
#include "storage/codec/old_row_codec.h"
#include "storage/codec/row_codec.h"
#include "storage/record_coding.h"

namespace telltale::internal {
namespace {

constexpr std::uint8_t kLatestVersion = 2;
constexpr std::uint8_t kLatestVersionOldRow = 1;  // of programs before store format 5: with a row of OldRowCodec
constexpr std::size_t kChecksumBytes = 8;

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged row of latest values: {}", what)); }

}  // namespace

std::string LatestRow::Encode() const {
  std::string bytes;
  bytes.push_back(static_cast<char>(kLatestVersion));
  PutLittleEndian(bytes, sealed_sequence);
  PutLittleEndian(bytes, newest_time_ms);
  PutVarint(bytes, values.size());
  std::uint64_t next = 0;
  for (std::size_t begin = 0, end = 0; begin < values.size(); begin = end) {
    while (end < values.size() && values[end].signal - values[begin].signal == static_cast<int>(end - begin)) ++end;
    PutVarint(bytes, values[begin].signal - next);
    PutVarint(bytes, end - begin);
    next = values[begin].signal + (end - begin);
  }
  const auto is_newest = [this](const LatestValue& value) { return value.measure_time_ms == newest_time_ms; };
  const bool same_time = std::ranges::all_of(values, is_newest);
  bytes.push_back(same_time ? '\0' : '\1');
  std::vector<RawValue> raw;
  raw.reserve(values.size());
  for (const LatestValue& value : values) {
    if (!same_time) PutVarint(bytes, ZigZag(newest_time_ms - value.measure_time_ms));
    raw.push_back(value.raw);
  }
  const std::size_t row = bytes.size();
  bytes.resize(row + RowCodec::MaxBytes(raw.size()));
  bytes.resize(static_cast<std::size_t>(RowCodec::Encode({}, raw, bytes.data() + row) - bytes.data()));
  PutLittleEndian(bytes, std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())});
  return bytes;
}

StatusOr<LatestRow> LatestRow::Decode(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return Damaged("cut short");
  RecordReader checksum(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (checksum.Read<std::uint64_t>() != XXH3_64bits(bytes.data(), bytes.size())) return Damaged("wrong checksum");
  RecordReader fixed(bytes);
  const auto version = fixed.Read<std::uint8_t>();
  if (version != kLatestVersion && version != kLatestVersionOldRow) return Damaged("unknown version");
  LatestRow row;
  row.sealed_sequence = fixed.Read<std::uint64_t>();
  row.newest_time_ms = fixed.Read<std::int64_t>();
  if (!fixed.ok()) return Damaged("cut short");
  bytes.remove_prefix(1 + 8 + 8);
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, count) || count > Layout::kMaxSignals) return Damaged("the count");
  std::uint64_t next = 0;
  while (row.values.size() < count) {
    std::uint64_t gap = 0;
    std::uint64_t length = 0;
    if (!TakeVarint(bytes, gap) || !TakeVarint(bytes, length) || length == 0 || length > count - row.values.size() ||
        gap > Layout::kMaxSignals || next + gap + length > Layout::kMaxSignals + 1) {
      return Damaged("the signals");
    }
    next += gap;
    for (const std::uint64_t end = next + length; next < end; ++next) {
      row.values.push_back({.signal = static_cast<SignalId>(next), .measure_time_ms = row.newest_time_ms});
    }
  }
  if (bytes.empty()) return Damaged("cut short");
  const bool same_time = bytes.front() == '\0';
  bytes.remove_prefix(1);
  for (LatestValue& value : row.values) {
    std::uint64_t age = 0;
    if (!same_time && !TakeVarint(bytes, age)) return Damaged("a time");
    value.measure_time_ms -= UnZigZag(age);
  }
  std::vector<RawValue> raw(count);
  const bool taken = version == kLatestVersion ? RowCodec::Decode(bytes, raw) : OldRowCodec::Decode(bytes, raw);
  if (!taken || !bytes.empty()) return Damaged("the values");
  for (std::size_t i = 0; i < raw.size(); ++i) row.values[i].raw = raw[i];
  return row;
}

void LatestRow::Merge(std::int64_t measure_time_ms, const Layout& layout, std::span<const RawValue> frame_values) {
  newest_time_ms = std::max(newest_time_ms, measure_time_ms);
  values.reserve(values.size() + frame_values.size());
  const std::size_t before = values.size();
  const auto by_signal = [](const LatestValue& a, const LatestValue& b) { return a.signal < b.signal; };
  for (std::size_t i = 0; i < frame_values.size(); ++i) {
    const LatestValue value{layout.signals()[i], frame_values[i], measure_time_ms};
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(before);
    const auto found = std::lower_bound(values.begin(), end, value, by_signal);
    if (found == end || found->signal != value.signal) {
      values.push_back(value);
    } else if (found->measure_time_ms <= measure_time_ms) {
      *found = value;
    }
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(before);
  if (!std::is_sorted(middle, values.end(), by_signal)) std::sort(middle, values.end(), by_signal);
  if (before != 0) std::inplace_merge(values.begin(), middle, values.end(), by_signal);
}

const LatestValue* LatestRow::Find(SignalId signal) const {
  const auto found = std::ranges::lower_bound(values, signal, {}, &LatestValue::signal);
  return found != values.end() && found->signal == signal ? &*found : nullptr;
}

void LatestRow::Remove(const Layout& layout) {
  std::erase_if(values, [&layout](const LatestValue& value) { return layout.PositionOf(value.signal).has_value(); });
}

}  // namespace telltale::internal
