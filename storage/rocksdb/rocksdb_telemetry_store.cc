#include "storage/rocksdb/rocksdb_telemetry_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "storage/codec/journal_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"
#include "storage/rocksdb/vehicle_head.h"

namespace telltale {

using internal::BlockKey;
using internal::FrameChange;
using internal::JournalKey;
using internal::LatestKey;
using internal::LatestRow;
using internal::SliceOf;
using internal::TelemetryDatabase;
using internal::VehicleHead;
using internal::ViewOf;

namespace {

constexpr std::size_t kShardCount = 64;
constexpr std::size_t kSealBytesPerWrite = 4 << 20;
constexpr std::uint64_t kTrimEvery = 256;  // journal records: one range deletion for so many
constexpr auto kTick = std::chrono::seconds{1};

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

Status Validate(const TelemetryStoreOptions& options) {
  const auto wrong = [](const char* what) { return Status(absl::InvalidArgumentError(what)); };
  if (options.frames_per_block < 1 || options.frames_per_block > BlockCodec::kMaxFrames) {
    return wrong("store.frames_per_block must be between 1 and 4096");
  }
  if (options.queue_bytes_max == 0) return wrong("store.queue_bytes_max must be at least 1");
  if (options.group_bytes_max == 0) return wrong("store.group_bytes_max must be at least 1");
  if (options.head_bytes_max == 0) return wrong("store.head_bytes_max must be at least 1");
  if (options.write_buffer_bytes < (1 << 16)) return wrong("store.write_buffer_bytes must be at least 65536");
  if (options.open_files_max < 100) return wrong("store.open_files_max must be at least 100");
  return OkStatus();
}

class RocksDbTelemetryStore::Impl {
 public:
  Impl(TelemetryStoreOptions options, std::unique_ptr<TelemetryDatabase> database)
      : options_(std::move(options)), database_(std::move(database)) {}

  ~Impl() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wake_committer_.NotifyAll();
    }
    if (committer_.joinable()) committer_.join();
  }

  // Replays the journal, then starts the committer.
  Status Start();

  void Append(FrameBatch batch, AppendCallback done);
  // Runs on the committer, between groups; returns its result.
  Status RunTask(std::function<Status()> task);

  StatusOr<std::vector<LatestValue>> Latest(VehicleId vehicle, std::span<const SignalId> signals);
  Status Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
              const FrameFunction& visit);
  StatusOr<VehicleExtent> Extent(VehicleId vehicle);
  StoreStats Stats();

  Status DropBeforeNow(std::int64_t time_ms);
  Status FlushNow();

 private:
  struct VehicleState {
    VehicleHead head;
    LatestRow latest;      // as of the last sealing; the head comes on top
    Status latest_status;  // DATA_LOSS: the stored row is damaged
    std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();
    std::uint64_t rewrite_count = 0;
  };
  struct Shard {
    Mutex mutex;
    std::unordered_map<VehicleId, std::unique_ptr<VehicleState>> vehicles ABSL_GUARDED_BY(mutex);
  };
  // What waits to be committed: a batch, or a task.
  struct Item {
    FrameBatch batch;
    std::string record;  // the batch as the journal has it
    AppendCallback done;
    std::function<void()> task;
    std::uint64_t sequence = 0;
  };
  struct HeadBegin {
    VehicleId vehicle = 0;
    std::uint64_t generation = 0;
    std::uint64_t first_sequence = 0;
    std::chrono::steady_clock::time_point begun;
  };

  Shard& ShardOf(VehicleId vehicle) { return shards_[vehicle % kShardCount]; }
  VehicleState& StateOf(Shard& shard, VehicleId vehicle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  void CommitLoop();
  std::vector<Item> TakeGroup();
  void WriteGroup(std::vector<Item>& group);
  // Puts the batch's frames into the heads; vehicles whose head is full are added to `full`.
  AppendResult Apply(const FrameBatch& batch, std::uint64_t sequence, std::vector<VehicleId>& full);
  bool IsFull(const VehicleHead& head) const;
  Status Seal(const std::vector<VehicleId>& vehicles);
  Status SealAll();
  void SealOldAndExcess();
  bool IsCurrent(const HeadBegin& begin);
  void TrimJournal();
  void MarkFailed(const Status& status);
  void TryToRecover();
  Status Replay();

  const TelemetryStoreOptions options_;
  const std::unique_ptr<TelemetryDatabase> database_;
  std::array<Shard, kShardCount> shards_;

  Mutex mutex_;
  CondVar wake_committer_;
  CondVar queue_has_room_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The committer's own.
  std::uint64_t next_sequence_ = 1;
  std::uint64_t trimmed_sequence_ = 0;       // journal records before this are deleted
  std::uint64_t synced_trim_sequence_ = 0;   // as of the last sync: their blocks are durable
  std::uint64_t dropped_file_sequence_ = 0;  // journal files up to here are gone
  std::deque<std::size_t> record_bytes_;     // of the journal from trimmed_sequence_ on
  std::deque<HeadBegin> heads_begun_;        // in the order of their first sequence; some may be sealed already
  std::size_t head_bytes_ = 0;

  std::atomic<bool> writable_ = true;
  std::atomic<std::uint64_t> block_count_ = 0;
  std::atomic<std::uint64_t> head_frame_count_ = 0;
  std::atomic<std::uint64_t> journal_bytes_ = 0;
  std::atomic<std::uint64_t> replayed_frame_count_ = 0;
  std::thread committer_;
};

