#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/telemetry_store.h"

namespace rocksdb {
class Env;
}

namespace telltale {

struct TelemetryStoreOptions {
  std::string path;  // a folder of its own; is made if it does not exist

  // A head becomes a block when it has this many frames and block_values_min values, or 4,096 frames. A vehicle's first
  // one may have half as many, so that those of a fleet which began together do not become blocks together.
  std::size_t frames_per_block = 128;
  // Narrow frames, as of CAN logs, wait for more: blocks of few values pack badly.
  std::size_t block_values_min = 16'384;
  // The oldest heads become blocks earlier when a segment of the journal is as old, when all heads together are as
  // large, or the journal is.
  std::chrono::seconds head_age_max = std::chrono::hours{1};
  std::size_t head_bytes_max = std::size_t{8} << 30;
  std::size_t journal_bytes_max = std::size_t{16} << 30;
  std::size_t journal_segment_bytes = std::size_t{64} << 20;

  // Past days are archived, put in order for reading, when they ended so long ago; looked for once a period (0: never).
  std::chrono::hours archive_age_min = std::chrono::hours{24};
  std::chrono::seconds archive_period = std::chrono::seconds{60};

  // Days are dropped, file by file, so long after their end; 0: never. What some signals, for example positions, had on
  // a day may go earlier; of these there are no rollups.
  std::chrono::days retention{0};
  std::chrono::days short_retention{0};
  std::vector<SignalId> short_lived_signals;

  std::size_t queue_bytes_max = std::size_t{64} << 20;      // appended and not yet durable; then HasRoom says no
  std::size_t group_bytes_max = std::size_t{4} << 20;       // of appended frames committed with one sync
  std::size_t sealing_bytes_max = std::size_t{256} << 20;   // on their way into blocks; then commits wait
  std::size_t cache_bytes = std::size_t{256} << 20;         // blocks that reads keep in memory
  std::size_t latest_columns_max = 8;                       // signals whose newest values of all vehicles are kept
  std::size_t write_buffer_bytes = std::size_t{512} << 20;  // blocks that are flushed together
  int open_files_max = 2'000;

  // With less free space on the disk nothing is written, until there is a tenth more; 0: it may be filled.
  std::uint64_t disk_free_bytes_min = std::uint64_t{1} << 30;
  // How often the free space is looked at, and after a write failed how often the store tries whether the disk is well
  // again.
  std::chrono::milliseconds retry_interval{1'000};

  // Called after each group commit with the seconds it took, sync included; for metrics. May be empty.
  std::function<void(double seconds)> on_commit;
  rocksdb::Env* env = nullptr;  // for tests that inject faults; nullptr: the system's
};

// Errors: INVALID_ARGUMENT names the setting.
Status Validate(const TelemetryStoreOptions& options);

// TelemetryStore in a folder of its own: a journal, heads in memory, and an embedded RocksDB with blocks and a row of
// latest values for each vehicle (storage/README.md tells how they play together). Thread-safe.
//
// One thread, the committer, takes everything that waits, writes it to the journal with one sync, puts it into the
// heads, and calls back. Another, the sealer, turns full heads into blocks. Readers lock a page of vehicles for as long
// as one head takes to unpack.
class RocksDbTelemetryStore : public TelemetryStore {
 public:
  static constexpr int kFormatVersion = 5;  // grows when an older program could no longer read the store

  // Opens or makes the store, and replays the journal. Errors: INVALID_ARGUMENT an option; FAILED_PRECONDITION a newer
  // program wrote it, or another process has it open; DATA_LOSS it cannot be read; UNAVAILABLE the disk.
  static StatusOr<std::unique_ptr<RocksDbTelemetryStore>> Open(const TelemetryStoreOptions& options);

  // Makes what waits durable, then closes.
  ~RocksDbTelemetryStore() override;
  RocksDbTelemetryStore(const RocksDbTelemetryStore&) = delete;
  RocksDbTelemetryStore& operator=(const RocksDbTelemetryStore&) = delete;

  void Append(FrameBatch batch, AppendCallback done) override;
  bool HasRoom(std::function<void()> on_room) override;
  StatusOr<std::vector<LatestValue>> Latest(VehicleId vehicle, std::span<const SignalId> signals) override;
  Status Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
              const FrameFunction& visit) override;
  Status ScanSignal(VehicleId vehicle, SignalId signal, TimeRange range, const ScanOptions& options,
                    const RunFunction& visit) override;
  Status ScanLatest(SignalId signal, const ScanOptions& options, const LatestRunFunction& visit) override;
  Status ScanRollup(std::int64_t day, SignalId signal, RollupPart part, const ScanOptions& options,
                    const RollupFunction& visit) override;
  StatusOr<VehicleExtent> Extent(VehicleId vehicle) override;
  void ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count) override;
  std::vector<VehicleId> TakeNews(std::size_t limit) override;
  Status DropBefore(std::int64_t time_ms) override;
  Status Flush() override;
  // Makes `folder`, which must not exist and is on the same file system, a store of everything that was acknowledged
  // until now, by links: it costs no space while the files are in this store, too. Frames wait for less than a second.
  // Nothing may be written to it; what copies it makes a backup. Errors: UNAVAILABLE the disk.
  Status LinkTo(const std::string& folder);
  // Archives every day that ended at or before the time, now. Errors: UNAVAILABLE; DATA_LOSS names what is damaged in a
  // day, which then stays as it is.
  Status Archive(std::int64_t time_ms);
  // Drops the days that are older than they are to be kept, which the store does by itself once an archive_period.
  // Errors: UNAVAILABLE the disk.
  Status ApplyRetention(std::int64_t now_ms);
  StoreStats Stats() override;

 private:
  class Impl;
  explicit RocksDbTelemetryStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale
