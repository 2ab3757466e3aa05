#pragma once

#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/day_iterators.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/telemetry_store.h"

namespace telltale::internal {

// Reads one signal of one vehicle, column by column: where blocks do not overlap, as in the archive, no frame is ever
// put together. Where they do, it asks a TelemetryScan. Used once, by one thread.
class SignalScan {
 public:
  // `head` has the frames that were in memory when the scan began, with this signal only. What refers to something
  // outlives the scan; `first_block_day` is BlockWrites::first_day() from
  // after the head was copied.
  SignalScan(const TelemetryDatabase& database, std::int64_t first_block_day, VehicleId vehicle, SignalId signal,
             TimeRange range, const ScanOptions& options, FrameRun head, const TelemetryStore::RunFunction& visit);

  Status Run();

 private:
  Status ScanDay(std::int64_t day);
  bool HasSignal(const rocksdb::Slice& block);
  // Visits all blocks that the iterator has under the prefix. False: from `from_ms_` on they overlap something.
  StatusOr<bool> VisitColumns(rocksdb::Iterator& it, std::string_view prefix);
  // Visits everything from `from_ms_` to the end of the day, frame by frame.
  Status VisitFrames(std::int64_t day);
  // Visits what the head has from before `until_ms`.
  void VisitHead(std::int64_t until_ms);
  // What of the values is inside the range, and at most as many as are wanted.
  void Visit(std::span<const std::int64_t> times_ms, std::span<const RawValue> values);
  Status CheckDeadline() const;

  const TelemetryDatabase& database_;
  const std::int64_t first_block_day_;
  const VehicleId vehicle_;
  const SignalId signal_;
  const TimeRange range_;
  const ScanOptions& options_;
  const TelemetryStore::RunFunction& visit_;

  DayIterators iterators_;
  FrameRun head_;
  std::size_t head_next_ = 0;
  BlockColumns columns_;
  std::int64_t from_ms_ = 0;  // everything of the day before it is visited
  std::size_t visited_count_ = 0;
  bool over_ = false;
  std::vector<std::int64_t> times_ms_;  // of values that are put together
  std::vector<RawValue> values_;
};

}  // namespace telltale::internal
