#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "catalog/frame.h"
#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/latest_row.h"
#include "storage/rocksdb/packed_frames.h"

namespace telltale::internal {

// A head on its way into blocks: nothing is added any more, readers still look into it.
struct SealingHead {
  VehicleId vehicle = 0;
  PackedFrames frames;
  LatestRow latest;           // as of its last frame; its sealed_sequence covers all its frames
  std::uint32_t segment = 0;  // of the journal: where its first frame is
};

// What is in memory of one vehicle.
struct VehicleState {
  PackedFrames head;                           // frames that are in the journal and in no block
  std::shared_ptr<const SealingHead> sealing;  // those before them, until their blocks are written

  // The newest frame, which the next one is packed against: while `newest_in_head`, as the head must be readable by
  // itself, from the record `newest_sequence` of the journal. Without a layout there is none.
  std::shared_ptr<const Layout> newest_layout;
  std::unique_ptr<RawValue[]> newest_values;
  std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();  // of all frames ever
  std::uint64_t newest_sequence = 0;
  bool newest_in_head = false;

  bool loaded = false;                // what is stored was read, or is damaged
  std::uint32_t head_segment = 0;     // of the journal: where the head's first frame is
  std::uint32_t head_generation = 0;  // how many heads there were before
  std::uint32_t pending = 0;          // the committer's own: 1 + index of the vehicle's newest frame in the group
  std::uint32_t rewrite_count = 0;
  std::uint64_t sealed_sequence = 0;     // as of when the vehicle was loaded
  std::unique_ptr<LatestRow> older;      // newest values of signals that the newest frame does not have; may be null
  std::unique_ptr<const Status> damage;  // why the stored latest values cannot be had; else null

  // A frame as it is to be added: `row` is what RowCodec made of it against `base`.
  struct Addition {
    std::int64_t measure_time_ms = 0;
    const std::shared_ptr<const Layout>* layout = nullptr;
    std::span<const RawValue> values;
    PackedFrames::Base base = PackedFrames::Base::kZeros;
    std::string_view row;
    std::uint64_t sequence = 0;
  };
  FrameChange Add(const Addition& frame);

  // The newest value of every signal. Errors: DATA_LOSS what is stored is damaged; UNAVAILABLE the disk.
  StatusOr<LatestRow> Latest() const;

  // The frames that are in no block that was written before, in order of time.
  FrameRun Unsealed() const;

  // Takes the head, which is not empty, away to be sealed; `sequence` is the journal's last.
  std::shared_ptr<const SealingHead> Freeze(VehicleId vehicle, std::uint64_t sequence);

 private:
  void SetNewest(const Addition& frame);
  // Moves the newest frame's values to `older`.
  void FoldNewest();
};

// The state of every vehicle, by its id: ids are dense, so pages of neighbours stand in a table. Thread-safe.
class VehicleTable {
 public:
  static constexpr std::size_t kVehiclesPerPage = 4096;

  // Neighbours share a lock. The committer alone changes states, but for `sealing` and loading; it reads without a
  // lock.
  struct Page {
    Mutex mutex;
    std::array<VehicleState, kVehiclesPerPage> vehicles ABSL_GUARDED_BY(mutex);
  };

  VehicleTable();
  ~VehicleTable();
  VehicleTable(const VehicleTable&) = delete;
  VehicleTable& operator=(const VehicleTable&) = delete;

  Page& PageOf(VehicleId vehicle);
  // Asks the memory for what adding a frame to the vehicle will need. The committer's own.
  void Prefetch(VehicleId vehicle) const ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void PrefetchNewest(VehicleId vehicle) const ABSL_NO_THREAD_SAFETY_ANALYSIS;
  static std::size_t IndexOf(VehicleId vehicle) { return vehicle % kVehiclesPerPage; }

 private:
  std::vector<std::atomic<Page*>> pages_;
};

}  // namespace telltale::internal
