#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rocksdb/write_batch.h>

#include "storage/codec/frame_run.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/packed_columns.h"
#include "storage/rocksdb/telemetry_database.h"

namespace telltale::internal {

// Writes one vehicle's day to the archive, section by section, as docs/formats/archive.md tells. The archiver's own;
// not thread-safe.
class SectionWriter {
 public:
  // What the blocks are of. `short_lived` is sorted; what refers to something outlives the writer.
  struct Day {
    std::int64_t day = 0;
    VehicleId vehicle = 0;
    std::uint64_t sequence = 0;
    std::span<const SignalId> short_lived;
  };
  SectionWriter(TelemetryDatabase& database, const Day& day, rocksdb::WriteBatch& batch);

  // Whether the frames are as many as a block should have. More of narrow ones, as of CAN logs: they pack badly
  // otherwise.
  static bool IsFull(const FrameRun& run);
  // Adds a block's frames, the next ones of the day, and takes what is in `run` away.
  void Add(FrameRun& run);
  // Writes what is left.
  void Finish();

 private:
  using Lists = std::map<std::uint32_t, BlockListWriter>;  // by group
  // The signals of frames, each sorted.
  struct SplitSignals {
    std::vector<SignalId> kept;
    std::vector<SignalId> short_lived;
  };

  // Of frames of one layout.
  void AddColumns(const FrameRun& run, std::span<const Pace> paces, std::int64_t first_time_ms);
  // Of others, by groups or whole, whichever is smaller; takes their times away.
  void AddMixed(FrameRun& run, std::int64_t first_time_ms);
  // A block of a group of signals, for a list.
  struct GroupBlock {
    Lists* lists;
    std::uint32_t group;
    std::string bytes;
  };
  std::vector<GroupBlock> PackNumbered(FrameRun& run, const SplitSignals& signals);
  std::string PackWhole(const FrameRun& run, std::span<const SignalId> signals);
  SplitSignals SignalsOf(const FrameRun& run) const;
  // The times of the frames as a block.
  std::string TimesOf(const FrameRun& run) const;
  void PutLists(rocksdb::ColumnFamilyHandle* family, Lists& lists);

  TelemetryDatabase& database_;
  const Day day_;
  rocksdb::WriteBatch& batch_;
  const std::shared_ptr<const Layout> times_layout_;
  LayoutPool layouts_;
  ColumnPacker packer_;
  std::uint32_t section_ = 0;
  BlockListWriter head_;
  Lists kept_;
  Lists short_lived_;
  std::string block_;  // keeps its memory
};

}  // namespace telltale::internal
