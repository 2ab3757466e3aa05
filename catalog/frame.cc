#include "catalog/frame.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"

namespace telltale {

StatusOr<std::shared_ptr<const Layout>> Layout::Create(std::vector<SignalId> signals) {
  if (signals.empty()) return absl::InvalidArgumentError("a layout names at least one signal");
  if (signals.size() > kMaxSignals) {
    return absl::InvalidArgumentError(
        fmt::format("a layout names at most {} signals, this one {}", kMaxSignals, signals.size()));
  }
  std::vector<SignalId> sorted = signals;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    return absl::InvalidArgumentError(fmt::format("the layout names signal {} twice", *twice));
  }
  return std::shared_ptr<const Layout>(new Layout(std::move(signals)));
}

Layout::Layout(std::vector<SignalId> signals) : signals_(std::move(signals)) {
  position_.resize(static_cast<std::size_t>(*std::max_element(signals_.begin(), signals_.end())) + 1);
  for (std::size_t i = 0; i < signals_.size(); ++i) {
    position_[signals_[i]] = static_cast<std::uint16_t>(i + 1);
    hash_ = (hash_ ^ signals_[i]) * 0x100000001b3;
  }
}

void FrameBatch::Add(VehicleId vehicle_id, std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                     std::span<const RawValue> values) {
  CHECK(values.size() == layout->size());
  std::ranges::copy(values, AddUninitialized(vehicle_id, measure_time_ms, layout).begin());
}

std::span<RawValue> FrameBatch::AddUninitialized(VehicleId vehicle_id, std::int64_t measure_time_ms,
                                                 const std::shared_ptr<const Layout>& layout) {
  if (layouts_.empty() || layouts_.back() != layout) layouts_.push_back(layout);
  frames_.push_back({.measure_time_ms = measure_time_ms,
                     .first_value = values_.size(),
                     .vehicle_id = vehicle_id,
                     .layout_index = static_cast<std::uint32_t>(layouts_.size() - 1)});
  values_.resize(values_.size() + layout->size());
  return {values_.data() + frames_.back().first_value, layout->size()};
}

void FrameBatch::RemoveLast() {
  values_.resize(frames_.back().first_value);
  frames_.pop_back();
}

void FrameBatch::Clear() {
  frames_.clear();
  values_.clear();
  layouts_.clear();
}

void FrameBatch::Reserve(std::size_t frame_count, std::size_t value_count) {
  frames_.reserve(frame_count);
  values_.reserve(value_count);
}

}  // namespace telltale
