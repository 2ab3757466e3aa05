#include "ingest/terminals/terminal_frame.h"

#include <algorithm>

#include "ingest/terminals/gcj02.h"

namespace telltale {

WireSignal::WireSignal(const Catalog& catalog, std::string_view name, double scale, double offset) {
  const Signal& signal = catalog.Get(name);
  id_ = signal.id;
  factor_ = scale / signal.scale;
  shift_ = (offset - signal.offset) / signal.scale;
  least_ = signal.raw_min;
  greatest_ = signal.raw_max;
}

void PlaceSignals::Add(std::int64_t latitude, std::int64_t longitude, bool gcj02, TerminalFrame& frame) const {
  if (!gcj02) {
    frame.Add(latitude_, latitude);
    frame.Add(longitude_, longitude);
    return;
  }
  const Place place = Wgs84OfGcj02(
      {.latitude_deg = static_cast<double>(latitude) * 1e-6, .longitude_deg = static_cast<double>(longitude) * 1e-6});
  frame.Add(latitude_.id(), latitude_.FromFraction(place.latitude_deg * 1e6));
  frame.Add(longitude_.id(), longitude_.FromFraction(place.longitude_deg * 1e6));
}

void PlaceSignals::AddNotAvailable(TerminalFrame& frame) const {
  frame.Add(latitude_.id(), kNotAvailable);
  frame.Add(longitude_.id(), kNotAvailable);
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

void TerminalFrame::Add(const TerminalFrame& other) {
  for (std::size_t i = 0; i < other.signals_.size(); ++i) Add(other.signals_[i], other.values_[i]);
}

void TerminalFrame::AddTo(VehicleId vehicle, std::int64_t measure_time_ms, LayoutCache& layouts,
                          FrameBatch& out) const {
  if (!signals_.empty()) out.Add(vehicle, measure_time_ms, layouts.Get(signals_), values_);
}

}  // namespace telltale
