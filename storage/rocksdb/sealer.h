#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/rocksdb/archiver.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/vehicle_table.h"

namespace telltale::internal {

// Turns frozen heads into blocks, on a thread of its own. Blocks are written without RocksDB's log, since the journal
// has their frames until a flush has made the blocks durable. Thread-safe.
class Sealer {
 public:
  struct Options {
    std::size_t queue_bytes_max = 0;   // of frozen heads; then Add waits
    std::size_t flush_bytes = 0;       // blocks that are made durable at once
    std::chrono::seconds flush_age{};  // or when the oldest of them is so old
    std::chrono::milliseconds retry_interval{};
  };

  // What refers to something outlives the sealer.
  Sealer(TelemetryDatabase& database, BlockWrites& writes, VehicleTable& vehicles, const Options& options);
  // Leaves what is queued unwritten: the journal has it.
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Waits while too much is queued, unless the disk takes no writes.
  void Add(std::shared_ptr<const SealingHead> head);

  // Waits until everything queued is in blocks and durable. Errors: UNAVAILABLE the disk.
  Status Drain();

  // Makes the blocks durable soon, whatever there is of them.
  void FlushSoon();

  // The journal segments of heads whose blocks became durable since the last call, one for each head.
  std::vector<std::uint32_t> TakeDurable();

  // OK, or why the last write failed; it is tried again every retry_interval.
  Status status() const;

  std::uint64_t block_count() const { return block_count_; }
  std::size_t queued_bytes() const;

 private:
  using Heads = std::vector<std::shared_ptr<const SealingHead>>;

  void Run();
  // What to do next; false: nothing, at the end.
  struct Work {
    Heads heads;
    bool flush = false;
  };
  bool Next(Work& work);
  Status Write(const Heads& heads);
  void Forget(const Heads& heads);
  Status Flush();

  TelemetryDatabase& database_;
  BlockWrites& writes_;
  VehicleTable& vehicles_;
  const Options options_;

  mutable Mutex mutex_;
  CondVar wake_;
  CondVar progress_;
  std::deque<std::shared_ptr<const SealingHead>> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // those being written too
  bool flush_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool idle_ ABSL_GUARDED_BY(mutex_) = true;
  std::uint64_t failure_count_ ABSL_GUARDED_BY(mutex_) = 0;
  Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> durable_ ABSL_GUARDED_BY(mutex_);

  // The thread's own.
  std::vector<std::uint32_t> unflushed_;  // segments of heads whose blocks are written and not durable
  std::size_t unflushed_bytes_ = 0;
  std::chrono::steady_clock::time_point unflushed_since_;
  FrameRun unpacked_;  // keeps its memory, as does
  rocksdb::WriteBatch write_;

  std::atomic<std::uint64_t> block_count_ = 0;
  std::thread thread_;
};

}  // namespace telltale::internal
