#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/status.h"
#include "storage/rocksdb/journal.h"
#include "storage/rocksdb/sealer.h"
#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/vehicle_table.h"

namespace telltale::internal {

// The heads of all vehicles, and when they go to the sealer: full, old, or too many. The committer alone calls what
// changes them; readers lock a page.
class HeadSet {
 public:
  struct Options {
    std::size_t frames_per_block = 0;
    std::size_t block_values_min = 0;
    std::size_t head_bytes_max = 0;
    Sealer::Options sealer;
  };

  // What refers to something outlives the heads.
  HeadSet(TelemetryDatabase& database, BlockWrites& writes, const Options& options);

  VehicleTable& vehicles() { return vehicles_; }
  // The vehicle's state; the first time its stored latest values are read. For writing: those that only read must not
  // fill the memory with vehicles of which nothing is heard.
  VehicleState& StateOf(VehicleTable::Page& page, VehicleId vehicle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(page.mutex);

  // The same for the committer, which alone loads and changes states and so reads them without a lock.
  VehicleState& CommittersStateOf(VehicleTable::Page& page, VehicleId vehicle) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
    if (state.loaded) [[likely]]
      return state;
    MutexLock lock(page.mutex);
    return StateOf(page, vehicle);
  }

  // The vehicle's newest values, and what is in no block. Errors: DATA_LOSS what is stored of it is damaged;
  // UNAVAILABLE the disk.
  StatusOr<LatestRow> LatestOf(VehicleId vehicle);
  StatusOr<VehicleExtent> ExtentOf(VehicleId vehicle);
  // See TelemetryStore.
  void ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count);
  std::vector<VehicleId> TakeNews(std::size_t limit);
  // At least what is inside the range.
  FrameRun UnsealedOf(VehicleId vehicle, TimeRange range);

  struct Begin {
    VehicleId vehicle = 0;
    std::uint32_t generation = 0;
    std::uint32_t segment = 0;
  };
  // What adding frames comes to, until Count().
  struct Tally {
    std::vector<VehicleId> full;  // to be sealed
    std::vector<Begin> begun;     // heads
    std::vector<VehicleId> news;
    KnownTimes known_times;
    std::size_t bytes = 0;
    std::uint64_t frame_count = 0;
  };

  // Adds a frame that `segment` of the journal has.
  FrameChange Add(VehicleTable::Page& page, VehicleId vehicle, const VehicleState::Addition& frame,
                  std::uint32_t segment, Tally& tally) {
    MutexLock lock(page.mutex);
    return AddTo(StateOf(page, vehicle), page, vehicle, frame, segment, tally);
  }
  // The journal then keeps the segments until the heads are in durable blocks. Empties the tally.
  void Count(Tally& tally, Journal& journal);

  // For a replay, which several threads do, each for vehicles of its own, and nobody else reads yet: without locks.
  VehicleState& OwnStateOf(VehicleTable::Page& page, VehicleId vehicle) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return StateOf(page, vehicle);
  }
  FrameChange AddOwn(VehicleTable::Page& page, VehicleId vehicle, const VehicleState::Addition& frame,
                     std::uint32_t segment, Tally& tally) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return AddTo(StateOf(page, vehicle), page, vehicle, frame, segment, tally);
  }

  // `sequence` is the journal's last in what follows: all heads end with it.
  void SealFull(std::uint64_t sequence);
  // The oldest heads, while `holds_up_journal` says so of their segment, and while there are more bytes than wanted.
  // For the bytes' sake small ones are passed over as long as there are others: a block of a vehicle that stands costs
  // as much to make as one of a vehicle that drives, and its head has next to nothing to give.
  template <typename Predicate>
  void SealOldest(std::uint64_t sequence, const Predicate& holds_up_journal) {
    const auto is_wanted = [&](const Begin& begin) { return holds_up_journal(begin.segment); };
    if (!SealFront(passed_over_, sequence, is_wanted) || !SealFront(begun_, sequence, is_wanted)) return;
    const auto too_many = [this](const Begin& /*begin*/) { return bytes_ > options_.head_bytes_max; };
    while (!begun_.empty() && too_many(begun_.front())) {
      if (IsSmall(begun_.front())) {
        passed_over_.push_back(begun_.front());
        begun_.pop_front();
      } else if (!SealFront(begun_, sequence, [&](const Begin& begin) { return too_many(begin) && !IsSmall(begin); })) {
        return;
      }
    }
    SealFront(passed_over_, sequence, too_many);
  }
  // Returns when everything is in durable blocks.
  Status SealAll(std::uint64_t sequence);

  Sealer& sealer() { return sealer_; }
  std::uint64_t frame_count() const { return frame_count_; }

 private:
  FrameChange AddTo(VehicleState& state, VehicleTable::Page& page, VehicleId vehicle,
                    const VehicleState::Addition& frame, std::uint32_t segment, Tally& tally) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(page.mutex);
  // What is stored; NOT_FOUND nothing.
  StatusOr<LatestRow> ReadStored(VehicleId vehicle) const;
  void Load(VehicleId vehicle, VehicleState& state) const;
  bool IsFull(VehicleId vehicle, const VehicleState& state) const;
  bool IsCurrent(const Begin& begin);
  // Whether it is there and takes less than half of what a head takes on average.
  bool IsSmall(const Begin& begin);
  // Seals heads from the front while they are wanted, and drops those that are gone. False: the head before the front
  // one is still on its way.
  template <typename Predicate>
  bool SealFront(std::deque<Begin>& heads, std::uint64_t sequence, const Predicate& is_wanted) {
    for (; !heads.empty(); heads.pop_front()) {
      const Begin begin = heads.front();
      if (!IsCurrent(begin)) continue;
      if (!is_wanted(begin)) return true;
      if (!Seal(begin.vehicle, begin.generation, sequence)) return false;
    }
    return true;
  }
  // False: the head is gone already, or the one before is still on its way.
  bool Seal(VehicleId vehicle, std::optional<std::uint32_t> generation, std::uint64_t sequence);

  TelemetryDatabase& database_;
  const Options options_;
  VehicleTable vehicles_;
  Sealer sealer_;
  std::vector<VehicleId> full_;  // to be sealed when the group is done
  // In the order of their segments; some may be sealed already.
  std::deque<Begin> begun_;
  std::deque<Begin> passed_over_;  // those that were small when their turn came
  std::size_t head_count_ = 0;
  std::size_t bytes_ = 0;
  std::atomic<std::uint64_t> frame_count_ = 0;
  Mutex news_mutex_;
  std::deque<VehicleId> news_ ABSL_GUARDED_BY(news_mutex_);
};

}  // namespace telltale::internal
