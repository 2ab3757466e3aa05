#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/codec/frame_run.h"
#include "storage/codec/signal_sums.h"
#include "storage/rocksdb/rollup_writer.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// Keeps the sealer's writes and the end of a day's archiving apart: blocks that came meanwhile must not be removed. And
// knows which days have blocks, so that reads look for no others. Thread-safe.
class BlockWrites {
 public:
  // Looks up the days. Errors: UNAVAILABLE the disk; DATA_LOSS.
  Status Open(const TelemetryDatabase& database);

  // In order; every block is of one of these days, or was written after the call.
  std::vector<std::int64_t> days() const;

  // The sealer's way to write blocks; `blocks` are their days and vehicles.
  struct Block {
    std::int64_t day = 0;
    VehicleId vehicle = 0;
  };
  Status Write(rocksdb::DB& db, rocksdb::WriteBatch& batch, const std::vector<Block>& blocks);

  // From now on the vehicles that get blocks of the day are noted.
  void Watch(std::int64_t day);
  // Those noted since the last call.
  std::set<VehicleId> TakeNoted();
  // Calls `remove`, which removes the day's blocks, while nothing is written, unless something was noted: then false.
  // Ends the watch.
  StatusOr<bool> Finish(const std::function<Status()>& remove);

 private:
  Mutex mutex_;
  std::optional<std::int64_t> watched_day_ ABSL_GUARDED_BY(mutex_);
  std::set<VehicleId> noted_ ABSL_GUARDED_BY(mutex_);
  mutable Mutex days_mutex_;  // held for moments, where `mutex_` is held while the disk works
  std::set<std::int64_t> days_ ABSL_GUARDED_BY(days_mutex_);
};

// Puts past days in order: reads all blocks of a vehicle's day, whatever their size and however they overlap, and
// writes what came of them to the archive, in long blocks of few signals each, so that one signal of a month is found
// without reading the others; and what each signal did on the day, to the rollups. Then the day's blocks go.
// Drops days, too, that are older than they are to be kept. Works on a
// thread of its own; Archive() may be called from any.
class Archiver {
 public:
  struct Options {
    std::chrono::hours age_min{};   // a day is left alone for so long after its end: most late frames come early
    std::chrono::seconds period{};  // between two looks for such days; 0: never by itself
    std::size_t flush_bytes = 0;    // archived blocks that are made durable at once
    // Days are dropped when they ended so long ago; those of the short-lived signals earlier. 0: never.
    std::chrono::days retention{};
    std::chrono::days short_retention{};
    std::vector<SignalId> short_lived;  // sorted
  };

  // What refers to something outlives the archiver.
  Archiver(TelemetryDatabase& database, BlockWrites& writes, const Options& options);
  ~Archiver();
  Archiver(const Archiver&) = delete;
  Archiver& operator=(const Archiver&) = delete;

  // Archives every day that ended at or before `time_ms` and has blocks. Days with damaged blocks stay as they are.
  // Errors: UNAVAILABLE the disk, or the store is closing; DATA_LOSS names what is damaged in a day that stays.
  Status Archive(std::int64_t time_ms);

  // Drops what is older than it is to be kept. Errors: UNAVAILABLE the disk.
  Status ApplyRetention(std::int64_t now_ms);

  // Calls `what` while nothing is archived, and returns its result.
  Status Pause(const std::function<Status()>& what);

  std::uint64_t archived_day_count() const { return archived_day_count_; }  // vehicles' days, by this process

 private:
  void Run();
  Status ArchiveDay(std::int64_t day) ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_);
  Status ArchiveVehicle(std::int64_t day, VehicleId vehicle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_);
  bool IsShortLived(SignalId signal) const;
  bool stopping() const;

  TelemetryDatabase& database_;
  BlockWrites& writes_;
  const Options options_;

  Mutex archive_mutex_;  // one at a time
  std::size_t unflushed_bytes_ ABSL_GUARDED_BY(archive_mutex_) = 0;
  std::set<std::int64_t> damaged_days_ ABSL_GUARDED_BY(archive_mutex_);
  RollupWriter rollups_ ABSL_GUARDED_BY(archive_mutex_);
  SignalSums sums_ ABSL_GUARDED_BY(archive_mutex_);

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> archived_day_count_ = 0;
  std::thread thread_;
};

}  // namespace telltale::internal
