#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/document_store.h"

namespace rocksdb {
class DB;
}

namespace telltale {

struct RocksDbDocumentStoreOptions {
  std::string path;  // a folder of its own; is made if it does not exist

  // Blocks that reads keep in memory. Documents are small and few next to telemetry.
  std::size_t cache_size_bytes = 64 << 20;
  // RocksDB's descriptors, next to a hard limit of often 20,000 for the process.
  int open_file_count_max = 500;
};

// Errors: INVALID_ARGUMENT names the option.
Status Validate(const RocksDbDocumentStoreOptions& options);

// Documents in an embedded RocksDB of their own, so that they are never held up by telemetry's writes. Every write is
// synced. The keys that begin with a zero byte are the store's own: it keeps the version of the format there, shows
// them to nobody and takes none. docs/formats/documents.md. Thread-safe.
class RocksDbDocumentStore : public DocumentStore {
 public:
  // Of the keys and values in the store as a whole; grows when an older program could no longer read them.
  static constexpr int kFormatVersion = 1;
  static constexpr std::size_t kMaxKeyBytes = 1024;
  static constexpr std::size_t kMaxValueBytes = 16 << 20;

  // Errors: INVALID_ARGUMENT an option; FAILED_PRECONDITION a newer program wrote the store, or another process has it
  // open; DATA_LOSS a file is damaged; UNAVAILABLE the disk.
  static StatusOr<std::unique_ptr<RocksDbDocumentStore>> Open(const RocksDbDocumentStoreOptions& options);

  ~RocksDbDocumentStore() override;
  RocksDbDocumentStore(const RocksDbDocumentStore&) = delete;
  RocksDbDocumentStore& operator=(const RocksDbDocumentStore&) = delete;

  // Errors, beside the interface's: INVALID_ARGUMENT a key is empty, too long or reserved, or a value is too long.
  Status Write(const std::vector<DocumentWrite>& writes) override;
  StatusOr<std::string> Get(std::string_view key) override;
  Status Scan(std::string_view prefix, std::string_view after, const DocumentFunction& visit) override;

  // As RocksDbTelemetryStore::LinkTo.
  Status LinkTo(const std::string& folder);

 private:
  RocksDbDocumentStore(std::string path, std::unique_ptr<rocksdb::DB> db);
  Status CheckFormatVersion();

  const std::string path_;
  const std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace telltale
