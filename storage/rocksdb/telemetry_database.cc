#include "storage/rocksdb/telemetry_database.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>

#include "storage/rocksdb/checkpoint.h"
#include "storage/rocksdb/retryable_file_system.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/segment_file.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr const char* kVersionKey = "format_version";
constexpr const char* kSealedSequenceKey = "sealed_sequence";
constexpr const char* kLongBlocksEndKey = "long_blocks_end";

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = std::size_t{16} << 10;
  table.format_version = 5;
  return table;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const TelemetryStoreOptions& options,
                                           const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = 4;
  family.compression = rocksdb::kNoCompression;  // values are dense already
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

Status CheckVersion(TelemetryDatabase& database, const std::string& path) {
  std::string text;
  const rocksdb::Status read = database.db->Get({}, database.meta, kVersionKey, &text);
  const auto write_version = [&](bool is_new) -> Status {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    rocksdb::WriteBatch write;
    write.Put(database.meta, kVersionKey, std::to_string(RocksDbTelemetryStore::kFormatVersion));
    if (is_new) {
      database.PutSealedSequence(0, write);
      write.Put(database.meta, kLongBlocksEndKey, "0");
    }
    RETURN_IF_ERROR(ToStatus(database.db->Write(options, &write), fmt::format("write to telemetry in {}", path)));
    return database.Flush();
  };
  if (read.IsNotFound()) return write_version(true);
  RETURN_IF_ERROR(ToStatus(read, fmt::format("read telemetry in {}", path)));
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  if (version < 1 || version > RocksDbTelemetryStore::kFormatVersion) {
    return absl::FailedPreconditionError(
        fmt::format("telemetry in {} has format {}; this program reads up to {}: use the newer program that wrote it",
                    path, text, RocksDbTelemetryStore::kFormatVersion));
  }
  // Version 1 had no archive and 2 no rollups; 3 had longer blocks of more signals in its archive, and a journal that
  // does not tell where its groups begin; 4 had rows of OldRowCodec.
  return version < RocksDbTelemetryStore::kFormatVersion ? write_version(false) : OkStatus();
}

// A decimal number of the default family.
StatusOr<std::optional<std::uint64_t>> NumberOf(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta, const char* key) {
  std::string text;
  const rocksdb::Status read = db.Get({}, meta, key, &text);
  if (read.IsNotFound()) return std::nullopt;
  RETURN_IF_ERROR(ToStatus(read, fmt::format("read {}", key)));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return absl::DataLossError(key);
  return number;
}

// The first time it looks which blocks there are from before there was a limit. While they cannot be read all are taken
// for long: whoever reads them is told.
StatusOr<std::int64_t> LongBlocksEnd(TelemetryDatabase& database) {
  ASSIGN_OR_RETURN(const auto written, NumberOf(*database.db, database.meta, kLongBlocksEndKey));
  if (written) return static_cast<std::int64_t>(std::min<std::uint64_t>(*written, kDayEnd));
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(InKeyOrder(), database.blocks));
  it->SeekToLast();
  if (!it->status().ok()) return kDayEnd;
  std::int64_t day_end = 0;
  if (it->Valid()) {
    const auto parts = ParseBlockKey(ViewOf(it->key()));
    if (!parts) return kDayEnd;
    day_end = parts->day + 1;
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  RETURN_IF_ERROR(ToStatus(database.db->Put(options, database.meta, kLongBlocksEndKey, std::to_string(day_end)),
                           fmt::format("write {}", kLongBlocksEndKey)));
  RETURN_IF_ERROR(database.Flush());
  return day_end;
}

// Why RocksDB could not be opened. Of a damaged table it names another file or none, so we look which it is.
Status OpenError(const rocksdb::Status& status, const rocksdb::Options& options, const std::string& path) {
  const std::string what = fmt::format("open telemetry in {}", path);
  if (status.IsPathNotFound()) {
    return absl::DataLossError(fmt::format("{}: {}; the file is lost, or CURRENT is damaged", what, status.ToString()));
  }
  std::string tables;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (!status.IsCorruption() || entry.path().extension() != ".sst") continue;
    const rocksdb::Status opened = rocksdb::SstFileReader(options).Open(entry.path());
    if (!opened.ok()) tables += fmt::format("; {}: {}", entry.path().filename().string(), opened.ToString());
  }
  return ToStatus(status, what + tables);
}

