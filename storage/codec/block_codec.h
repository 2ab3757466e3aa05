#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "catalog/frame.h"
#include "storage/codec/column_codec.h"
#include "storage/codec/frame_run.h"

namespace telltale {

// Frames column by column, as they come out of a block. Reuse it from block to block: it keeps its memory. Not
// thread-safe; movable.
class BlockColumns {
 public:
  std::span<const std::int64_t> times_ms() const { return times_ms_; }
  std::span<const SignalId> signals() const { return signals_; }
  // Of signals()[i]: a value for each time, kAbsent where the frame does not have the signal.
  std::span<const RawValue> column(std::size_t i) const { return {values() + i * stride_, times_ms_.size()}; }

 private:
  friend class BlockCodec;
  // A stored vector that lies across two cache lines takes twice as long.
  struct alignas(64) CacheLine {
    std::array<RawValue, 16> values;
  };

  RawValue* Prepare(std::size_t column_count);  // after times_ms_: room for the columns, uninitialised
  const RawValue* values() const { return reinterpret_cast<const RawValue*>(lines_.get()); }

  std::vector<std::int64_t> times_ms_;
  std::int64_t steady_step_ = 0;  // between all of them; 0: not known
  std::vector<SignalId> signals_;
  std::unique_ptr<CacheLine[]> lines_;
  std::size_t line_count_ = 0;
  std::size_t stride_ = 0;
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
//     duration       varint   milliseconds from the first time to the last
//     signals        the columns, in the order of ids; varint n, then
//                       n > 0: n runs of ids, each: varint ids left out since the run before, varint ids less 1
//                       n = 0: varint size, a bitmap of so many bytes; bit i is id i + 1
//     layouts        each: varint count, then the column indices as varint differences; count 0: all columns
//     heads size     varint   bytes
//     heads          of the columns, ColumnCodec
//     data           of the columns, ColumnCodec
//     checksum       uint64   XXH3-64 of all before it, little-endian
//
// The columns are: the differences from one time to the next, unless there is one frame; the layout of each frame,
// unless there is one layout; and of each signal the values of the frames whose layout has it.
//
// docs/formats/block.md works an example. Stateless; safe from any thread.
class BlockCodec {
 public:
  static constexpr std::size_t kMaxFrames = ColumnCodec::kMaxCount;

  // Packs frames [from, to) of the run, which are of one day. The second appends the block to `block`.
  static std::string Encode(VehicleId vehicle, std::uint64_t sequence, const FrameRun& run, std::size_t from,
                            std::size_t to);
  static void Append(VehicleId vehicle, std::uint64_t sequence, const FrameRun& run, std::size_t from, std::size_t to,
                     std::string& block);

  struct Summary {
    VehicleId vehicle = 0;
    std::uint64_t sequence = 0;
    std::size_t frame_count = 0;
    std::int64_t first_time_ms = 0;
    std::int64_t last_time_ms = 0;
  };

  // What a block is of, without its columns: whether it is worth decoding. Errors: DATA_LOSS as below.
  static StatusOr<Summary> ReadSummary(std::string_view block);

  // When the block's first frame was, without a look at the checksum.
  static StatusOr<std::int64_t> PeekFirstTime(std::string_view block);
  // The same with all that ReadSummary() tells.
  static StatusOr<Summary> PeekSummary(std::string_view block);

  // Adds the block's frames inside the range to `run`, which is empty: those that have at least one of `signals`
  // (sorted; empty: all), with just these, in the order of ids. Columns of other signals are not decoded. Errors:
  // DATA_LOSS the checksum or the structure is wrong; nothing of the block is then in `run`.
  static StatusOr<Summary> Decode(std::string_view block, std::span<const SignalId> signals, TimeRange range,
                                  LayoutPool& layouts, FrameRun& run);

  // Puts all times of the block and the columns of those of `signals` (sorted; empty: all) that it has into `columns`,
  // in place of what was there. Errors: as above; `columns` is then unspecified.
  static StatusOr<Summary> DecodeColumns(std::string_view block, std::span<const SignalId> signals,
                                         BlockColumns& columns);
};

}  // namespace telltale
