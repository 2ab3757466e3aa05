#include "ingest/j1939/frame_assembler.h"

#include <algorithm>
#include <cstdlib>

namespace telltale {

FrameAssembler::FrameAssembler(const Catalog& catalog, VehicleId vehicle_id) : vehicle_id_(vehicle_id) {
  // Signals are in the order of their ids.
  senders_.resize(catalog.signals().empty() ? 0 : catalog.signals().back().id + std::size_t{1});
}

bool FrameAssembler::Choose(Sender& sender, std::uint16_t address, std::int64_t time_ms, RawValue raw) {
  const bool is_value = IsValue(raw);
  if (!sender.chosen || sender.address != address) {
    // Until there is a value, the first sender stands in with its "not available". A clock that stepped far back counts
    // as a pause, or a sender that has fallen silent would keep the others out until the clock has caught up.
    const bool silent = !sender.gave_value || std::abs(time_ms - sender.value_time_ms) > kSenderTimeout.count();
    if (sender.chosen && !(is_value && silent)) return false;
    sender.chosen = true;
    sender.address = address;
  }
  if (is_value) {
    sender.gave_value = true;
    sender.value_time_ms = time_ms;
  }
  return true;
}

void FrameAssembler::Add(std::int64_t time_ms, const CanId& id, std::span<const J1939Sample> samples, FrameBatch& out) {
  const auto address = static_cast<std::uint16_t>(id.source_address << 8 | id.destination_address);
  chosen_.clear();
  bool again = false;
  for (const J1939Sample& sample : samples) {
    Sender& sender = senders_[sample.signal->id];
    if (!Choose(sender, address, time_ms, sample.raw)) {
      ++left_out_sample_count_;
      continue;
    }
    again = again || sender.frame_number == frame_number_;
    chosen_.push_back(sample);
  }
  if (chosen_.empty()) return;
  if (!pending_.empty() && (again || time_ms != pending_time_ms_)) EmitPending(out);
  pending_time_ms_ = time_ms;
  for (const J1939Sample& sample : chosen_) {
    if (pending_.size() == Layout::kMaxSignals) EmitPending(out);
    senders_[sample.signal->id].frame_number = frame_number_;
    pending_.emplace_back(sample.signal->id, sample.raw);
  }
}

void FrameAssembler::EmitPending(FrameBatch& out) {
  // By id, so that messages in another order give the same layout.
  std::ranges::sort(pending_, {}, &std::pair<SignalId, RawValue>::first);
  signals_.clear();
  for (const auto& [signal, raw] : pending_) signals_.push_back(signal);
  const std::span<RawValue> values = out.AddUninitialized(vehicle_id_, pending_time_ms_, layouts_.Get(signals_));
  std::ranges::transform(pending_, values.begin(), &std::pair<SignalId, RawValue>::second);
  pending_.clear();
  ++frame_number_;
}

void FrameAssembler::Finish(FrameBatch& out) {
  if (!pending_.empty()) EmitPending(out);
}

}  // namespace telltale
