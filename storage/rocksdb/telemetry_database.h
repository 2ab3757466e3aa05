#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>

#include "base/status.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale::internal {

// The RocksDB of the telemetry store with its column families.
struct TelemetryDatabase {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;     // the default family: format version
  rocksdb::ColumnFamilyHandle* blocks = nullptr;   // BlockKey to BlockCodec
  rocksdb::ColumnFamilyHandle* latest = nullptr;   // LatestKey to LatestRow
  rocksdb::ColumnFamilyHandle* archive = nullptr;  // ArchiveKey to BlockCodec: the blocks of past days, put in order

  // What the families have in memory becomes durable, all of it at once: what one has may be because of what another
  // has no more. UNAVAILABLE: the disk.
  Status Flush();

  static StatusOr<std::unique_ptr<TelemetryDatabase>> Open(const TelemetryStoreOptions& options);
  ~TelemetryDatabase();
};

inline rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace telltale::internal
