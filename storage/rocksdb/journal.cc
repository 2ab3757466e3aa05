#include "storage/rocksdb/journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <future>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/log.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/segment_file.h"

namespace telltale::internal {
namespace {

constexpr std::string_view kMagic = "TTJRNL03";
// Of earlier programs.
constexpr std::string_view kMagicOldRows = "TTJRNL02";  // OldRowCodec packed the rows
constexpr std::string_view kMagicNoFirst = "TTJRNL01";  // so, too; and records do not tell the first of a group
constexpr std::size_t kSegmentHeadBytes = 24;
constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kPreallocateBytes = std::size_t{16} << 20;

std::string SegmentHead(std::uint64_t sequence_before, std::string_view magic = kMagic) {
  std::string head(magic);
  head.append(reinterpret_cast<const char*>(&sequence_before), 8);
  const std::uint64_t checksum = XXH3_64bits(head.data(), head.size());
  head.append(reinterpret_cast<const char*>(&checksum), 8);
  return head;
}

// The sequence before the segment; nullopt: the head is damaged or was cut off.
std::optional<std::uint64_t> ReadSegmentHead(std::string_view bytes) {
  if (bytes.size() < kSegmentHeadBytes) return std::nullopt;
  std::uint64_t sequence_before = 0;
  std::memcpy(&sequence_before, bytes.data() + kMagic.size(), 8);
  if (sequence_before > JournalRecord::kMaxSequence) return std::nullopt;
  const std::string_view head = bytes.substr(0, kSegmentHeadBytes);
  for (const std::string_view magic : {kMagic, kMagicOldRows, kMagicNoFirst}) {
    if (head == SegmentHead(sequence_before, magic)) return sequence_before;
  }
  return std::nullopt;
}

// The sequence before the first sound record; nullopt: there is none.
std::optional<std::uint64_t> SequenceBeforeRecords(std::string_view bytes) {
  for (std::size_t at = kSegmentHeadBytes; at < bytes.size(); at += 8) {
    const auto record = JournalRecord::Read(bytes.substr(at));
    if (record.ok() && record->sequence > 0) return record->sequence - 1;
  }
  return std::nullopt;
}

// Whether the bytes are what a page has behind the end of what was appended.
bool IsUnwrittenPage(std::string_view bytes) {
  return bytes.size() <= SegmentFile::kPageBytes && bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Whether a sector of the bytes, which begin at byte `at` of the file, or what they have of one, is zeros: it was never
// written. Disks write sectors wholly or not at all, and those of one write in any order.
bool HasUnwrittenSector(std::string_view bytes, std::size_t at) {
  constexpr std::size_t kSectorBytes = 512;
  constexpr std::size_t kBytesMin = 16;  // frames and padding have fewer zeros in a row
  while (bytes.size() >= kBytesMin) {
    const std::string_view part = bytes.substr(0, kSectorBytes - at % kSectorBytes);
    if (part.size() >= kBytesMin && part.find_first_not_of('\0') == std::string_view::npos) return true;
    bytes.remove_prefix(part.size());
    at += part.size();
  }
  return false;
}

// Whether the file's last bytes, from `at` on, may be what a crash left of a record: its beginning, or places that were
// never written.
bool IsCutShort(std::string_view bytes, std::size_t at) {
  if (bytes.size() < JournalGroupWriter::kHeadBytes) return true;
  std::uint32_t frames_size = 0;
  std::memcpy(&frames_size, bytes.data(), sizeof(frames_size));
  const std::size_t record_size = JournalGroupWriter::kHeadBytes + frames_size;
  const std::size_t last = bytes.find_last_not_of('\0');
  if (bytes.size() < record_size || last == std::string_view::npos) return true;
  return HasUnwrittenSector(bytes.substr(0, std::max(record_size, last + 1)), at);
}

}  // namespace

Journal::Journal(const Options& options) : options_(options), files_(options.env->GetFileSystem()) {}

Journal::~Journal() {
  if (directory_ != nullptr) directory_->Close({}, nullptr).PermitUncheckedError();
}

std::string Journal::PathOf(std::uint32_t segment) const {
  return fmt::format("{}/{:010}{}", options_.folder, segment, kSuffix);
}

StatusOr<std::unique_ptr<Journal>> Journal::Open(const Options& options) {
  std::unique_ptr<Journal> journal(new Journal(options));
  RETURN_IF_ERROR(journal->OpenFolder());
  return journal;
}

Status Journal::OpenFolder() {
  const std::string what = fmt::format("open the journal in {}", options_.folder);
  if (!options_.read_only) {
    RETURN_IF_ERROR(ToStatus(files_->CreateDirIfMissing(options_.folder, {}, nullptr), what));
    RETURN_IF_ERROR(ToStatus(files_->NewDirectory(options_.folder, {}, &directory_, nullptr), what));
  }
  std::vector<std::string> names;
  RETURN_IF_ERROR(ToStatus(files_->GetChildren(options_.folder, {}, &names, nullptr), what));
  for (const std::string& name : names) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || std::string_view(end) != kSuffix || number == 0) continue;
    segments_.push_back({.number = number, .begun = std::chrono::steady_clock::now()});
  }
  std::ranges::sort(segments_, {}, &Segment::number);
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    if (segments_[i].number != segments_[i - 1].number + 1) {
      return absl::DataLossError(
          fmt::format("{} is missing; bring it back from a backup", PathOf(segments_[i].number - 1)));
    }
  }
  return OkStatus();
}

