#include "ingest/gb32960/data_unit.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"
#include "ingest/terminals/beijing_time.h"

namespace telltale::gb32960 {
namespace {

constexpr int kMotors = 4;  // that the catalogue has signals for
constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kIccidBytes = 20;

constexpr Unit kKmh{.scale = 0.1, .name = "km/h", .decimals = 1};
constexpr Unit kKm{.scale = 0.1, .name = "km", .decimals = 1};
constexpr Unit kVolt{.scale = 0.1, .name = "V", .decimals = 1};
constexpr Unit kCellVolt{.scale = 0.001, .name = "V", .decimals = 3};
constexpr Unit kAmpere{.scale = 0.1, .name = "A", .decimals = 1};
constexpr Unit kAmpere1000{.scale = 0.1, .offset = -1000, .name = "A", .decimals = 1};
constexpr Unit kAmpere3000{.scale = 0.1, .offset = -3000, .name = "A", .decimals = 1};
constexpr Unit kPercent{.name = "%"};
constexpr Unit kCelsius{.offset = -40, .name = "degC"};
constexpr Unit kCelsiusTenth{.scale = 0.1, .offset = -40, .name = "degC", .decimals = 1};
constexpr Unit kMegapascal{.scale = 0.1, .name = "MPa", .decimals = 1};
constexpr Unit kKilopascal100{.scale = 0.1, .offset = -100, .name = "kPa", .decimals = 1};
constexpr std::string_view kDcDcNote = "1 working, 2 off";

// GB/T 32960.3-2016, table 9. The brake pedal may be 101, "pressed", without a value between.
constexpr FieldSpec kVehicle2016[] = {
    {"vehicle state", 1, "ev_vehicle_state", {}, "1 started, 2 off, 3 other"},
    {"charging", 1, "ev_charging_state", {}, "1 parked, 2 driving, 3 not, 4 complete"},
    {"running mode", 1, "ev_running_mode", {}, "1 electric, 2 hybrid, 3 fuel"},
    {"speed", 2, "ev_vehicle_speed", kKmh},
    {"mileage", 4, "ev_mileage", kKm},
    {"total voltage", 2, "ev_total_voltage", kVolt},
    {"total current", 2, "ev_total_current", kAmpere1000},
    {"state of charge", 1, "ev_state_of_charge", kPercent},
    {"DC-DC converter", 1, "ev_dc_dc_state", {}, kDcDcNote},
    {"gear", 1, "ev_gear", {}, "bits 0-3 gear, 13 R, 14 D, 15 P; bit 4 braking, bit 5 driving"},
    {"insulation resistance", 2, "ev_insulation_resistance", {.name = "kOhm"}},
    {"accelerator pedal", 1, "ev_accelerator_pedal", kPercent},
    {"brake pedal", 1, "ev_brake_pedal", kPercent},
};

// GB/T 32960.3-2025, table 10: another offset of the current, no pedals.
constexpr FieldSpec kVehicle2025[] = {
    kVehicle2016[0],
    kVehicle2016[1],
    kVehicle2016[2],
    kVehicle2016[3],
    kVehicle2016[4],
    kVehicle2016[5],
    {"total current", 2, "ev_total_current", kAmpere3000},
    kVehicle2016[7],
    kVehicle2016[8],
    kVehicle2016[9],
    kVehicle2016[10],
};

// GB/T 32960.3-2016, table 11, behind the motor's number.
constexpr FieldSpec kMotor2016[] = {
    {"state", 1, "drive_motor_{}_state", {}, "1 consuming, 2 generating, 3 off, 4 ready"},
    {"controller temperature", 1, "drive_motor_{}_controller_temperature", kCelsius},
    {"speed", 2, "drive_motor_{}_speed", {.offset = -20'000, .name = "rpm"}},
    {"torque", 2, "drive_motor_{}_torque", {.scale = 0.1, .offset = -2'000, .name = "Nm", .decimals = 1}},
    {"temperature", 1, "drive_motor_{}_temperature", kCelsius},
    {"controller voltage", 2, "drive_motor_{}_controller_voltage", kVolt},
    {"controller current", 2, "drive_motor_{}_controller_current", kAmpere1000},
};

// GB/T 32960.3-2025, table 16.
constexpr FieldSpec kMotor2025[] = {
    kMotor2016[0],
    kMotor2016[1],
    {"speed", 2, "drive_motor_{}_speed", {.offset = -32'000, .name = "rpm"}},
    {"torque", 4, "drive_motor_{}_torque", {.scale = 0.1, .offset = -20'000, .name = "Nm", .decimals = 1}},
    kMotor2016[4],
};

// GB/T 32960.3-2016, table 12; the temperatures of the probes stand between the two.
constexpr FieldSpec kFuelCellBegin[] = {
    {"fuel cell voltage", 2, "fuel_cell_voltage", kVolt},
    {"fuel cell current", 2, "fuel_cell_current", kAmpere},
    {"hydrogen consumption", 2, "fuel_cell_consumption", {.scale = 0.01, .name = "kg/100 km", .decimals = 2}},
};
constexpr FieldSpec kFuelCellEnd[] = {
    {"greatest hydrogen temperature", 2, "fuel_cell_hydrogen_temperature_max", kCelsiusTenth},
    {"its probe", 1, "fuel_cell_hydrogen_temperature_probe"},
    {"greatest hydrogen concentration", 2, "fuel_cell_hydrogen_concentration_max", {.name = "mg/kg"}},
    {"its sensor", 1, "fuel_cell_hydrogen_concentration_sensor"},
    {"greatest hydrogen pressure", 2, "fuel_cell_hydrogen_pressure_max", kMegapascal},
    {"its sensor", 1, "fuel_cell_hydrogen_pressure_sensor"},
    {"high-voltage DC-DC converter", 1, "fuel_cell_dc_dc_state", {}, "1 working, 2 isolated"},
};

// GB/T 32960.3-2025, fuel cell engine and hydrogen system.
constexpr FieldSpec kHydrogen2025[] = {
    kFuelCellEnd[0],
    kFuelCellEnd[1],
    kFuelCellEnd[2],
    kFuelCellEnd[3],
    kFuelCellEnd[4],
    kFuelCellEnd[5],
    kFuelCellEnd[6],
    {"hydrogen left", 1, "fuel_cell_hydrogen_left", kPercent},
    {"DC-DC converter temperature", 1, "fuel_cell_dc_dc_temperature", kCelsius},
};

// GB/T 32960.3-2016, table 13; of 2025, table 20, only the speed is left.
constexpr FieldSpec kEngine2016[] = {
    {"engine state", 1, "hybrid_engine_state", {}, "1 started, 2 off"},
    {"crankshaft speed", 2, "hybrid_crankshaft_speed", {.name = "rpm"}},
    {"fuel consumption", 2, "hybrid_fuel_consumption", {.scale = 0.01, .name = "l/100 km", .decimals = 2}},
};
constexpr FieldSpec kEngine2025[] = {kEngine2016[1]};

// GB/T 32960.3-2016, table 16.
constexpr FieldSpec kExtremes[] = {
    {"greatest cell voltage: subsystem", 1, "battery_cell_voltage_max_subsystem"},
    {"greatest cell voltage: cell", 1, "battery_cell_voltage_max_cell"},
    {"greatest cell voltage", 2, "battery_cell_voltage_max", kCellVolt},
    {"least cell voltage: subsystem", 1, "battery_cell_voltage_min_subsystem"},
    {"least cell voltage: cell", 1, "battery_cell_voltage_min_cell"},
    {"least cell voltage", 2, "battery_cell_voltage_min", kCellVolt},
    {"greatest temperature: subsystem", 1, "battery_temperature_max_subsystem"},
    {"greatest temperature: probe", 1, "battery_temperature_max_probe"},
    {"greatest temperature", 1, "battery_temperature_max", kCelsius},
    {"least temperature: subsystem", 1, "battery_temperature_min_subsystem"},
    {"least temperature: probe", 1, "battery_temperature_min_probe"},
    {"least temperature", 1, "battery_temperature_min", kCelsius},
};

// By bit: GB/T 32960.3-2016, table 18, bits 0 to 18; of 2025, table 24, all.
constexpr std::string_view kAlarmSignals[] = {
    "ev_alarm_temperature_differs",
    "ev_alarm_battery_temperature_high",
    "ev_alarm_storage_overvoltage",
    "ev_alarm_storage_undervoltage",
    "ev_alarm_soc_low",
    "ev_alarm_cell_overvoltage",
    "ev_alarm_cell_undervoltage",
    "ev_alarm_soc_high",
    "ev_alarm_soc_jump",
    "ev_alarm_storage_mismatch",
    "ev_alarm_cells_differ",
    "ev_alarm_insulation",
    "ev_alarm_dc_dc_temperature",
    "ev_alarm_brake_system",
    "ev_alarm_dc_dc_state",
    "ev_alarm_motor_controller_temperature",
    "ev_alarm_high_voltage_interlock",
    "ev_alarm_motor_temperature",
    "ev_alarm_storage_overcharge",
    "ev_alarm_motor_overspeed",
    "ev_alarm_motor_overcurrent",
    "ev_alarm_supercapacitor_temperature",
    "ev_alarm_supercapacitor_pressure",
    "ev_alarm_battery_thermal_event",
    "ev_alarm_hydrogen_leak",
    "ev_alarm_hydrogen_pressure",
    "ev_alarm_hydrogen_temperature",
    "ev_alarm_fuel_cell_stack_temperature",
};
constexpr std::size_t kAlarmBits2016 = 19;

constexpr bool IsCount(std::uint32_t count, std::size_t byte_count) {
  return count < (byte_count == 1 ? 0xFEU : 0xFFFEU);  // error and not available are no counts
}

std::optional<std::int64_t> ReadTime(FieldReader& data, std::string_view name) {
  std::array<std::uint8_t, kTimeBytes> bytes{};
  std::ranges::copy(data.Bytes(kTimeBytes, name), bytes.begin());
  if (!data.ok()) return std::nullopt;
  const auto time_ms = BeijingTime::FromBytes(bytes).ToUnixMs();
  if (data.explains()) data.Note(time_ms ? FormatTime(*time_ms) : "no such date or time");
  return time_ms;
}

// The extremes of many values; what is error or not available does not count.
struct Extremes {
  std::optional<std::uint32_t> least;
  std::optional<std::uint32_t> greatest;

  void Add(std::uint32_t value, std::size_t byte_count) {
    if (!IsCount(value, byte_count)) return;
    least = least ? std::min(*least, value) : value;
    greatest = greatest ? std::max(*greatest, value) : value;
  }
};

}  // namespace

Login ReadLogin(FieldReader& data, Edition edition) {
  Login login;
  login.time_ms = ReadTime(data, "time");
  login.serial = data.U16("number of the day's logins");
  login.iccid = data.Text(kIccidBytes, "ICCID of the SIM");
  if (edition == Edition::k2025) {
    // Battery management systems, then the packs of each, then a code of 24 characters for each pack.
    const std::size_t systems = data.U8("battery management systems");
    std::size_t packs = 0;
    for (std::size_t i = 0; i < systems && data.ok(); ++i) packs += data.U8("packs of the system");
    for (std::size_t i = 0; i < packs && data.ok() && data.remaining() > 0; ++i) {
      login.pack_codes.push_back(data.Text(24, "code of the pack"));
    }
    return login;
  }
  const std::size_t subsystems = data.U8("storage subsystems");
  const std::size_t code_bytes = data.U8("length of their codes");
  for (std::size_t i = 0; i < subsystems && code_bytes > 0 && data.ok(); ++i) {
    login.pack_codes.push_back(data.Text(code_bytes, "code of the subsystem"));
  }
  return login;
}

DataUnitReader::DataUnitReader(const Catalog& catalog)
    : vehicle_2016_(catalog, kVehicle2016),
      vehicle_2025_(catalog, kVehicle2025),
      fuel_cell_begin_(catalog, kFuelCellBegin),
      fuel_cell_end_(catalog, kFuelCellEnd),
      hydrogen_2025_(catalog, kHydrogen2025),
      engine_2016_(catalog, kEngine2016),
      engine_2025_(catalog, kEngine2025),
      extremes_(catalog, kExtremes),
      place_(catalog),
      gnss_fix_(catalog, "gnss_fix"),
      alarm_level_(catalog, "ev_alarm_level"),
      probe_temperature_max_(catalog, "fuel_cell_probe_temperature_max", 1, -40),
      cell_voltage_max_(catalog, "battery_cell_voltage_max", 0.001),
      cell_voltage_min_(catalog, "battery_cell_voltage_min", 0.001),
      temperature_max_(catalog, "battery_temperature_max", 1, -40),
      temperature_min_(catalog, "battery_temperature_min", 1, -40) {
  for (int motor = 1; motor <= kMotors; ++motor) {
    motors_2016_.emplace_back(catalog, kMotor2016, motor);
    motors_2025_.emplace_back(catalog, kMotor2025, motor);
  }
  static_assert(std::size(kAlarmSignals) == kAlarmBits);
  for (std::size_t bit = 0; bit < kAlarmBits; ++bit) alarms_[bit] = catalog.Get(kAlarmSignals[bit]).id;
}

DataUnitReader::Result DataUnitReader::Read(FieldReader& data, Edition edition, TerminalFrame& frame,
                                            bool gcj02) const {
  Result result;
  result.measure_time_ms = ReadTime(data, "time");
  while (data.ok() && data.remaining() > 0 && result.fault.empty()) {
    const auto type = static_cast<std::uint8_t>(data.Bits(1, "block"));
    edition == Edition::k2025 ? ReadBlock2025(type, gcj02, data, frame, result.fault)
                              : ReadBlock2016(type, gcj02, data, frame, result.fault);
    if (!data.ok()) result.fault = fmt::format("block {:02x} goes beyond the end", type);
  }
  if (!data.ok() && result.fault.empty()) result.fault = "the data unit ends before its time does";
  return result;
}

void DataUnitReader::ReadBlock2016(std::uint8_t type, bool gcj02, FieldReader& data, TerminalFrame& frame,
                                   std::string& fault) const {
  const auto name = [&data](std::string_view text) { data.Note(text); };
  switch (type) {
    case 0x01:
      name("vehicle");
      vehicle_2016_.Read(data, frame);
      return;
    case 0x02:
      name("drive motors");
      ReadMotors(data, motors_2016_, frame);
      return;
    case 0x03:
      name("fuel cell");
      ReadFuelCell(data, frame);
      return;
    case 0x04:
      name("engine");
      engine_2016_.Read(data, frame);
      return;
    case 0x05:
      name("position");
      ReadPosition(data, /*names_coordinates=*/false, gcj02, frame);
      return;
    case 0x06:
      name("extremes");
      extremes_.Read(data, frame);
      return;
    case 0x07:
      name("alarms");
      ReadAlarms(data, /*of_2025=*/false, frame);
      return;
    case 0x08:
      name("voltages of the cells");
      ReadCells2016(data);
      return;
    case 0x09:
      name("temperatures of the storage");
      ReadTemperatures(data, /*keep_extremes=*/false, frame);
      return;
    default:
      break;
  }
  if (type >= 0x80 && type != 0xFF) {
    name("the maker's own");
    // Some leave the length out or write a wrong one; then the rest is theirs, too.
    const std::size_t size = data.U16("length");
    data.Bytes(std::min(size, data.remaining()), "content");
    return;
  }
  fault = fmt::format("block {:02x} is reserved, and its length is not known", type);
}

void DataUnitReader::ReadBlock2025(std::uint8_t type, bool gcj02, FieldReader& data, TerminalFrame& frame,
                                   std::string& fault) const {
  const auto name = [&data](std::string_view text) { data.Note(text); };
  switch (type) {
    case 0x01:
      name("vehicle");
      vehicle_2025_.Read(data, frame);
      return;
    case 0x02:
      name("drive motors");
      ReadMotors(data, motors_2025_, frame);
      return;
    case 0x03:
      name("fuel cell engine and hydrogen system");
      hydrogen_2025_.Read(data, frame);
      return;
    case 0x04:
      name("engine");
      engine_2025_.Read(data, frame);
      return;
    case 0x05:
      name("position");
      ReadPosition(data, /*names_coordinates=*/true, gcj02, frame);
      return;
    case 0x06:
      name("alarms");
      ReadAlarms(data, /*of_2025=*/true, frame);
      return;
    case 0x07:
      name("voltages of the least parallel units");
      ReadCells2025(data, frame);
      return;
    case 0x08:
      name("temperatures of the packs");
      ReadTemperatures(data, /*keep_extremes=*/true, frame);
      return;
    case 0x30:
      name("fuel cell stacks");
      ReadStacks(data);
      return;
    case 0x31:
      name("supercapacitor");
      ReadSupercapacitor(data);
      return;
    case 0x32:
      name("extremes of the supercapacitor");
      data.Bytes(18, "extremes");
      return;
    case 0xFF:
      name("signature");
      ReadSignature(data);
      return;
    default:
      break;
  }
  if (type >= 0x80) {
    name("the maker's own");
    const std::size_t size = data.U16("length");
    data.Bytes(std::min(size, data.remaining()), "content");
    return;
  }
  fault = fmt::format("block {:02x} is reserved, and its length is not known", type);
}

void DataUnitReader::ReadMotors(FieldReader& data, const std::vector<FieldTable>& parts, TerminalFrame& frame) const {
  const std::uint8_t count = data.U8("number of motors");
  if (!IsCount(count, 1)) return;
  for (int i = 0; i < count && data.ok(); ++i) {
    const std::uint8_t number = data.U8("motor");
    // Of further motors the fields are read for what comes behind them.
    TerminalFrame unkept;
    const bool kept = number >= 1 && number <= parts.size();
    parts[kept ? number - 1U : 0].Read(data, kept ? frame : unkept);
  }
}

void DataUnitReader::ReadFuelCell(FieldReader& data, TerminalFrame& frame) const {
  fuel_cell_begin_.Read(data, frame);
  const std::uint16_t count = data.U16("number of temperature probes");
  Extremes temperatures;
  for (std::size_t i = 0; IsCount(count, 2) && i < count && data.ok(); ++i) {
    temperatures.Add(data.U8("temperature of a probe", kCelsius), 1);
  }
  if (temperatures.greatest && data.ok()) frame.Add(probe_temperature_max_, *temperatures.greatest);
  fuel_cell_end_.Read(data, frame);
}

void DataUnitReader::ReadPosition(FieldReader& data, bool names_coordinates, bool gcj02, TerminalFrame& frame) const {
  constexpr std::uint32_t kInvalid = 1;
  constexpr std::uint32_t kSouth = 2;
  constexpr std::uint32_t kWest = 4;
  constexpr std::uint8_t kWgs84 = 1;
  constexpr std::uint8_t kGcj02 = 2;
  const std::uint32_t state = data.Bits(1, "state");
  data.Note("bit 0 not valid, bit 1 south, bit 2 west");
  std::uint8_t coordinates = gcj02 ? kGcj02 : kWgs84;
  if (names_coordinates) {
    coordinates = data.U8("coordinates");
    data.Note("1 WGS-84, 2 GCJ-02, 3 others");
  }
  const std::uint32_t longitude = data.U32("longitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  const std::uint32_t latitude = data.U32("latitude", {.scale = 1e-6, .name = "deg", .decimals = 6});
  if (!data.ok()) return;
  const bool valid = (state & kInvalid) == 0;
  frame.Add(gnss_fix_, valid ? 1 : 0);
  // Coordinates that are not known would put the vehicle some hundred metres aside.
  const bool known = coordinates == kWgs84 || coordinates == kGcj02;
  if (!valid || !known || latitude >= 0xFFFF'FFFE || longitude >= 0xFFFF'FFFE) {
    place_.AddNotAvailable(frame);
    return;
  }
  place_.Add((state & kSouth) != 0 ? -std::int64_t{latitude} : std::int64_t{latitude},
             (state & kWest) != 0 ? -std::int64_t{longitude} : std::int64_t{longitude}, coordinates == kGcj02, frame);
}

void DataUnitReader::ReadAlarms(FieldReader& data, bool of_2025, TerminalFrame& frame) const {
  const std::uint8_t level = data.U8("greatest level");
  const std::uint32_t flags = data.Bits(4, "general alarms");
  if (!data.ok()) return;
  frame.Add(alarm_level_.id(), FieldTable::RawOf(alarm_level_, level, 1));
  for (std::size_t bit = 0; bit < (of_2025 ? kAlarmBits : kAlarmBits2016); ++bit) {
    frame.Add(alarms_[bit], static_cast<RawValue>(flags >> bit & 1));
  }
  for (const std::string_view kind :
       {"faults of the storage", "faults of the motors", "faults of the engine", "other faults"}) {
    const std::uint8_t count = data.U8(kind);
    for (std::size_t i = 0; IsCount(count, 1) && i < count && data.ok(); ++i)
      data.Bits(4, "fault, as its maker codes it");
  }
  if (!of_2025) return;
  const std::uint8_t count = data.U8("general alarms with their levels");
  for (std::size_t i = 0; IsCount(count, 1) && i < count && data.ok(); ++i) {
    data.U8("alarm");
    data.U8("its level");
  }
}

void DataUnitReader::ReadCells2016(FieldReader& data) const {
  const std::uint8_t count = data.U8("subsystems");
  for (std::size_t i = 0; IsCount(count, 1) && i < count && data.ok(); ++i) {
    data.U8("subsystem");
    data.U16("voltage", kVolt);
    data.U16("current", kAmpere1000);
    data.U16("cells of the subsystem");
    data.U16("first cell of this message");
    // A message holds at most 200; one that has more sends several.
    const std::uint8_t cells = data.U8("cells of this message");
    for (std::size_t cell = 0; IsCount(cells, 1) && cell < cells && data.ok(); ++cell) data.U16("cell", kCellVolt);
  }
}

void DataUnitReader::ReadCells2025(FieldReader& data, TerminalFrame& frame) const {
  const std::uint8_t packs = data.U8("packs");
  Extremes voltages;
  for (std::size_t i = 0; IsCount(packs, 1) && i < packs && data.ok(); ++i) {
    data.U8("pack");
    data.U16("voltage", kVolt);
    data.U16("current", kAmpere3000);
    const std::uint16_t units = data.U16("units");
    for (std::size_t unit = 0; IsCount(units, 2) && unit < units && data.ok(); ++unit) {
      voltages.Add(data.U16("unit", kCellVolt), 2);
    }
  }
  // This edition sends no extremes, so they are found here.
  if (!data.ok() || !voltages.least) return;
  frame.Add(cell_voltage_min_, *voltages.least);
  frame.Add(cell_voltage_max_, *voltages.greatest);
}

void DataUnitReader::ReadTemperatures(FieldReader& data, bool keep_extremes, TerminalFrame& frame) const {
  const std::uint8_t subsystems = data.U8("subsystems");
  Extremes temperatures;
  for (std::size_t i = 0; IsCount(subsystems, 1) && i < subsystems && data.ok(); ++i) {
    data.U8("subsystem");
    const std::uint16_t probes = data.U16("probes");
    for (std::size_t probe = 0; IsCount(probes, 2) && probe < probes && data.ok(); ++probe) {
      temperatures.Add(data.U8("temperature of a probe", kCelsius), 1);
    }
  }
  if (!keep_extremes || !data.ok() || !temperatures.least) return;
  frame.Add(temperature_min_, *temperatures.least);
  frame.Add(temperature_max_, *temperatures.greatest);
}

void DataUnitReader::ReadStacks(FieldReader& data) {
  const std::uint8_t stacks = data.U8("stacks");
  for (std::size_t i = 0; IsCount(stacks, 1) && i < stacks && data.ok(); ++i) {
    data.U8("stack");
    data.U16("voltage", kVolt);
    data.U16("current", kAmpere);
    data.U16("hydrogen pressure at the inlet", kKilopascal100);
    data.U16("air pressure at the inlet", kKilopascal100);
    data.U8("air temperature at the inlet", kCelsius);
    const std::uint16_t probes = data.U16("probes of the cooling water");
    for (std::size_t probe = 0; IsCount(probes, 2) && probe < probes && data.ok(); ++probe) {
      data.U8("temperature of the cooling water", kCelsius);
    }
  }
}

void DataUnitReader::ReadSupercapacitor(FieldReader& data) {
  data.U8("management system");
  data.U16("voltage", kVolt);
  data.U16("current", kAmpere3000);
  const std::uint16_t cells = data.U16("cells");
  for (std::size_t cell = 0; IsCount(cells, 2) && cell < cells && data.ok(); ++cell) data.U16("cell", kCellVolt);
  const std::uint16_t probes = data.U16("probes");
  for (std::size_t probe = 0; IsCount(probes, 2) && probe < probes && data.ok(); ++probe) {
    data.U8("temperature of a probe", kCelsius);
  }
}

void DataUnitReader::ReadSignature(FieldReader& data) {
  data.U8("kind of signature");
  data.Note("1 SM2, 2 RSA, 3 ECC; not checked");
  data.Bytes(data.U16("length of R"), "R");
  data.Bytes(data.U16("length of S"), "S");
}

Explanation Explain(std::span<const std::uint8_t> message, const DataUnitReader& reader) {
  Explanation explanation;
  const auto note = [&explanation](std::string name, std::string value) {
    explanation.push_back(
        {.first_byte = 0, .byte_count = 0, .depth = 0, .name = std::move(name), .value = std::move(value)});
  };
  const MessageOrFault parsed = ParseMessage(message, &explanation);
  if (parsed.fault == Fault::kTooShort) {
    note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
    return explanation;
  }
  const Header& header = parsed.message.header;
  FieldReader data(parsed.message.data, &explanation, kHeaderBytes);
  std::string fault;
  if (header.encryption != 1) {
    data.Bytes(data.remaining(), "encrypted data unit");
  } else if (header.answer != Answer::kCommand) {
    if (data.remaining() >= kTimeBytes) ReadTime(data, "time");
  } else {
    switch (header.command) {
      case Command::kLogin:
        ReadLogin(data, header.edition);
        break;
      case Command::kRealTime:
      case Command::kReupload: {
        TerminalFrame frame;
        fault = reader.Read(data, header.edition, frame).fault;
        break;
      }
      case Command::kLogout:
      case Command::kPlatformLogout:
        ReadTime(data, "time");
        data.U16("number of the day's logins");
        break;
      case Command::kPlatformLogin:
        ReadTime(data, "time");
        data.U16("number of the day's logins");
        data.Text(12, "user");
        data.Group(20, "password (not shown)");
        data.U8("encryption");
        break;
      default:
        break;
    }
  }
  if (data.remaining() > 0) data.Bytes(data.remaining(), "the rest");
  explanation.push_back({.first_byte = message.size() - 1,
                         .byte_count = 1,
                         .depth = 0,
                         .name = "check",
                         .value = fmt::format("0x{:02x}", message.back())});
  if (!fault.empty()) note("fault: data unit", fault);
  if (parsed.fault) note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
  return explanation;
}

}  // namespace telltale::gb32960
