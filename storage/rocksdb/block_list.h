#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "catalog/frame.h"

namespace telltale::internal {

// Blocks that follow each other in time, as one value of the archive, so that one is found without reading the others:
//
//     vehicle     uint32   little-endian
//     sequence    varint   of the journal up to which the day was written when it was archived
//     count       varint   1..kMaxBlocks
//     directory   of each block: varint size * 5 + BlockForm, and then
//                    kSteady   varint n, n paces, each: varint milliseconds from the last time before it, at first from
//                              the begin of the day; varint step in milliseconds; varint frames less 1
//                    kTimed, kWhole   varint frames, varint first time within the day in milliseconds
//     checksum    uint32   low half of XXH3-64 of all before it, little-endian
//     blocks      of the sizes that the directory tells
//
// docs/formats/archive.md tells what is in which list.
enum class BlockForm : std::uint8_t {
  kAbsent,    // there is no block: none of the frames has a signal of the list
  kSteady,    // PackedColumns, and the directory has the times
  kTimed,     // PackedColumns, and the section's head has the times
  kNumbered,  // BlockCodec, with the frames' numbers among those whose times the head has in place of times
  kWhole,     // BlockCodec: the frames with all their signals; only heads have such blocks
};

// Frames at equal distances.
struct Pace {
  std::int64_t first_ms = 0;  // within the day
  std::int64_t step_ms = 0;   // 0: there is one
  std::size_t count = 0;
};
// The paces of times that grow, if there are at most kPacesMax; empty: there are more.
inline constexpr std::size_t kPacesMax = 8;
std::vector<Pace> PacesOf(std::span<const std::int64_t> times_ms, std::int64_t day_ms);

class BlockListWriter {
 public:
  static constexpr std::size_t kMaxBlocks = 64;

  BlockListWriter() = default;

  void AddSteady(std::span<const Pace> paces, std::string_view block);
  void AddTimed(std::size_t frame_count, std::int64_t first_time_ms, std::string_view block);
  void AddNumbered(std::string_view block);
  void AddWhole(std::size_t frame_count, std::int64_t first_time_ms, std::string_view block);
  // Adds absent ones until there are so many.
  void FillUp(std::size_t count);
  std::size_t count() const { return count_; }
  // What was added, which is at least one block; then begins anew.
  std::string Take(VehicleId vehicle, std::uint64_t sequence);

 private:
  void Add(BlockForm form, std::string_view block);
  void Add(BlockForm form, std::size_t frame_count, std::int64_t first_time_ms, std::string_view block);

  std::size_t count_ = 0;
  std::string directory_;
  std::string blocks_;
};

// A list that is read. Keeps its memory; refers to the bytes.
struct BlockList {
  struct Entry {
    BlockForm form = BlockForm::kAbsent;
    std::size_t frame_count = 0;     // of kSteady, kTimed and kWhole
    std::int64_t first_time_ms = 0;  // the same; within the day
    std::string_view paces;          // of kSteady: sound, as they are in the directory
    std::string_view block;          // unchecked

    bool has_first_time() const { return form != BlockForm::kAbsent && form != BlockForm::kNumbered; }
    // Sets `times_ms` to the frames' times, of kSteady.
    void GetTimes(std::int64_t day_ms, std::vector<std::int64_t>& times_ms) const;
  };

  VehicleId vehicle = 0;
  std::uint64_t sequence = 0;
  std::vector<Entry> entries;

  // Errors: DATA_LOSS the directory or its checksum is wrong.
  Status Read(std::string_view list);
};

}  // namespace telltale::internal
