#include "storage/rocksdb/archiver.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>
#include <rocksdb/convenience.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"

namespace telltale::internal {
namespace {

rocksdb::WriteOptions WithoutLog() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;  // the blocks that they come from are durable until they are
  return options;
}

}  // namespace

Status BlockWrites::Open(const TelemetryDatabase& database) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(options, database.blocks));
  it->SeekToFirst();
  RETURN_IF_ERROR(ToStatus(it->status(), "look for the first block"));
  const auto parts = it->Valid() ? ParseBlockKey(ViewOf(it->key())) : std::nullopt;
  first_day_ = !it->Valid() ? kDayEnd : parts ? parts->day : 0;
  return OkStatus();
}

Status BlockWrites::Write(rocksdb::DB& db, rocksdb::WriteBatch& batch, const std::vector<Block>& blocks) {
  MutexLock lock(mutex_);
  for (const Block& block : blocks) {
    if (watched_day_ == block.day) noted_.insert(block.vehicle);
    if (block.day < first_day_) first_day_ = block.day;  // before it can be read
  }
  return ToStatus(db.Write(WithoutLog(), &batch), "write blocks");
}

void BlockWrites::Watch(std::int64_t day) {
  MutexLock lock(mutex_);
  watched_day_ = day;
  noted_.clear();
}

std::set<VehicleId> BlockWrites::TakeNoted() {
  MutexLock lock(mutex_);
  return std::exchange(noted_, {});
}

StatusOr<bool> BlockWrites::Finish(const std::function<Status()>& remove) {
  MutexLock lock(mutex_);
  if (!noted_.empty()) return false;
  RETURN_IF_ERROR(remove());
  if (first_day_ == watched_day_) first_day_ = *watched_day_ + 1;
  watched_day_.reset();
  return true;
}

Archiver::Archiver(TelemetryDatabase& database, BlockWrites& writes, const Options& options)
    : database_(database), writes_(writes), options_(options), rollups_(database) {
  if (options_.period.count() > 0) thread_ = std::thread([this] { Run(); });
}

Archiver::~Archiver() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool Archiver::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

void Archiver::Run() {
  pthread_setname_np(pthread_self(), "archiver");  // for top and perf
  while (true) {
    {
      MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + options_.period;
      while (!stopping_ && wake_.WaitUntil(mutex_, until)) {
      }
      if (stopping_) return;
    }
    const std::int64_t age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(options_.age_min).count();
    const Status status = Archive(SystemClock().NowMs() - age_ms);
    if (!status.ok() && !stopping()) spdlog::error("archiving failed error=\"{}\"", MessageOf(status));
  }
}

Status Archiver::Archive(std::int64_t time_ms) {
  MutexLock lock(archive_mutex_);
  Status result;
  const std::int64_t end_day = std::clamp<std::int64_t>(DayOf(time_ms), 0, kDayEnd);
  for (std::int64_t day = 0; day < end_day; ++day) {
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.blocks));
    it->Seek(BlockPrefix(day, 0));
    RETURN_IF_ERROR(ToStatus(it->status(), "look for days to archive"));
    if (!it->Valid()) break;
    const auto parts = ParseBlockKey(ViewOf(it->key()));
    if (!parts) return absl::DataLossError("a block has a malformed key");
    day = parts->day;
    if (day >= end_day) break;
    if (damaged_days_.contains(day)) continue;
    Status status = ArchiveDay(day);
    if (absl::IsDataLoss(status)) {
      damaged_days_.insert(day);
      spdlog::error("a day is not archived day={} error=\"{}\"", FormatTime(day * kMsPerDay), MessageOf(status));
      if (result.ok()) result = std::move(status);
      continue;
    }
    RETURN_IF_ERROR(status);
  }
  return result;
}

Status Archiver::Pause(const std::function<Status()>& what) {
  MutexLock lock(archive_mutex_);
  return what();
}

