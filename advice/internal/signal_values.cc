#include "advice/internal/signal_values.h"

#include <algorithm>

namespace telltale::internal {

void SignalValues::Clear() {
  raw_.fill(0);
  time_ms_.fill(0);
  known_.reset();
  updated_.reset();
  intervals_ms_.fill(0);
  next_interval_ = 0;
  hold_ms_ = 0;
}

void SignalValues::Take(const AdviceSignals& signals, const Frame& frame) {
  updated_.reset();
  const auto take = [this, &frame](std::size_t slot, RawValue raw) {
    known_[slot] = IsValue(raw);
    updated_[slot] = known_[slot];
    raw_[slot] = raw;
    time_ms_[slot] = frame.measure_time_ms;
  };
  const std::span<const SignalId> ids = frame.layout->signals();
  // Wide frames are asked for our signals, narrow ones are walked: a raw CAN log has a few signals a frame.
  if (ids.size() > 4 * kAdviceSignalCount) {
    for (std::size_t slot = 0; slot < kAdviceSignalCount; ++slot) {
      const RawValue raw = frame.Get(signals.id(static_cast<AdviceSignal>(slot)));
      if (raw != kAbsent) take(slot, raw);
    }
    return;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t slot = signals.SlotOf(ids[i]);
    if (slot != kAdviceSignalCount && frame.values[i] != kAbsent) take(slot, frame.values[i]);
  }
}

void SignalValues::TakeInterval(std::int64_t interval_ms, const FoldOptions& options) {
  intervals_ms_[next_interval_] = interval_ms;
  next_interval_ = (next_interval_ + 1) % intervals_ms_.size();
  std::int64_t least = interval_ms;
  for (const std::int64_t interval : intervals_ms_) {
    if (interval != 0) least = std::min(least, interval);
  }
  hold_ms_ = std::clamp(static_cast<std::int64_t>(options.hold_intervals * static_cast<double>(least)),
                        static_cast<std::int64_t>(options.hold_min.count()),
                        static_cast<std::int64_t>(options.hold_max.count()));
}

}  // namespace telltale::internal
