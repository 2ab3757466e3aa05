#pragma once

#include <memory>
#include <string_view>

#include <rocksdb/db.h>

#include "base/status.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale::internal {

// The RocksDB of the telemetry store with its three column families.
struct TelemetryDatabase {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;    // the default family: format version
  rocksdb::ColumnFamilyHandle* blocks = nullptr;  // BlockKey to BlockCodec
  rocksdb::ColumnFamilyHandle* latest = nullptr;  // LatestKey to LatestRow

  static StatusOr<std::unique_ptr<TelemetryDatabase>> Open(const TelemetryStoreOptions& options);
  ~TelemetryDatabase();
};

inline rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace telltale::internal