Status Journal::Replay(const SegmentFunction& visit) {
  // Of each segment the bytes are read twice, the heads first: how far one counts stands in the head of the next.
  std::vector<std::optional<std::uint64_t>> before(segments_.size());
  PageBuffer bytes;
  for (std::size_t i = segments_.size(); i-- > 0;) {
    const std::string path = PathOf(segments_[i].number);
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    std::array<char, kSegmentHeadBytes> head;
    rocksdb::Slice read;
    rocksdb::IOStatus status = files_->NewSequentialFile(path, {}, &file, nullptr);
    if (status.ok()) status = file->Read(head.size(), {}, &read, head.data(), nullptr);
    RETURN_IF_ERROR(ToStatus(status, fmt::format("read {}", path)));
    before[i] = ReadSegmentHead({read.data(), read.size()});
    if (before[i]) continue;
    RETURN_IF_ERROR(ReadSegment(segments_[i], bytes));
    if (i + 1 == segments_.size() && (bytes.size <= kSegmentHeadBytes || IsUnwrittenPage(bytes.view()))) {
      segments_.pop_back();  // it was begun and never written; it is begun again
      continue;
    }
    NoteDamage(fmt::format("file={} error=\"the segment's head\"", path));
    before[i] = SequenceBeforeRecords(bytes.view());
    if (!before[i] && i + 1 < segments_.size()) before[i] = before[i + 1];
  }
  // While one is replayed the next one is read.
  PageBuffer next_bytes;
  std::future<Status> next;
  const auto read_ahead = [&](std::size_t i) {
    if (i >= segments_.size()) return;
    next = std::async(std::launch::async, [&, i] { return ReadSegment(segments_[i], next_bytes); });
  };
  read_ahead(0);
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    RETURN_IF_ERROR(next.get());
    std::swap(bytes, next_bytes);
    read_ahead(i + 1);
    segment.size_bytes = bytes.size;
    size_bytes_ += bytes.size;
    if (before[i]) last_sequence_ = *before[i];
    const auto end = i + 1 < segments_.size() ? before[i + 1] : std::nullopt;
    RETURN_IF_ERROR(ReplaySegment(segment, bytes.view(), end, visit));
  }
  replayed_.size_bytes = size_bytes_;
  CompareWithSealed(segments_.empty() ? 0 : before.front().value_or(0));
  return options_.read_only ? OkStatus() : BeginSegment();
}

Status Journal::ReadSegment(const Segment& segment, PageBuffer& bytes) const {
  const std::string path = PathOf(segment.number);
  return ToStatus(ReadSegmentFile(*files_, path, options_.direct_writes, bytes), fmt::format("read {}", path));
}

void Journal::NoteDamage(std::string what) {
  ++replayed_.damaged_count;
  spdlog::error("journal damaged {}", what);
  replayed_.damage.push_back(std::move(what));
}

void Journal::CompareWithSealed(std::uint64_t sequence_before) {
  if (!options_.sealed_sequence) return;
  const std::uint64_t sealed = *options_.sealed_sequence;
  if (sequence_before > sealed) {
    NoteDamage(
        fmt::format("folder={} error=\"blocks are lost: the database is older than the journal\" sealed_sequence={} "
                    "begins_after={}",
                    options_.folder, sealed, sequence_before));
  }
  if (last_sequence_ < sealed) {
    NoteDamage(
        fmt::format("folder={} ends_with_sequence={} sealed_sequence={}", options_.folder, last_sequence_, sealed));
    last_sequence_ = sealed;  // no sequence is used twice
  }
}

