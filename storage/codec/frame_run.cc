#include "storage/codec/frame_run.h"

#include <algorithm>

#include "base/check.h"

namespace telltale {

std::uint32_t FrameRun::IndexOf(const std::shared_ptr<const Layout>& layout) {
  // The last one first: streams rarely change their layout.
  for (std::size_t i = layouts_.size(); i > 0; --i) {
    const auto& known = layouts_[i - 1];
    if (known == layout || *known == *layout) return static_cast<std::uint32_t>(i - 1);
  }
  layouts_.push_back(layout);
  return static_cast<std::uint32_t>(layouts_.size() - 1);
}

void FrameRun::Add(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                   std::span<const RawValue> values) {
  std::ranges::copy(values, AddUninitialized(measure_time_ms, layout).begin());
}

std::span<RawValue> FrameRun::AddUninitialized(std::int64_t measure_time_ms,
                                               const std::shared_ptr<const Layout>& layout) {
  entries_.push_back({measure_time_ms, IndexOf(layout), static_cast<std::uint32_t>(values_.size())});
  values_.resize(values_.size() + layout->size());
  return values(size() - 1);
}

std::span<RawValue> FrameRun::AddUninitialized(std::span<const std::int64_t> measure_times_ms,
                                               const std::shared_ptr<const Layout>& layout) {
  const std::uint32_t index = IndexOf(layout);
  const std::size_t before = values_.size();
  values_.resize(before + measure_times_ms.size() * layout->size());
  entries_.reserve(entries_.size() + measure_times_ms.size());
  std::size_t first_value = before;
  for (const std::int64_t time_ms : measure_times_ms) {
    entries_.push_back({time_ms, index, static_cast<std::uint32_t>(first_value)});
    first_value += layout->size();
  }
  return {values_.data() + before, values_.size() - before};
}

const RawValue* FrameRun::Rows(std::size_t from, std::size_t to) const {
  const Entry first = entries_[from];
  const std::size_t size = layout(from)->size();
  for (std::size_t i = from; i < to; ++i) {
    if (entries_[i].layout_index != first.layout_index) return nullptr;
    if (entries_[i].first_value != first.first_value + (i - from) * size) return nullptr;
  }
  return values_.data() + first.first_value;
}

void FrameRun::Reserve(std::size_t frame_count, std::size_t value_count) {
  entries_.reserve(frame_count);
  values_.reserve(value_count);
}

void FrameRun::Insert(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                      std::span<const RawValue> values) {
  const auto at = static_cast<std::ptrdiff_t>(LowerBound(measure_time_ms));
  entries_.insert(entries_.begin() + at,
                  {measure_time_ms, IndexOf(layout), static_cast<std::uint32_t>(values_.size())});
  values_.insert(values_.end(), values.begin(), values.end());
}

void FrameRun::Replace(std::size_t i, const std::shared_ptr<const Layout>& layout, std::span<const RawValue> values) {
  entries_[i].layout_index = IndexOf(layout);
  entries_[i].first_value = static_cast<std::uint32_t>(values_.size());
  values_.insert(values_.end(), values.begin(), values.end());
}

void FrameRun::RemoveBefore(std::size_t i) {
  if (i >= size()) {
    Clear();
    return;
  }
  FrameRun rest;
  for (; i < size(); ++i) rest.Add(time_ms(i), layout(i), values(i));
  *this = std::move(rest);
}

void FrameRun::Clear() {
  entries_.clear();
  values_.clear();
  layouts_.clear();
}

std::size_t FrameRun::LowerBound(std::int64_t time_ms) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), time_ms,
                                   [](const Entry& entry, std::int64_t time) { return entry.measure_time_ms < time; });
  return static_cast<std::size_t>(it - entries_.begin());
}

std::size_t LayoutPool::Hash::operator()(const std::vector<SignalId>& signals) const {
  std::size_t hash = signals.size();
  for (const SignalId id : signals) hash = hash * 0x9E3779B97F4A7C15 + id;
  return hash;
}

std::shared_ptr<const Layout> LayoutPool::Get(std::span<const SignalId> signals) {
  if (last_ != nullptr && std::ranges::equal(last_->signals(), signals)) return last_;
  std::vector<SignalId> key(signals.begin(), signals.end());
  std::shared_ptr<const Layout>& layout = layouts_[key];
  if (layout == nullptr) {
    auto made = Layout::Create(std::move(key));
    CHECK(made.ok());
    layout = *std::move(made);
  }
  last_ = layout;
  return layout;
}

}  // namespace telltale
