#include "ingest/files/csv_columns.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace telltale {
namespace {

struct KnownColumn {
  std::string_view name;  // lower case
  std::string_view unit;  // of its cells, unless the header says otherwise
  std::string_view signal;
};

// OBD pedals have signals of their own: D and E rest at about 14 to 15 %, where the pedal of a truck's bus says 0.
constexpr auto kKnownColumns = std::to_array<KnownColumn>({
    {"speed_kmh", "km/h", "wheel_based_vehicle_speed"},
    {"speed_mps", "m/s", "wheel_based_vehicle_speed"},
    {"speed_mph", "mph", "wheel_based_vehicle_speed"},
    {"gps_speed_kmh", "km/h", "gnss_speed"},
    {"rpm", "rpm", "engine_speed"},
    {"maf_gps", "g/s", "mass_air_flow_rate"},
    {"map_kpa", "kPa", "intake_manifold_absolute_pressure"},
    {"coolant_c", "degC", "engine_coolant_temperature"},
    {"iat_c", "degC", "intake_air_temperature"},
    {"ambient_c", "degC", "ambient_air_temperature"},
    {"baro_kpa", "kPa", "barometric_pressure"},
    {"throttle_pct", "%", "absolute_throttle_position"},
    {"pedal_d_pct", "%", "accelerator_pedal_d"},
    {"pedal_e_pct", "%", "accelerator_pedal_e"},
    {"load_pct", "%", "engine_percent_load_at_current_speed"},
    {"torque_act_pct", "%", "actual_engine_percent_torque"},
    {"torque_driver_demand_pct", "%", "driver_demand_engine_percent_torque"},
    {"ref_torque_nm", "Nm", "engine_reference_torque"},
    {"fuel_rate_lph", "l/h", "engine_fuel_rate"},
    {"fuel_flow_ccps", "cm3/s", "fuel_flow"},
    {"battery_v", "V", "battery_potential"},
    {"lat", "deg", "latitude"},
    {"lon", "deg", "longitude"},
    {"alt_m", "m", "altitude"},
    {"gps_sats", "", "gnss_satellite_count"},
    {"grade", "fraction", "road_grade"},
    // As OBD loggers name them.
    {"vehicle speed sensor", "km/h", "wheel_based_vehicle_speed"},
    {"engine rpm", "rpm", "engine_speed"},
    {"air flow rate from mass flow sensor", "g/s", "mass_air_flow_rate"},
    {"intake manifold absolute pressure", "kPa", "intake_manifold_absolute_pressure"},
    {"engine coolant temperature", "degC", "engine_coolant_temperature"},
    {"intake air temperature", "degC", "intake_air_temperature"},
    {"ambient air temperature", "degC", "ambient_air_temperature"},
    {"absolute throttle position", "%", "absolute_throttle_position"},
    {"accelerator pedal position d", "%", "accelerator_pedal_d"},
    {"accelerator pedal position e", "%", "accelerator_pedal_e"},
});

// Units by what they measure: value in the first unit of the quantity = value x factor + offset.
struct Unit {
  std::string_view name;  // as Normalise() gives it
  std::string_view quantity;
  double factor;
  double offset = 0.0;
};

constexpr double kPoundKg = 0.45359237;
constexpr double kGallonL = 3.785411784;  // US

constexpr auto kUnits = std::to_array<Unit>({
    {"km/h", "speed", 1.0},
    {"m/s", "speed", 3.6},
    {"mph", "speed", 1.609344},
    {"kn", "speed", 1.852},
    {"rpm", "rotation", 1.0},
    {"rps", "rotation", 60.0},
    {"degc", "temperature", 1.0},
    {"degf", "temperature", 5.0 / 9.0, -160.0 / 9.0},
    {"k", "temperature", 1.0, -273.15},
    {"kpa", "pressure", 1.0},
    {"pa", "pressure", 0.001},
    {"hpa", "pressure", 0.1},
    {"mbar", "pressure", 0.1},
    {"bar", "pressure", 100.0},
    {"mpa", "pressure", 1000.0},
    {"psi", "pressure", 6.894757293168361},
    {"l/h", "volume flow", 1.0},
    {"cm3/s", "volume flow", 3.6},
    {"l/s", "volume flow", 3600.0},
    {"m3/h", "volume flow", 1000.0},
    {"gal/h", "volume flow", kGallonL},
    {"kg/h", "mass flow", 1.0},
    {"g/s", "mass flow", 3.6},
    {"kg/s", "mass flow", 3600.0},
    {"lb/h", "mass flow", kPoundKg},
    {"lb/min", "mass flow", 60.0 * kPoundKg},
    {"l", "volume", 1.0},
    {"cm3", "volume", 0.001},
    {"m3", "volume", 1000.0},
    {"gal", "volume", kGallonL},
    {"kg", "mass", 1.0},
    {"g", "mass", 0.001},
    {"t", "mass", 1000.0},
    {"lb", "mass", kPoundKg},
    {"km", "length", 1.0},
    {"m", "length", 0.001},
    {"mm", "length", 0.000001},
    {"mi", "length", 1.609344},
    {"ft", "length", 0.0003048},
    {"h", "time", 1.0},
    {"min", "time", 1.0 / 60.0},
    {"s", "time", 1.0 / 3600.0},
    {"ms", "time", 1.0 / 3600000.0},
    {"d", "time", 24.0},
    {"%", "ratio", 1.0},
    {"fraction", "ratio", 100.0},
    {"v", "voltage", 1.0},
    {"mv", "voltage", 0.001},
    {"a", "current", 1.0},
    {"ma", "current", 0.001},
    {"nm", "torque", 1.0},
    {"lbft", "torque", 1.3558179483314004},
    {"deg", "angle", 1.0},
    {"rad", "angle", 57.29577951308232},
    {"kw", "power", 1.0},
    {"w", "power", 0.001},
    {"hp", "power", 0.7456998715822702},
    {"kwh", "energy", 1.0},
    {"wh", "energy", 0.001},
    {"mj", "energy", 1.0 / 3.6},
});

constexpr auto kUnitAliases = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"kph", "km/h"},   {"kmh", "km/h"},   {"mi/h", "mph"},    {"knots", "kn"},  {"mps", "m/s"},    {"1/min", "rpm"},
    {"r/min", "rpm"},  {"c", "degc"},     {"f", "degf"},      {"lph", "l/h"},   {"ml/s", "cm3/s"}, {"cc/s", "cm3/s"},
    {"ccps", "cm3/s"}, {"ml", "cm3"},     {"pct", "%"},       {"percent", "%"}, {"volt", "v"},     {"n·m", "nm"},
    {"n*m", "nm"},     {"degree", "deg"}, {"degrees", "deg"}, {"sec", "s"},     {"hr", "h"},       {"tonne", "t"},
    {"day", "d"},      {"days", "d"},
});

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// One spelling for each unit: "°C", "C" and "degC" are "degc".
std::string NormaliseUnit(std::string_view unit) {
  std::string text = LowerCase(Trim(unit));
  ReplaceAll(text, "\u00B0", "deg");  // UTF-8
  ReplaceAll(text, "\xB0", "deg");    // Latin-1
  ReplaceAll(text, " ", "");
  const auto alias = std::ranges::find(kUnitAliases, text, &std::pair<std::string_view, std::string_view>::first);
  return alias == kUnitAliases.end() ? text : std::string(alias->second);
}

