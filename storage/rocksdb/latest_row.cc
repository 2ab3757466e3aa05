#include "storage/rocksdb/latest_row.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "storage/internal/record_coding.h"
#include "storage/internal/varint.h"

namespace telltale::internal {
namespace {

constexpr std::uint8_t kLatestVersion = 1;
constexpr std::size_t kChecksumBytes = 8;

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged row of latest values: {}", what)); }

}  // namespace

std::string LatestRow::Encode() const {
  std::string bytes;
  bytes.push_back(static_cast<char>(kLatestVersion));
  PutLittleEndian(bytes, sealed_sequence);
  PutLittleEndian(bytes, newest_time_ms);
  PutVarint(bytes, values.size());
  SignalId last = 0;
  for (const LatestValue& value : values) {
    PutVarint(bytes, static_cast<std::uint64_t>(value.signal - last));
    PutVarint(bytes, ZigZag(value.raw));
    PutVarint(bytes, ZigZag(newest_time_ms - value.measure_time_ms));
    last = value.signal;
  }
  PutLittleEndian(bytes, std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())});
  return bytes;
}

StatusOr<LatestRow> LatestRow::Decode(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return Damaged("cut short");
  RecordReader checksum(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (checksum.Read<std::uint64_t>() != XXH3_64bits(bytes.data(), bytes.size())) return Damaged("wrong checksum");
  RecordReader fixed(bytes);
  if (fixed.Read<std::uint8_t>() != kLatestVersion) return Damaged("unknown version");
  LatestRow row;
  row.sealed_sequence = fixed.Read<std::uint64_t>();
  row.newest_time_ms = fixed.Read<std::int64_t>();
  if (!fixed.ok()) return Damaged("cut short");
  bytes.remove_prefix(1 + 8 + 8);
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, count) || count > 0xFFFF) return Damaged("the count");
  std::uint64_t id = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t step = 0;
    std::uint64_t raw = 0;
    std::uint64_t age = 0;
    if (!TakeVarint(bytes, step) || !TakeVarint(bytes, raw) || !TakeVarint(bytes, age) || (id += step) > 0xFFFF) {
      return Damaged("a value");
    }
    row.values.push_back({.signal = static_cast<SignalId>(id),
                          .raw = static_cast<RawValue>(UnZigZag(raw)),
                          .measure_time_ms = row.newest_time_ms - UnZigZag(age)});
  }
  return row;
}

void LatestRow::Merge(std::int64_t measure_time_ms, const Layout& layout, std::span<const RawValue> frame_values) {
  newest_time_ms = std::max(newest_time_ms, measure_time_ms);
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
  std::sort(middle, values.end(), by_signal);
  std::inplace_merge(values.begin(), middle, values.end(), by_signal);
}

void LatestRow::Remove(const Layout& layout) {
  std::erase_if(values, [&layout](const LatestValue& value) { return layout.PositionOf(value.signal).has_value(); });
}

}  // namespace telltale::internal
