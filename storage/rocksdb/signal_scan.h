#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/archive_iterators.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/day_blocks.h"
#include "storage/rocksdb/packed_columns.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// Reads one signal of one vehicle, column by column: where blocks do not overlap, as in the archive, no frame is ever
// put together. Where they do, it asks a TelemetryScan. Used once, by one thread.
class SignalScan {
 public:
  // `head` has the frames that were in memory when the scan began, with this signal only. What refers to something
  // outlives the scan; `block_days` is BlockWrites::days() from after the head was copied.
  SignalScan(const TelemetryDatabase& database, std::vector<std::int64_t> block_days, VehicleId vehicle,
             SignalId signal, TimeRange range, const ScanOptions& options, FrameRun head,
             const TelemetryStore::RunFunction& visit);

  Status Run();

 private:
  // Where the archive has the vehicle's day.
  enum class Place : std::uint8_t { kNowhere, kSections, kOld };

  static constexpr std::uint32_t kSectionsAheadMax = 8;  // of a day

  Status ScanDay(std::int64_t day);
  // Brings days from this one on into the cache, about a month.
  void ReadDaysAhead(std::int64_t day, std::int64_t last_day);
  // Leaves the archive's iterators in or behind the vehicle's part of the day.
  StatusOr<Place> FindArchived(std::int64_t day);
  // Each visits what there is of the day. False: from `from_ms_` on it overlaps something.
  StatusOr<bool> VisitBlocks();
  StatusOr<bool> VisitSections(std::int64_t day);
  StatusOr<bool> VisitSection(std::int64_t day, std::uint32_t section);
  // Finds the signal's list of a section.
  StatusOr<bool> FindList(rocksdb::Iterator& it, const std::string& key, BlockList& list) const;
  // Reads the head that a family has of the section into `head`; moves the iterator there, and back to `list`, if it
  // has one, with `bytes` for what the head refers to.
  Status ReadHead(rocksdb::Iterator& it, std::int64_t day, std::uint32_t section, BlockList& list, std::string& bytes,
                  BlockList& head) const;
  // Whether a block of a section is before the range, as the next one begins before it, too.
  bool IsBeforeRange(std::span<const BlockList::Entry> blocks, std::size_t number, std::int64_t day) const;
  // Whether there may be blocks of the section that the lists do not tell of, or not all that is needed.
  bool NeedsHead() const;
  // Of a block of the section that is not by groups.
  StatusOr<bool> VisitWhole(std::size_t number, std::int64_t day);
  StatusOr<bool> VisitBlockOf(const BlockList::Entry& entry, std::size_t number, std::int64_t day);
  // Decodes the signal's column of a block into `columns_`.
  StatusOr<BlockCodec::Summary> Decode(std::string_view block, std::int64_t time_ms);
  // Sets `frame_times_ms_` to the times that the section has for its block of this number.
  Status DecodeTimes(std::size_t number, std::int64_t time_ms);
  // Visits the column of `columns_`, if there is one. False: as above.
  bool VisitColumn(std::span<const std::int64_t> times_ms);
  bool IsBehindHead(std::int64_t last_time_ms) const;
  // Visits everything from `from_ms_` to the end of the day, frame by frame.
  Status VisitFrames(std::int64_t day);
  // Visits what the head has from before `until_ms`.
  void VisitHead(std::int64_t until_ms);
  // What of the values is inside the range, and at most as many as are wanted.
  void Visit(std::span<const std::int64_t> times_ms, std::span<const RawValue> values);
  Status Damaged(std::int64_t time_ms, const Status& status) const;
  Status CheckDeadline() const;

  const TelemetryDatabase& database_;
  const std::vector<std::int64_t> block_days_;
  const VehicleId vehicle_;
  const SignalId signal_;
  const TimeRange range_;
  const ScanOptions& options_;
  const TelemetryStore::RunFunction& visit_;

  // Made in this order: what the archiver moves in between is then seen twice, not missed.
  DayBlocks blocks_;
  const ArchiveIterators archive_;
  FrameRun head_;
  std::size_t head_next_ = 0;
  BlockList kept_list_;         // of a section: the signal's blocks
  BlockList short_lived_list_;  // the same
  std::string section_head_;
  BlockList times_list_;  // of a section: its head, if it is needed; refers to section_head_ or the iterator
  std::string short_lived_head_;
  BlockList short_lived_whole_;  // the same of the family of short-lived signals; the same
  ColumnUnpacker unpacker_;
  BlockColumns columns_;
  BlockColumns times_;
  std::int64_t from_ms_ = 0;          // everything of the day before it is visited
  std::uint32_t section_count_ = 1;   // of the last day that was read
  std::int64_t ahead_until_day_ = 0;  // days before it were read ahead
  std::size_t visited_count_ = 0;
  bool over_ = false;
  std::vector<std::int64_t> frame_times_ms_;
  std::vector<std::int64_t> times_ms_;  // of values that are put together
  std::vector<RawValue> values_;
};

}  // namespace telltale::internal
