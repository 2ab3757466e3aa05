#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale {

// The ordered signals of a row, each once. Immutable, shared by all rows that have it.
class Layout {
 public:
  static constexpr std::size_t kMaxSignals = 65'535;  // every id there can be

  // Errors: INVALID_ARGUMENT if `signals` is empty, longer than kMaxSignals, or names a signal twice.
  static StatusOr<std::shared_ptr<const Layout>> Create(std::vector<SignalId> signals);

  std::span<const SignalId> signals() const { return signals_; }
  std::size_t size() const { return signals_.size(); }
  std::uint64_t hash() const { return hash_; }  // of the ordered ids; equal layouts have equal hashes

  // The position of a signal in the row; nullopt: not in it. O(1).
  std::optional<std::uint32_t> PositionOf(SignalId signal) const {
    if (signal >= position_.size() || position_[signal] == 0) return std::nullopt;
    return position_[signal] - 1U;
  }

  friend bool operator==(const Layout& a, const Layout& b) { return a.hash_ == b.hash_ && a.signals_ == b.signals_; }

 private:
  explicit Layout(std::vector<SignalId> signals);

  std::vector<SignalId> signals_;
  std::vector<std::uint16_t> position_;      // by signal id: position + 1; 0: not in the layout
  std::uint64_t hash_ = 0xcbf29ce484222325;  // FNV-1a
};

// Values of many signals of one vehicle at one instant. A view: what it points to outlives the call it is passed to, no
// longer. values[i] belongs to layout->signals()[i]; each is a value, kNotAvailable or kError.
struct Frame {
  VehicleId vehicle_id = 0;
  std::int64_t measure_time_ms = 0;  // by the vehicle's clock, UTC
  const Layout* layout = nullptr;
  std::span<const RawValue> values;

  // kAbsent if the frame does not have the signal.
  RawValue Get(SignalId signal) const {
    const auto position = layout->PositionOf(signal);
    return position ? values[*position] : kAbsent;
  }
};

// Leaves new elements as the memory was: for values that are all written next.
template <typename T>
struct UninitializedAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {                             // NOLINT(readability-identifier-naming): the standard's name
    using other = UninitializedAllocator<U>;  // NOLINT(readability-identifier-naming)
  };
  template <typename U>
  void construct(U* at) noexcept {  // NOLINT(readability-identifier-naming)
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* at, Arguments&&... arguments) {  // NOLINT(readability-identifier-naming)
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};

// Frames of any vehicles, times and layouts, in the order they were added. Not thread-safe; movable.
class FrameBatch {
 public:
  // `values` has layout->size() elements; they are copied.
  void Add(VehicleId vehicle_id, std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
           std::span<const RawValue> values);

  // Adds a frame and returns its values for the caller to fill; valid until the next call.
  std::span<RawValue> AddUninitialized(VehicleId vehicle_id, std::int64_t measure_time_ms,
                                       const std::shared_ptr<const Layout>& layout);

  void RemoveLast();
  void Clear();
  void Reserve(std::size_t frame_count, std::size_t value_count);

  // The values of all frames, one frame after the other.
  std::span<RawValue> MutableValues() { return values_; }

  std::size_t size() const { return frames_.size(); }
  bool empty() const { return frames_.empty(); }
  std::size_t sample_count() const { return values_.size(); }
  std::size_t size_bytes() const { return values_.size() * sizeof(RawValue) + frames_.size() * sizeof(Entry); }

  Frame operator[](std::size_t i) const {
    const Entry& entry = frames_[i];
    const Layout* layout = layouts_[entry.layout_index].get();
    return {entry.vehicle_id, entry.measure_time_ms, layout, {values_.data() + entry.first_value, layout->size()}};
  }
  const std::shared_ptr<const Layout>& layout_of(std::size_t i) const { return layouts_[frames_[i].layout_index]; }

 private:
  struct Entry {
    std::int64_t measure_time_ms;
    std::size_t first_value;
    VehicleId vehicle_id;
    std::uint32_t layout_index;
  };

  std::vector<Entry> frames_;
  std::vector<RawValue, UninitializedAllocator<RawValue>> values_;
  std::vector<std::shared_ptr<const Layout>> layouts_;  // consecutive frames of one layout share an entry
};

}  // namespace telltale
