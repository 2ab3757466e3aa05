#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>

#include "base/status.h"
#include "storage/rocksdb/read_ahead.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale::internal {

// The RocksDB of the telemetry store with its column families.
struct TelemetryDatabase {
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;
  bool direct_writes = false;                          // the folder takes them; see SegmentFile
  rocksdb::ColumnFamilyHandle* meta = nullptr;         // the default family: what keys.md tells
  rocksdb::ColumnFamilyHandle* blocks = nullptr;       // BlockKey to BlockCodec
  rocksdb::ColumnFamilyHandle* latest = nullptr;       // LatestKey to LatestRow
  rocksdb::ColumnFamilyHandle* archive = nullptr;      // ArchiveKey to a list of blocks: past days, in order
  rocksdb::ColumnFamilyHandle* short_lived = nullptr;  // the same of signals of short retention
  rocksdb::ColumnFamilyHandle* rollups = nullptr;      // RollupKey to BlockCodec: what each signal did on a past day

  std::vector<rocksdb::ColumnFamilyHandle*> families() const {
    return {meta, blocks, latest, archive, short_lived, rollups};
  }

  static StatusOr<std::unique_ptr<TelemetryDatabase>> Open(const TelemetryStoreOptions& options);
  ~TelemetryDatabase();
  TelemetryDatabase() = default;
  TelemetryDatabase(const TelemetryDatabase&) = delete;
  TelemetryDatabase& operator=(const TelemetryDatabase&) = delete;

  // The journal's last sequence when the last block was sealed; nullopt: an older program made the store. Errors:
  // DATA_LOSS; UNAVAILABLE the disk.
  StatusOr<std::optional<std::uint64_t>> SealedSequence() const;
  void PutSealedSequence(std::uint64_t sequence, rocksdb::WriteBatch& write) const;

  // For scans of the archive.
  const std::unique_ptr<ReadAhead> read_ahead = std::make_unique<ReadAhead>();
  // Whether there may be something in the short-lived archive.
  std::atomic<bool> has_short_lived = false;

  // Blocks of this day and later ones last less than kBlockSpanMs; an older program wrote others.
  std::int64_t long_blocks_end = 0;

  // Forgets the days before `first_day_kept` in families whose keys begin with the day, by whole files where files have
  // nothing else. Errors: UNAVAILABLE the disk.
  Status DropDays(const std::vector<rocksdb::ColumnFamilyHandle*>& of_families, std::int64_t first_day_kept);
  // Deletes the files that have only what was removed: of the range of keys, and the oldest. Errors: UNAVAILABLE.
  Status DropFiles(rocksdb::ColumnFamilyHandle* family, const std::string& begin, const std::string& end);

  // Makes what was written without RocksDB's log durable. Errors: UNAVAILABLE the disk.
  Status Flush();

  // Makes `folder`, which must not exist and is on the same file system, a database of what is in this one, by links.
  // Errors: UNAVAILABLE the disk.
  Status LinkTo(const std::string& folder);
};

// As SealedSequence, of a database that is only looked at; nullopt also if it cannot be read.
std::optional<std::uint64_t> ReadSealedSequence(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta);

// To go through `blocks` from day to day or vehicle to vehicle: without it RocksDB looks for keys of a vehicle's day
// alone, and leaves out tables that have none.
inline rocksdb::ReadOptions InKeyOrder() {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  return options;
}

inline rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace telltale::internal
