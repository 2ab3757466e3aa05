#include "ingest/gb32960/data_unit.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/gb32960/block_fields.h"
#include "ingest/gb32960/bodies.h"
#include "ingest/gb32960/counts.h"

namespace telltale::gb32960 {
namespace {

constexpr std::size_t kMotors = 4;  // that the catalogue has signals for
constexpr std::size_t kStacks = 4;
constexpr std::uint8_t kFirstOfMaker = 0x80;
constexpr std::uint8_t kSignature2025 = 0xFF;

bool IsOfMaker(std::uint8_t type) { return type >= kFirstOfMaker && type != 0xFF; }

void ReadMakersBlock(FieldReader& data) { data.Bytes(data.U16("length"), "content"); }

// What one block gives, and what is read only to see whether it can be read.
TerminalFrame& BlockOfThread() {
  thread_local TerminalFrame block;
  block.Clear();
  return block;
}

}  // namespace

DataUnitReader::DataUnitReader(const Catalog& catalog)
    : vehicle_2016_(catalog, kVehicle2016),
      vehicle_begin_2025_(catalog, kVehicleBegin2025),
      gear_(catalog, "ev_gear"),
      vehicle_end_2025_(catalog, kVehicleEnd2025),
      fuel_cell_begin_(catalog, kFuelCellBegin),
      probe_temperature_min_(catalog, "fuel_cell_probe_temperature_min", 1, kCelsius.offset),
      probe_temperature_max_(catalog, "fuel_cell_probe_temperature_max", 1, kCelsius.offset),
      fuel_cell_end_(catalog, kFuelCellEnd),
      hydrogen_2025_(catalog, kHydrogen2025),
      supercapacitor_(catalog, kSupercapacitor),
      supercapacitor_extremes_(catalog, kSupercapacitorExtremes),
      engine_2016_(catalog, kEngine2016),
      engine_2025_(catalog, kEngine2025),
      extremes_(catalog, kExtremes),
      battery_(catalog),
      place_(catalog),
      gnss_fix_(catalog, "gnss_fix"),
      alarm_level_(catalog, "ev_alarm_level") {
  for (std::size_t motor = 1; motor <= kMotors; ++motor) {
    motors_2016_.emplace_back(catalog, kMotor2016, static_cast<int>(motor));
    motors_2025_.emplace_back(catalog, kMotor2025, static_cast<int>(motor));
  }
  for (std::size_t stack = 1; stack <= kStacks; ++stack) {
    const auto coolant = [&](std::string_view which) {
      return WireSignal(catalog, fmt::format("fuel_cell_stack_{}_coolant_temperature_{}", stack, which), 1,
                        kCelsius.offset);
    };
    stacks_.push_back({.fields = FieldTable(catalog, kStack, static_cast<int>(stack)),
                       .coolant_temperature_min = coolant("min"),
                       .coolant_temperature_max = coolant("max")});
  }
  static_assert(std::size(kAlarmSignals) == kAlarmBits);
  for (std::size_t bit = 0; bit < kAlarmBits; ++bit) {
    alarms_[bit] = catalog.Get(kAlarmSignals[bit]).id;
    alarm_levels_.emplace_back(catalog, fmt::format("{}_level", kAlarmSignals[bit]));
  }
}

DataUnitReader::Result DataUnitReader::Read(FieldReader& data, Edition edition, TerminalFrame& frame,
                                            bool gcj02) const {
  Result result;
  result.measure_time_ms = ReadTime(data, "time");
  if (!data.ok()) result.fault = "the data unit ends before its time does";
  Types seen;
  bool fits = false;
  while (data.remaining() > 0 && result.fault.empty()) {
    const FieldReader here = data.Silently();
    const auto type = static_cast<std::uint8_t>(data.Bits(1, "block"));
    if (IsOfMaker(type)) {
      data.Note("the maker's own");
      fits = fits || FitsFromHere(here, edition, seen);
      if (fits) {
        ReadMakersBlock(data);
      } else {
        result.unread_bytes = here.remaining();
        data.Bytes(data.remaining(), "content, of a length that does not fit: what is behind it is not read");
      }
    } else if (seen[type]) {
      result.fault = fmt::format("block {:02x} comes twice", type);
    } else {
      seen[type] = true;
      TerminalFrame& block = BlockOfThread();
      const auto left_out = ReadBlock(type, edition, gcj02, data, block);
      if (!left_out) {
        result.fault = fmt::format("block {:02x} is reserved, and its length is not known", type);
      } else if (!data.ok()) {
        result.fault = fmt::format("block {:02x} goes beyond the end", type);
      } else {
        result.left_out += *left_out;
        frame.Add(block);
      }
    }
  }
  return result;
}

bool DataUnitReader::FitsFromHere(FieldReader rest, Edition edition, Types seen) const {
  while (rest.remaining() > 0) {
    const std::uint8_t type = rest.U8("");
    if (IsOfMaker(type)) {
      ReadMakersBlock(rest);
    } else if (seen[type]) {
      return false;
    } else {
      seen[type] = true;
      if (!ReadBlock(type, edition, /*gcj02=*/false, rest, BlockOfThread())) return false;
    }
  }
  return rest.ok();
}

std::optional<std::size_t> DataUnitReader::ReadBlock(std::uint8_t type, Edition edition, bool gcj02, FieldReader& data,
                                                     TerminalFrame& frame) const {
  return edition == Edition::k2025 ? ReadBlock2025(type, gcj02, data, frame) : ReadBlock2016(type, gcj02, data, frame);
}

std::optional<std::size_t> DataUnitReader::ReadBlock2016(std::uint8_t type, bool gcj02, FieldReader& data,
                                                         TerminalFrame& frame) const {
  const auto name = [&data](std::string_view text) { data.Note(text); };
  switch (type) {
    case 0x01:
      name("vehicle");
      vehicle_2016_.Read(data, frame);
      return 0;
    case 0x02:
      name("drive motors");
      return ReadMotors(data, motors_2016_, frame);
    case 0x03:
      name("fuel cell");
      ReadFuelCell(data, frame);
      return 0;
    case 0x04:
      name("engine");
      engine_2016_.Read(data, frame);
      return 0;
    case 0x05:
      name("position");
      ReadPosition(data, /*names_coordinates=*/false, gcj02, frame);
      return 0;
    case 0x06:
      name("extremes");
      extremes_.Read(data, frame);
      return 0;
    case 0x07:
      name("alarms");
      ReadAlarms(data, /*of_2025=*/false, frame);
      return 0;
    case 0x08:
      name("voltages of the cells");
      return battery_.ReadCells2016(data, frame);
    case 0x09:
      name("temperatures of the storage");
      return battery_.ReadTemperatures(data, /*of_2025=*/false, frame);
    default:
      return std::nullopt;
  }
}

std::optional<std::size_t> DataUnitReader::ReadBlock2025(std::uint8_t type, bool gcj02, FieldReader& data,
                                                         TerminalFrame& frame) const {
  const auto name = [&data](std::string_view text) { data.Note(text); };
  switch (type) {
    case 0x01:
      name("vehicle");
      ReadVehicle2025(data, frame);
      return 0;
    case 0x02:
      name("drive motors");
      return ReadMotors(data, motors_2025_, frame);
    case 0x03:
      name("fuel cell engine and hydrogen system");
      hydrogen_2025_.Read(data, frame);
      return 0;
    case 0x04:
      name("engine");
      engine_2025_.Read(data, frame);
      return 0;
    case 0x05:
      name("position");
      ReadPosition(data, /*names_coordinates=*/true, gcj02, frame);
      return 0;
    case 0x06:
      name("alarms");
      ReadAlarms(data, /*of_2025=*/true, frame);
      return 0;
    case 0x07:
      name("voltages of the least parallel units");
      return battery_.ReadCells2025(data, frame);
    case 0x08:
      name("temperatures of the packs");
      return battery_.ReadTemperatures(data, /*of_2025=*/true, frame);
    case 0x30:
      name("fuel cell stacks");
      return ReadStacks(data, frame);
    case 0x31:
      name("supercapacitor");
      ReadSupercapacitor(data, frame);
      return 0;
    case 0x32:
      name("extremes of the supercapacitor");
      supercapacitor_extremes_.Read(data, frame);
      return 0;
    case kSignature2025:
      name("signature");
      ReadSignature(data);
      return 0;
    default:
      return std::nullopt;
  }
}

void DataUnitReader::ReadVehicle2025(FieldReader& data, TerminalFrame& frame) const {
  constexpr std::uint32_t kGearNotValid = 0x80;
  vehicle_begin_2025_.Read(data, frame);
  const std::uint32_t gear = data.Bits(1, "gear");
  data.Note("bits 0-3 gear, 13 R, 14 D, 15 P; bit 4 braking, bit 5 driving, bit 7 not valid");
  frame.Add(gear_.id(), (gear & kGearNotValid) != 0 ? kNotAvailable : gear_.FromWire(gear));
  vehicle_end_2025_.Read(data, frame);
}

std::size_t DataUnitReader::ReadMotors(FieldReader& data, const std::vector<FieldTable>& parts, TerminalFrame& frame) {
  const std::uint8_t count = data.U8("number of motors");
  std::size_t left_out = 0;
  std::size_t before_first = 1;
  for (std::size_t i = 0; IsNumber(count, 1) && i < count && data.ok(); ++i) {
    const std::uint8_t number = data.U8("motor");
    if (i == 0 && number == 0) before_first = 0;  // some count from 0
    // Of further motors the fields are read for what comes behind them.
    TerminalFrame unkept;
    const bool kept = number >= before_first && number - before_first < parts.size();
    parts[kept ? number - before_first : 0].Read(data, kept ? frame : unkept);
    if (!kept) ++left_out;
  }
  return left_out;
}

void DataUnitReader::ReadFuelCell(FieldReader& data, TerminalFrame& frame) const {
  fuel_cell_begin_.Read(data, frame);
  const std::uint16_t count = data.U16("number of temperature probes");
  Extremes temperatures;
  for (std::size_t i = 0; IsNumber(count, 2) && i < count && data.ok(); ++i) {
    temperatures.Add(data.U8("temperature of a probe", kCelsius), 1);
  }
  if (temperatures.count > 0) {
    frame.Add(probe_temperature_min_, *temperatures.least);
    frame.Add(probe_temperature_max_, *temperatures.greatest);
  }
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
  frame.Add(alarm_level_.id(), FieldTable::RawOf(alarm_level_, level, 1));
  for (std::size_t bit = 0; bit < (of_2025 ? kAlarmBits : kAlarmBits2016); ++bit) {
    frame.Add(alarms_[bit], static_cast<RawValue>(flags >> bit & 1));
  }
  for (const std::string_view kind :
       {"faults of the storage", "faults of the motors", "faults of the engine", "other faults"}) {
    const std::uint8_t count = data.U8(kind);
    for (std::size_t i = 0; IsNumber(count, 1) && i < count && data.ok(); ++i) {
      data.Bits(4, "fault, as its maker codes it");
    }
  }
  if (!of_2025) return;
  const std::uint8_t count = data.U8("general alarms with their levels");
  for (const WireSignal& alarm : alarm_levels_) frame.Add(alarm, 0);
  for (std::size_t i = 0; IsNumber(count, 1) && i < count && data.ok(); ++i) {
    const std::uint8_t bit = data.U8("alarm");
    const std::uint8_t its_level = data.U8("its level");
    if (bit < kAlarmBits) frame.Add(alarm_levels_[bit].id(), FieldTable::RawOf(alarm_levels_[bit], its_level, 1));
  }
}

std::size_t DataUnitReader::ReadStacks(FieldReader& data, TerminalFrame& frame) const {
  const std::uint8_t count = data.U8("stacks");
  std::size_t left_out = 0;
  for (std::size_t i = 0; IsNumber(count, 1) && i < count && data.ok(); ++i) {
    const std::uint8_t number = data.U8("stack");
    TerminalFrame unkept;
    const bool kept = number >= 1 && number <= stacks_.size();
    const Stack& stack = stacks_[kept ? number - 1U : 0];
    TerminalFrame& out = kept ? frame : unkept;
    if (!kept) ++left_out;
    stack.fields.Read(data, out);
    const std::uint16_t probes = data.U16("probes of the cooling water");
    Extremes temperatures;
    for (std::size_t probe = 0; IsNumber(probes, 2) && probe < probes && data.ok(); ++probe) {
      temperatures.Add(data.U8("temperature of the cooling water", kCelsius), 1);
    }
    if (temperatures.count == 0) continue;
    out.Add(stack.coolant_temperature_min, *temperatures.least);
    out.Add(stack.coolant_temperature_max, *temperatures.greatest);
  }
  return left_out;
}

void DataUnitReader::ReadSupercapacitor(FieldReader& data, TerminalFrame& frame) const {
  data.U8("management system");
  supercapacitor_.Read(data, frame);
  // Its extremes have a block of their own.
  const std::uint16_t cells = data.U16("cells");
  for (std::size_t cell = 0; IsNumber(cells, 2) && cell < cells && data.ok(); ++cell) data.U16("cell", kCellVolt);
  const std::uint16_t probes = data.U16("probes");
  for (std::size_t probe = 0; IsNumber(probes, 2) && probe < probes && data.ok(); ++probe) {
    data.U8("temperature of a probe", kCelsius);
  }
}

}  // namespace telltale::gb32960
