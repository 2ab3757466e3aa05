#include "storage/rocksdb/rocksdb_document_store.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "storage/rocksdb/checkpoint.h"
#include "storage/rocksdb/rocksdb_status.h"

namespace telltale {
namespace {

constexpr char kReserved = '\0';
const std::string kFormatVersionKey = std::string(1, kReserved) + "format_version";

bool IsReserved(std::string_view key) { return !key.empty() && key.front() == kReserved; }

// The least key that is greater than every key with this prefix; empty: there is none.
std::string EndOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

rocksdb::Options ToRocksDb(const RocksDbDocumentStoreOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_size_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::Options result;
  result.create_if_missing = true;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  result.compression = rocksdb::kLZ4Compression;
  result.max_open_files = options.open_file_count_max;
  result.keep_log_file_num = 2;
  // The default would quietly drop everything behind a damaged record of the log, acknowledged or not. A torn record at
  // the very end is what a crash leaves of a write that nobody was told of.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return result;
}

Status CheckWrite(const DocumentWrite& write) {
  if (write.key.empty()) return absl::InvalidArgumentError("the key of a document is empty");
  if (IsReserved(write.key)) return absl::InvalidArgumentError("a document's key must not begin with a zero byte");
  if (write.key.size() > RocksDbDocumentStore::kMaxKeyBytes) {
    return absl::InvalidArgumentError(fmt::format("a document's key has {} bytes, at most {} are allowed",
                                                  write.key.size(), RocksDbDocumentStore::kMaxKeyBytes));
  }
  if (write.value && write.value->size() > RocksDbDocumentStore::kMaxValueBytes) {
    return absl::InvalidArgumentError(fmt::format("a document has {} bytes, at most {} are allowed",
                                                  write.value->size(), RocksDbDocumentStore::kMaxValueBytes));
  }
  return OkStatus();
}

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

}  // namespace

Status Validate(const RocksDbDocumentStoreOptions& options) {
  if (options.path.empty()) return absl::InvalidArgumentError("documents: path is empty");
  if (options.open_file_count_max < 50) {
    return absl::InvalidArgumentError(
        fmt::format("documents: open_file_count_max is {}, must be at least 50", options.open_file_count_max));
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<RocksDbDocumentStore>> RocksDbDocumentStore::Open(const RocksDbDocumentStoreOptions& options) {
  RETURN_IF_ERROR(Validate(options));
  std::error_code error;
  std::filesystem::create_directories(options.path, error);
  if (error) {
    return absl::UnavailableError(fmt::format("make the folder of documents {}: {}", options.path, error.message()));
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(ToRocksDb(options), options.path, &db);
  std::unique_ptr<rocksdb::DB> owned(db);
  RETURN_IF_ERROR(ToStatus(opened, fmt::format("open documents in {}", options.path)));

  std::unique_ptr<RocksDbDocumentStore> store(new RocksDbDocumentStore(options.path, std::move(owned)));
  RETURN_IF_ERROR(store->CheckFormatVersion());
  return store;
}

RocksDbDocumentStore::RocksDbDocumentStore(std::string path, std::unique_ptr<rocksdb::DB> db)
    : path_(std::move(path)), db_(std::move(db)) {}

RocksDbDocumentStore::~RocksDbDocumentStore() = default;

Status RocksDbDocumentStore::CheckFormatVersion() {
  std::string text;
  const rocksdb::Status got = db_->Get(rocksdb::ReadOptions(), kFormatVersionKey, &text);
  if (got.IsNotFound()) {
    return ToStatus(db_->Put(Synced(), kFormatVersionKey, std::to_string(kFormatVersion)),
                    fmt::format("write the format version of documents in {}", path_));
  }
  RETURN_IF_ERROR(ToStatus(got, fmt::format("read the format version of documents in {}", path_)));
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    return absl::DataLossError(fmt::format("documents in {}: the format version cannot be read", path_));
  }
  if (version > kFormatVersion) {
    return absl::FailedPreconditionError(
        fmt::format("documents in {} have format version {}, this program knows versions up to {}: a newer telltaled "
                    "wrote them; run that one, or restore a backup from before the upgrade",
                    path_, version, kFormatVersion));
  }
  return OkStatus();
}

Status RocksDbDocumentStore::Write(const std::vector<DocumentWrite>& writes) {
  rocksdb::WriteBatch batch;
  for (const DocumentWrite& write : writes) {
    RETURN_IF_ERROR(CheckWrite(write));
    const rocksdb::Status added = write.value ? batch.Put(write.key, *write.value) : batch.Delete(write.key);
    RETURN_IF_ERROR(ToStatus(added, "collect a write of documents"));
  }
  if (writes.empty()) return OkStatus();
  const rocksdb::Status written = db_->Write(Synced(), &batch);
  return written.ok() ? OkStatus() : ToStatus(written, fmt::format("write to documents in {}", path_));
}

StatusOr<std::string> RocksDbDocumentStore::Get(std::string_view key) {
  std::string value;
  const rocksdb::Status got =
      IsReserved(key) ? rocksdb::Status::NotFound() : db_->Get(rocksdb::ReadOptions(), ToSlice(key), &value);
  if (!got.ok()) return ToStatus(got, fmt::format("read a document in {}", path_));
  return value;
}

Status RocksDbDocumentStore::LinkTo(const std::string& folder) { return MakeCheckpoint(*db_, folder); }

Status RocksDbDocumentStore::Scan(std::string_view prefix, std::string_view after, const DocumentFunction& visit) {
  const std::string end = EndOfPrefix(prefix);
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &end_slice;

  // The store's own keys are the first of all: a scan of everything begins behind them.
  std::string first = after >= prefix && !after.empty() ? std::string(after) + '\0' : std::string(prefix);
  if (first.empty() || IsReserved(first)) first = std::string(1, kReserved + 1);

  const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(options));
  for (iterator->Seek(first); iterator->Valid(); iterator->Next()) {
    if (!visit(ToView(iterator->key()), ToView(iterator->value()))) return OkStatus();
  }
  return ToStatus(iterator->status(), fmt::format("scan documents in {}", path_));
}

}  // namespace telltale
