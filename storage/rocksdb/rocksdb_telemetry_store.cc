#include "storage/rocksdb/rocksdb_telemetry_store.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "storage/codec/block_codec.h"
#include "storage/codec/journal_record.h"
#include "storage/codec/row_codec.h"
#include "storage/rocksdb/journal.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/sealer.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"
#include "storage/rocksdb/vehicle_table.h"

namespace telltale {

using internal::FrameChange;
using internal::Journal;
using internal::LatestKey;
using internal::LatestRow;
using internal::PackedFrames;
using internal::Sealer;
using internal::TelemetryDatabase;
using internal::VehicleState;
using internal::VehicleTable;

namespace {

constexpr auto kTick = std::chrono::seconds{1};
// So many segments are there when the journal is full of heads that are as old as they may get.
constexpr int kSegmentsPerAge = 8;

std::string JournalFolder(const std::string& path) { return path + "/journal"; }

}  // namespace

Status Validate(const TelemetryStoreOptions& options) {
  const auto wrong = [](const char* what) { return Status(absl::InvalidArgumentError(what)); };
  if (options.frames_per_block < 1 || options.frames_per_block > BlockCodec::kMaxFrames) {
    return wrong("store.frames_per_block must be between 1 and 4096");
  }
  if (options.queue_bytes_max == 0) return wrong("store.queue_bytes_max must be at least 1");
  if (options.group_bytes_max == 0) return wrong("store.group_bytes_max must be at least 1");
  if (options.head_bytes_max == 0) return wrong("store.head_bytes_max must be at least 1");
  if (options.journal_segment_bytes < (1 << 16)) return wrong("store.journal_segment_bytes must be at least 65536");
  if (options.journal_bytes_max < 2 * options.journal_segment_bytes) {
    return wrong("store.journal_bytes_max must be at least twice store.journal_segment_bytes");
  }
  if (options.write_buffer_bytes < (1 << 16)) return wrong("store.write_buffer_bytes must be at least 65536");
  if (options.open_files_max < 100) return wrong("store.open_files_max must be at least 100");
  return OkStatus();
}

class RocksDbTelemetryStore::Impl {
 public:
  Impl(TelemetryStoreOptions options, std::unique_ptr<TelemetryDatabase> database)
      : options_(std::move(options)),
        database_(std::move(database)),
        sealer_(*database_, vehicles_,
                {.queue_bytes_max = options_.sealing_bytes_max,
                 .flush_bytes = options_.write_buffer_bytes / 2,
                 .flush_age = options_.head_age_max}) {}

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
  // What waits to be committed: a batch, or a task.
  struct Item {
    FrameBatch batch;
    AppendCallback done;
    std::function<void()> task;
    AppendResult result;
  };
  // A frame of the group that is in the journal's buffer and not yet in its vehicle's head.
  struct Planned {
    VehicleTable::Page* page = nullptr;
    std::uint32_t item = 0;
    std::uint32_t frame = 0;
    bool repeated = false;         // the vehicle's newest frame again: there is nothing to write
    bool rewrites_newest = false;  // of the same time as the vehicle's newest frame
    PackedFrames::Base base = PackedFrames::Base::kZeros;
    JournalGroupWriter::Added added;
  };
  struct HeadBegin {
    VehicleId vehicle = 0;
    std::uint32_t generation = 0;
    std::uint32_t segment = 0;
  };