// --- Heads ----------------------------------------------------------------------------------------------------------

RocksDbTelemetryStore::Impl::VehicleState& RocksDbTelemetryStore::Impl::StateOf(Shard& shard, VehicleId vehicle) {
  std::unique_ptr<VehicleState>& state = shard.vehicles[vehicle];
  if (state != nullptr) [[likely]]
    return *state;
  state = std::make_unique<VehicleState>();
  std::string bytes;
  const rocksdb::Status read = database_->db->Get({}, database_->latest, LatestKey(vehicle), &bytes);
  if (read.IsNotFound()) return *state;
  Status status = ToStatus(read, fmt::format("read the latest values of vehicle {}", vehicle));
  if (status.ok()) {
    auto row = LatestRow::Decode(bytes);
    status = row.status();
    if (row.ok()) state->latest = *std::move(row);
  }
  if (!status.ok()) {
    // The next sealing writes a sound row; until then whoever asks is told.
    state->latest_status = absl::DataLossError(fmt::format("vehicle {}: {}", vehicle, MessageOf(status)));
    spdlog::error("latest values cannot be read vehicle={} error=\"{}\"", vehicle, MessageOf(status));
  }
  state->newest_time_ms = state->latest.newest_time_ms;
  return *state;
}

bool RocksDbTelemetryStore::Impl::IsFull(const VehicleHead& head) const {
  return head.frames.size() >= BlockCodec::kMaxFrames || head.frames.value_count() >= (std::size_t{1} << 22) ||
         (head.frames.size() >= options_.frames_per_block && head.frames.value_count() >= options_.block_values_min);
}

// Budget: about 0.5 us for a frame of 420 values, most of it copying them.
AppendResult RocksDbTelemetryStore::Impl::Apply(const FrameBatch& batch, std::uint64_t sequence,
                                                std::vector<VehicleId>& full) {
  AppendResult result{.frame_count = batch.size()};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Frame frame = batch[i];
    Shard& shard = ShardOf(frame.vehicle_id);
    MutexLock lock(shard.mutex);
    VehicleState& state = StateOf(shard, frame.vehicle_id);
    VehicleHead& head = state.head;
    if (head.frames.empty()) {
      head.first_sequence = sequence;
      head.begun = std::chrono::steady_clock::now();
      heads_begun_.push_back({frame.vehicle_id, head.generation, sequence, head.begun});
    }
    const bool was_full = IsFull(head);
    const std::size_t values_before = head.frames.value_count();
    const std::size_t frames_before = head.frames.size();
    const FrameChange change = head.Put(frame.measure_time_ms, batch.layout_of(i), frame.values);
    head_bytes_ += (head.frames.value_count() - values_before) * sizeof(RawValue);
    head_frame_count_ += head.frames.size() - frames_before;
    result.repeated_frame_count += change == FrameChange::kRepeated ? 1 : 0;
    result.changed_frame_count += change == FrameChange::kChanged ? 1 : 0;
    if (frame.measure_time_ms > state.newest_time_ms) {
      state.newest_time_ms = frame.measure_time_ms;
    } else if (change != FrameChange::kRepeated) {
      ++state.rewrite_count;
    }
    if (!was_full && IsFull(head)) full.push_back(frame.vehicle_id);
  }
  return result;
}

// --- Committing -----------------------------------------------------------------------------------------------------

