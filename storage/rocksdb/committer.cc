#include "storage/rocksdb/committer.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <pthread.h>
#include <rocksdb/env.h>

#include "base/check.h"
#include "base/log.h"
#include "storage/rocksdb/journal_replay.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

// So many segments are there when the journal is full of heads that are as old as they may get.
constexpr int kSegmentsPerAge = 8;

// Of what the journal may have, so much may be behind a segment before the heads that began in it are sealed. They are
// flushed with what else is sealed, long before the journal is full: a flush for each segment would make so many small
// tables that RocksDB stops writes to merge them.
constexpr double kJournalShareOfHeads = 0.6;

}  // namespace

Committer::Committer(const TelemetryStoreOptions& options, TelemetryDatabase& database, HeadSet& heads)
    : options_(options),
      env_(options.env != nullptr ? *options.env : *rocksdb::Env::Default()),
      database_(database),
      heads_(heads),
      disk_space_(env_, options.path, options.disk_free_bytes_min) {}

Committer::~Committer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_committer_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

// --- The queue ------------------------------------------------------------------------------------------------------

void Committer::Append(FrameBatch batch, TelemetryStore::AppendCallback done) {
  if (batch.empty()) {
    done(AppendResult{});
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::int64_t day = DayOf(batch[i].measure_time_ms);
    CHECK(day >= 0 && day < kDayEnd);
  }
  Item item{.batch = std::move(batch), .done = std::move(done)};
  const std::size_t bytes = item.batch.size_bytes();
  {
    MutexLock lock(mutex_);
    if (!stopping_) {
      queue_bytes_ += bytes;
      queue_.push_back(std::move(item));
      wake_committer_.NotifyOne();
      return;
    }
  }
  item.done(absl::UnavailableError("the store is closing; send the frames again later"));
}

bool Committer::HasRoom(std::function<void()> on_room) {
  MutexLock lock(mutex_);
  if (stopping_ || queue_bytes_ < options_.queue_bytes_max) return true;
  waiting_for_room_.push_back(std::move(on_room));
  return false;
}

void Committer::MakeRoom(std::size_t bytes) {
  std::vector<std::function<void()>> waiting;
  {
    MutexLock lock(mutex_);
    queue_bytes_ -= bytes;
    if (queue_bytes_ <= options_.queue_bytes_max / 2) waiting.swap(waiting_for_room_);
  }
  for (const std::function<void()>& on_room : waiting) on_room();
}

