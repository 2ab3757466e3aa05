#include "storage/rocksdb/verification.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/codec/journal_record.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/journal.h"
#include "storage/rocksdb/latest_row.h"
#include "storage/rocksdb/packed_columns.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;
using internal::BlockForm;
using internal::ViewOf;

// Does not write a file of its own into a folder that is only looked at.
class NoLog : public rocksdb::Logger {
 public:
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

std::string PlaceOf(std::int64_t day, VehicleId vehicle) {
  return fmt::format("vehicle {} on {}", vehicle, FormatTime(day * kMsPerDay).substr(0, 10));
}

// What a key is of, for people.
std::string NameKey(const std::string& family, std::string_view key) {
  if (family == "blocks") {
    if (const auto parts = internal::ParseBlockKey(key)) return PlaceOf(parts->day, parts->vehicle);
  } else if (family == "archive" || family == "short_lived") {
    if (const auto parts = internal::ParseArchiveKey(key)) {
      const std::string place = PlaceOf(parts->day, parts->vehicle);
      if (parts->group == internal::kSectionHead) return place + ", times or whole frames";
      return fmt::format("{}, signals from {}", place, (parts->group - 1) * internal::kSignalsPerGroup);
    }
    if (const auto parts = internal::ParseOldArchiveKey(key)) {
      return fmt::format("{}, signals from {}", PlaceOf(parts->day, parts->vehicle), parts->first_signal());
    }
  } else if (family == "rollups" && key.size() == internal::kRollupKeyBytes) {
    return fmt::format("rollups of signal {} on {}", ReadBigEndian(key.substr(2, 2)),
                       FormatTime(ReadBigEndian(key.substr(0, 2)) * kMsPerDay).substr(0, 10));
  } else if (family == "latest" && key.size() == 4) {
    return fmt::format("latest values of vehicle {}", ReadBigEndian(key));
  }
  std::string hex;
  for (const char byte : key) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return "key " + hex;
}

class Verifier {
 public:
  Verifier(std::string folder, const FileProgress& progress) : folder_(std::move(folder)), progress_(progress) {}

  StatusOr<Verification> Run() {
    std::vector<std::unique_ptr<rocksdb::FileLock, std::function<void(rocksdb::FileLock*)>>> locks;
    for (const char* store : {"telemetry", "documents"}) {
      const std::string path = fmt::format("{}/{}", folder_, store);
      if (!fs::exists(path + "/CURRENT")) {
        return absl::NotFoundError(
            fmt::format("there is no {}/CURRENT: name the data folder of a stopped server, or a backup", path));
      }
      // A backup has no LOCK, and gets none.
      if (!fs::exists(path + "/LOCK")) continue;
      rocksdb::Env* const env = rocksdb::Env::Default();
      rocksdb::FileLock* lock = nullptr;
      RETURN_IF_ERROR(
          ToStatus(env->LockFile(path + "/LOCK", &lock), "verify offline, which wants the server to be stopped"));
      locks.emplace_back(lock, [env](rocksdb::FileLock* held) { env->UnlockFile(held).PermitUncheckedError(); });
    }
    RETURN_IF_ERROR(ReadTables("telemetry"));
    RETURN_IF_ERROR(ReadJournal());
    RETURN_IF_ERROR(ReadTables("documents"));
    return std::move(found_);
  }

 private:
  Status Advance(std::uint64_t bytes) {
    found_.bytes += bytes;
    return progress_ ? progress_(found_.bytes) : OkStatus();
  }

  // All tables of a store that count.
  Status ReadTables(const std::string& store) {
    const std::string path = folder_ + "/" + store;
    rocksdb::Options options;
    options.info_log = std::make_shared<NoLog>();
    rocksdb::BlockBasedTableOptions table;
    table.no_block_cache = true;  // each is read once
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    std::vector<std::string> names;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    std::vector<rocksdb::LiveFileMetaData> files;
    rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
    families.reserve(names.size());
    for (const std::string& name : names) families.emplace_back(name, options);
    if (status.ok()) {
      std::vector<rocksdb::ColumnFamilyHandle*> handles;
      rocksdb::DB* opened = nullptr;
      status = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &opened);
      const std::unique_ptr<rocksdb::DB> db(opened);
      if (status.ok()) {
        db->GetLiveFilesMetaData(&files);
        if (store == "telemetry") sealed_sequence_ = internal::ReadSealedSequence(*db, handles.front());
        if (store == "documents") RETURN_IF_ERROR(CountDocuments(*db));
        for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
      }
    }
    if (!status.ok()) {
      // Which tables there are is not known: all that look like one are read.
      found_.damage.push_back(fmt::format("{}: {}", path, status.ToString()));
      for (const auto& entry : fs::directory_iterator(path)) {
        if (entry.path().extension() != ".sst") continue;
        files.emplace_back();
        files.back().name = "/" + entry.path().filename().string();
        files.back().size = entry.file_size();
      }
    }
    for (const rocksdb::LiveFileMetaData& file : files) {
      RETURN_IF_ERROR(ReadTable(options, path + file.name, file));
      ++found_.file_count;
      RETURN_IF_ERROR(Advance(file.size));
    }
    return OkStatus();
  }

