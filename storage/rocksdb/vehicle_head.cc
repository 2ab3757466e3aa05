#include "storage/rocksdb/vehicle_head.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
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

void LatestRow::Merge(const FrameRun& frames) {
  if (frames.empty()) return;
  std::vector<char> layout_seen(frames.layouts().size());
  std::vector<LatestValue> found;
  // From the newest back: an older frame of a layout that was seen has nothing to add.
  for (std::size_t i = frames.size(); i > 0; --i) {
    char& seen = layout_seen[frames.layout_index(i - 1)];
    if (seen != 0) continue;
    seen = 1;
    const auto signals = frames.layout(i - 1)->signals();
    const auto raw = frames.values(i - 1);
    for (std::size_t j = 0; j < signals.size(); ++j) found.push_back({signals[j], raw[j], frames.time_ms(i - 1)});
  }
  // Of one signal the newest first, and of one time the frames' before the row's: they were written later.
  const auto older = [](const LatestValue& a, const LatestValue& b) {
    return a.signal != b.signal ? a.signal < b.signal : a.measure_time_ms > b.measure_time_ms;
  };
  found.insert(found.end(), values.begin(), values.end());
  std::stable_sort(found.begin(), found.end(), older);
  found.erase(std::unique(found.begin(), found.end(),
                          [](const LatestValue& a, const LatestValue& b) { return a.signal == b.signal; }),
              found.end());
  values = std::move(found);
  newest_time_ms = std::max(newest_time_ms, frames.time_ms(frames.size() - 1));
}

FrameChange VehicleHead::Put(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                             std::span<const RawValue> values) {
  if (frames.empty() || measure_time_ms > frames.time_ms(frames.size() - 1)) [[likely]] {
    frames.Add(measure_time_ms, layout, values);
    return FrameChange::kNew;
  }
  const std::size_t at = frames.LowerBound(measure_time_ms);
  if (frames.time_ms(at) != measure_time_ms) {
    frames.Insert(measure_time_ms, layout, values);
    return FrameChange::kNew;
  }
  if (*frames.layout(at) == *layout) {
    const std::span<RawValue> present = frames.values(at);
    if (std::equal(present.begin(), present.end(), values.begin())) return FrameChange::kRepeated;
    std::copy(values.begin(), values.end(), present.begin());
    return FrameChange::kChanged;
  }
  std::vector<RawValue> merged;
  const auto merged_layout = MergeFrames(*frames.layout(at), std::as_const(frames).values(at), *layout, values, merged);
  if (merged_layout->size() == frames.layout(at)->size()) {
    // Nothing was added; perhaps nothing changed either.
    bool changed = false;
    const auto signals = frames.layout(at)->signals();
    for (std::size_t i = 0; i < signals.size(); ++i) {
      RawValue& present = frames.values(at)[i];
      const RawValue now = merged[*merged_layout->PositionOf(signals[i])];
      changed |= std::exchange(present, now) != now;
    }
    return changed ? FrameChange::kChanged : FrameChange::kRepeated;
  }
  frames.Replace(at, merged_layout, merged);
  return FrameChange::kChanged;
}

std::shared_ptr<const Layout> MergeFrames(const Layout& earlier, std::span<const RawValue> earlier_values,
                                          const Layout& later, std::span<const RawValue> later_values,
                                          std::vector<RawValue>& values) {
  std::vector<SignalId> signals(earlier.signals().begin(), earlier.signals().end());
  signals.insert(signals.end(), later.signals().begin(), later.signals().end());
  std::sort(signals.begin(), signals.end());
  signals.erase(std::unique(signals.begin(), signals.end()), signals.end());
  values.clear();
  for (const SignalId signal : signals) {
    const auto in_later = later.PositionOf(signal);
    values.push_back(in_later ? later_values[*in_later] : earlier_values[*earlier.PositionOf(signal)]);
  }
  auto layout = Layout::Create(std::move(signals));
  CHECK(layout.ok());
  return *std::move(layout);
}

}  // namespace telltale::internal