Status Archiver::ArchiveDay(std::int64_t day) {
  const auto begun = std::chrono::steady_clock::now();
  writes_.Watch(day);
  rollups_.Begin(day);
  std::uint64_t count = 0;
  {
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.blocks));
    for (it->Seek(BlockPrefix(day, 0)); it->Valid();) {
      const auto parts = ParseBlockKey(ViewOf(it->key()));
      if (!parts) return absl::DataLossError("a block has a malformed key");
      if (parts->day != day) break;
      RETURN_IF_ERROR(ArchiveVehicle(day, parts->vehicle));
      ++count;
      it->Seek(BlockPrefix(day, parts->vehicle + 1));
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "read blocks to archive"));
  }
  while (true) {
    for (const VehicleId vehicle : writes_.TakeNoted()) RETURN_IF_ERROR(ArchiveVehicle(day, vehicle));
    RETURN_IF_ERROR(rollups_.Flush());
    ASSIGN_OR_RETURN(const bool finished, writes_.Finish([&] {
      return ToStatus(
          database_.db->DeleteRange(WithoutLog(), database_.blocks, BlockPrefix(day, 0), BlockPrefix(day + 1, 0)),
          "remove archived blocks");
    }));
    if (finished) break;
  }
  RETURN_IF_ERROR(database_.Flush());
  unflushed_bytes_ = 0;
  const std::string begin = BlockPrefix(day, 0);
  const std::string end = BlockPrefix(day + 1, 0);
  const rocksdb::Slice begin_slice = begin;
  const rocksdb::Slice end_slice = end;
  const rocksdb::RangePtr range(&begin_slice, &end_slice);
  RETURN_IF_ERROR(ToStatus(rocksdb::DeleteFilesInRanges(database_.db.get(), database_.blocks, &range, 1, false),
                           "remove the files of archived blocks"));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  spdlog::info("archived day={} vehicles={} seconds={:.3f}", FormatTime(day * kMsPerDay), count, taken.count());
  return OkStatus();
}

// Budget: 1.2 us a frame of 420 values: a decode, an encode, a copy.
Status Archiver::ArchiveVehicle(std::int64_t day, VehicleId vehicle) {
  if (stopping()) return absl::UnavailableError("the store is closing");
  rocksdb::WriteBatch batch;
  std::uint64_t sequence = 0;
  const std::string prefix = BlockPrefix(day, vehicle);
  {
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.blocks));
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      const auto parts = ParseBlockKey(ViewOf(it->key()));
      if (parts) sequence = std::max(sequence, parts->sequence);
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "read blocks to archive"));
  }
  {
    // What was archived of the day before is in what follows.
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.archive));
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      batch.Delete(database_.archive, it->key());
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "read the archive"));
  }
  FrameRun run;
  LayoutPool layouts;
  LayoutPool parts;
  sums_.Take();
  const auto put = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_) {
    AppendBlocks(day, vehicle, sequence, run, parts, batch);
    sums_.Add(run);
    run.Clear();
  };
  const TelemetryStore::FrameFunction add = [&](const Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_) {
    run.Add(frame.measure_time_ms, layouts.Get(frame.layout->signals()), frame.values);
    if (run.size() == kFramesPerBlock) put();
    return true;
  };
  const ScanOptions options;
  RETURN_IF_ERROR(
      TelemetryScan(database_, day, vehicle, {}, {day * kMsPerDay, (day + 1) * kMsPerDay}, options, {}, layouts, add)
          .Run());
  if (!run.empty()) put();
  RETURN_IF_ERROR(rollups_.Add(vehicle, sums_.Take()));
  RETURN_IF_ERROR(ToStatus(database_.db->Write(WithoutLog(), &batch), "write to the archive"));
  ++archived_day_count_;
  unflushed_bytes_ += batch.GetDataSize();
  if (unflushed_bytes_ >= options_.flush_bytes) {
    RETURN_IF_ERROR(database_.Flush());
    unflushed_bytes_ = 0;
  }
  return OkStatus();
}

void Archiver::AppendBlocks(std::int64_t day, VehicleId vehicle, std::uint64_t sequence, const FrameRun& run,
                            LayoutPool& layouts, rocksdb::WriteBatch& batch) const {
  std::string block;
  const auto put = [&](std::uint32_t group, std::int64_t last_time_ms) {
    batch.Put(database_.archive, ArchiveKey(day, vehicle, group, last_time_ms), block);
    block.clear();
  };
  if (run.Rows(0, run.size()) != nullptr) {
    const auto signals = run.layout(0)->signals();
    for (std::size_t from = 0, to = 0; from < signals.size(); from = to) {
      while (to < signals.size() && GroupOf(signals[to]) == GroupOf(signals[from])) ++to;
      BlockCodec::AppendSlice(vehicle, sequence, run, 0, run.size(), from, to - from, block);
      put(GroupOf(signals[from]), run.time_ms(run.size() - 1));
    }
    return;
  }
  std::set<SignalId> signals;
  for (const auto& layout : run.layouts()) signals.insert(layout->signals().begin(), layout->signals().end());
  for (auto from = signals.begin(); from != signals.end();) {
    const std::uint32_t group = GroupOf(*from);
    const auto to = std::find_if(from, signals.end(), [group](SignalId signal) { return GroupOf(signal) != group; });
    const std::vector<SignalId> of_group(from, to);
    const FrameRun part = Select(run, of_group, {}, layouts);
    BlockCodec::Append(vehicle, sequence, part, 0, part.size(), block);
    put(group, part.time_ms(part.size() - 1));
    from = to;
  }
}

}  // namespace telltale::internal