void RocksDbTelemetryStore::Impl::Append(FrameBatch batch, AppendCallback done) {
  if (batch.empty()) {
    done(AppendResult{});
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::int64_t day = DayOf(batch[i].measure_time_ms);
    CHECK(day >= 0 && day < internal::kDayEnd);
  }
  Item item{.batch = std::move(batch), .done = std::move(done)};
  item.record = JournalCodec::Encode(item.batch);  // here, so that it is done by many threads
  const std::size_t bytes = item.batch.size_bytes();
  {
    MutexLock lock(mutex_);
    while (!stopping_ && queue_bytes_ > 0 && queue_bytes_ + bytes > options_.queue_bytes_max) {
      queue_has_room_.Wait(mutex_);
    }
    if (!stopping_) {
      queue_bytes_ += bytes;
      queue_.push_back(std::move(item));
      wake_committer_.NotifyOne();
      return;
    }
  }
  item.done(absl::UnavailableError("the store is closing; send the frames again later"));
}

Status RocksDbTelemetryStore::Impl::RunTask(std::function<Status()> task) {
  Mutex mutex;
  CondVar finished;
  std::optional<Status> result;
  {
    MutexLock lock(mutex_);
    if (stopping_) return absl::UnavailableError("the store is closing");
    queue_.push_back({.task = [&] {
      Status status = task();
      MutexLock task_lock(mutex);
      result = std::move(status);
      finished.NotifyOne();
    }});
    wake_committer_.NotifyOne();
  }
  MutexLock lock(mutex);
  while (!result) finished.Wait(mutex);
  return *result;
}

// Everything that waits, up to a task and up to group_bytes_max. Waits at most a tick; empty: nothing to do, or the
// end.
std::vector<RocksDbTelemetryStore::Impl::Item> RocksDbTelemetryStore::Impl::TakeGroup() {
  std::vector<Item> group;
  const auto until = std::chrono::steady_clock::now() + kTick;
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) {
    if (!wake_committer_.WaitUntil(mutex_, until)) return group;
  }
  std::size_t bytes = 0;
  while (!queue_.empty() && bytes < options_.group_bytes_max) {
    const bool is_task = static_cast<bool>(queue_.front().task);
    if (is_task && !group.empty()) break;
    bytes += queue_.front().batch.size_bytes();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (is_task) break;
  }
  return group;
}

void RocksDbTelemetryStore::Impl::CommitLoop() {
  while (true) {
    std::vector<Item> group = TakeGroup();
    if (group.empty()) {
      MutexLock lock(mutex_);
      if (stopping_ && queue_.empty()) return;
    } else if (group.front().task) {
      group.front().task();
    } else {
      WriteGroup(group);
      std::size_t bytes = 0;
      for (const Item& item : group) bytes += item.batch.size_bytes();
      MutexLock lock(mutex_);
      queue_bytes_ -= bytes;
      queue_has_room_.NotifyAll();
    }
    if (!writable_) TryToRecover();
    SealOldAndExcess();
    TrimJournal();
  }
}