// Deletes those of the files, which come in order of age and were never merged, that have only what was removed.
Status DeleteOldest(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                    const std::vector<rocksdb::SstFileMetaData>& files) {
  // Sees all that these files have, as it was made after they were looked up.
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(InKeyOrder(), family));
  it->SeekToFirst();
  RETURN_IF_ERROR(ToStatus(it->status(), "look for the oldest day"));
  for (const rocksdb::SstFileMetaData& file : files) {
    if (it->Valid() && it->key().compare(file.largestkey) <= 0) break;
    const rocksdb::Status deleted = db.DeleteFile(file.name);
    if (deleted.IsInvalidArgument()) break;  // an older one is being merged: then it goes that way
    RETURN_IF_ERROR(ToStatus(deleted, fmt::format("drop {}", file.name)));
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
  db_options.max_bgerror_resume_count = 0;  // the sealer tries again
  auto database = std::make_unique<TelemetryDatabase>();
  rocksdb::Env* const env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  database->env = rocksdb::NewCompositeEnv(MakeRetryable(env->GetFileSystem()));
  db_options.env = database->env.get();
  // Copying into the page cache would be a sixth of all work, and push out what readers need.
  database->direct_writes = TakesDirectWrites(*env->GetFileSystem(), options.path);
  db_options.use_direct_io_for_flush_and_compaction = database->direct_writes;

  const rocksdb::BlockBasedTableOptions table = TableOptions(rocksdb::NewLRUCache(options.cache_bytes));
  const rocksdb::ColumnFamilyOptions plain = FamilyOptions(options, table);
  // Rows of latest values are small, but each flush has some of all vehicles, so that levels would write all of them
  // again and again. Merging many files of like size at a time writes each byte about once more.
  rocksdb::ColumnFamilyOptions latest = plain;
  latest.compression = rocksdb::kLZ4Compression;  // neighbours' rows are alike
  latest.compaction_style = rocksdb::kCompactionStyleUniversal;
  latest.compaction_options_universal.min_merge_width = 8;
  latest.compaction_options_universal.max_size_amplification_percent = 1'000;
  latest.level0_file_num_compaction_trigger = 24;
  latest.level0_slowdown_writes_trigger = 100;
  latest.level0_stop_writes_trigger = 150;
  // Blocks are written once and go when their day is archived: that is their merge. Until then a read asks each file's
  // filter whether it has the vehicle's day, which is cheap for some dozens of them.
  rocksdb::ColumnFamilyOptions blocks = latest;
  blocks.level0_file_num_compaction_trigger = 48;
  // RocksDB would ask the system to read ahead whenever a reader goes on, also through blocks that the cache has:
  // DayBlocks, ScanRollup and ReadAhead know better.
  rocksdb::BlockBasedTableOptions quiet_table = table;
  quiet_table.max_auto_readahead_size = 0;
  blocks.table_factory.reset(rocksdb::NewBlockBasedTableFactory(quiet_table));
  blocks.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(BlockPrefix(0, 0).size()));
  // No file that was merged has more than a day, so that old days go by whole files.
  blocks.sst_partitioner_factory = rocksdb::NewSstPartitionerFixedPrefixFactory(2);
  // Days are archived one after the other, so that a flushed file overlaps no other: it moves down the levels as it is,
  // and a read finds all that it wants in one of them.
  rocksdb::ColumnFamilyOptions archive = plain;
  archive.table_factory = blocks.table_factory;
  archive.level0_file_num_compaction_trigger = 2;
  archive.sst_partitioner_factory = blocks.sst_partitioner_factory;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(db_options, options.path,
                                                   {{rocksdb::kDefaultColumnFamilyName, plain},
                                                    {"blocks", blocks},
                                                    {"latest", latest},
                                                    {"archive", archive},
                                                    {"short_lived", archive},
                                                    {"rollups", archive}},
                                                   &handles, &db);
  if (!opened.ok()) return OpenError(opened, rocksdb::Options(db_options, plain), options.path);
  database->db.reset(db);
  database->meta = handles[0];
  database->blocks = handles[1];
  database->latest = handles[2];
  database->archive = handles[3];
  database->short_lived = handles[4];
  database->rollups = handles[5];
  RETURN_IF_ERROR(CheckVersion(*database, options.path));
  ASSIGN_OR_RETURN(database->long_blocks_end, LongBlocksEnd(*database));
  const std::unique_ptr<rocksdb::Iterator> short_lived(database->db->NewIterator({}, database->short_lived));
  short_lived->SeekToFirst();
  database->has_short_lived = short_lived->Valid() || !short_lived->status().ok();
  return database;
}

