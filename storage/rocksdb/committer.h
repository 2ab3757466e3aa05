#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/codec/journal_record.h"
#include "storage/rocksdb/disk_space.h"
#include "storage/rocksdb/head_set.h"
#include "storage/rocksdb/journal.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// The way of frames into the store: a queue, and the thread that takes everything that waits, packs it, writes it to
// the journal with one sync, puts it into the heads, and calls back. Thread-safe.
class Committer {
 public:
  // What refers to something outlives the committer.
  Committer(const TelemetryStoreOptions& options, TelemetryDatabase& database, HeadSet& heads);
  // Makes durable what waits.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Replays the journal into the heads, then starts the thread. Called once, before anything else. Errors: those of
  // Journal::Open.
  Status Start();

  // See TelemetryStore::Append.
  void Append(FrameBatch batch, TelemetryStore::AppendCallback done);
  // See TelemetryStore::HasRoom.
  bool HasRoom(std::function<void()> on_room);
  // Runs on the thread, between groups; returns its result.
  Status RunTask(std::function<Status()> task);
  // Makes `folder` a store of everything that was acknowledged, by links.
  Status LinkTo(const std::string& folder);
  // Everything in memory into durable blocks. For tasks.
  Status SealAll() { return heads_.SealAll(last_sequence_); }

  bool writable() const { return writable_; }
  std::uint64_t journal_bytes() const { return journal_bytes_; }
  // What the replay found: known when Start has returned.
  std::uint64_t replayed_frame_count() const { return replayed_frame_count_; }
  std::uint64_t replay_damaged_count() const { return replay_damaged_count_; }
  std::uint64_t replay_lost_frame_count() const { return replay_lost_frame_count_; }

 private:
  // What waits to be committed: a batch, or a task.
  struct Item {
    FrameBatch batch;
    TelemetryStore::AppendCallback done;
    std::function<void()> task;
    AppendResult result;
  };
  // A frame of the group that is in the journal's buffer and not yet in its vehicle's head.
  struct Planned {
    VehicleTable::Page* page = nullptr;
    std::uint32_t item = 0;
    std::uint32_t frame = 0;
    bool unreadable = false;       // what is stored of the vehicle cannot be read now
    bool repeated = false;         // the vehicle's newest frame again: there is nothing to write
    bool rewrites_newest = false;  // of the same time as the vehicle's newest frame
    PackedFrames::Base base = PackedFrames::Base::kZeros;
    JournalGroupWriter::Added added;
  };

  void CommitLoop();
  // So many bytes of the queue are done.
  void MakeRoom(std::size_t bytes);
  std::vector<Item> TakeGroup();
  void WriteGroup(std::vector<Item>& group);
  // The whole group. Returns the first item that cannot be planned now; nullopt: all are.
  std::optional<std::uint32_t> PlanGroup(const std::vector<Item>& group);
  void ForgetPlans(const std::vector<Item>& group);
  Planned Plan(const std::vector<Item>& group, std::uint32_t item, std::uint32_t index);
  void SealAndTrim();
  void CheckDiskSpace();
  void MarkFailed(const Status& status);
  void TryToRecover();

  const TelemetryStoreOptions options_;
  rocksdb::Env& env_;
  TelemetryDatabase& database_;
  HeadSet& heads_;

  Mutex mutex_;
  CondVar wake_committer_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::function<void()>> waiting_for_room_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The thread's own.
  std::unique_ptr<Journal> journal_;
  std::uint64_t last_sequence_ = 0;  // everything up to here is in the heads
  DiskSpace disk_space_;
  std::chrono::steady_clock::time_point checked_;  // when the free space was last looked at
  JournalGroupWriter writer_;
  std::vector<Planned> planned_;
  HeadSet::Tally tally_;
  Status failure_;                               // why nothing is written, while that is so
  std::chrono::steady_clock::time_point tried_;  // when it was last tried whether the disk is well again

  std::atomic<bool> writable_ = true;
  std::atomic<std::uint64_t> journal_bytes_ = 0;
  std::uint64_t replayed_frame_count_ = 0;
  std::uint64_t replay_damaged_count_ = 0;
  std::uint64_t replay_lost_frame_count_ = 0;
  std::thread thread_;
};

}  // namespace telltale::internal
