#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "catalog/frame.h"
#include "catalog/signal.h"

namespace telltale {

struct LatestValue {
  SignalId signal = 0;
  RawValue raw = kNotAvailable;  // a value, kNotAvailable or kError
  std::int64_t measure_time_ms = 0;
};

struct AppendResult {
  std::size_t frame_count = 0;
  std::size_t repeated_frame_count = 0;  // time was known already, and nothing changed by it
  std::size_t changed_frame_count = 0;   // time was known already, and a value was replaced or added
};

// How a vehicle's stored frames have grown, for those that fold them.
struct VehicleExtent {
  std::int64_t newest_time_ms = std::numeric_limits<std::int64_t>::min();  // least: no frame
  // Grows whenever a frame is written that is not newer than newest_time_ms. Counted from the start of the process.
  std::uint64_t rewrite_count = 0;
  // From the first to the last such frame since ForgetRewrites(); empty: there was none.
  TimeRange rewritten = {.from_ms = 0, .to_ms = 0};
};

struct ScanOptions {
  std::size_t frame_limit = std::numeric_limits<std::size_t>::max();
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

// Values of one signal that stand together in the store, oldest first: of each time its value, kNotAvailable or kError.
struct SignalRun {
  std::span<const std::int64_t> times_ms;
  std::span<const RawValue> values;
};

// The newest value of one signal of vehicles whose ids follow one another, kAbsent where a vehicle never sent it (or
// does not exist), and when it was measured.
struct LatestRun {
  VehicleId first_vehicle = 0;
  std::span<const RawValue> values;
  std::span<const std::int64_t> times_ms;
};

// What a signal of a vehicle did on a UTC day, by its values that were neither not available nor an error.
enum class RollupPart : std::uint8_t { kCount, kFirst, kLast, kMin, kMax, kSum };

// One part of the rollups of some vehicles, in the order of vehicles.
struct RollupRun {
  VehicleId first_vehicle = 0;
  std::span<const std::int64_t> offsets;  // values[i] is of vehicle first_vehicle + offsets[i]
  std::span<const std::int64_t> values;   // raw; of kSum, raw values added up
};

struct StoreStats {
  std::uint64_t size_bytes = 0;     // on disk, of which:
  std::uint64_t block_bytes = 0;    // sealed blocks with their keys; what was flushed
  std::uint64_t latest_bytes = 0;   // the rows of latest values
  std::uint64_t archive_bytes = 0;  // blocks of past days, put in order
  std::uint64_t rollup_bytes = 0;   // what each signal did on a past day
  std::uint64_t block_count = 0;    // sealed by this process
  std::uint64_t head_frame_count = 0;
  std::uint64_t journal_bytes = 0;         // not yet trimmed
  std::uint64_t replayed_frame_count = 0;  // at the last open
  // At the last open: places of the journal that are not as they were written, each named in the log, and frames that
  // could not be restored since one before them was there. Frames in the places themselves are not counted.
  std::uint64_t replay_damaged_count = 0;
  std::uint64_t replay_lost_frame_count = 0;
  bool writable = true;  // false: a write failed or the disk is nearly full, nothing is acknowledged
};

// Every frame of every vehicle. Thread-safe.
//
// A frame is found by (vehicle, measure time). Frames of the same vehicle and time are one frame: signals add up, and
// where both have a signal the later write wins, so writing a frame again changes nothing.
class TelemetryStore {
 public:
  using AppendCallback = std::function<void(const StatusOr<AppendResult>&)>;
  using FrameFunction = std::function<bool(const Frame&)>;    // false: stop the scan
  using RunFunction = std::function<bool(const SignalRun&)>;  // the same
  using LatestRunFunction = std::function<bool(const LatestRun&)>;
  using RollupFunction = std::function<bool(const RollupRun&)>;

  virtual ~TelemetryStore() = default;