  VehicleState& StateOf(VehicleTable::Page& page, VehicleId vehicle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(page.mutex);
  void Load(VehicleId vehicle, VehicleState& state);

  void CommitLoop();
  std::vector<Item> TakeGroup();
  void WriteGroup(std::vector<Item>& group);
  Planned Plan(const std::vector<Item>& group, std::uint32_t item, std::uint32_t index);
  // Adds to the head; whoever calls is the committer, or the replay.
  FrameChange AddToHead(VehicleTable::Page& page, VehicleId vehicle, const VehicleState::Addition& frame,
                        std::uint32_t segment);
  bool IsFull(VehicleId vehicle, const VehicleState& state) const;
  // False: the head is gone already, or the one before is still on its way.
  bool Seal(VehicleId vehicle, std::optional<std::uint32_t> generation = std::nullopt);
  bool IsCurrent(const HeadBegin& begin);
  void SealFull();
  Status SealAll();
  void SealOldAndExcess();
  void TrimJournal();
  void MarkFailed(const Status& status);
  void TryToRecover();
  Status ReplayRecord(const JournalRecord& record, std::uint32_t segment, LayoutPool& layouts);

  const TelemetryStoreOptions options_;
  const std::unique_ptr<TelemetryDatabase> database_;
  VehicleTable vehicles_;
  Sealer sealer_;

  Mutex mutex_;
  CondVar wake_committer_;
  CondVar queue_has_room_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The committer's own.
  std::unique_ptr<Journal> journal_;
  std::uint64_t last_sequence_ = 0;  // everything up to here is in the heads
  JournalGroupWriter writer_;
  std::vector<Planned> planned_;
  std::vector<VehicleId> full_;        // to be sealed when the group is done
  std::deque<HeadBegin> heads_begun_;  // in the order of their segments; some may be sealed already
  std::unordered_map<std::uint32_t, std::uint64_t> replayed_heads_;  // by segment, until the journal is open
  std::uint64_t lost_frame_count_ = 0;                               // by the replay
  std::size_t head_bytes_ = 0;

  std::atomic<bool> writable_ = true;
  std::atomic<std::uint64_t> head_frame_count_ = 0;
  std::atomic<std::uint64_t> journal_bytes_ = 0;
  std::atomic<std::uint64_t> replayed_frame_count_ = 0;
  std::thread committer_;
};

// --- Vehicles -------------------------------------------------------------------------------------------------------

VehicleState& RocksDbTelemetryStore::Impl::StateOf(VehicleTable::Page& page, VehicleId vehicle) {
  VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
  if (!state.loaded) [[unlikely]]
    Load(vehicle, state);
  return state;
}

void RocksDbTelemetryStore::Impl::Load(VehicleId vehicle, VehicleState& state) {
  state.loaded = true;
  std::string bytes;
  const rocksdb::Status read = database_->db->Get({}, database_->latest, LatestKey(vehicle), &bytes);
  if (read.IsNotFound()) return;
  Status status = ToStatus(read, fmt::format("read the latest values of vehicle {}", vehicle));
  if (status.ok()) {
    auto row = LatestRow::Decode(bytes);
    status = row.status();
    if (row.ok()) {
      state.newest_time_ms = row->newest_time_ms;
      state.sealed_sequence = row->sealed_sequence;
      state.older = std::make_unique<LatestRow>(*std::move(row));
    }
  }
  if (status.ok()) return;
  // The next sealing writes a sound row; until then whoever asks is told.
  spdlog::error("latest values cannot be read vehicle={} error=\"{}\"", vehicle, MessageOf(status));
  state.damage =
      std::make_unique<const Status>(absl::DataLossError(fmt::format("vehicle {}: {}", vehicle, MessageOf(status))));
}

FrameChange RocksDbTelemetryStore::Impl::AddToHead(VehicleTable::Page& page, VehicleId vehicle,
                                                   const VehicleState::Addition& frame, std::uint32_t segment) {
  MutexLock lock(page.mutex);
  VehicleState& state = StateOf(page, vehicle);
  state.pending = 0;
  const bool begins = state.head.empty();
  const std::size_t bytes_before = state.head.size_bytes();
  const FrameChange change = state.Add(frame);
  if (change == FrameChange::kRepeated) return change;
  if (begins) {
    state.head_segment = segment;
    heads_begun_.push_back({vehicle, state.head_generation, segment});
    if (journal_ != nullptr) {
      journal_->AddHead(segment);
    } else {
      ++replayed_heads_[segment];
    }
  }
  head_bytes_ += state.head.size_bytes() - bytes_before;
  ++head_frame_count_;
  if (state.sealing == nullptr && IsFull(vehicle, state)) full_.push_back(vehicle);
  return change;
}

bool RocksDbTelemetryStore::Impl::IsFull(VehicleId vehicle, const VehicleState& state) const {
  const std::size_t frames = state.head.size();
  if (frames >= BlockCodec::kMaxFrames || state.head.value_count() >= (std::size_t{1} << 22)) return true;
  std::size_t enough = options_.frames_per_block;
  if (state.head_generation == 0) enough -= vehicle * 0x9E3779B97F4A7C15U % (enough / 2 + 1);
  return frames >= enough && state.head.value_count() >= options_.block_values_min;
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
    if (const Status sealing = sealer_.status(); !sealing.ok()) MarkFailed(sealing);
    SealFull();
    SealOldAndExcess();
    TrimJournal();
  }
}

// Packs a frame into the journal's buffer, against the vehicle's newest frame: that of the group, else of the head.
// Budget: 0.3 us for a frame of 420 values, and the memory's latency for a vehicle that was not seen for long.
RocksDbTelemetryStore::Impl::Planned RocksDbTelemetryStore::Impl::Plan(const std::vector<Item>& group,
                                                                       std::uint32_t item, std::uint32_t index) {
  const Frame frame = group[item].batch[index];
  Planned plan{.page = &vehicles_.PageOf(frame.vehicle_id), .item = item, .frame = index};
  VehicleState* state = nullptr;
  {
    MutexLock lock(plan.page->mutex);
    state = &StateOf(*plan.page, frame.vehicle_id);
  }
  // Without the lock from here: nobody else changes what is looked at.
  std::int64_t newest_time_ms = state->newest_time_ms;
  std::uint64_t newest_sequence = state->newest_sequence;
  const Layout* newest_layout = state->newest_layout.get();
  std::span<const RawValue> newest;
  bool in_head = state->newest_in_head;
  if (newest_layout != nullptr) newest = {state->newest_values.get(), newest_layout->size()};
  if (state->pending != 0) {
    const Planned& pending = planned_[state->pending - 1];
    const Frame before = group[pending.item].batch[pending.frame];
    newest_time_ms = before.measure_time_ms;
    newest_sequence = pending.added.sequence;
    newest_layout = pending.rewrites_newest ? nullptr : before.layout;
    newest = before.values;
    in_head = true;
  }
  const bool in_order = frame.measure_time_ms > newest_time_ms;
  const bool same_layout =
      newest_layout != nullptr && (newest_layout == frame.layout || *newest_layout == *frame.layout);
  plan.rewrites_newest = frame.measure_time_ms == newest_time_ms;
  if (plan.rewrites_newest && same_layout && std::ranges::equal(newest, frame.values)) {
    plan.repeated = true;
    return plan;
  }
  if (in_order && same_layout && in_head) {
    plan.base = PackedFrames::Base::kNewest;
    plan.added = writer_.Add(frame, newest, newest_sequence);
  } else {
    plan.added = writer_.Add(frame, {}, 0);
  }
  if (in_order || plan.rewrites_newest) state->pending = static_cast<std::uint32_t>(planned_.size() + 1);
  return plan;
}

void RocksDbTelemetryStore::Impl::WriteGroup(std::vector<Item>& group) {
  if (!writable_) {
    for (const Item& item : group) {
      item.done(absl::UnavailableError("the disk takes no writes; send the frames again later"));
    }
    return;
  }
  const auto begun = std::chrono::steady_clock::now();
  planned_.clear();
  writer_.Begin(journal_->next_sequence());
  for (std::uint32_t item = 0; item < group.size(); ++item) {
    const FrameBatch& batch = group[item].batch;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      if (i + 6 < batch.size()) vehicles_.Prefetch(batch[i + 6].vehicle_id);
      if (i + 3 < batch.size()) vehicles_.PrefetchNewest(batch[i + 3].vehicle_id);
      planned_.push_back(Plan(group, item, i));
    }
  }
  writer_.End();
  const Status written = journal_->Append(writer_);
  if (options_.on_commit) {
    options_.on_commit(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  if (!written.ok()) {
    for (const Planned& plan : planned_) {
      MutexLock lock(plan.page->mutex);
      StateOf(*plan.page, group[plan.item].batch[plan.frame].vehicle_id).pending = 0;
    }
    MarkFailed(written);
    for (const Item& item : group) item.done(written);
    return;
  }
  last_sequence_ = writer_.last_sequence();
  journal_bytes_ = journal_->size_bytes();
  for (const Planned& plan : planned_) {
    Item& item = group[plan.item];
    const Frame frame = item.batch[plan.frame];
    FrameChange change = FrameChange::kRepeated;
    if (!plan.repeated) {
      change = AddToHead(*plan.page, frame.vehicle_id,
                         {.measure_time_ms = frame.measure_time_ms,
                          .layout = &item.batch.layout_of(plan.frame),
                          .values = frame.values,
                          .base = plan.base,
                          .row = writer_.bytes().substr(plan.added.row_begin, plan.added.row_size),
                          .sequence = plan.added.sequence},
                         journal_->current_segment());
    }
    item.result.repeated_frame_count += change == FrameChange::kRepeated ? 1 : 0;
    item.result.changed_frame_count += change == FrameChange::kChanged ? 1 : 0;
  }
  for (Item& item : group) {
    item.result.frame_count = item.batch.size();
    item.done(item.result);
  }
}

void RocksDbTelemetryStore::Impl::MarkFailed(const Status& status) {
  if (writable_.exchange(false)) spdlog::error("the store takes no writes error=\"{}\"", MessageOf(status));
}

void RocksDbTelemetryStore::Impl::TryToRecover() {
  if (!database_->db->Resume().ok()) return;
  // A write of our own shows whether the disk is well again; nobody was promised anything meanwhile.
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (!database_->db->Put(synced, database_->meta, "probe", "").ok()) return;
  if (!sealer_.status().ok() || !journal_->Recover().ok()) return;
  writable_ = true;
  spdlog::info("the store takes writes again");
}

// --- Sealing --------------------------------------------------------------------------------------------------------

bool RocksDbTelemetryStore::Impl::Seal(VehicleId vehicle, std::optional<std::uint32_t> generation) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  std::shared_ptr<const internal::SealingHead> frozen;
  {
    MutexLock lock(page.mutex);
    VehicleState& state = StateOf(page, vehicle);
    if (state.head.empty() || state.sealing != nullptr) return false;
    if (generation && state.head_generation != *generation) return false;
    frozen = state.Freeze(vehicle, last_sequence_);
  }
  head_bytes_ -= frozen->frames.size_bytes();
  head_frame_count_ -= frozen->frames.size();
  sealer_.Add(std::move(frozen));
  return true;
}

void RocksDbTelemetryStore::Impl::SealFull() {
  if (!writable_) return;
  for (const VehicleId vehicle : full_) Seal(vehicle);
  full_.clear();
}

bool RocksDbTelemetryStore::Impl::IsCurrent(const HeadBegin& begin) {
  VehicleTable::Page& page = vehicles_.PageOf(begin.vehicle);
  MutexLock lock(page.mutex);
  return StateOf(page, begin.vehicle).head_generation == begin.generation;
}

Status RocksDbTelemetryStore::Impl::SealAll() {
  RETURN_IF_ERROR(sealer_.Drain());  // so that no vehicle has a head on its way
  for (const HeadBegin& begin : heads_begun_) Seal(begin.vehicle, begin.generation);
  heads_begun_.clear();
  return sealer_.Drain();
}

void RocksDbTelemetryStore::Impl::SealOldAndExcess() {
  if (!writable_) return;
  while (!heads_begun_.empty()) {
    const HeadBegin begin = heads_begun_.front();
    const bool holds_up_journal =
        begin.segment == journal_->oldest_segment() &&
        (journal_->size_bytes() > options_.journal_bytes_max || journal_->oldest_age() > options_.head_age_max);
    if (IsCurrent(begin)) {
      if (!holds_up_journal && head_bytes_ <= options_.head_bytes_max) return;
      if (!Seal(begin.vehicle, begin.generation)) return;  // its head before is still on its way
    }
    heads_begun_.pop_front();
  }
}

void RocksDbTelemetryStore::Impl::TrimJournal() {
  for (const std::uint32_t segment : sealer_.TakeDurable()) journal_->RemoveHead(segment);
  if (!writable_) return;
  if (journal_->size_bytes() > options_.journal_bytes_max || journal_->oldest_age() > options_.head_age_max) {
    sealer_.FlushSoon();
  }
  if (const Status status = journal_->Trim(); !status.ok()) MarkFailed(status);
  journal_bytes_ = journal_->size_bytes();
}

// --- Opening --------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::Start() {
  const auto begun = std::chrono::steady_clock::now();
  LayoutPool layouts;
  ASSIGN_OR_RETURN(journal_, Journal::Open({.folder = JournalFolder(options_.path),
                                            .segment_bytes_max = options_.journal_segment_bytes,
                                            .segment_age_max = options_.head_age_max / kSegmentsPerAge,
                                            .env = options_.env != nullptr ? options_.env : rocksdb::Env::Default()},
                                           [&](const JournalRecord& record, std::uint32_t segment) {
                                             return ReplayRecord(record, segment, layouts);
                                           }));
  for (const auto& [segment, heads] : replayed_heads_) {
    for (std::uint64_t i = 0; i < heads; ++i) journal_->AddHead(segment);
  }
  replayed_heads_.clear();
  last_sequence_ = journal_->next_sequence() - 1;
  journal_bytes_ = journal_->size_bytes();
  const Journal::Replayed& replayed = journal_->replayed();
  if (replayed_frame_count_ > 0 || replayed.damaged_count > 0 || lost_frame_count_ > 0) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    spdlog::info("journal replayed records={} bytes={} frames={} damaged={} lost_frames={} seconds={:.3f}",
                 replayed.record_count, replayed.size_bytes, replayed_frame_count_.load(), replayed.damaged_count,
                 lost_frame_count_, taken.count());
  }
  committer_ = std::thread([this] { CommitLoop(); });
  return OkStatus();
}

