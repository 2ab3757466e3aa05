#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/codec/frame_run.h"
#include "storage/codec/journal_record.h"
#include "storage/rocksdb/head_set.h"
#include "storage/rocksdb/journal.h"

namespace telltale::internal {

// Puts the frames of a journal into the heads again, before anybody else looks at these. Of each segment several
// threads first read records each, then each adds the frames of vehicles of its own. Nothing is sealed: a head ends
// only where the journal goes on with a frame that needs none before it, and that is known only of those that ended
// when they were written.
class JournalReplay {
 public:
  // What refers to something outlives the replay.
  JournalReplay(HeadSet& heads, Journal& journal);

  // The records of a segment, whose bytes need to stay until it returns; segments come in order. Errors: DATA_LOSS what
  // is stored of a vehicle, or a record, is not as it was written, though its checksum is good; UNAVAILABLE the disk.
  Status Take(std::span<const JournalRecord> records, std::uint32_t segment);

  std::uint64_t frame_count() const;
  // Frames that cannot be had, because a record that they were packed against is damaged.
  std::uint64_t lost_frame_count() const;

 private:
  struct PackedFrame {
    VehicleId vehicle = 0;
    std::int64_t measure_time_ms = 0;
    const std::shared_ptr<const Layout>* layout = nullptr;  // of layouts_
    std::uint64_t base = 0;                                 // as in the record
    std::uint64_t sequence = 0;                             // of the record
    std::string_view row;
    bool old_row = false;  // as OldRowCodec packed it
  };

  // Reads records; its frames stand by who adds them.
  struct Reader {
    std::unordered_map<const Layout*, const std::shared_ptr<const Layout>*> layouts;  // those that it saw
    std::vector<std::vector<PackedFrame>> frames;                                     // like all here keep their memory
    Status status;
  };

  // Adds frames.
  struct Adder {
    // Vehicles of which a frame was lost that later ones are packed against, and the newest such frame's time. The head
    // then does not have the newest frame as it was written: only one against zeros, and newer, is that again.
    std::unordered_map<VehicleId, std::int64_t> broken;
    std::vector<RawValue> values;
    std::vector<char> row;
    HeadSet::Tally tally;
    std::uint64_t frame_count = 0;
    std::uint64_t lost_frame_count = 0;
    Status status;
  };

  Status TakeAtOnce(std::span<const JournalRecord> records, std::uint32_t segment);
  Status Read(std::span<const JournalRecord> records, Reader& reader);
  Status ReadRecord(const JournalRecord& record, LayoutPool& pool, Reader& reader);
  Status Add(std::size_t adder, std::uint32_t segment);
  Status AddFrame(const PackedFrame& frame, std::uint32_t segment, Adder& adder);
  // One object for equal layouts, whoever reads them.
  const std::shared_ptr<const Layout>* Shared(const std::shared_ptr<const Layout>& layout);
  std::size_t AdderOf(VehicleId vehicle) const;

  HeadSet& heads_;
  Journal& journal_;
  std::vector<Reader> readers_;
  std::vector<Adder> adders_;  // as many
  Mutex mutex_;
  std::vector<std::unique_ptr<const std::shared_ptr<const Layout>>> layouts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale::internal
