#pragma once

#include <memory>

#include <rocksdb/file_system.h>

namespace telltale::internal {

// RocksDB for good refuses to write after an I/O error that its files do not call retryable, and after a full disk.
// For us every failed write is retryable: a flush that failed begins a new file, and until one succeeds the journal has
// its frames. So each error of a write is passed on as one that RocksDB::Resume() gets over.
std::shared_ptr<rocksdb::FileSystem> MakeRetryable(const std::shared_ptr<rocksdb::FileSystem>& files);

}  // namespace telltale::internal
