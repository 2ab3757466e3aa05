#include "ingest/pipeline.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/mutex.h"
#include "base/time.h"

namespace telltale {
namespace {

// Copies `row` to `to` and counts the values that are neither inside their range nor a state. One branch-free pass.
std::size_t CopyAndCheck(const CheckedLayout& layout, std::span<const RawValue> row, std::span<RawValue> to) {
  const RawValue* from = row.data();
  const RawValue* least = layout.raw_min.data();
  const RawValue* greatest = layout.raw_max.data();
  RawValue* out = to.data();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const RawValue raw = from[i];
    out[i] = raw;
    const bool in_range = (raw >= least[i]) & (raw <= greatest[i]);
    const bool state = raw <= kError;
    wrong += static_cast<std::size_t>(!(in_range | state));
  }
  return wrong;
}

std::string OutOfRange(const Signal& signal, RawValue raw) {
  return fmt::format("{}: {} {} is outside {}..{}", signal.name, signal.ToPhysical(raw), signal.unit, signal.min,
                     signal.max);
}

RefusalReason ReasonOf(const Status& status) {
  return absl::IsOutOfRange(status) ? RefusalReason::kOutOfRange : RefusalReason::kNotANumber;
}

}  // namespace

Status Validate(const PipelineOptions& options) {
  if (options.clock_ahead_max < std::chrono::milliseconds::zero()) {
    return absl::InvalidArgumentError("ingest.clock_ahead_max_s must not be negative");
  }
  if (options.earliest_time_ms < 0) {
    return absl::InvalidArgumentError(
        "ingest.earliest_time must not be before 1970-01-01: the store has no days before");
  }
  return OkStatus();
}

StatusOr<CheckedLayout> CheckedLayout::Create(const Catalog& catalog, std::span<const std::uint32_t> signal_ids) {
  if (signal_ids.size() > kMaxSignals) {
    return absl::InvalidArgumentError(
        fmt::format("the layout names {} signals, at most {} are taken", signal_ids.size(), kMaxSignals));
  }
  CheckedLayout checked;
  std::vector<SignalId> ids;
  ids.reserve(signal_ids.size());
  for (std::size_t i = 0; i < signal_ids.size(); ++i) {
    const Signal* signal = signal_ids[i] <= std::numeric_limits<SignalId>::max()
                               ? catalog.Find(static_cast<SignalId>(signal_ids[i]))
                               : nullptr;
    if (signal == nullptr) {
      return absl::InvalidArgumentError(fmt::format(
          "layout[{}]: signal {} is not in the catalogue; CatalogService/ListSignals lists them", i, signal_ids[i]));
    }
    ids.push_back(signal->id);
    checked.raw_min.push_back(signal->raw_min);
    checked.raw_max.push_back(signal->raw_max);
  }
  ASSIGN_OR_RETURN(checked.layout, Layout::Create(std::move(ids)));
  return checked;
}

void IncomingBatch::Clear() {
  frames.Clear();
  records.Clear();
  refusals.clear();
  refusal_count = 0;
}

Pipeline::Pipeline(const Catalog& catalog, TelemetryStore& telemetry, RecordSinks records, LiveFrames& live,
                   const Clock& clock, IngestMetrics& metrics, PipelineOptions options)
    : catalog_(catalog),
      telemetry_(telemetry),
      live_(live),
      clock_(clock),
      metrics_(metrics),
      options_(options),
      records_(std::move(records)) {}

void Pipeline::Refuse(std::uint32_t frame_index, SignalId signal, RefusalReason reason, std::string message,
                      IncomingBatch& batch) const {
  metrics_.CountRefusal(reason);
  ++batch.refusal_count;
  if (batch.refusals.size() < IncomingBatch::kMaxRefusals) {
    batch.refusals.push_back({frame_index, signal, reason, std::move(message)});
  }
}

bool Pipeline::CheckVehicleAndTime(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index,
                                   std::int64_t measure_time_ms, IncomingBatch& batch) const {
  if (vehicle.id == 0) [[unlikely]] {
    Refuse(frame_index, 0, RefusalReason::kUnknownVehicle,
           "the vehicle is not registered; register it (VehicleService/RegisterVehicle), then send again", batch);
    return false;
  }
  const std::int64_t earliest_ms = EarliestMs(vehicle);
  if (measure_time_ms < earliest_ms) [[unlikely]] {
    Refuse(frame_index, 0, RefusalReason::kTimeTooEarly,
           fmt::format("measured at {} ms since 1970, before {}: {}; check the terminal's clock", measure_time_ms,
                       FormatTime(earliest_ms),
                       vehicle.earliest_time_ms > options_.earliest_time_ms ? "when the vehicle was built"
                                                                            : "ingest.earliest_time"),
           batch);
    return false;
  }
  const std::int64_t latest_ms = LatestMs();
  if (measure_time_ms > latest_ms) [[unlikely]] {
    Refuse(frame_index, 0, RefusalReason::kTimeInFuture,
           fmt::format("measured at {} ms since 1970, after {}, which is the server's clock and "
                       "ingest.clock_ahead_max_s; check the terminal's clock",
                       measure_time_ms, FormatTime(latest_ms)),
           batch);
    return false;
  }
  return true;
}

