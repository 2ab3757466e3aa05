#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advice/advice_signals.h"
#include "advice/vehicle_fold.h"
#include "catalog/catalog.h"
#include "catalog/frame.h"

namespace telltale {

const Catalog& BuiltinCatalog();
const AdviceSignals& BuiltinSignals();

// 2026-03-02T06:00:00Z.
inline constexpr std::int64_t kMorningMs = 1'772'431'200'000;

// Frames of a vehicle, written down as a driver would tell them.
class Trace {
 public:
  // One value of a frame; nullopt: "not available".
  using Value = std::pair<std::string_view, std::optional<double>>;

  explicit Trace(std::int64_t start_time_ms = kMorningMs) : time_ms_(start_time_ms) {}

  std::int64_t time_ms() const { return time_ms_; }  // of the next frame

  // A frame now, and the clock `interval_ms` further.
  Trace& Add(const std::vector<Value>& values, std::int64_t interval_ms = 1000);

  // For so many seconds at 1 Hz: the given speed and engine speed, and more.
  Trace& Hold(int seconds, double speed_kmh, double engine_rpm, const std::vector<Value>& more = {});

  // From one speed to another in so many seconds, evenly; the last frame is one second before `to_kmh`.
  Trace& Ramp(int seconds, double from_kmh, double to_kmh, double engine_rpm, const std::vector<Value>& more = {});

  // Nothing for so long.
  Trace& Quiet(std::int64_t ms) {
    time_ms_ += ms;
    return *this;
  }

  const FrameBatch& frames() const { return frames_; }

  VehicleFold Fold(const VehicleTraits& traits = {}, const FoldOptions& options = {}) const;

 private:
  std::int64_t time_ms_;
  FrameBatch frames_;
  std::map<std::vector<SignalId>, std::shared_ptr<const Layout>> layouts_;
};

// A frame's values by column, the columns of a file in tests/data/trips; an empty name: a column that we have no signal
// of.
struct TripFile {
  std::string name;  // for example "truck_isuzu_a.5hz.csv"
  VehicleTraits traits;
};
FrameBatch ReadTripFile(const TripFile& file);

// Every trip, the open one last.
std::vector<Trip> AllTrips(const VehicleFold& fold);
Totals SumOf(const std::vector<Trip>& trips);
Totals SumOf(const std::vector<VehicleDay>& days);

}  // namespace telltale
