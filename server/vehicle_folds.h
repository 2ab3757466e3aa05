#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "advice/fold_results.h"
#include "advice/vehicle_fold.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "storage/day_store.h"
#include "storage/driver_log.h"
#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// What is known of one vehicle; valid during VehicleFolds::Use.
class VehicleResults {
 public:
  VehicleResults(const VehicleFold& fold, const DayStore& days, VehicleId vehicle, const DayStore::Head& head,
                 const std::vector<DriverChange>& drivers)
      : fold_(fold), days_(days), vehicle_(vehicle), head_(head), drivers_(drivers) {}

  // Everything about the range: trips and events that start in it, stops and gaps that touch it, slices that start in
  // it; the open trip and stop are the last of theirs. Each list in order of start. Errors: DATA_LOSS, UNAVAILABLE as
  // DayStore.
  StatusOr<FoldResults> In(TimeRange range) const;

  // The same as it was known at a time by our clock. Days that were not over then are not in it.
  StatusOr<FoldResults> In(TimeRange range, std::int64_t known_time_ms) const;

  // A day as it is published now; nullopt: it is not.
  StatusOr<std::optional<PublishedDay>> Published(std::int64_t day) const { return days_.ReadDay(vehicle_, day); }

  // Who drove when, in order. Slices end where the driver changes.
  const std::vector<DriverChange>& drivers() const { return drivers_; }

  // What was restated of days that the range touches, in order of days.
  StatusOr<std::vector<Restatement>> Restatements(TimeRange range) const;

 private:
  const VehicleFold& fold_;
  const DayStore& days_;
  const VehicleId vehicle_;
  const DayStore::Head& head_;
  const std::vector<DriverChange>& drivers_;
};

// Folds vehicles, publishes their days when they are over, and folds again exactly the days that late frames touch;
// what then differs goes into the ledger (storage/day_store.h). An answer takes in everything that was acknowledged
// before the question. In memory are the folds of recently asked vehicles: a few KiB each, as the results of days that
// are over are in the store. Thread-safe: questions about one vehicle wait for each other, those about different
// vehicles do not.
class VehicleFolds {
 public:
  struct Options {
    std::size_t vehicles_max = 10'000;  // folds in memory; the longest unused goes first
    FoldOptions fold;
    // Frames that are older than this, or some of their signals, are gone from the store, so that what was found in
    // them stands. nullopt: kept for ever.
    std::optional<std::chrono::milliseconds> retention;
  };

  // What refers to something outlives the folds. Errors: DATA_LOSS what is marked cannot be read.
  static StatusOr<std::unique_ptr<VehicleFolds>> Open(const Catalog& catalog, TelemetryStore& telemetry, DayStore& days,
                                                      const DriverLog& drivers, const Clock& clock,
                                                      const Options& options);

  // Calls `use` with what is known of the vehicle, after publishing what is due. Errors: those of TelemetryStore::Scan
  // and DayStore; of `use`.
  Status Use(const Vehicle& vehicle, const std::function<Status(const VehicleResults&)>& use);

  // Publishes what is due.
  Status Settle(const Vehicle& vehicle);

  // The vehicle's days from a time on are to be folded again at the next question. Durable when it returns; waits for
  // the disk, but for no question.
  Status Mark(VehicleId vehicle, RestatementReason reason, std::int64_t from_ms);

  // Of vehicles with late frames in days that are over, durably: so that a crash does not forget to restate them.
  // Returns how many there are.
  StatusOr<std::size_t> MarkLate(const std::vector<VehicleId>& vehicles);

  // Those that were marked when the server stopped.
  std::vector<VehicleId> MarkedVehicles();

  struct Stats {
    std::uint64_t published_days = 0;
    std::uint64_t restated_days = 0;
    std::uint64_t refolded_days = 0;  // folded again, whether or not something differed
    std::size_t marked_vehicles = 0;
  };
  Stats stats();

 private:
  struct Entry {
    Mutex mutex;
    bool loaded ABSL_GUARDED_BY(mutex) = false;
    DayStore::Head head ABSL_GUARDED_BY(mutex);
    std::optional<VehicleFold> fold ABSL_GUARDED_BY(mutex);  // behind the last published day
    std::vector<DriverChange> drivers ABSL_GUARDED_BY(mutex);
    std::uint64_t rewrite_count ABSL_GUARDED_BY(mutex) = 0;  // as of `fold`
    std::int64_t next_time_ms ABSL_GUARDED_BY(mutex) = 0;    // everything before is in `fold`
  };

  VehicleFolds(const Catalog& catalog, TelemetryStore& telemetry, DayStore& days, const DriverLog& drivers,
               const Clock& clock, const Options& options);

  std::shared_ptr<Entry> Find(VehicleId vehicle);
  // Brings the entry up to date and publishes what is due.
  Status Update(const Vehicle& vehicle, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(entry.mutex);
  // Everything that is to be folded again of what is published, from which day on; nullopt: nothing.
  struct Due {
    std::int64_t from_day = 0;
    RestatementCause cause;
  };
  std::optional<Due> DueOf(const Entry& entry, const std::string& basis, const VehicleExtent& extent,
                           const std::optional<RestatementCause>& mark) ABSL_EXCLUSIVE_LOCKS_REQUIRED(entry.mutex);
  std::optional<RestatementCause> MarkOf(VehicleId vehicle);
  // Folds the days from one on until what comes out is what was published before, and publishes the differences.
  Status Refold(const Vehicle& vehicle, Entry& entry, const std::string& basis, const VehicleExtent& extent,
                const std::optional<Due>& due, const std::optional<RestatementCause>& mark)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(entry.mutex);
  // A fold that has seen everything up to the end of a published day.
  StatusOr<VehicleFold> FoldAfter(const Vehicle& vehicle, const std::vector<DriverChange>& drivers,
                                  std::optional<std::int64_t> day);
  // Nothing of the vehicle is due.
  StatusOr<bool> IsSettled(const Vehicle& vehicle);
  std::int64_t FirstTouchedDay(TimeRange late) const;
  std::int64_t OldestDayKept() const;

  const AdviceSignals signals_;
  TelemetryStore& telemetry_;
  DayStore& days_;
  const DriverLog& drivers_;
  const Clock& clock_;
  const Options options_;

  Mutex mutex_;
  std::list<VehicleId> used_ ABSL_GUARDED_BY(mutex_);  // the last used first
  struct Slot {
    std::shared_ptr<Entry> entry;
    std::list<VehicleId>::iterator used;
  };
  std::unordered_map<VehicleId, Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::map<VehicleId, RestatementCause> marks_ ABSL_GUARDED_BY(mutex_);  // as in the store
  Stats stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale
