#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/archive_iterators.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/packed_columns.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// What the archive has of one vehicle, put together as frames, in order of time. Used by one thread.
class ArchiveFrames {
 public:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  // `signals` is sorted; empty: all. What refers to something outlives this.
  ArchiveFrames(const TelemetryDatabase& database, VehicleId vehicle, std::span<const SignalId> signals,
                TimeRange range, LayoutPool& layouts);

  // Begins a day. Errors of this and the rest: DATA_LOSS names the vehicle; UNAVAILABLE the disk.
  Status SeekDay(std::int64_t day);
  // When the frames begin that Read() would give, or somewhat earlier: only those inside the range are given. kNone:
  // there are no more on the day.
  std::int64_t next_ms() const { return next_ms_; }
  // Gives the next frames, perhaps none of them, and up to which sequence they had been written.
  Status Read(FrameRun& frames, std::uint64_t& sequence);
  // The next day after this one, which was begun, that may have something.
  std::int64_t NextDay(std::int64_t day) const { return archive_.NextDay(day); }

 private:
  // Of stores of format 3 and before.
  struct OldBlock {
    std::int64_t first_time_ms = 0;
    std::string bytes;
  };

  Status FindOld();
  Status TakeOld(rocksdb::Iterator& it, const std::string& prefix);
  Status ReadOld(std::vector<FrameRun>& groups, std::uint64_t& sequence);
  // Reads the head of a section, if it is there.
  Status LoadSection(std::uint32_t section);
  // Goes on to the first block, from this one on, that may have something inside the range.
  Status SkipBlocks();
  // Gives what both families have of the section's block, which is whole.
  Status ReadWhole(FrameRun& frames, std::uint64_t& sequence);
  // Sets `times_ms_` to those of the section's block.
  Status ReadTimes();
  // Adds what the lists of a family have of the section's block, frames `wanted` of it: columns to `columns_`, frames
  // with numbers in place of times to `groups`.
  Status TakeGroups(rocksdb::Iterator& it, TimeRange wanted, std::vector<FrameRun>& groups, std::uint64_t& sequence);
  // Reads a list of the vehicle into `list_`.
  Status ReadList(std::string_view list);
  Status TakeGroup(std::string_view key, std::string_view list, TimeRange wanted, std::vector<FrameRun>& groups,
                   std::uint64_t& sequence);
  std::uint8_t WantedOf(std::uint32_t group) const;
  // Frames of the columns, at those of `times_ms_`.
  FrameRun MakeRows(TimeRange wanted);
  Status Decode(std::string_view block, TimeRange range, std::vector<FrameRun>& groups, std::uint64_t& sequence);
  bool IsWanted(SignalId from, SignalId to) const;
  Status Damaged(std::int64_t time_ms, const Status& status) const;

  const VehicleId vehicle_;
  const std::span<const SignalId> signals_;
  const TimeRange range_;
  LayoutPool& layouts_;
  const ArchiveIterators archive_;

  std::int64_t day_ = 0;
  std::int64_t next_ms_ = kNone;
  std::vector<OldBlock> old_;  // in the order of first times
  std::size_t old_next_ = 0;
  std::uint32_t section_ = 0;
  std::string head_;
  BlockList blocks_;  // of the section, as its head has them
  std::size_t block_next_ = 0;
  BlockList list_;  // of a group
  ColumnUnpacker unpacker_;
  BlockColumns times_;
  std::vector<std::int64_t> times_ms_;  // of the frames of a block
  // Of the frames of a block that have the same signals: their columns, one behind the other.
  std::vector<SignalId> column_signals_;
  std::vector<RawValue> columns_;
};

}  // namespace telltale::internal
