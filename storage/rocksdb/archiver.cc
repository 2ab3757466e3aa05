#include "storage/rocksdb/archiver.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>
#include <rocksdb/convenience.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/section_writer.h"
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
  rocksdb::ReadOptions options = InKeyOrder();
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(options, database.blocks));
  MutexLock lock(days_mutex_);
  it->SeekToFirst();
  while (it->Valid()) {
    if (it->key().size() < 2) return absl::DataLossError("a block has a malformed key");
    const std::int64_t day = ReadBigEndian(ViewOf(it->key()).substr(0, 2));
    days_.insert(day);
    if (day + 1 == kDayEnd) break;
    it->Seek(BlockPrefix(day + 1, 0));
  }
  return ToStatus(it->status(), "look for the days of blocks");
}

std::vector<std::int64_t> BlockWrites::days() const {
  MutexLock lock(days_mutex_);
  return {days_.begin(), days_.end()};
}

Status BlockWrites::Write(rocksdb::DB& db, rocksdb::WriteBatch& batch, const std::vector<Block>& blocks) {
  MutexLock lock(mutex_);
  {
    MutexLock days_lock(days_mutex_);
    for (const Block& block : blocks) days_.insert(block.day);  // before it can be read
  }
  for (const Block& block : blocks) {
    if (watched_day_ == block.day) noted_.insert(block.vehicle);
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
  if (watched_day_) {
    MutexLock days_lock(days_mutex_);
    days_.erase(*watched_day_);
  }
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
    const Status dropped = ApplyRetention(SystemClock().NowMs());
    if (!dropped.ok() && !stopping()) spdlog::error("old days cannot be dropped error=\"{}\"", MessageOf(dropped));
  }
}

Status Archiver::Archive(std::int64_t time_ms) {
  MutexLock lock(archive_mutex_);
  Status result;
  const std::int64_t end_day = std::clamp<std::int64_t>(DayOf(time_ms), 0, kDayEnd);
  for (std::int64_t day = 0; day < end_day; ++day) {
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(InKeyOrder(), database_.blocks));
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

Status Archiver::ApplyRetention(std::int64_t now_ms) {
  MutexLock lock(archive_mutex_);
  if (options_.retention.count() > 0) {
    RETURN_IF_ERROR(database_.DropDays({database_.blocks, database_.archive, database_.short_lived, database_.rollups},
                                       DayOf(now_ms) - options_.retention.count()));
  }
  if (options_.short_retention.count() > 0) {
    RETURN_IF_ERROR(database_.DropDays({database_.short_lived}, DayOf(now_ms) - options_.short_retention.count()));
  }
  return OkStatus();
}

bool Archiver::IsShortLived(SignalId signal) const { return std::ranges::binary_search(options_.short_lived, signal); }

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
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(InKeyOrder(), database_.blocks));
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
  RETURN_IF_ERROR(database_.DropFiles(database_.blocks, BlockPrefix(day, 0), BlockPrefix(day + 1, 0)));
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
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(InKeyOrder(), database_.blocks));
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      const auto parts = ParseBlockKey(ViewOf(it->key()));
      if (parts) sequence = std::max(sequence, parts->sequence);
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "read blocks to archive"));
  }
  {
    // What was archived of the day before is in what follows.
    for (rocksdb::ColumnFamilyHandle* family : {database_.archive, database_.short_lived}) {
      const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, family));
      for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) batch.Delete(family, it->key());
      RETURN_IF_ERROR(ToStatus(it->status(), "read the archive"));
    }
  }
  FrameRun run;
  LayoutPool layouts;
  SectionWriter sections(
      database_, {.day = day, .vehicle = vehicle, .sequence = sequence, .short_lived = options_.short_lived}, batch);
  sums_.Take();
  const auto put = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_) {
    sums_.Add(run);
    sections.Add(run);
  };
  const TelemetryStore::FrameFunction add = [&](const Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(archive_mutex_) {
    run.Add(frame.measure_time_ms, layouts.Get(frame.layout->signals()), frame.values);
    if (SectionWriter::IsFull(run)) put();
    return true;
  };
  const ScanOptions options;
  RETURN_IF_ERROR(
      TelemetryScan(database_, {day}, vehicle, {}, {day * kMsPerDay, (day + 1) * kMsPerDay}, options, {}, layouts, add)
          .Run());
  if (!run.empty()) put();
  sections.Finish();
  std::vector<SignalSums::Sums> sums = sums_.Take();
  // What is to be forgotten soon is not kept as a rollup either.
  std::erase_if(sums, [this](const SignalSums::Sums& sum) { return IsShortLived(sum.signal); });
  RETURN_IF_ERROR(rollups_.Add(vehicle, sums));
  RETURN_IF_ERROR(ToStatus(database_.db->Write(WithoutLog(), &batch), "write to the archive"));
  ++archived_day_count_;
  unflushed_bytes_ += batch.GetDataSize();
  if (unflushed_bytes_ >= options_.flush_bytes) {
    RETURN_IF_ERROR(database_.Flush());
    unflushed_bytes_ = 0;
  }
  return OkStatus();
}

}  // namespace telltale::internal
