#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/frame.h"
#include "storage/codec/block_codec.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// The newest value of every signal of a vehicle, and how far its frames are sealed. Stored as
//     version uint8 1 | sealed sequence uint64 | newest time int64 | count varint | for each, in the order of ids: id
//     step varint, raw value zigzag varint, newest time less its time zigzag varint | XXH3-64 of all before
struct LatestRow {
  std::uint64_t sealed_sequence = 0;  // of the journal: frames up to here are in blocks
  std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();
  std::vector<LatestValue> values;  // in the order of ids

  std::string Encode() const;
  static StatusOr<LatestRow> Decode(std::string_view bytes);  // DATA_LOSS

  // Takes in frames in order of time that were written after everything in the row.
  void Merge(const FrameRun& frames);
};

// How a frame changed what was there.
enum class FrameChange : std::uint8_t { kNew, kRepeated, kChanged };

// The frames of one vehicle that are in the journal but in no block yet: in order of time, each time once.
struct VehicleHead {
  FrameRun frames;
  std::uint64_t first_sequence = 0;  // of the journal: the oldest record with a frame of the head
  std::uint64_t generation = 0;      // grows at each sealing
  std::chrono::steady_clock::time_point begun;

  // Writes a frame over what is there: signals add up, and of one signal the later write wins.
  FrameChange Put(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout,
                  std::span<const RawValue> values);
};

// The two frames as one: every signal of either, `later` winning. Sets `values`.
std::shared_ptr<const Layout> MergeFrames(const Layout& earlier, std::span<const RawValue> earlier_values,
                                          const Layout& later, std::span<const RawValue> later_values,
                                          std::vector<RawValue>& values);

}  // namespace telltale::internal
