#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "catalog/frame.h"
#include "storage/codec/column_codec.h"
#include "storage/codec/frame_run.h"

namespace telltale {

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