Status TelemetryDatabase::DropDays(const std::vector<rocksdb::ColumnFamilyHandle*>& of_families,
                                   std::int64_t first_day_kept) {
  const std::string begin = RollupPrefix(0);  // the day alone
  const std::string end = RollupPrefix(std::clamp<std::int64_t>(first_day_kept, 0, kDayEnd - 1));
  std::vector<rocksdb::ColumnFamilyHandle*> affected;
  for (rocksdb::ColumnFamilyHandle* family : of_families) {
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(InKeyOrder(), family));
    it->SeekToFirst();
    if (!it->status().ok() || (it->Valid() && it->key().compare(end) < 0)) affected.push_back(family);
  }
  if (affected.empty()) return OkStatus();
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  for (rocksdb::ColumnFamilyHandle* family : affected) {
    RETURN_IF_ERROR(ToStatus(db->DeleteRange(options, family, begin, end), "drop old days"));
  }
  RETURN_IF_ERROR(Flush());
  for (rocksdb::ColumnFamilyHandle* family : affected) RETURN_IF_ERROR(DropFiles(family, begin, end));
  return OkStatus();
}

Status TelemetryDatabase::DropFiles(rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                                    const std::string& end) {
  const rocksdb::Slice begin_slice = begin;
  const rocksdb::Slice end_slice = end;
  const rocksdb::RangePtr range(&begin_slice, &end_slice);
  RETURN_IF_ERROR(
      ToStatus(rocksdb::DeleteFilesInRanges(db.get(), family, &range, 1, false), "drop the files of old days"));
  // That leaves out files that were never merged. Of these RocksDB deletes the oldest, if nothing older is merged.
  rocksdb::ColumnFamilyMetaData files;
  db->GetColumnFamilyMetaData(family, &files);
  for (const rocksdb::LevelMetaData& level : files.levels) {
    if (level.level > 0 && !level.files.empty()) return OkStatus();
  }
  std::vector<rocksdb::SstFileMetaData> unmerged = files.levels.front().files;
  std::ranges::sort(unmerged, {}, &rocksdb::SstFileMetaData::largest_seqno);
  if (unmerged.empty()) return OkStatus();
  // While it deletes a file RocksDB lets go of its lock: a merge of the file that began then would be an error for
  // good. Merges that run already have marked their files, which stay.
  Status status = ToStatus(db->SetOptions(family, {{"disable_auto_compactions", "true"}}), "hold merges");
  if (status.ok()) status = DeleteOldest(*db, family, unmerged);
  Status resumed = ToStatus(db->SetOptions(family, {{"disable_auto_compactions", "false"}}), "resume merges");
  return status.ok() ? resumed : status;
}

StatusOr<std::optional<std::uint64_t>> TelemetryDatabase::SealedSequence() const {
  return NumberOf(*db, meta, kSealedSequenceKey);
}

std::optional<std::uint64_t> ReadSealedSequence(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta) {
  const auto sequence = NumberOf(db, meta, kSealedSequenceKey);
  return sequence.ok() ? *sequence : std::nullopt;
}

void TelemetryDatabase::PutSealedSequence(std::uint64_t sequence, rocksdb::WriteBatch& write) const {
  write.Put(meta, kSealedSequenceKey, std::to_string(sequence));
}

Status TelemetryDatabase::Flush() {
  // Once RocksDB 7.8 has resumed after an error, its Flush returns before the files are there. What still waits for
  // them are immutable memory tables.
  while (true) {
    RETURN_IF_ERROR(ToStatus(db->Flush({}, families()), "flush blocks"));
    std::uint64_t waiting = 0;
    for (rocksdb::ColumnFamilyHandle* family : families()) {
      std::uint64_t count = 0;
      if (!db->GetIntProperty(family, rocksdb::DB::Properties::kNumImmutableMemTable, &count)) {
        return absl::InternalError("flush blocks: RocksDB does not count its memory tables");
      }
      waiting += count;
    }
    if (waiting == 0) return OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

Status TelemetryDatabase::LinkTo(const std::string& folder) {
  RETURN_IF_ERROR(Flush());
  return MakeCheckpoint(*db, folder);
}

TelemetryDatabase::~TelemetryDatabase() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : families()) db->DestroyColumnFamilyHandle(handle);
  db->Close().PermitUncheckedError();
}

}  // namespace telltale::internal