void RocksDbTelemetryStore::Impl::WriteGroup(std::vector<Item>& group) {
  const auto refuse = [&group](const Status& status) {
    for (const Item& item : group) item.done(status);
  };
  if (!writable_) {
    refuse(absl::UnavailableError("the disk takes no writes; send the frames again later"));
    return;
  }
  const auto begun = std::chrono::steady_clock::now();
  rocksdb::WriteBatch write;
  for (Item& item : group) {
    item.sequence = next_sequence_++;
    write.Put(database_->journal, JournalKey(item.sequence), item.record);
    record_bytes_.push_back(item.record.size());
    journal_bytes_ += item.record.size();
  }
  // The sync also covers what was written before without one: blocks, and what of the journal they replace.
  const std::uint64_t trimmed_before = trimmed_sequence_;
  if (const Status status = ToStatus(database_->db->Write(Synced(), &write), "write to the journal"); !status.ok()) {
    MarkFailed(status);
    refuse(status);
    return;
  }
  synced_trim_sequence_ = trimmed_before;
  if (options_.on_commit) {
    options_.on_commit(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  std::vector<VehicleId> full;
  std::vector<AppendResult> results;
  for (const Item& item : group) results.push_back(Apply(item.batch, item.sequence, full));
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(results[i]);
  if (!full.empty()) {
    if (const Status status = Seal(full); !status.ok()) MarkFailed(status);
  }
}

void RocksDbTelemetryStore::Impl::MarkFailed(const Status& status) {
  if (writable_.exchange(false)) spdlog::error("the store takes no writes error=\"{}\"", MessageOf(status));
}

void RocksDbTelemetryStore::Impl::TryToRecover() {
  if (!database_->db->Resume().ok()) return;
  // A write of our own shows whether the disk is well again; nobody was promised anything meanwhile.
  if (!database_->db->Put(Synced(), database_->meta, "probe", "").ok()) return;
  writable_ = true;
  spdlog::info("the store takes writes again");
}

// --- Sealing --------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::Seal(const std::vector<VehicleId>& vehicles) {
  const std::uint64_t sequence = next_sequence_ - 1;  // everything up to here is in the heads
  for (std::size_t next = 0; next < vehicles.size();) {
    rocksdb::WriteBatch write;
    std::vector<std::pair<VehicleId, LatestRow>> sealed;
    std::uint64_t blocks = 0;
    for (; next < vehicles.size() && write.GetDataSize() < kSealBytesPerWrite; ++next) {
      const VehicleId vehicle = vehicles[next];
      Shard& shard = ShardOf(vehicle);
      MutexLock lock(shard.mutex);
      const VehicleState& state = StateOf(shard, vehicle);
      const FrameRun& frames = state.head.frames;
      if (frames.empty()) continue;
      for (std::size_t from = 0; from < frames.size();) {
        const std::size_t day_end = frames.LowerBound((DayOf(frames.time_ms(from)) + 1) * kMsPerDay);
        const std::size_t to = std::min(day_end, from + BlockCodec::kMaxFrames);
        write.Put(database_->blocks, BlockKey(vehicle, frames.time_ms(from), sequence),
                  BlockCodec::Encode(vehicle, sequence, frames, from, to));
        ++blocks;
        from = to;
      }
      LatestRow row = state.latest;
      row.Merge(frames);
      row.sealed_sequence = sequence;
      write.Put(database_->latest, LatestKey(vehicle), row.Encode());
      sealed.emplace_back(vehicle, std::move(row));
    }
    // Not synced: until the next sync the journal still has the frames.
    RETURN_IF_ERROR(ToStatus(database_->db->Write({}, &write), "write blocks"));
    block_count_ += blocks;
    // Only now may the heads go: a reader finds a frame in the head, in the block, or in both.
    for (auto& [vehicle, row] : sealed) {
      Shard& shard = ShardOf(vehicle);
      MutexLock lock(shard.mutex);
      VehicleState& state = StateOf(shard, vehicle);
      head_bytes_ -= state.head.frames.value_count() * sizeof(RawValue);
      head_frame_count_ -= state.head.frames.size();
      state.head.frames = FrameRun();
      ++state.head.generation;
      state.latest = std::move(row);
      state.latest_status = OkStatus();
    }
  }
  return OkStatus();
}

Status RocksDbTelemetryStore::Impl::SealAll() {
  std::vector<VehicleId> vehicles;
  for (const HeadBegin& begin : heads_begun_) {
    if (IsCurrent(begin)) vehicles.push_back(begin.vehicle);
  }
  return Seal(vehicles);
}

bool RocksDbTelemetryStore::Impl::IsCurrent(const HeadBegin& begin) {
  Shard& shard = ShardOf(begin.vehicle);
  MutexLock lock(shard.mutex);
  const VehicleHead& head = StateOf(shard, begin.vehicle).head;
  return head.generation == begin.generation && !head.frames.empty();
}

void RocksDbTelemetryStore::Impl::SealOldAndExcess() {
  if (!writable_) return;
  const auto old = std::chrono::steady_clock::now() - options_.head_age_max;
  while (!heads_begun_.empty()) {
    const HeadBegin begin = heads_begun_.front();
    if (IsCurrent(begin)) {
      if (begin.begun > old && head_bytes_ <= options_.head_bytes_max) return;
      if (const Status status = Seal({begin.vehicle}); !status.ok()) {
        MarkFailed(status);
        return;
      }
    }
    heads_begun_.pop_front();
  }
}

void RocksDbTelemetryStore::Impl::TrimJournal() {
  if (!writable_) return;
  while (!heads_begun_.empty() && !IsCurrent(heads_begun_.front())) heads_begun_.pop_front();
  // The last record stays, so that the sequence goes on after it when the store is opened again.
  const std::uint64_t needed =
      std::min(heads_begun_.empty() ? next_sequence_ : heads_begun_.front().first_sequence, next_sequence_ - 1);
  if (needed >= trimmed_sequence_ + kTrimEvery) {
    const rocksdb::Status status =
        database_->db->DeleteRange({}, database_->journal, JournalKey(trimmed_sequence_), JournalKey(needed));
    if (!status.ok()) {
      MarkFailed(ToStatus(status, "trim the journal"));
      return;
    }
    for (; trimmed_sequence_ < needed; ++trimmed_sequence_) {
      journal_bytes_ -= record_bytes_.front();
      record_bytes_.pop_front();
    }
  }
  // A dropped file cannot come back, so only what a sync has covered since: the blocks of its frames are durable.
  if (synced_trim_sequence_ >= dropped_file_sequence_ + 16 * kTrimEvery) {
    const std::string begin = JournalKey(0);
    const std::string end = JournalKey(synced_trim_sequence_ - 1);
    const rocksdb::Slice begin_slice = begin;
    const rocksdb::Slice end_slice = end;
    const rocksdb::RangePtr range(&begin_slice, &end_slice);
    if (rocksdb::DeleteFilesInRanges(database_->db.get(), database_->journal, &range, 1).ok()) {
      dropped_file_sequence_ = synced_trim_sequence_;
    }
  }
}

// --- Opening --------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::Start() {
  RETURN_IF_ERROR(Replay());
  committer_ = std::thread([this] { CommitLoop(); });
  return OkStatus();
}