void Pipeline::AddRow(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index, std::int64_t measure_time_ms,
                      const CheckedLayout& layout, std::span<const RawValue> row, IncomingBatch& batch) const {
  if (!CheckVehicleAndTime(vehicle, frame_index, measure_time_ms, batch)) return;
  if (row.size() != layout.layout->size()) [[unlikely]] {
    Refuse(frame_index, 0, RefusalReason::kRowWidth,
           fmt::format("the row has {} values, the stream's layout {} signals", row.size(), layout.layout->size()),
           batch);
    return;
  }
  const std::span<RawValue> values = batch.frames.AddUninitialized(vehicle.id, measure_time_ms, layout.layout);
  if (CopyAndCheck(layout, row, values) == 0) [[likely]]
    return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const RawValue raw = values[i];
    if (raw <= kError || (raw >= layout.raw_min[i] && raw <= layout.raw_max[i])) continue;
    const Signal& signal = *catalog_.Find(layout.layout->signals()[i]);
    Refuse(frame_index, signal.id, RefusalReason::kOutOfRange, OutOfRange(signal, raw), batch);
    values[i] = kError;
  }
}

void Pipeline::AddSamples(const VehicleRegistry::Entry& vehicle, std::uint32_t frame_index,
                          std::int64_t measure_time_ms, const CheckedLayout* layout, std::span<const RawValue> row,
                          std::span<const Sample> samples, IncomingBatch& batch) const {
  if (!CheckVehicleAndTime(vehicle, frame_index, measure_time_ms, batch)) return;
  std::vector<SignalId> ids;
  std::vector<RawValue> values;
  if (!row.empty()) {
    const std::size_t size_before = batch.frames.size();
    if (layout == nullptr) {
      Refuse(frame_index, 0, RefusalReason::kRowWidth, "the frame has a row, but the stream's Hello has no layout",
             batch);
      return;
    }
    AddRow(vehicle, frame_index, measure_time_ms, *layout, row, batch);
    if (batch.frames.size() == size_before) return;
    const Frame frame = batch.frames[size_before];
    ids.assign(layout->layout->signals().begin(), layout->layout->signals().end());
    values.assign(frame.values.begin(), frame.values.end());
    batch.frames.RemoveLast();
  }
  if (samples.size() > CheckedLayout::kMaxSignals) {
    Refuse(frame_index, 0, RefusalReason::kRowWidth,
           fmt::format("the frame has {} samples, at most {} are taken", samples.size(), CheckedLayout::kMaxSignals),
           batch);
    return;
  }
  std::vector<bool> seen(std::size_t{std::numeric_limits<SignalId>::max()} + 1);
  for (const SignalId id : ids) seen[id] = true;
  for (const Sample& sample : samples) {
    const Signal* signal = sample.signal_id <= std::numeric_limits<SignalId>::max()
                               ? catalog_.Find(static_cast<SignalId>(sample.signal_id))
                               : nullptr;
    if (signal == nullptr) {
      Refuse(frame_index, 0, RefusalReason::kUnknownSignal,
             fmt::format("signal {} is not in the catalogue; CatalogService/ListSignals lists them", sample.signal_id),
             batch);
      continue;
    }
    if (seen[signal->id]) {
      Refuse(frame_index, signal->id, RefusalReason::kRepeatedSignal,
             fmt::format("{} occurs twice in the frame; its first value is taken", signal->name), batch);
      continue;
    }
    seen[signal->id] = true;
    RawValue raw = kNotAvailable;
    switch (sample.kind) {
      case Sample::Kind::kNone:
        Refuse(frame_index, signal->id, RefusalReason::kNoValue,
               fmt::format("{}: the sample has neither a value nor a state", signal->name), batch);
        continue;
      case Sample::Kind::kNotAvailable:
        break;
      case Sample::Kind::kError:
        raw = kError;
        break;
      case Sample::Kind::kPhysical:
        if (auto on_grid = ToRaw(*signal, sample.physical); on_grid.ok()) {
          raw = *on_grid;
        } else {
          Refuse(frame_index, signal->id, ReasonOf(on_grid.status()), MessageOf(on_grid.status()), batch);
          raw = kError;
        }
        break;
    }
    ids.push_back(signal->id);
    values.push_back(raw);
  }
  if (ids.empty()) {
    // With samples, each of them was refused above already; the frame itself then has nothing left to store.
    if (samples.empty()) {
      Refuse(frame_index, 0, RefusalReason::kEmptyFrame, "the frame has neither a row nor samples", batch);
    }
    return;
  }
  auto frame_layout = Layout::Create(std::move(ids));
  if (!frame_layout.ok()) {
    Refuse(frame_index, 0, RefusalReason::kRowWidth, MessageOf(frame_layout.status()), batch);
    return;
  }
  batch.frames.Add(vehicle.id, measure_time_ms, *frame_layout, values);
}

