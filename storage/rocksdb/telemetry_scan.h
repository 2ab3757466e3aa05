#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/archive_frames.h"
#include "storage/rocksdb/day_blocks.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// Reads one vehicle's blocks and archive in order of time and merges them with a copy of its head. Used once, by one
// thread.
class TelemetryScan {
 public:
  // `signals` is sorted; empty: all. `head` has the frames that were in memory when the scan began, with the wanted
  // signals only. What refers to something outlives the scan; `block_days` is BlockWrites::days() from after the head
  // was copied.
  TelemetryScan(const TelemetryDatabase& database, std::vector<std::int64_t> block_days, VehicleId vehicle,
                std::span<const SignalId> signals, TimeRange range, const ScanOptions& options, FrameRun head,
                LayoutPool& layouts, const TelemetryStore::FrameFunction& visit);

  Status Run();

 private:
  // A block, several of the archive with the same frames, or the head. Of frames of the same time, that of the greater
  // sequence was written later.
  struct SortedRun {
    std::uint64_t sequence = 0;
    FrameRun frames;
  };

  Status ScanDay(std::int64_t day);
  Status ReadArchived();
  Status ReadBlock();
  void AddPending(SortedRun run);
  // Visits what the pending blocks and the head have up to and including `last_ms`; false: the scan is over.
  bool Emit(std::int64_t last_ms);
  bool Visit(const Frame& frame);
  bool PastDeadline() const;
  Status DeadlineExceeded() const;
  Status Damaged(std::int64_t time_ms, const Status& status) const;

  const VehicleId vehicle_;
  const std::span<const SignalId> signals_;
  const TimeRange range_;
  const ScanOptions& options_;
  LayoutPool& layouts_;
  const TelemetryStore::FrameFunction& visit_;

  // Made in this order: what the archiver moves in between is then seen twice, not missed.
  DayBlocks blocks_;
  ArchiveFrames archive_;
  std::vector<SortedRun> pending_;  // that overlap each other in time, not yet visited
  std::int64_t pending_last_ms_ = 0;
  FrameRun head_;
  std::size_t head_next_ = 0;
  std::size_t visited_count_ = 0;
  bool deadline_passed_ = false;
  bool over_ = false;
};

}  // namespace telltale::internal