  // Makes the batch durable, as a whole or not at all, then calls `done`, once, from a thread of the store: it must be
  // quick and must not call Append. Frames of one vehicle take effect in the order of the calls. Visible to readers
  // before `done` is called, never before durable. Never blocks: HasRoom tells when to wait. Errors (to `done`):
  // UNAVAILABLE the disk does not take writes or is nearly full, or the store is closing; the caller sends again.
  virtual void Append(FrameBatch batch, AppendCallback done) = 0;

  // Whether less waits to become durable than the configured bytes. If not, calls `on_room`, once, as soon as at most
  // half of them wait, from a thread of the store: it must be quick and must not call Append. Ask before taking a batch
  // in: then it is the sender who waits, and memory stays flat.
  virtual bool HasRoom(std::function<void()> on_room) = 0;

  // The newest value of each of `signals` that the vehicle ever sent (empty: all), in the order of ids. Errors:
  // DATA_LOSS what is stored of the vehicle is damaged; UNAVAILABLE the disk.
  virtual StatusOr<std::vector<LatestValue>> Latest(VehicleId vehicle, std::span<const SignalId> signals) = 0;

  // Calls `visit` for each frame of the vehicle inside the range that has at least one of `signals` (empty: all),
  // oldest first, each time once, with just these signals, in the order of ids. Sees what was durable when it began and
  // perhaps later frames. Never holds a writer up for longer than one vehicle's head takes to copy. Errors: DATA_LOSS a
  // block is damaged: file or key, and vehicle, are named; DEADLINE_EXCEEDED. Reaching frame_limit is OK.
  virtual Status Scan(VehicleId vehicle, std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
                      const FrameFunction& visit) = 0;

  // The same for one signal, many values at a time: much the fastest way to a long history. What `visit` gets is valid
  // while it runs. storage/signal_summary.h adds up.
  virtual Status ScanSignal(VehicleId vehicle, SignalId signal, TimeRange range, const ScanOptions& options,
                            const RunFunction& visit) = 0;

  // Calls `visit` with the newest value of the signal of every vehicle that ever sent it, in the order of vehicles. A
  // signal that was asked for lately is answered from memory. What `visit` gets is valid while it runs. Of the options
  // only the deadline counts. Errors: DATA_LOSS the values of some vehicle are damaged, after all others were visited;
  // UNAVAILABLE the disk; DEADLINE_EXCEEDED.
  virtual Status ScanLatest(SignalId signal, const ScanOptions& options, const LatestRunFunction& visit) = 0;

  // Calls `visit` with a part of the signal's rollup on a day, in days since 1970-01-01, of every vehicle that had
  // values of it. Of days that are archived; those still open have none. Of the options only the deadline counts.
  // Errors: INVALID_ARGUMENT the day; DATA_LOSS; UNAVAILABLE the disk; DEADLINE_EXCEEDED. storage/fleet_percentile.h
  // ranks.
  virtual Status ScanRollup(std::int64_t day, SignalId signal, RollupPart part, const ScanOptions& options,
                            const RollupFunction& visit) = 0;

  virtual StatusOr<VehicleExtent> Extent(VehicleId vehicle) = 0;

  // Empties Extent().rewritten, if the rewrites are still `rewrite_count`: those who fold have taken them in.
  virtual void ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count) = 0;

  // Vehicles with news for those that fold past days: a frame that was not the newest, the first frame of another UTC
  // day, or the first at all in this process. Each once until it is taken; at most `limit`. Known before the frames'
  // append is done.
  virtual std::vector<VehicleId> TakeNews(std::size_t limit) = 0;

  // Forgets every frame of days that end at or before `time_ms`.
  virtual Status DropBefore(std::int64_t time_ms) = 0;

  // Writes everything in memory to blocks, for tests and a graceful stop. Returns when done.
  virtual Status Flush() = 0;

  virtual StoreStats Stats() = 0;
};

}  // namespace telltale
