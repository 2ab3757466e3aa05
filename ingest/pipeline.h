#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/dtc.h"
#include "catalog/frame.h"
#include "ingest/live_frames.h"
#include "ingest/metrics.h"
#include "ingest/record_writer.h"
#include "ingest/refusal.h"
#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

struct PipelineOptions {
  std::chrono::milliseconds clock_ahead_max = std::chrono::minutes{10};  // terminals' clocks drift; more is a fault
  std::int64_t earliest_time_ms = 946'684'800'000;  // 2000-01-01: before it, no terminal sent anything
};

// Errors: INVALID_ARGUMENT.
Status Validate(const PipelineOptions& options);

// A layout with the valid raw range of each of its signals. Immutable.
struct CheckedLayout {
  static constexpr std::size_t kMaxSignals = 4096;  // of a row, and of a frame of samples

  std::shared_ptr<const Layout> layout;
  std::vector<RawValue> raw_min;
  std::vector<RawValue> raw_max;

  // Errors: INVALID_ARGUMENT a signal is not in the catalogue, or named twice, or there are too many.
  static StatusOr<CheckedLayout> Create(const Catalog& catalog, std::span<const std::uint32_t> signal_ids);
};

// One thing of a batch that was not taken.
struct Refusal {
  std::uint32_t frame_index = 0;  // in the batch
  SignalId signal = 0;            // not 0: only this sample
  RefusalReason reason = RefusalReason::kEmptyFrame;
  std::string message;
};

// Frames and records on their way in: what passed the checks, and what did not. Reused from batch to batch.
struct IncomingBatch {
  static constexpr std::size_t kMaxRefusals = 100;  // kept with their message; all are counted

  FrameBatch frames;
  Records records;
  std::vector<Refusal> refusals;
  std::size_t refusal_count = 0;

  bool empty() const { return frames.empty() && records.empty(); }  // of what passed
  void Clear();
};

// Every protocol's frames go through here: checked, stored durably, shown to watchers, counted. Thread-safe.
class Pipeline {
 public:
  // What refers to something outlives the pipeline.
  Pipeline(const Catalog& catalog, TelemetryStore& telemetry, RecordSinks records, LiveFrames& live, const Clock& clock,
           IngestMetrics& metrics, PipelineOptions options);

  // Checks a packed row and adds it to `batch`. A sample outside its range becomes kError and is refused alone.
  // Budget: about 100 ns for 420 signals, one pass over the row that vectorises.
  void AddRow(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index, std::int64_t measure_time_ms,
              const CheckedLayout& layout, std::span<const RawValue> row, IncomingBatch& batch) const;

  // A sample in a physical unit, or a state.
  struct Sample {
    enum class Kind : std::uint8_t { kNone, kPhysical, kNotAvailable, kError };
    std::uint32_t signal_id = 0;
    Kind kind = Kind::kNone;
    double physical = 0.0;
  };

  // Checks samples and adds them, and the row if `layout` is not null, as one frame.
  void AddSamples(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index, std::int64_t measure_time_ms,
                  const CheckedLayout* layout, std::span<const RawValue> row, std::span<const Sample> samples,
                  IncomingBatch& batch) const;

  // The report's numbers are inside SAE J1939-73 already; checks vehicle and time.
  void AddFault(const VehicleRegistry::Entry& vehicle, std::uint32_t fault_index, FaultReport report,
                IncomingBatch& batch) const;

  // Checks vehicle and time of a change of drivers, whose id passes DriverLog::Check. False: refused.
  bool AddDriver(const VehicleRegistry::Entry& vehicle, DriverChange change, IncomingBatch& batch) const;

  // Checks the times of frames that a decoder made, whose values are in range already, and adds those that pass.
  void AddDecoded(const VehicleRegistry::Entry& vehicle, const FrameBatch& frames, IncomingBatch& batch) const;

  void Refuse(std::uint32_t frame_index, SignalId signal, RefusalReason reason, std::string message,
              IncomingBatch& batch) const;

  // Makes what passed durable, then calls `done`, from a thread that writes (from this one if there is nothing to
  // write); it must be quick. `batch` is left empty but for its refusals.
  using DoneFunction = std::function<void(const Status&)>;
  void Submit(IncomingBatch& batch, DoneFunction done);

  // See TelemetryStore::HasRoom. Ask before a batch is read.
  bool HasRoom(std::function<void()> on_room) { return telemetry_.HasRoom(std::move(on_room)); }

  const Catalog& catalog() const { return catalog_; }
  IngestMetrics& metrics() { return metrics_; }

 private:
  std::int64_t EarliestMs(const VehicleRegistry::Entry& vehicle) const {
    return std::max(options_.earliest_time_ms, vehicle.earliest_time_ms);
  }
  std::int64_t LatestMs() const { return clock_.NowMs() + options_.clock_ahead_max.count(); }

  // Refuses the frame and returns false if its vehicle or time is wrong.
  bool CheckVehicleAndTime(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index,
                           std::int64_t measure_time_ms, IncomingBatch& batch) const;

  const Catalog& catalog_;
  TelemetryStore& telemetry_;
  LiveFrames& live_;
  const Clock& clock_;
  IngestMetrics& metrics_;
  const PipelineOptions options_;
  RecordWriter records_;
};

}  // namespace telltale