// Nothing is sealed before the replay's end: a head ends only where the journal goes on with a frame that needs none
// before it, and that is known only of those that ended when they were written.
// Budget: 1 us for a frame of 420 values.
Status RocksDbTelemetryStore::Impl::ReplayRecord(const JournalRecord& record, std::uint32_t segment,
                                                 LayoutPool& layouts) {
  last_sequence_ = record.sequence;
  JournalFrameReader reader(record, layouts);
  JournalFrameReader::Head head;
  std::vector<RawValue> values;
  std::vector<char> row;
  while (!reader.at_end()) {
    RETURN_IF_ERROR(reader.TakeHead(head));
    const std::int64_t day = DayOf(head.measure_time_ms);
    if (day < 0 || day >= internal::kDayEnd) return absl::DataLossError("a time of the journal");
    VehicleTable::Page& page = vehicles_.PageOf(head.vehicle);
    VehicleState* state = nullptr;
    {
      MutexLock lock(page.mutex);
      state = &StateOf(page, head.vehicle);
    }
    const bool has_base = head.base == 0 || (state->newest_layout != nullptr && *state->newest_layout == *head.layout &&
                                             state->newest_sequence == record.sequence - (head.base - 1));
    if (head.base == 0 || !has_base) {
      values.assign(head.layout->size(), 0);
    } else {
      values.assign(state->newest_values.get(), state->newest_values.get() + head.layout->size());
    }
    RETURN_IF_ERROR(reader.TakeRow(values));
    if (record.sequence <= state->sealed_sequence) continue;
    if (!has_base) {
      // A frame before it was in a damaged record.
      ++lost_frame_count_;
      continue;
    }
    // Packed again: of the head that it followed some frames may be sealed.
    const bool packs_on_newest = head.base != 0 && state->newest_in_head;
    const std::span<const RawValue> base = packs_on_newest
                                               ? std::span<const RawValue>(state->newest_values.get(), values.size())
                                               : std::span<const RawValue>();
    row.resize(RowCodec::MaxBytes(values.size()));
    const char* const end = RowCodec::Encode(base, values, row.data());
    AddToHead(page, head.vehicle,
              {.measure_time_ms = head.measure_time_ms,
               .layout = &head.layout,
               .values = values,
               .base = packs_on_newest ? PackedFrames::Base::kNewest : PackedFrames::Base::kZeros,
               .row = {row.data(), static_cast<std::size_t>(end - row.data())},
               .sequence = record.sequence},
              segment);
    ++replayed_frame_count_;
  }
  return OkStatus();
}

