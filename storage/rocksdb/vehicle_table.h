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
#include "storage/rocksdb/huge_memory.h"
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

struct HugeRowDeleter {
  std::size_t count = 0;
  void operator()(RawValue* values) const { HugeMemory::GiveBack(values, count * sizeof(RawValue)); }
};
using HugeRow = std::unique_ptr<RawValue[], HugeRowDeleter>;

struct VehicleState;

// Which times the frames of one vehicle in memory have. Late frames come in runs, a terminal's blind zone at a time,
// and to unpack a head for each of them would cost as much as the head is long. Not thread-safe; an adder owns it.
class KnownTimes {
 public:
  // Reads the vehicle's times unless it was the last that was asked for.
  bool Has(VehicleId vehicle, const VehicleState& state, std::int64_t time_ms);
  // A frame was added.
  void Took(VehicleId vehicle, std::int64_t time_ms);

 private:
  VehicleId vehicle_ = 0;  // 0: none
  std::uint32_t head_generation_ = 0;
  std::vector<std::int64_t> times_ms_;  // in order; perhaps some that are in blocks by now
};

// What is in memory of one vehicle.
struct VehicleState {
  PackedFrames head;                           // frames that are in the journal and in no block
  std::shared_ptr<const SealingHead> sealing;  // those before them, until their blocks are written

  // The newest frame, which the next one is packed against: while `newest_in_head`, as the head must be readable by
  // itself, from the record `newest_sequence` of the journal. Without a layout there is none.
  std::shared_ptr<const Layout> newest_layout;
  HugeRow newest_values;
  std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();  // of all frames ever
  std::uint64_t newest_sequence = 0;
  bool newest_in_head = false;

  bool loaded = false;                // what is stored was read, or is damaged
  std::uint32_t head_segment = 0;     // of the journal: where the head's first frame is
  std::uint32_t head_generation = 0;  // how many heads there were before
  std::uint32_t pending = 0;          // the committer's own: 1 + index of the vehicle's newest frame in the group
  std::uint32_t rewrite_count = 0;
  std::int64_t rewritten_from_ms = std::numeric_limits<std::int64_t>::max();  // see VehicleExtent::rewritten
  std::int64_t rewritten_to_ms = std::numeric_limits<std::int64_t>::min();    // the last such frame's time
  bool is_news = false;                                                       // stands in HeadSet's list
  bool was_news = false;                                                      // ever
  std::uint64_t sealed_sequence = 0;                                          // as of when the vehicle was loaded
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
  FrameChange Add(VehicleId vehicle, const Addition& frame, KnownTimes& known_times);

  // The newest value of every signal. Errors: DATA_LOSS what is stored is damaged; UNAVAILABLE the disk.
  StatusOr<LatestRow> Latest() const;

  // That of one signal: kAbsent at the least time if there is none.
  LatestValue LatestOf(SignalId signal) const;

  // The frames that are in no block that was written before, in order of time: at least those inside the range. A head
  // that has none of it is not unpacked.
  FrameRun Unsealed(TimeRange range = {}) const;

  // Takes the head, which is not empty, away to be sealed; `sequence` is the journal's last.
  std::shared_ptr<const SealingHead> Freeze(VehicleId vehicle, std::uint64_t sequence);

 private:
  void SetNewest(const Addition& frame);
  // Moves the newest frame's values to `older`.
  void FoldNewest();
};

// The newest values of one signal of a page of vehicles; see LatestColumns.
struct LatestColumn {
  static constexpr std::size_t kSize = 4096;

  SignalId signal = 0;
  std::uint64_t scan = 0;              // the last that read it
  Status damage;                       // why some of it is not known
  std::array<RawValue, kSize> values;  // kAbsent: the vehicle never sent it
  std::array<std::int64_t, kSize> times_ms;

  // Takes in a frame that was written after all that is in the column.
  void Take(std::size_t index, std::int64_t time_ms, const Layout& layout, std::span<const RawValue> frame_values) {
    const auto position = layout.PositionOf(signal);
    if (!position || time_ms < times_ms[index]) return;
    values[index] = frame_values[*position];
    times_ms[index] = time_ms;
  }
};

// The state of every vehicle, by its id: ids are dense, so pages of neighbours stand in a table. Thread-safe.
class VehicleTable {
 public:
  static constexpr std::size_t kVehiclesPerPage = LatestColumn::kSize;

  // Neighbours share a lock. The committer alone changes states, but for `sealing` and loading; it reads without a
  // lock.
  struct Page {
    static void* operator new(std::size_t bytes) { return HugeMemory::Take(bytes); }
    static void operator delete(void* page, std::size_t bytes) { HugeMemory::GiveBack(page, bytes); }

    Mutex mutex;
    std::array<VehicleState, kVehiclesPerPage> vehicles ABSL_GUARDED_BY(mutex);
    std::vector<std::unique_ptr<LatestColumn>> columns ABSL_GUARDED_BY(mutex);
  };

  VehicleTable();
  ~VehicleTable();
  VehicleTable(const VehicleTable&) = delete;
  VehicleTable& operator=(const VehicleTable&) = delete;

  Page& PageOf(VehicleId vehicle);
  // Null: nobody asked for one of its vehicles yet.
  Page* FindPage(VehicleId vehicle) { return pages_[vehicle / kVehiclesPerPage].load(std::memory_order_acquire); }
  // The pages up to the last that was ever asked for.
  std::size_t page_count() const { return page_count_; }
  // Asks the memory for what adding frames behind the i-th of `count` will need; `vehicle_of` tells whose they are. The
  // committer's own.
  template <typename VehicleOf>
  void PrefetchAhead(std::size_t i, std::size_t count, const VehicleOf& vehicle_of) const {
    // What one step asks for, the next one looks into.
    if (i + 6 < count) PrefetchState(vehicle_of(i + 6));
    if (i + 3 < count) PrefetchNewest(vehicle_of(i + 3));
  }
  static std::size_t IndexOf(VehicleId vehicle) { return vehicle % kVehiclesPerPage; }

 private:
  void PrefetchState(VehicleId vehicle) const ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void PrefetchNewest(VehicleId vehicle) const ABSL_NO_THREAD_SAFETY_ANALYSIS;

  std::vector<std::atomic<Page*>> pages_;
  std::atomic<std::size_t> page_count_ = 0;
};

}  // namespace telltale::internal