Status Committer::RunTask(std::function<Status()> task) {
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

Status Committer::LinkTo(const std::string& folder) {
  // Most of it now, so that frames wait for little.
  RETURN_IF_ERROR(database_.Flush());
  return RunTask([this, &folder]() -> Status {
    if (!writable_) return absl::UnavailableError(fmt::format("the store takes no writes: {}", MessageOf(failure_)));
    // What is sealed in between is in the journal, too: only this thread trims it.
    RETURN_IF_ERROR(database_.LinkTo(folder));
    return journal_->LinkTo(folder + "/journal");
  });
}

// Everything that waits, up to a task and up to group_bytes_max. Waits at most a tick; empty: nothing to do, or the
// end.
std::vector<Committer::Item> Committer::TakeGroup() {
  std::vector<Item> group;
  const auto until = std::chrono::steady_clock::now() + options_.retry_interval;
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

void Committer::CommitLoop() {
  pthread_setname_np(pthread_self(), "committer");  // for top and perf
  while (true) {
    std::vector<Item> group = TakeGroup();
    if (group.empty()) {
      MutexLock lock(mutex_);
      if (stopping_ && queue_.empty()) return;
    } else if (group.front().task) {
      group.front().task();
    } else {
      std::size_t bytes = 0;
      for (const Item& item : group) bytes += item.batch.size_bytes();
      WriteGroup(group);
      MakeRoom(bytes);
    }
    CheckDiskSpace();
    if (!writable_) TryToRecover();
    if (const Status sealing = heads_.sealer().status(); !sealing.ok()) MarkFailed(sealing);
    SealAndTrim();
  }
}

// Packs a frame into the journal's buffer, against the vehicle's newest frame: that of the group, else of the head.
// Budget: 0.3 us for a frame of 420 values, and the memory's latency for a vehicle that was not seen for long.
Committer::Planned Committer::Plan(const std::vector<Item>& group, std::uint32_t item, std::uint32_t index) {
  const Frame frame = group[item].batch[index];
  Planned plan{.page = &heads_.vehicles().PageOf(frame.vehicle_id), .item = item, .frame = index};
  VehicleState* const state = &heads_.CommittersStateOf(*plan.page, frame.vehicle_id);
  if (!state->loaded) {
    plan.unreadable = true;
    return plan;
  }
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

std::optional<std::uint32_t> Committer::PlanGroup(const std::vector<Item>& group) {
  planned_.clear();
  writer_.Begin(journal_->next_sequence());
  for (std::uint32_t item = 0; item < group.size(); ++item) {
    const FrameBatch& batch = group[item].batch;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      heads_.vehicles().PrefetchAhead(i, batch.size(), [&batch](std::size_t at) { return batch[at].vehicle_id; });
      planned_.push_back(Plan(group, item, i));
      if (planned_.back().unreadable) return item;
    }
  }
  writer_.End();
  return std::nullopt;
}

void Committer::ForgetPlans(const std::vector<Item>& group) {
  for (const Planned& plan : planned_) {
    MutexLock lock(plan.page->mutex);
    heads_.StateOf(*plan.page, group[plan.item].batch[plan.frame].vehicle_id).pending = 0;
  }
}

void Committer::WriteGroup(std::vector<Item>& group) {
  if (!writable_) {
    const Status refusal = absl::UnavailableError(
        fmt::format("the store takes no writes: {}; send the frames again later", MessageOf(failure_)));
    for (const Item& item : group) item.done(refusal);
    return;
  }
  const auto begun = std::chrono::steady_clock::now();
  while (const std::optional<std::uint32_t> unreadable = PlanGroup(group)) {
    ForgetPlans(group);
    group[*unreadable].done(
        absl::UnavailableError(fmt::format("what is stored of vehicle {} cannot be read; send the frames again later",
                                           group[*unreadable].batch[planned_.back().frame].vehicle_id)));
    group.erase(group.begin() + *unreadable);
  }
  if (group.empty()) return;
  const Status written = journal_->Append(writer_);
  if (options_.on_commit) {
    options_.on_commit(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  if (!written.ok()) {
    ForgetPlans(group);
    MarkFailed(written);
    for (const Item& item : group) item.done(written);
    return;
  }
  last_sequence_ = writer_.last_sequence();
  journal_bytes_ = journal_->size_bytes();
  for (std::size_t i = 0; i < planned_.size(); ++i) {
    heads_.vehicles().PrefetchAhead(i, planned_.size(), [&](std::size_t at) {
      return group[planned_[at].item].batch[planned_[at].frame].vehicle_id;
    });
    const Planned& plan = planned_[i];
    Item& item = group[plan.item];
    const Frame frame = item.batch[plan.frame];
    FrameChange change = FrameChange::kRepeated;
    if (!plan.repeated) {
      change = heads_.Add(*plan.page, frame.vehicle_id,
                          {.measure_time_ms = frame.measure_time_ms,
                           .layout = &item.batch.layout_of(plan.frame),
                           .values = frame.values,
                           .base = plan.base,
                           .row = writer_.bytes().substr(plan.added.row_begin, plan.added.row_size),
                           .sequence = plan.added.sequence},
                          journal_->current_segment(), tally_);
    }
    item.result.repeated_frame_count += change == FrameChange::kRepeated ? 1 : 0;
    item.result.changed_frame_count += change == FrameChange::kChanged ? 1 : 0;
  }
  heads_.Count(tally_, *journal_);
  for (Item& item : group) {
    item.result.frame_count = item.batch.size();
    item.done(item.result);
  }
}

void Committer::CheckDiskSpace() {
  // Also before each new segment of the journal.
  const auto now = std::chrono::steady_clock::now();
  if (!writable_ || (now - checked_ < options_.retry_interval && !journal_->WantsRoll())) return;
  checked_ = now;
  if (const Status space = disk_space_.Check(); !space.ok()) MarkFailed(space);
}

void Committer::MarkFailed(const Status& status) {
  if (!writable_.exchange(false)) return;
  failure_ = status;
  spdlog::error("the store takes no writes error=\"{}\"", MessageOf(status));
}

void Committer::TryToRecover() {
  const auto now = std::chrono::steady_clock::now();
  if (now - tried_ < options_.retry_interval) return;
  tried_ = now;
  if (!disk_space_.Check().ok() || !heads_.sealer().status().ok() || !journal_->Recover().ok()) return;
  writable_ = true;
  spdlog::info("the store takes writes again");
}

void Committer::SealAndTrim() {
  for (const std::uint32_t segment : heads_.sealer().TakeDurable()) journal_->RemoveHead(segment);
  // Also while nothing is written: it makes room.
  if (const Status status = journal_->Trim(); !status.ok()) MarkFailed(status);
  journal_bytes_ = journal_->size_bytes();
  if (!writable_) return;
  heads_.SealFull(last_sequence_);
  const auto too_long = [this] {
    return journal_->size_bytes() > options_.journal_bytes_max || journal_->oldest_age() > options_.head_age_max;
  };
  const auto segments_of_heads =
      static_cast<std::uint32_t>(kJournalShareOfHeads * static_cast<double>(options_.journal_bytes_max) /
                                 static_cast<double>(options_.journal_segment_bytes));
  heads_.SealOldest(last_sequence_, [&](std::uint32_t segment) {
    return journal_->current_segment() - segment > segments_of_heads ||
           (segment == journal_->oldest_segment() && too_long());
  });
  if (too_long()) heads_.sealer().FlushSoon();
  if (const Status status = journal_->Roll(); !status.ok()) MarkFailed(status);
}

// --- Opening --------------------------------------------------------------------------------------------------------

Status Committer::Start() {
  const auto begun = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto sealed_sequence, database_.SealedSequence());
  ASSIGN_OR_RETURN(journal_, Journal::Open({.folder = options_.path + "/journal",
                                            .segment_bytes_max = options_.journal_segment_bytes,
                                            .segment_age_max = options_.head_age_max / kSegmentsPerAge,
                                            .sealed_sequence = sealed_sequence,
                                            .direct_writes = database_.direct_writes,
                                            .env = &env_}));
  JournalReplay replay(heads_, *journal_);
  RETURN_IF_ERROR(journal_->Replay([&replay](std::span<const JournalRecord> records, std::uint32_t segment) {
    return replay.Take(records, segment);
  }));
  last_sequence_ = journal_->next_sequence() - 1;
  journal_bytes_ = journal_->size_bytes();
  const Journal::Replayed& replayed = journal_->replayed();
  replayed_frame_count_ = replay.frame_count();
  replay_damaged_count_ = replayed.damaged_count;
  replay_lost_frame_count_ = replay.lost_frame_count();
  const bool damaged = replay_damaged_count_ > 0 || replay_lost_frame_count_ > 0;
  if (replayed_frame_count_ > 0 || damaged) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    spdlog::info("journal replayed records={} bytes={} frames={} damaged={} lost_frames={} seconds={:.3f}",
                 replayed.record_count, replayed.size_bytes, replayed_frame_count_, replay_damaged_count_,
                 replay_lost_frame_count_, taken.count());
  }
  if (damaged) {
    // What goes on from here is packed against what is left. In blocks that is so for the next replay too.
    RETURN_IF_ERROR(SealAll());
    SealAndTrim();
  }
  CheckDiskSpace();
  thread_ = std::thread([this] { CommitLoop(); });
  return OkStatus();
}

}  // namespace telltale::internal