struct HeaderCell {
  std::string name;  // lower case, without unit
  std::optional<std::string> unit;
};

// "Engine RPM [RPM]" -> "engine rpm", "RPM".
HeaderCell ReadHeaderCell(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && text.back() == ']') {
    if (const std::size_t bracket = text.rfind('['); bracket != std::string_view::npos) {
      return {LowerCase(Trim(text.substr(0, bracket))),
              std::string(text.substr(bracket + 1, text.size() - bracket - 2))};
    }
  }
  return {LowerCase(text), std::nullopt};
}

}  // namespace

std::optional<UnitConversion> ConvertUnit(std::string_view from, std::string_view to) {
  const std::string from_name = NormaliseUnit(from);
  const std::string to_name = NormaliseUnit(to);
  if (from_name == to_name) return UnitConversion{};
  const auto from_unit = std::ranges::find(kUnits, from_name, &Unit::name);
  const auto to_unit = std::ranges::find(kUnits, to_name, &Unit::name);
  if (from_unit == kUnits.end() || to_unit == kUnits.end() || from_unit->quantity != to_unit->quantity) {
    return std::nullopt;
  }
  return UnitConversion{.factor = from_unit->factor / to_unit->factor,
                        .offset = (from_unit->offset - to_unit->offset) / to_unit->factor};
}

std::optional<CsvTimeColumn> FindCsvTimeColumn(std::string_view header_cell) {
  const std::string name = LowerCase(Trim(header_cell));
  if (name == "time" || name == "timestamp" || name == "measure_time") return CsvTimeColumn::kTime;
  if (name == "t_s") return CsvTimeColumn::kSecondsFromStart;
  return std::nullopt;
}

StatusOr<CsvColumn> FindCsvColumn(const Catalog& catalog, std::string_view header_cell) {
  const HeaderCell header = ReadHeaderCell(header_cell);
  const auto known = std::ranges::find(kKnownColumns, header.name, &KnownColumn::name);
  const Signal* signal =
      catalog.FindByName(known == kKnownColumns.end() ? std::string_view(header.name) : known->signal);
  if (signal == nullptr) return absl::NotFoundError(fmt::format("no signal takes the column '{}'", header_cell));
  std::string_view unit = known == kKnownColumns.end() ? std::string_view(signal->unit) : known->unit;
  if (header.unit) unit = *header.unit;
  const auto conversion = ConvertUnit(unit, signal->unit);
  if (!conversion) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' cannot be converted into the unit of {}, '{}'", unit, signal->name, signal->unit));
  }
  return CsvColumn{.signal = signal, .factor = conversion->factor, .offset = conversion->offset};
}

std::string KnownCsvColumns() {
  std::string names;
  for (const KnownColumn& column : kKnownColumns) {
    if (column.name.find(' ') != std::string_view::npos) continue;
    if (!names.empty()) names += ", ";
    names += column.name;
  }
  return names;
}

}  // namespace telltale
