#include "storage/rocksdb/frame_merge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace telltale::internal {

FrameChange PutFrame(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                     std::span<const RawValue> values, FrameRun& frames) {
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

FrameRun Select(const FrameRun& run, std::span<const SignalId> signals, TimeRange range, LayoutPool& layouts) {
  // For each layout of the run what of it is wanted, and from which positions.
  struct Wanted {
    std::shared_ptr<const Layout> layout;  // nullptr: nothing
    std::vector<std::uint32_t> positions;
  };
  std::vector<Wanted> wanted(run.layouts().size());
  for (std::size_t l = 0; l < wanted.size(); ++l) {
    const Layout& layout = *run.layouts()[l];
    std::vector<SignalId> ids(layout.signals().begin(), layout.signals().end());
    if (!signals.empty()) {
      std::erase_if(ids, [&](SignalId id) { return !std::binary_search(signals.begin(), signals.end(), id); });
    }
    std::sort(ids.begin(), ids.end());
    if (ids.empty()) continue;
    for (const SignalId id : ids) wanted[l].positions.push_back(*layout.PositionOf(id));
    wanted[l].layout = layouts.Get(ids);
  }
  FrameRun selected;
  std::vector<RawValue> values;
  for (std::size_t i = run.LowerBound(range.from_ms); i < run.size() && run.time_ms(i) < range.to_ms; ++i) {
    const Wanted& columns = wanted[run.layout_index(i)];
    if (columns.layout == nullptr) continue;
    values.clear();
    for (const std::uint32_t position : columns.positions) values.push_back(run.values(i)[position]);
    selected.Add(run.time_ms(i), columns.layout, values);
  }
  return selected;
}

}  // namespace telltale::internal