Status RocksDbTelemetryStore::Impl::Replay() {
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t record_count = 0;
  std::uint64_t damaged_count = 0;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator({}, database_->journal));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::uint64_t sequence = internal::SequenceOfJournalKey(ViewOf(it->key()));
    if (record_count++ == 0) trimmed_sequence_ = sequence;
    // A failed write may have left a gap.
    while (trimmed_sequence_ + record_bytes_.size() < sequence) record_bytes_.push_back(0);
    record_bytes_.push_back(it->value().size());
    journal_bytes_ += it->value().size();
    next_sequence_ = sequence + 1;
    auto batch = JournalCodec::Decode(ViewOf(it->value()));
    if (!batch.ok()) {
      ++damaged_count;
      spdlog::error("journal record lost sequence={} error=\"{}\"", sequence, MessageOf(batch.status()));
      continue;
    }
    FrameBatch unsealed;
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const Frame frame = (*batch)[i];
      Shard& shard = ShardOf(frame.vehicle_id);
      MutexLock lock(shard.mutex);
      if (sequence <= StateOf(shard, frame.vehicle_id).latest.sealed_sequence) continue;
      unsealed.Add(frame.vehicle_id, frame.measure_time_ms, batch->layout_of(i), frame.values);
    }
    std::vector<VehicleId> full;
    Apply(unsealed, sequence, full);
    replayed_frame_count_ += unsealed.size();
    RETURN_IF_ERROR(Seal(full));
    SealOldAndExcess();
  }
  RETURN_IF_ERROR(ToStatus(it->status(), "read the journal"));
  if (record_count == 0) trimmed_sequence_ = next_sequence_;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  if (replayed_frame_count_ > 0 || damaged_count > 0) {
    spdlog::info("journal replayed records={} frames={} damaged={} seconds={:.3f}", record_count,
                 replayed_frame_count_.load(), damaged_count, taken.count());
  }
  return OkStatus();
}

// --- Reading --------------------------------------------------------------------------------------------------------

StatusOr<std::vector<LatestValue>> RocksDbTelemetryStore::Impl::Latest(VehicleId vehicle,
                                                                       std::span<const SignalId> signals) {
  Shard& shard = ShardOf(vehicle);
  LatestRow row;
  {
    MutexLock lock(shard.mutex);
    const VehicleState& state = StateOf(shard, vehicle);
    RETURN_IF_ERROR(state.latest_status);
    row = state.latest;
    row.Merge(state.head.frames);
  }
  if (!signals.empty()) {
    std::erase_if(row.values, [signals](const LatestValue& value) {
      return std::find(signals.begin(), signals.end(), value.signal) == signals.end();
    });
  }
  return std::move(row.values);
}

Status RocksDbTelemetryStore::Impl::Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range,
                                         const ScanOptions& options, const FrameFunction& visit) {
  if (range.empty()) return OkStatus();
  std::vector<SignalId> sorted(signals.begin(), signals.end());
  std::sort(sorted.begin(), sorted.end());
  LayoutPool layouts;
  FrameRun head;
  {
    // The head first, then the blocks: what is sealed in between is then seen twice, not missed.
    Shard& shard = ShardOf(vehicle);
    MutexLock lock(shard.mutex);
    head = internal::Select(StateOf(shard, vehicle).head.frames, sorted, range, layouts);
  }
  return internal::TelemetryScan(*database_, vehicle, sorted, range, options, std::move(head), layouts, visit).Run();
}

