#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/frame.h"
#include "ingest/internal/layout_cache.h"

namespace telltale {

// A number of a terminal's message as a signal of the catalogue: physical = wire x scale + offset. Immutable.
class WireSignal {
 public:
  // The signal of this name must be in the catalogue: our own code names it.
  WireSignal(const Catalog& catalog, std::string_view name, double scale = 1.0, double offset = 0.0);

  SignalId id() const { return id_; }
  // On the signal's grid; kError outside its range.
  RawValue FromWire(std::int64_t wire) const { return FromFraction(static_cast<double>(wire)); }
  // Of a wire's number that was worked on and is no longer whole.
  RawValue FromFraction(double wire) const {
    const double raw = wire * factor_ + shift_;
    if (!(raw >= least_ && raw <= greatest_)) return kError;
    return static_cast<RawValue>(raw < 0 ? raw - 0.5 : raw + 0.5);
  }

 private:
  SignalId id_;
  double factor_;
  double shift_;
  double least_;
  double greatest_;
};

// The signals of a place, latitude and longitude, in millionths of a degree as the national standards send them.
class PlaceSignals {
 public:
  explicit PlaceSignals(const Catalog& catalog)
      : latitude_(catalog, "latitude", 1e-6), longitude_(catalog, "longitude", 1e-6) {}

  // Signed millionths; with `gcj02` they are taken back to WGS-84.
  void Add(std::int64_t latitude, std::int64_t longitude, bool gcj02, class TerminalFrame& frame) const;
  void AddNotAvailable(class TerminalFrame& frame) const;

 private:
  WireSignal latitude_;
  WireSignal longitude_;
};

// The signals of one message of a terminal on their way to a frame; reused. Not thread-safe.
class TerminalFrame {
 public:
  void Clear();
  void Add(const WireSignal& signal, std::int64_t wire) { Add(signal.id(), signal.FromWire(wire)); }
  void Add(SignalId signal, RawValue raw);  // of a signal that is there already the later one is kept
  void Add(const TerminalFrame& other);     // all of its signals
  bool Has(SignalId signal) const { return signal < has_.size() && has_[signal]; }
  bool empty() const { return signals_.empty(); }
  std::size_t size() const { return signals_.size(); }

  // Adds them to `out` as one frame; nothing if there are none.
  void AddTo(VehicleId vehicle, std::int64_t measure_time_ms, LayoutCache& layouts, FrameBatch& out) const;

 private:
  std::vector<SignalId> signals_;
  std::vector<RawValue> values_;
  std::vector<bool> has_;  // by signal id
};

}  // namespace telltale
