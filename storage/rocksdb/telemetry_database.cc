#include "storage/rocksdb/telemetry_database.h"

#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "storage/rocksdb/rocksdb_status.h"

namespace telltale::internal {
namespace {

constexpr const char* kVersionKey = "format_version";

rocksdb::ColumnFamilyOptions FamilyOptions(const TelemetryStoreOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = 4;
  family.compression = rocksdb::kNoCompression;  // values are dense already
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 * 1024;
  table.format_version = 5;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

Status CheckVersion(TelemetryDatabase& database, const std::string& path) {
  std::string text;
  const rocksdb::Status read = database.db->Get({}, database.meta, kVersionKey, &text);
  if (read.IsNotFound()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    return ToStatus(
        database.db->Put(synced, database.meta, kVersionKey, std::to_string(RocksDbTelemetryStore::kFormatVersion)),
        fmt::format("write to telemetry in {}", path));
  }
  RETURN_IF_ERROR(ToStatus(read, fmt::format("read telemetry in {}", path)));
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  if (version < 1 || version > RocksDbTelemetryStore::kFormatVersion) {
    return absl::FailedPreconditionError(
        fmt::format("telemetry in {} has format {}; this program reads up to {}: use the newer program that wrote it",
                    path, text, RocksDbTelemetryStore::kFormatVersion));
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<TelemetryDatabase>> TelemetryDatabase::Open(const TelemetryStoreOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.path, error);
  if (error) return absl::UnavailableError(fmt::format("cannot make {}: {}", options.path, error.message()));
  rocksdb::DBOptions db_options;
  db_options.create_if_missing = true;
  db_options.create_missing_column_families = true;
  db_options.max_open_files = options.open_files_max;
  db_options.atomic_flush = true;  // a block is there when the latest values that follow from it are
  db_options.max_background_jobs = 2;
  db_options.bytes_per_sync = 1 << 20;
  db_options.keep_log_file_num = 10;
  if (options.env != nullptr) db_options.env = options.env;

  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  const rocksdb::ColumnFamilyOptions plain = FamilyOptions(options, cache);
  // Blocks of a day are written once and seldom changed: merging files of like size a few times keeps reads short and
  // writes each byte once or twice more, where levels would write it ten times.
  rocksdb::ColumnFamilyOptions blocks = plain;
  blocks.compaction_style = rocksdb::kCompactionStyleUniversal;
  blocks.compaction_options_universal.min_merge_width = 8;
  blocks.compaction_options_universal.max_size_amplification_percent = 1'000;
  blocks.level0_file_num_compaction_trigger = 12;
  blocks.level0_slowdown_writes_trigger = 60;
  blocks.level0_stop_writes_trigger = 90;
  auto database = std::make_unique<TelemetryDatabase>();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(
      db_options, options.path, {{rocksdb::kDefaultColumnFamilyName, plain}, {"blocks", blocks}, {"latest", plain}},
      &handles, &db);
  RETURN_IF_ERROR(ToStatus(opened, fmt::format("open telemetry in {}", options.path)));
  database->db.reset(db);
  database->meta = handles[0];
  database->blocks = handles[1];
  database->latest = handles[2];
  RETURN_IF_ERROR(CheckVersion(*database, options.path));
  return database;
}

TelemetryDatabase::~TelemetryDatabase() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : {meta, blocks, latest}) db->DestroyColumnFamilyHandle(handle);
  db->Close().PermitUncheckedError();
}

}  // namespace telltale::internal
