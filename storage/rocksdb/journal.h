#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/codec/journal_record.h"

namespace rocksdb {
class Env;
class FileSystem;
class FSDirectory;
}  // namespace rocksdb

namespace telltale::internal {

class SegmentFile;
struct PageBuffer;

// The journal: groups of records in files of a folder, "segments". Only ever written at its end; what is no longer
// needed goes by whole segments. Not thread-safe: the committer's own.
//
// A segment begins with "TTJRNL03", the sequence of the record before it (uint64: greater ones in the segments before
// were never acknowledged and do not count), and XXH3-64 of both; then come records. Those of "TTJRNL01" do not tell
// which is the first of its group; theirs and those of "TTJRNL02" have rows of OldRowCodec. docs/formats/journal.md.
class Journal {
 public:
  struct Options {
    std::string folder;
    std::size_t segment_bytes_max = 0;  // a longer segment is followed by a new one
    std::chrono::seconds segment_age_max{};
    // The last sequence when the last block was sealed; nullopt: not known. The journal goes at least so far, and
    // begins no later.
    std::optional<std::uint64_t> sealed_sequence;
    bool direct_writes = false;   // the folder takes them, and reads; see SegmentFile
    bool read_only = false;       // nothing is made or written: Replay() is all that may be called
    rocksdb::Env* env = nullptr;  // not null
  };

  // What a replay found.
  struct Replayed {
    std::uint64_t record_count = 0;
    std::uint64_t damaged_count = 0;  // places that are not as they were written
    std::vector<std::string> damage;  // what is wrong there
    std::uint64_t size_bytes = 0;
  };
  using SegmentFunction = std::function<Status(std::span<const JournalRecord> records, std::uint32_t segment)>;

  // Opens the folder or makes it. Errors: UNAVAILABLE the disk; DATA_LOSS a segment is missing.
  static StatusOr<std::unique_ptr<Journal>> Open(const Options& options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Visits every record of every whole group, in order, a segment's at a time; their bytes are there until `visit`
  // returns. What a crash cut off is left out; damage is logged with the file's name, counted, and left out. Then
  // begins a new segment. Called once, before what follows. Errors: UNAVAILABLE the disk; those of `visit`.
  Status Replay(const SegmentFunction& visit);
  const Replayed& replayed() const { return replayed_; }

  // Writes a group, whose first record is next_sequence(), and syncs. When it returns an error nothing of the group
  // counts; further calls fail until Recover() succeeds.
  Status Append(const JournalGroupWriter& group);
  std::uint64_t next_sequence() const { return last_sequence_ + 1; }

  // Goes on after an error, of Append in a new segment.
  Status Recover();

  // A head keeps the segment that its first frame is in. Segments are numbered from 1 up, without gaps.
  std::uint32_t current_segment() const { return segments_.back().number; }
  std::uint32_t oldest_segment() const { return segments_.front().number; }
  void AddHead(std::uint32_t segment) { ++SegmentOf(segment).head_count; }
  void RemoveHead(std::uint32_t segment) { --SegmentOf(segment).head_count; }
  // The oldest segment has been there for so long.
  std::chrono::steady_clock::duration oldest_age() const;
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Deletes the oldest segments that no head needs, but for the current one.
  Status Trim();
  // Whether the current segment is full or old; then Roll begins a new one.
  bool WantsRoll() const;
  Status Roll() { return WantsRoll() ? BeginSegment() : OkStatus(); }

  // Makes `folder`, on the same file system, a journal of everything that was appended, by links. Errors: UNAVAILABLE.
  Status LinkTo(const std::string& folder);

 private:
  struct Segment {
    std::uint32_t number = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t head_count = 0;
    std::chrono::steady_clock::time_point begun;
  };

  explicit Journal(const Options& options);
  std::string PathOf(std::uint32_t segment) const;
  Segment& SegmentOf(std::uint32_t number) { return segments_[number - segments_.front().number]; }
  Status OpenFolder();
  // `end`: no later record of the segment counts; nullopt: it is the last segment.
  Status ReplaySegment(const Segment& segment, std::string_view bytes, std::optional<std::uint64_t> end,
                       const SegmentFunction& visit);
  Status ReadSegment(const Segment& segment, PageBuffer& bytes) const;
  // Logs and counts what shows that the end of the journal, or of the database, is lost.
  void CompareWithSealed(std::uint64_t sequence_before);
  // Logs and counts a place that is not as it was written.
  void NoteDamage(std::string what);
  Status BeginSegment();

  const Options options_;
  const std::shared_ptr<rocksdb::FileSystem> files_;
  std::unique_ptr<rocksdb::FSDirectory> directory_;
  std::unique_ptr<SegmentFile> file_;  // of the current segment; null: after an error
  std::deque<Segment> segments_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t size_bytes_ = 0;
  Replayed replayed_;
};

}  // namespace telltale::internal