// --- Reading --------------------------------------------------------------------------------------------------------

StatusOr<std::vector<LatestValue>> RocksDbTelemetryStore::Impl::Latest(VehicleId vehicle,
                                                                       std::span<const SignalId> signals) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  StatusOr<LatestRow> row;
  {
    MutexLock lock(page.mutex);
    row = StateOf(page, vehicle).Latest();
  }
  RETURN_IF_ERROR(row.status());
  if (!signals.empty()) {
    std::erase_if(row->values, [signals](const LatestValue& value) {
      return std::find(signals.begin(), signals.end(), value.signal) == signals.end();
    });
  }
  return std::move(row->values);
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
    VehicleTable::Page& page = vehicles_.PageOf(vehicle);
    MutexLock lock(page.mutex);
    head = StateOf(page, vehicle).Unsealed();
  }
  head = internal::Select(head, sorted, range, layouts);
  return internal::TelemetryScan(*database_, vehicle, sorted, range, options, std::move(head), layouts, visit).Run();
}

StatusOr<VehicleExtent> RocksDbTelemetryStore::Impl::Extent(VehicleId vehicle) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  MutexLock lock(page.mutex);
  const VehicleState& state = StateOf(page, vehicle);
  if (state.damage != nullptr) return *state.damage;
  return VehicleExtent{.newest_time_ms = state.newest_time_ms, .rewrite_count = state.rewrite_count};
}

