#include "tests/advice/trace.h"

#include <algorithm>
#include <charconv>

#include <gtest/gtest.h>

#include "base/csv.h"

namespace telltale {
namespace {

// What a column of tests/data/trips becomes; physical = column x factor.
struct Column {
  std::string_view name;
  std::string_view signal;
  double factor = 1.0;
};

constexpr Column kColumns[] = {
    {"speed_kmh", "wheel_based_vehicle_speed"},
    {"speed_mps", "wheel_based_vehicle_speed", 3.6},
    {"speed_mph", "wheel_based_vehicle_speed", 1.609344},
    {"gps_speed_kmh", "gnss_speed"},
    {"rpm", "engine_speed"},
    {"fuel_rate_lph", "engine_fuel_rate"},
    {"fuel_flow_ccps", "fuel_flow"},
    {"maf_gps", "mass_air_flow_rate"},
    {"pedal_d_pct", "accelerator_pedal_d"},
    {"lat", "latitude"},
    {"lon", "longitude"},
};

// Only of the raw file, whose names are those of the data set.
constexpr Column kRawColumns[] = {
    {"Vehicle Speed Sensor [km/h]", "wheel_based_vehicle_speed"},
    {"Engine RPM [RPM]", "engine_speed"},
    {"Air Flow Rate from Mass Flow Sensor [g/s]", "mass_air_flow_rate"},
    {"Accelerator Pedal Position D [%]", "accelerator_pedal_d"},
};

double Number(std::string_view text) {
  double number = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "17:58:02.288" as milliseconds of the day.
std::int64_t TimeOfDayMs(std::string_view text) {
  return static_cast<std::int64_t>(Number(text.substr(0, 2)) * 3'600'000 + Number(text.substr(3, 2)) * 60'000 +
                                   Number(text.substr(6)) * 1000 + 0.5);
}

const Column* FindColumn(std::string_view name) {
  for (const Column& column : kColumns) {
    if (column.name == name) return &column;
  }
  for (const Column& column : kRawColumns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

}  // namespace

const Catalog& BuiltinCatalog() {
  static const Catalog catalog = *Catalog::Load();
  return catalog;
}

const AdviceSignals& BuiltinSignals() {
  static const AdviceSignals signals(BuiltinCatalog());
  return signals;
}

Trace& Trace::Add(const std::vector<Value>& values, std::int64_t interval_ms) {
  std::vector<SignalId> ids;
  std::vector<RawValue> raws;
  for (const auto& [name, physical] : values) {
    const Signal& signal = BuiltinCatalog().Get(name);
    ids.push_back(signal.id);
    raws.push_back(physical ? *ToRaw(signal, *physical) : kNotAvailable);
  }
  std::shared_ptr<const Layout>& layout = layouts_[ids];
  if (layout == nullptr) layout = *Layout::Create(ids);
  frames_.Add(1, time_ms_, layout, raws);
  time_ms_ += interval_ms;
  return *this;
}

Trace& Trace::Hold(int seconds, double speed_kmh, double engine_rpm, const std::vector<Value>& more) {
  return Ramp(seconds, speed_kmh, speed_kmh, engine_rpm, more);
}

Trace& Trace::Ramp(int seconds, double from_kmh, double to_kmh, double engine_rpm, const std::vector<Value>& more) {
  for (int second = 0; second < seconds; ++second) {
    std::vector<Value> values = {{"wheel_based_vehicle_speed", from_kmh + (to_kmh - from_kmh) * second / seconds},
                                 {"engine_speed", engine_rpm}};
    values.insert(values.end(), more.begin(), more.end());
    Add(values);
  }
  return *this;
}

VehicleFold Trace::Fold(const VehicleTraits& traits, const FoldOptions& options) const {
  VehicleFold fold(BuiltinSignals(), traits, options);
  for (std::size_t i = 0; i < frames_.size(); ++i) fold.Add(frames_[i]);
  return fold;
}

FrameBatch ReadTripFile(const TripFile& file) {
  FrameBatch frames;
  std::vector<const Column*> columns;
  std::vector<const Signal*> signals;
  std::shared_ptr<const Layout> layout;
  std::int64_t last_time_ms = -1;
  const auto on_row = [&](std::uint64_t row, const std::vector<std::string>& fields) {
    if (row == 1) {
      std::vector<SignalId> ids;
      for (const std::string& name : fields) {
        columns.push_back(FindColumn(name));
        signals.push_back(columns.back() == nullptr ? nullptr : &BuiltinCatalog().Get(columns.back()->signal));
        if (signals.back() != nullptr) ids.push_back(signals.back()->id);
      }
      layout = *Layout::Create(ids);
      return;
    }
    const bool raw_file = fields[0].find(':') != std::string::npos;
    const std::int64_t time_ms =
        raw_file ? TimeOfDayMs(fields[0]) : static_cast<std::int64_t>(Number(fields[0]) * 1000 + 0.5);
    if (time_ms <= last_time_ms) return;
    last_time_ms = time_ms;
    std::vector<RawValue> raws;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == nullptr) continue;
      if (i >= fields.size() || fields[i].empty()) {
        raws.push_back(kNotAvailable);
        continue;
      }
      const auto raw = ToRaw(*signals[i], Number(fields[i]) * columns[i]->factor);
      raws.push_back(raw.ok() ? *raw : kError);
    }
    frames.Add(1, kMorningMs + time_ms, layout, raws);
  };
  const Status status = ReadCsvFile(std::string(TELLTALE_SOURCE_DIR "/tests/data/trips/") + file.name, on_row);
  EXPECT_TRUE(status.ok()) << status;
  return frames;
}

std::vector<Trip> AllTrips(const VehicleFold& fold) {
  std::vector<Trip> trips = fold.trips();
  if (auto open = fold.open_trip()) trips.push_back(*open);
  return trips;
}

Totals SumOf(const std::vector<Trip>& trips) {
  Totals totals;
  for (const Trip& trip : trips) totals += trip.totals;
  return totals;
}

Totals SumOf(const std::vector<VehicleDay>& days) {
  Totals totals;
  for (const VehicleDay& day : days) totals += day.totals;
  return totals;
}

}  // namespace telltale
