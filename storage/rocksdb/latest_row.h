#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/frame.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// The newest value of every signal of a vehicle, and how far its frames are sealed. Stored as
//     version uint8 1 | sealed sequence uint64 | newest time int64 | count varint | runs of consecutive signals, in the
//     order of ids: varint gap to the run before, varint length | uint8 0: all times are the newest time; 1: for each
//     value, newest time less its time as zigzag varint | values, RowCodec against zeros | XXH3-64 of all before
struct LatestRow {
  std::uint64_t sealed_sequence = 0;  // of the journal: frames up to here are in blocks
  std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();
  std::vector<LatestValue> values;  // in the order of ids

  std::string Encode() const;
  static StatusOr<LatestRow> Decode(std::string_view bytes);  // DATA_LOSS

  // Takes in a frame that was written after everything in the row: of a signal the newer value stays, of one time the
  // frame's.
  void Merge(std::int64_t measure_time_ms, const Layout& layout, std::span<const RawValue> frame_values);
  // Null: the signal is not there.
  const LatestValue* Find(SignalId signal) const;
  // Forgets the signals of a layout.
  void Remove(const Layout& layout);
};

}  // namespace telltale::internal
