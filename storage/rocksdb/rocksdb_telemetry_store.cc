#include "storage/rocksdb/rocksdb_telemetry_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mutex.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/archiver.h"
#include "storage/rocksdb/committer.h"
#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/head_set.h"
#include "storage/rocksdb/latest_columns.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/rollup_scan.h"
#include "storage/rocksdb/signal_scan.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"

namespace telltale {

using internal::Archiver;
using internal::BlockWrites;
using internal::Committer;
using internal::HeadSet;
using internal::LatestColumns;
using internal::LatestRow;
using internal::TelemetryDatabase;

Status Validate(const TelemetryStoreOptions& options) {
  const auto wrong = [](const char* what) { return Status(absl::InvalidArgumentError(what)); };
  if (options.frames_per_block < 1 || options.frames_per_block > BlockCodec::kMaxFrames) {
    return wrong("store.frames_per_block must be between 1 and 4096");
  }
  if (options.archive_age_min.count() < 0 || options.archive_period.count() < 0) {
    return wrong("store.archive_age_min_h and store.archive_period_s must not be negative");
  }
  if (options.retention.count() < 0 || options.short_retention.count() < 0) {
    return wrong("store.retention_days and store.short_retention_days must not be negative");
  }
  if (options.retention.count() > 0 && options.short_retention > options.retention) {
    return wrong("store.short_retention_days must not be more than store.retention_days");
  }
  if (options.queue_bytes_max == 0) return wrong("store.queue_bytes_max must be at least 1");
  if (options.group_bytes_max == 0) return wrong("store.group_bytes_max must be at least 1");
  if (options.head_bytes_max == 0) return wrong("store.head_bytes_max must be at least 1");
  if (options.journal_segment_bytes < (1 << 16)) return wrong("store.journal_segment_bytes must be at least 65536");
  if (options.journal_bytes_max < 2 * options.journal_segment_bytes) {
    return wrong("store.journal_bytes_max must be at least twice store.journal_segment_bytes");
  }
  if (options.write_buffer_bytes < (1 << 16)) return wrong("store.write_buffer_bytes must be at least 65536");
  if (options.latest_columns_max < 1) return wrong("store.latest_columns_max must be at least 1");
  if (options.open_files_max < 100) return wrong("store.open_files_max must be at least 100");
  return OkStatus();
}

namespace {

std::vector<SignalId> Sorted(std::vector<SignalId> signals) {
  std::ranges::sort(signals);
  return signals;
}

}  // namespace

class RocksDbTelemetryStore::Impl {
 public:
  Impl(const TelemetryStoreOptions& options, std::unique_ptr<TelemetryDatabase> database)
      : database_(std::move(database)),
        archiver_(*database_, writes_,
                  {.age_min = options.archive_age_min,
                   .period = options.archive_period,
                   .flush_bytes = options.write_buffer_bytes / 2,
                   .retention = options.retention,
                   .short_retention = options.short_retention,
                   .short_lived = Sorted(options.short_lived_signals)}),
        heads_(*database_, writes_,
               {.frames_per_block = options.frames_per_block,
                .block_values_min = options.block_values_min,
                .head_bytes_max = options.head_bytes_max,
                .sealer = {.queue_bytes_max = options.sealing_bytes_max,
                           .flush_bytes = options.write_buffer_bytes / 2,
                           .flush_age = options.head_age_max,
                           .retry_interval = options.retry_interval}}),
        latest_columns_(*database_, heads_.vehicles(), options.latest_columns_max),
        committer_(options, *database_, heads_) {}

  Status Start() {
    RETURN_IF_ERROR(writes_.Open(*database_));
    return committer_.Start();
  }

  const TelemetryDatabase& database() const { return *database_; }
  Committer& committer() { return committer_; }
  Archiver& archiver() { return archiver_; }

  StatusOr<std::vector<LatestValue>> Latest(VehicleId vehicle, std::span<const SignalId> signals);
  Status Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
              const FrameFunction& visit);
  Status ScanSignal(VehicleId vehicle, SignalId signal, TimeRange range, const ScanOptions& options,
                    const RunFunction& visit);
  StatusOr<VehicleExtent> Extent(VehicleId vehicle) { return heads_.ExtentOf(vehicle); }
  void ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count) { heads_.ForgetRewrites(vehicle, rewrite_count); }
  std::vector<VehicleId> TakeNews(std::size_t limit) { return heads_.TakeNews(limit); }
  Status ScanLatest(SignalId signal, const ScanOptions& options, const LatestRunFunction& visit) {
    return latest_columns_.Scan(signal, options, visit);
  }
  StoreStats Stats();

  Status DropBefore(std::int64_t time_ms);
  Status Flush();

 private:
  const std::unique_ptr<TelemetryDatabase> database_;
  BlockWrites writes_;
  Archiver archiver_;
  HeadSet heads_;
  LatestColumns latest_columns_;
  Committer committer_;
};

// --- Reading --------------------------------------------------------------------------------------------------------