StoreStats RocksDbTelemetryStore::Impl::Stats() {
  StoreStats stats{.size_bytes = journal_bytes_,
                   .block_count = sealer_.block_count(),
                   .head_frame_count = head_frame_count_,
                   .journal_bytes = journal_bytes_,
                   .replayed_frame_count = replayed_frame_count_,
                   .writable = writable_};
  std::uint64_t bytes = 0;
  for (rocksdb::ColumnFamilyHandle* family : {database_->blocks, database_->latest}) {
    if (database_->db->GetIntProperty(family, "rocksdb.total-sst-files-size", &bytes)) stats.size_bytes += bytes;
  }
  return stats;
}

// --- Tasks ----------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::FlushNow() { return SealAll(); }

Status RocksDbTelemetryStore::Impl::DropBeforeNow(std::int64_t time_ms) {
  // Sealed first: what the journal still has of the dropped days is then known to be sealed, and is not replayed.
  RETURN_IF_ERROR(SealAll());
  const std::int64_t first_day_kept = std::clamp<std::int64_t>(DayOf(time_ms), 0, internal::kDayEnd - 1);
  const std::string begin = internal::BlockPrefix(0, 0);
  const std::string end = internal::BlockPrefix(first_day_kept, 0);
  if (begin == end) return OkStatus();
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  RETURN_IF_ERROR(ToStatus(database_->db->DeleteRange(options, database_->blocks, begin, end), "drop old days"));
  RETURN_IF_ERROR(ToStatus(database_->db->Flush({}, {database_->blocks, database_->latest}), "drop old days"));
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