void Pipeline::AddFault(const VehicleRegistry::Entry& vehicle, std::uint32_t fault_index, FaultReport report,
                        IncomingBatch& batch) const {
  if (!CheckVehicleAndTime(vehicle, fault_index, report.measure_time_ms, batch)) return;
  batch.records.faults.push_back({vehicle.id, std::move(report)});
}

bool Pipeline::AddDriver(const VehicleRegistry::Entry& vehicle, DriverChange change, IncomingBatch& batch) const {
  if (!CheckVehicleAndTime(vehicle, 0, change.time_ms, batch)) return false;
  batch.records.drivers.push_back({.vehicle_id = vehicle.id, .change = std::move(change)});
  return true;
}

void Pipeline::AddDecoded(const VehicleRegistry::Entry& vehicle, const FrameBatch& frames, IncomingBatch& batch) const {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Frame frame = frames[i];
    if (!CheckVehicleAndTime(vehicle, static_cast<std::uint32_t>(i), frame.measure_time_ms, batch)) continue;
    batch.frames.Add(frame.vehicle_id, frame.measure_time_ms, frames.layout_of(i), frame.values);
  }
}

namespace {

// Calls `done` when several things are done, with the first error.
class WhenAll {
 public:
  WhenAll(int count, Pipeline::DoneFunction done) : left_(count), done_(std::move(done)) {}

  void Done(const Status& status) {
    Status result;
    {
      MutexLock lock(mutex_);
      result_.Update(status);
      if (--left_ > 0) return;
      result = result_;
    }
    done_(result);
  }

 private:
  Mutex mutex_;
  int left_ ABSL_GUARDED_BY(mutex_);
  Status result_ ABSL_GUARDED_BY(mutex_);
  const Pipeline::DoneFunction done_;
};

}  // namespace

void Pipeline::Submit(IncomingBatch& batch, DoneFunction done) {
  const auto received = std::chrono::steady_clock::now();
  DoneFunction answer = [this, received, done = std::move(done)](const Status& status) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - received;
    metrics_.batch_seconds.Observe(taken.count());
    (status.ok() ? metrics_.batches : metrics_.failed_batches).Increment();
    done(status);
  };
  if (!batch.records.empty()) {
    const auto both = std::make_shared<WhenAll>(2, std::move(answer));
    answer = [both](const Status& status) { both->Done(status); };
    const std::size_t fault_count = batch.records.faults.size();
    Records records = std::exchange(batch.records, {});
    records_.Write(std::move(records), [this, answer, fault_count](const Status& status) {
      if (status.ok()) metrics_.faults.Increment(static_cast<double>(fault_count));
      answer(status);
    });
  }
  if (batch.frames.empty()) {
    answer(OkStatus());
    return;
  }
  const std::size_t sample_count = batch.frames.sample_count();
  auto captured = std::make_shared<std::vector<OwnedFrame>>(live_.Capture(batch.frames));
  FrameBatch frames = std::move(batch.frames);
  batch.frames.Clear();
  telemetry_.Append(std::move(frames), [this, answer, captured, sample_count](const StatusOr<AppendResult>& result) {
    if (!result.ok()) {
      answer(result.status());
      return;
    }
    metrics_.frames.Increment(static_cast<double>(result->frame_count));
    metrics_.samples.Increment(static_cast<double>(sample_count));
    metrics_.repeated_frames.Increment(static_cast<double>(result->repeated_frame_count));
    metrics_.changed_frames.Increment(static_cast<double>(result->changed_frame_count));
    if (!captured->empty()) live_.Publish(*captured);
    answer(OkStatus());
  });
}

}  // namespace telltale