  // Some may not be in tables yet.
  Status CountDocuments(rocksdb::DB& db) {
    const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}));
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++found_.document_count;
    if (!it->status().ok()) found_.damage.push_back("documents: " + it->status().ToString());
    return OkStatus();
  }

  Status ReadTable(const rocksdb::Options& options, const std::string& path, const rocksdb::LiveFileMetaData& file) {
    const std::string& family = file.column_family_name;
    const auto damaged = [&](const std::string& what) { found_.damage.push_back(fmt::format("{}: {}", path, what)); };
    rocksdb::SstFileReader reader(options);
    if (const rocksdb::Status opened = reader.Open(path); !opened.ok()) {
      damaged(opened.ToString());
      return OkStatus();
    }
    // Index, filter and properties; what they lead to follows.
    const rocksdb::Status sums = reader.VerifyChecksum();
    rocksdb::ReadOptions read;
    read.readahead_size = std::size_t{2} << 20;
    read.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(read));
    std::string before;  // the last sound key
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      before = ViewOf(it->key());
      if (const Status entry = CheckEntry(family, before, ViewOf(it->value())); !entry.ok()) {
        damaged(fmt::format("{}: {}", NameKey(family, before), MessageOf(entry)));
      }
      if (progress_) RETURN_IF_ERROR(progress_(found_.bytes));
    }
    if (it->status().ok()) {
      if (!sums.ok()) damaged(sums.ToString());
      return OkStatus();
    }
    // From the other end up to the damaged place.
    const rocksdb::Status status = it->status();
    const std::unique_ptr<rocksdb::Iterator> back(reader.NewIterator(read));
    std::string after;  // then the first sound one
    for (back->SeekToLast(); back->Valid(); back->Prev()) {
      after = ViewOf(back->key());
      if (const Status entry = CheckEntry(family, after, ViewOf(back->value())); !entry.ok()) {
        damaged(fmt::format("{}: {}", NameKey(family, after), MessageOf(entry)));
      }
    }
    damaged(fmt::format("what is from {} to {} cannot be read: {}",
                        NameKey(family, before.empty() ? file.smallestkey : before),
                        NameKey(family, after.empty() ? file.largestkey : after), status.ToString()));
    return OkStatus();
  }

  // Whether what a key has is sound, and belongs to it.
  Status CheckEntry(const std::string& family, std::string_view key, std::string_view value) {
    if (family == "latest") {
      ++found_.vehicle_count;
      return internal::LatestRow::Decode(value).status();
    }
    if (family == "rollups") {
      ASSIGN_OR_RETURN(const BlockCodec::Summary page, BlockCodec::DecodeColumns(value, {}, columns_));
      return key.size() == internal::kRollupKeyBytes &&
                     ReadBigEndian(key.substr(internal::kRollupPageAt)) == page.vehicle
                 ? OkStatus()
                 : absl::DataLossError("the rollup belongs to another key");
    }
    if (family != "blocks" && family != "archive" && family != "short_lived") return OkStatus();
    if (key.size() == internal::kArchiveKeyBytes) return CheckBlockList(key, value);
    ASSIGN_OR_RETURN(const BlockCodec::Summary summary, CountBlock(value));
    const std::string expected = family == "blocks"
                                     ? internal::BlockKey(summary.vehicle, summary.first_time_ms, summary.sequence)
                                     : OldArchiveKeyOf(summary, family == "short_lived");
    if (expected != key) return absl::DataLossError("the block belongs to another key");
    return OkStatus();
  }

  StatusOr<BlockCodec::Summary> CountBlock(std::string_view block) {
    ASSIGN_OR_RETURN(const BlockCodec::Summary summary, BlockCodec::DecodeColumns(block, {}, columns_));
    ++found_.block_count;
    found_.frame_count += summary.frame_count;
    return summary;
  }

  Status CheckBlockList(std::string_view key, std::string_view value) {
    const auto parts = internal::ParseArchiveKey(key);
    const bool is_head = parts->group == internal::kSectionHead;
    RETURN_IF_ERROR(list_.Read(value));
    if (list_.vehicle != parts->vehicle) return absl::DataLossError("the blocks belong to another key");
    for (const internal::BlockList::Entry& entry : list_.entries) {
      if (entry.form == BlockForm::kAbsent || (is_head && entry.form == BlockForm::kSteady)) continue;
      if (is_head || entry.form == BlockForm::kNumbered || entry.form == BlockForm::kWhole) {
        ASSIGN_OR_RETURN(const BlockCodec::Summary summary, CountBlock(entry.block));
        const auto of_group = [&](SignalId signal) { return internal::GroupOf(signal) == parts->group; };
        if (summary.vehicle != parts->vehicle || (!is_head && !std::ranges::all_of(columns_.signals(), of_group))) {
          return absl::DataLossError("a block belongs to another key");
        }
      } else {
        RETURN_IF_ERROR(unpacker_.Unpack(entry.block, entry.frame_count, 0xFF, {0, entry.frame_count}).status());
        ++found_.block_count;
        found_.frame_count += entry.frame_count;
      }
    }
    return OkStatus();
  }

  std::string OldArchiveKeyOf(const BlockCodec::Summary& summary, bool short_lived) const {
    std::uint32_t group = columns_.signals().empty() ? 0 : columns_.signals().front() / internal::kOldSignalsPerGroup;
    if (short_lived) group += internal::kOldShortLivedGroup;
    const std::int64_t day = DayOf(summary.last_time_ms);
    std::string key = internal::BlockPrefix(day, summary.vehicle);
    PutBigEndian(key, group, 2);
    PutBigEndian(key, static_cast<std::uint32_t>(summary.last_time_ms - day * kMsPerDay), 4);
    return key;
  }

  Status ReadJournal() {
    const std::string folder = folder_ + "/telemetry/journal";
    if (!fs::exists(folder)) return OkStatus();
    auto journal = internal::Journal::Open(
        {.folder = folder, .sealed_sequence = sealed_sequence_, .read_only = true, .env = rocksdb::Env::Default()});
    if (!journal.ok()) {
      found_.damage.push_back(MessageOf(journal.status()));
      return OkStatus();
    }
    LayoutPool layouts;
    std::vector<RawValue> row;
    Status stopped;
    const auto read_record = [&](const JournalRecord& record) -> Status {
      JournalFrameReader reader(record, layouts);
      JournalFrameReader::Head head;
      while (!reader.at_end()) {
        RETURN_IF_ERROR(reader.TakeHead(head));
        row.assign(head.layout->size(), 0);
        RETURN_IF_ERROR(reader.TakeRow(row));
      }
      return OkStatus();
    };
    const auto read_segment = [&](std::span<const JournalRecord> records, std::uint32_t /*segment*/) -> Status {
      for (const JournalRecord& record : records) {
        stopped = Advance(record.size_bytes);
        RETURN_IF_ERROR(stopped);
        const Status read = read_record(record);
        if (!read.ok()) return Status(read.code(), fmt::format("record {}: {}", record.sequence, MessageOf(read)));
      }
      return OkStatus();
    };
    const Status replayed = (*journal)->Replay(read_segment);
    RETURN_IF_ERROR(stopped);
    if (!replayed.ok()) found_.damage.push_back(MessageOf(replayed));
    found_.record_count = (*journal)->replayed().record_count;
    for (const std::string& damage : (*journal)->replayed().damage) found_.damage.push_back("journal: " + damage);
    return OkStatus();
  }

  const std::string folder_;
  const FileProgress& progress_;
  Verification found_;
  BlockColumns columns_;
  internal::BlockList list_;
  internal::ColumnUnpacker unpacker_;
  std::optional<std::uint64_t> sealed_sequence_;
};

}  // namespace

StatusOr<Verification> VerifyStores(const std::string& folder, const FileProgress& progress) {
  return Verifier(folder, progress).Run();
}

}  // namespace telltale