StatusOr<std::vector<LatestValue>> RocksDbTelemetryStore::Impl::Latest(VehicleId vehicle,
                                                                       std::span<const SignalId> signals) {
  ASSIGN_OR_RETURN(LatestRow row, heads_.LatestOf(vehicle));
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
  // Before anything is read of blocks: what is sealed in between is then seen twice, not missed.
  FrameRun head = internal::Select(heads_.UnsealedOf(vehicle, range), sorted, range, layouts);
  return internal::TelemetryScan(*database_, writes_.days(), vehicle, sorted, range, options, std::move(head), layouts,
                                 visit)
      .Run();
}

Status RocksDbTelemetryStore::Impl::ScanSignal(VehicleId vehicle, SignalId signal, TimeRange range,
                                               const ScanOptions& options, const RunFunction& visit) {
  if (range.empty()) return OkStatus();
  LayoutPool layouts;
  const SignalId signals[] = {signal};
  FrameRun head = internal::Select(heads_.UnsealedOf(vehicle, range), signals, range, layouts);
  return internal::SignalScan(*database_, writes_.days(), vehicle, signal, range, options, std::move(head), visit)
      .Run();
}

StoreStats RocksDbTelemetryStore::Impl::Stats() {
  StoreStats stats{.size_bytes = committer_.journal_bytes(),
                   .block_count = heads_.sealer().block_count(),
                   .head_frame_count = heads_.frame_count(),
                   .journal_bytes = committer_.journal_bytes(),
                   .replayed_frame_count = committer_.replayed_frame_count(),
                   .replay_damaged_count = committer_.replay_damaged_count(),
                   .replay_lost_frame_count = committer_.replay_lost_frame_count(),
                   .writable = committer_.writable()};
  const auto files_of = [this](rocksdb::ColumnFamilyHandle* family) {
    std::uint64_t bytes = 0;
    return database_->db->GetIntProperty(family, rocksdb::DB::Properties::kTotalSstFilesSize, &bytes) ? bytes : 0;
  };
  for (rocksdb::ColumnFamilyHandle* family : database_->families()) stats.size_bytes += files_of(family);
  stats.block_bytes = files_of(database_->blocks);
  stats.latest_bytes = files_of(database_->latest);
  stats.archive_bytes = files_of(database_->archive) + files_of(database_->short_lived);
  stats.rollup_bytes = files_of(database_->rollups);
  return stats;
}

// --- Tasks ----------------------------------------------------------------------------------------------------------

Status RocksDbTelemetryStore::Impl::Flush() {
  return committer_.RunTask([this] { return committer_.SealAll(); });
}

Status RocksDbTelemetryStore::Impl::DropBefore(std::int64_t time_ms) {
  // Sealed first: what the journal still has of the dropped days is then known to be sealed, and is not replayed.
  RETURN_IF_ERROR(Flush());
  return archiver_.Pause([&] {
    return database_->DropDays({database_->blocks, database_->archive, database_->short_lived, database_->rollups},
                               DayOf(time_ms));
  });
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
  impl_->committer().Append(std::move(batch), std::move(done));
}

bool RocksDbTelemetryStore::HasRoom(std::function<void()> on_room) {
  return impl_->committer().HasRoom(std::move(on_room));
}

StatusOr<std::vector<LatestValue>> RocksDbTelemetryStore::Latest(VehicleId vehicle, std::span<const SignalId> signals) {
  return impl_->Latest(vehicle, signals);
}

Status RocksDbTelemetryStore::Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range,
                                   const ScanOptions& options, const FrameFunction& visit) {
  return impl_->Scan(vehicle, signals, range, options, visit);
}

Status RocksDbTelemetryStore::ScanSignal(VehicleId vehicle, SignalId signal, TimeRange range,
                                         const ScanOptions& options, const RunFunction& visit) {
  return impl_->ScanSignal(vehicle, signal, range, options, visit);
}

Status RocksDbTelemetryStore::ScanLatest(SignalId signal, const ScanOptions& options, const LatestRunFunction& visit) {
  return impl_->ScanLatest(signal, options, visit);
}

Status RocksDbTelemetryStore::ScanRollup(std::int64_t day, SignalId signal, RollupPart part, const ScanOptions& options,
                                         const RollupFunction& visit) {
  return internal::ScanRollup(impl_->database(), day, signal, part, options, visit);
}

StatusOr<VehicleExtent> RocksDbTelemetryStore::Extent(VehicleId vehicle) { return impl_->Extent(vehicle); }

void RocksDbTelemetryStore::ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count) {
  impl_->ForgetRewrites(vehicle, rewrite_count);
}

std::vector<VehicleId> RocksDbTelemetryStore::TakeNews(std::size_t limit) { return impl_->TakeNews(limit); }

Status RocksDbTelemetryStore::DropBefore(std::int64_t time_ms) { return impl_->DropBefore(time_ms); }

Status RocksDbTelemetryStore::Flush() { return impl_->Flush(); }

Status RocksDbTelemetryStore::LinkTo(const std::string& folder) { return impl_->committer().LinkTo(folder); }

Status RocksDbTelemetryStore::Archive(std::int64_t time_ms) { return impl_->archiver().Archive(time_ms); }

Status RocksDbTelemetryStore::ApplyRetention(std::int64_t now_ms) { return impl_->archiver().ApplyRetention(now_ms); }

StoreStats RocksDbTelemetryStore::Stats() { return impl_->Stats(); }

}  // namespace telltale