Status Journal::ReplaySegment(const Segment& segment, std::string_view bytes, std::optional<std::uint64_t> end,
                              const SegmentFunction& visit) {
  const std::string path = PathOf(segment.number);
  const std::size_t size = bytes.size();
  const bool tells_first = !bytes.starts_with(kMagicNoFirst);
  const bool old_rows = !tells_first || bytes.starts_with(kMagicOldRows);
  bytes.remove_prefix(std::min(kSegmentHeadBytes, size));
  std::vector<JournalRecord> records;  // of whole groups
  std::vector<JournalRecord> group;
  const auto take_group = [&] {
    records.insert(records.end(), group.begin(), group.end());
    if (!group.empty()) last_sequence_ = group.back().sequence;
    group.clear();
  };
  const auto damaged = [&] {
    NoteDamage(fmt::format("file={} before_byte={} after_sequence={}", path, size - bytes.size(),
                           group.empty() ? last_sequence_ : group.back().sequence));
  };
  std::string_view lost;  // from something that is no record, behind the last sound one; empty: nothing
  bool is_torn = false;   // what is in `group` is behind a place that was never written: if no group follows, a crash's
  while (!bytes.empty()) {
    const auto record = JournalRecord::Read(bytes);
    const std::uint64_t previous = group.empty() ? last_sequence_ : group.back().sequence;
    if (!record.ok() || record->sequence <= previous) {
      // Whether a crash cut the end off or something is damaged shows in what follows.
      if (lost.empty()) lost = bytes;
      bytes.remove_prefix(std::min<std::size_t>(8, bytes.size()));  // records begin at multiples of 8
      continue;
    }
    if (end && record->sequence > *end) break;
    if (record->first_of_group && (is_torn || !lost.empty())) {
      // The group before was acknowledged when this one was written.
      damaged();
      take_group();
      is_torn = false;
    } else if (!lost.empty() && !is_torn) {
      is_torn =
          tells_first && !end && HasUnwrittenSector(lost.substr(0, lost.size() - bytes.size()), size - lost.size());
      if (!is_torn) damaged();
    }
    lost = {};
    group.push_back(*record);
    group.back().old_rows = old_rows;
    bytes.remove_prefix(std::min(record->size_bytes, bytes.size()));
    if (record->last_of_group && !is_torn) take_group();
  }
  if (end) {
    take_group();
    if (last_sequence_ < *end) damaged();
  } else if (!is_torn && !lost.empty() && !IsCutShort(lost, size - lost.size())) {
    damaged();
  } else if (!IsUnwrittenPage(lost) || !group.empty()) {
    spdlog::warn("journal ends in a write that was never acknowledged file={} records={}", path, group.size());
  }
  replayed_.record_count += records.size();
  const Status status = visit(records, segment.number);
  return status.ok() ? status : Status(status.code(), fmt::format("{}: {}", path, MessageOf(status)));
}

Status Journal::BeginSegment() {
  Segment segment{.number = segments_.empty() ? 1 : segments_.back().number + 1,
                  .begun = std::chrono::steady_clock::now()};
  const std::string path = PathOf(segment.number);
  std::unique_ptr<SegmentFile> file;
  rocksdb::IOStatus status = SegmentFile::Make(*files_, path, options_.direct_writes,
                                               std::min(kPreallocateBytes, options_.segment_bytes_max), file);
  const std::string head = SegmentHead(last_sequence_);
  if (status.ok()) status = file->Append(head);
  if (status.ok()) status = directory_->Fsync({}, nullptr);
  if (!status.ok()) {
    files_->DeleteFile(path, {}, nullptr).PermitUncheckedError();
    return ToStatus(status, fmt::format("begin {}", path));
  }
  file_ = std::move(file);
  segment.size_bytes = head.size();
  size_bytes_ += head.size();
  segments_.push_back(segment);
  return OkStatus();
}

Status Journal::Append(const JournalGroupWriter& group) {
  const std::string what = "write to the journal";
  if (file_ == nullptr) return absl::UnavailableError(fmt::format("{}: an earlier write failed", what));
  Segment& segment = segments_.back();
  const std::string_view bytes = group.bytes();
  if (const rocksdb::IOStatus status = file_->Append(bytes); !status.ok()) {
    // What reached the disk is not known; the next segment says that it does not count.
    file_.reset();
    return ToStatus(status, what);
  }
  segment.size_bytes += bytes.size();
  size_bytes_ += bytes.size();
  last_sequence_ = group.last_sequence();
  return OkStatus();
}

Status Journal::Recover() {
  if (file_ == nullptr) RETURN_IF_ERROR(BeginSegment());
  RETURN_IF_ERROR(Trim());
  return Roll();
}

std::chrono::steady_clock::duration Journal::oldest_age() const {
  return std::chrono::steady_clock::now() - segments_.front().begun;
}

Status Journal::Trim() {
  while (segments_.size() > 1 && segments_.front().head_count == 0) {
    const std::string path = PathOf(segments_.front().number);
    RETURN_IF_ERROR(ToStatus(files_->DeleteFile(path, {}, nullptr), fmt::format("delete {}", path)));
    size_bytes_ -= segments_.front().size_bytes;
    segments_.pop_front();
  }
  return OkStatus();
}

Status Journal::LinkTo(const std::string& folder) {
  // What is linked must not grow any more. Of what has no records the head tells the last sequence.
  if (file_ == nullptr) return absl::UnavailableError("link the journal: an earlier write failed");
  RETURN_IF_ERROR(BeginSegment());
  const std::string what = fmt::format("link the journal to {}", folder);
  RETURN_IF_ERROR(ToStatus(files_->CreateDirIfMissing(folder, {}, nullptr), what));
  for (const Segment& segment : segments_) {
    if (&segment == &segments_.back()) break;
    const std::string path = PathOf(segment.number);
    const std::string link = folder + path.substr(options_.folder.size());
    RETURN_IF_ERROR(ToStatus(files_->LinkFile(path, link, {}, nullptr), what));
  }
  return OkStatus();
}

bool Journal::WantsRoll() const {
  const Segment& current = segments_.back();
  const bool old = current.size_bytes > kSegmentHeadBytes &&
                   std::chrono::steady_clock::now() - current.begun > options_.segment_age_max;
  return file_ != nullptr && (old || current.size_bytes >= options_.segment_bytes_max);
}

}  // namespace telltale::internal
