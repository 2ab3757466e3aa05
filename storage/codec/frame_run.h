#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/frame.h"

namespace telltale {

// Frames of one vehicle in order of time, row by row: what goes into a block and what comes out. Not thread-safe;
// movable.
class FrameRun {
 public:
  struct Entry {
    std::int64_t measure_time_ms = 0;
    std::uint32_t layout_index = 0;
    std::uint32_t first_value = 0;
  };

  // `values` belong to `layout`, in its order; they are copied.
  void Add(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout, std::span<const RawValue> values);
  // Adds a frame and returns its values for the caller to fill; valid until the next call.
  std::span<RawValue> AddUninitialized(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout);
  // The same for frames of one layout: their values lie one frame after the other.
  std::span<RawValue> AddUninitialized(std::span<const std::int64_t> measure_times_ms,
                                       const std::shared_ptr<const Layout>& layout);
  void Reserve(std::size_t frame_count, std::size_t value_count);
  // Puts a frame where its time belongs; no frame of the run has this time.
  void Insert(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
              std::span<const RawValue> values);
  // Gives frame `i` another layout and values.
  void Replace(std::size_t i, const std::shared_ptr<const Layout>& layout, std::span<const RawValue> values);
  // Gives frame `i` another time, which is still behind that of the one before.
  void SetTime(std::size_t i, std::int64_t measure_time_ms) { entries_[i].measure_time_ms = measure_time_ms; }
  // Forgets the frames before `i`.
  void RemoveBefore(std::size_t i);
  void Clear();

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::size_t value_count() const { return values_.size(); }
  std::size_t size_bytes() const { return values_.capacity() * sizeof(RawValue) + entries_.capacity() * sizeof(Entry); }

  std::int64_t time_ms(std::size_t i) const { return entries_[i].measure_time_ms; }
  const std::shared_ptr<const Layout>& layout(std::size_t i) const { return layouts_[entries_[i].layout_index]; }
  std::uint32_t layout_index(std::size_t i) const { return entries_[i].layout_index; }
  std::span<const std::shared_ptr<const Layout>> layouts() const { return layouts_; }
  std::span<const RawValue> values(std::size_t i) const {
    return {values_.data() + entries_[i].first_value, layout(i)->size()};
  }
  std::span<RawValue> values(std::size_t i) { return {values_.data() + entries_[i].first_value, layout(i)->size()}; }

  // The values of frames [from, to), not empty, if they have one layout and lie one after the other; nullptr otherwise.
  const RawValue* Rows(std::size_t from, std::size_t to) const;

  // The first frame at or after the time; size() if there is none.
  std::size_t LowerBound(std::int64_t time_ms) const;

 private:
  std::uint32_t IndexOf(const std::shared_ptr<const Layout>& layout);

  std::vector<Entry> entries_;
  std::vector<RawValue, UninitializedAllocator<RawValue>> values_;
  std::vector<std::shared_ptr<const Layout>> layouts_;  // those of the run, each once
};

// Layouts that are equal, as one object, so that rows of different blocks can share it. Not thread-safe.
class LayoutPool {
 public:
  // `signals` is not empty and names none twice.
  std::shared_ptr<const Layout> Get(std::span<const SignalId> signals);

 private:
  struct Hash {
    std::size_t operator()(const std::vector<SignalId>& signals) const;
  };
  std::unordered_map<std::vector<SignalId>, std::shared_ptr<const Layout>, Hash> layouts_;
  std::shared_ptr<const Layout> last_;  // the blocks of a vehicle mostly have the same one
};

}  // namespace telltale