StatusOr<VehicleExtent> RocksDbTelemetryStore::Impl::Extent(VehicleId vehicle) {
  Shard& shard = ShardOf(vehicle);
  MutexLock lock(shard.mutex);
  const VehicleState& state = StateOf(shard, vehicle);
  RETURN_IF_ERROR(state.latest_status);
  return VehicleExtent{.newest_time_ms = state.newest_time_ms, .rewrite_count = state.rewrite_count};
}

StoreStats RocksDbTelemetryStore::Impl::Stats() {
  StoreStats stats{.block_count = block_count_,
                   .head_frame_count = head_frame_count_,
                   .journal_bytes = journal_bytes_,
                   .replayed_frame_count = replayed_frame_count_,
                   .writable = writable_};
  std::uint64_t bytes = 0;
  for (rocksdb::ColumnFamilyHandle* family : {database_->journal, database_->blocks, database_->latest}) {
    if (database_->db->GetIntProperty(family, "rocksdb.total-sst-files-size", &bytes)) stats.size_bytes += bytes;
    if (database_->db->GetIntProperty(family, "rocksdb.size-all-mem-tables", &bytes)) stats.size_bytes += bytes;
  }
  return stats;
}

// --- Tasks ----------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::FlushNow() {
  RETURN_IF_ERROR(SealAll());
  return ToStatus(database_->db->FlushWAL(true), "sync");
}

Status RocksDbTelemetryStore::Impl::DropBeforeNow(std::int64_t time_ms) {
  // Sealed first: what the journal still has of the dropped days is then known to be sealed, and is not replayed.
  RETURN_IF_ERROR(SealAll());
  const std::int64_t first_day_kept = std::clamp<std::int64_t>(DayOf(time_ms), 0, internal::kDayEnd - 1);
  const std::string begin = internal::BlockPrefix(0, 0);
  const std::string end = internal::BlockPrefix(first_day_kept, 0);
  if (begin == end) return OkStatus();
  RETURN_IF_ERROR(ToStatus(database_->db->DeleteRange(Synced(), database_->blocks, begin, end), "drop old days"));
  const rocksdb::Slice begin_slice = begin;
  const rocksdb::Slice end_slice = end;
  const rocksdb::RangePtr range(&begin_slice, &end_slice);
  return ToStatus(rocksdb::DeleteFilesInRanges(database_->db.get(), database_->blocks, &range, 1, false),
                  "drop the files of old days");
}

// --- The class itself -----------------------------------------------------------------------------------------------

StatusOr<std::unique_ptr<RocksDbTelemetryStore>> RocksDbTelemetryStore::Open(const TelemetryStoreOptions& options) {
  RETURN_IF_ERROR(Validate(options));
  ASSIGN_OR_RETURN(auto database, TelemetryDatabase::Open(options));
  auto impl = std::make_unique<Impl>(options, std::move(database));
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<RocksDbTelemetryStore>(new RocksDbTelemetryStore(std::move(impl)));
}

RocksDbTelemetryStore::RocksDbTelemetryStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksDbTelemetryStore::~RocksDbTelemetryStore() = default;

void RocksDbTelemetryStore::Append(FrameBatch batch, AppendCallback done) {
  impl_->Append(std::move(batch), std::move(done));
}

StatusOr<std::vector<LatestValue>> RocksDbTelemetryStore::Latest(VehicleId vehicle, std::span<const SignalId> signals) {
  return impl_->Latest(vehicle, signals);
}

Status RocksDbTelemetryStore::Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range,
                                   const ScanOptions& options, const FrameFunction& visit) {
  return impl_->Scan(vehicle, signals, range, options, visit);
}

StatusOr<VehicleExtent> RocksDbTelemetryStore::Extent(VehicleId vehicle) { return impl_->Extent(vehicle); }

Status RocksDbTelemetryStore::DropBefore(std::int64_t time_ms) {
  return impl_->RunTask([this, time_ms] { return impl_->DropBeforeNow(time_ms); });
}

Status RocksDbTelemetryStore::Flush() {
  return impl_->RunTask([this] { return impl_->FlushNow(); });
}

StoreStats RocksDbTelemetryStore::Stats() { return impl_->Stats(); }

}  // namespace telltale
