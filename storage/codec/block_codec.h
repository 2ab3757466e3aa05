#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "catalog/frame.h"
#include "storage/codec/column_codec.h"

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
  // Puts a frame where its time belongs; no frame of the run has this time.
  void Insert(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
              std::span<const RawValue> values);
  // Gives frame `i` another layout and values.
  void Replace(std::size_t i, const std::shared_ptr<const Layout>& layout, std::span<const RawValue> values);
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

  // The first frame at or after the time; size() if there is none.
  std::size_t LowerBound(std::int64_t time_ms) const;

 private:
  std::uint32_t IndexOf(const std::shared_ptr<const Layout>& layout);

  std::vector<Entry> entries_;
  std::vector<RawValue> values_;
  std::vector<std::shared_ptr<const Layout>> layouts_;  // those of the run, each once
};

// Layouts that are equal, as one object, so that rows of different blocks can share it. Not thread-safe.
class LayoutPool {
 public:
  // `signals` is not empty and names none twice.
  std::shared_ptr<const Layout> Get(const std::vector<SignalId>& signals);

 private:
  struct Hash {
    std::size_t operator()(const std::vector<SignalId>& signals) const;
  };
  std::unordered_map<std::vector<SignalId>, std::shared_ptr<const Layout>, Hash> layouts_;
};

// Frames of one vehicle and one UTC day, stored column by column:
//
//     version        uint8    1
//     vehicle        uint32   little-endian
//     sequence       uint64   of the journal when the block was sealed: of two blocks, the later write
//     frames         varint   1..kMaxFrames
//     columns        varint   1..Layout::kMaxSignals
//     layouts        varint   1..frames
//     first time     varint   milliseconds since 1970
//     times          varint size, column of the differences from one time to the next (not if there is one frame)
//     signals        each a varint, the difference to the one before: the columns, in the order of ids
//     column sizes   each a varint, bytes
//     layouts        each: varint count, then the column indices as varint differences; count 0: all columns
//     layout of each frame   varint size, column of layout indices (not if there is one layout)
//     columns        ColumnCodec, of the frames whose layout has the signal
//     checksum       uint64   XXH3-64 of all before it, little-endian
//
// docs/formats/block.md works an example. Stateless; safe from any thread.
class BlockCodec {
 public:
  static constexpr std::size_t kMaxFrames = ColumnCodec::kMaxCount;

  // Packs frames [from, to) of the run, which are of one day.
  static std::string Encode(VehicleId vehicle, std::uint64_t sequence, const FrameRun& run, std::size_t from,
                            std::size_t to);

  struct Summary {
    VehicleId vehicle = 0;
    std::uint64_t sequence = 0;
    std::size_t frame_count = 0;
    std::int64_t first_time_ms = 0;
  };

  // Adds the block's frames to `run`, which is empty: those that have at least one of `signals` (sorted; empty: all),
  // with just these, in the order of ids. Columns of other signals are not decoded. Errors: DATA_LOSS the checksum or
  // the structure is wrong; nothing of the block is then in `run`.
  static StatusOr<Summary> Decode(std::string_view block, std::span<const SignalId> signals, LayoutPool& layouts,
                                  FrameRun& run);
};

}  // namespace telltale
