#include "ingest/terminals/terminal_frame.h"

#include <algorithm>

namespace telltale {

WireSignal::WireSignal(const Catalog& catalog, std::string_view name, double scale, double offset) {
  const Signal& signal = catalog.Get(name);
  id_ = signal.id;
  factor_ = scale / signal.scale;
  shift_ = (offset - signal.offset) / signal.scale;
  least_ = signal.raw_min;
  greatest_ = signal.raw_max;
}

void TerminalFrame::Clear() {
  for (const SignalId signal : signals_) has_[signal] = false;
  signals_.clear();
  values_.clear();
}

void TerminalFrame::Add(SignalId signal, RawValue raw) {
  if (signal >= has_.size()) has_.resize(signal + std::size_t{1});
  if (has_[signal]) [[unlikely]] {
    values_[static_cast<std::size_t>(std::ranges::find(signals_, signal) - signals_.begin())] = raw;
    return;
  }
  has_[signal] = true;
  signals_.push_back(signal);
  values_.push_back(raw);
}

void TerminalFrame::AddTo(VehicleId vehicle, std::int64_t measure_time_ms, LayoutCache& layouts,
                          FrameBatch& out) const {
  if (!signals_.empty()) out.Add(vehicle, measure_time_ms, layouts.Get(signals_), values_);
}

}  // namespace telltale
