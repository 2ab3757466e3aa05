#include "ingest/gb32960/battery_blocks.h"

#include <fmt/format.h>

#include "ingest/gb32960/block_fields.h"
#include "ingest/gb32960/counts.h"
#include "ingest/terminals/field_table.h"

namespace telltale::gb32960 {
namespace {

WireSignal SignalOf(const Catalog& catalog, std::string_view name, std::size_t number, const Unit& unit) {
  return WireSignal(catalog, fmt::format(fmt::runtime(name), number), unit.scale, unit.offset);
}

std::vector<WireSignal> SignalsOf(const Catalog& catalog, std::string_view name, std::size_t count, const Unit& unit) {
  std::vector<WireSignal> signals;
  signals.reserve(count);
  for (std::size_t number = 1; number <= count; ++number) {
    signals.push_back(SignalOf(catalog, name, number, unit));
  }
  return signals;
}

// Counts the cells, or probes, of a message on from one subsystem to the next. A message that begins with a later
// subsystem, or leaves one out, does not say how many there are before.
class RunningNumber {
 public:
  // The number, from 0, of the first of a subsystem; nullopt: not known.
  std::optional<std::size_t> Begin(std::uint8_t subsystem, std::size_t its_count) {
    if (subsystem != next_subsystem_) next_subsystem_ = 0;  // from here on nothing is known
    if (next_subsystem_ == 0) return std::nullopt;
    ++next_subsystem_;
    const std::size_t first = next_;
    next_ += its_count;
    return first;
  }

 private:
  std::size_t next_subsystem_ = 1;
  std::size_t next_ = 0;
};

// Adds values to the signals from number `first` on; gives how many have none.
class NumberedValues {
 public:
  NumberedValues(const std::vector<WireSignal>& signals, std::optional<std::size_t> first, std::size_t byte_count)
      : signals_(signals), at_(first.value_or(signals.size())), byte_count_(byte_count) {}

  void Add(std::uint32_t value, TerminalFrame& frame) {
    if (at_ >= signals_.size()) {
      ++left_out_;
      return;
    }
    const WireSignal& signal = signals_[at_++];
    frame.Add(signal.id(), FieldTable::RawOf(signal, value, byte_count_));
  }
  std::size_t left_out() const { return left_out_; }

 private:
  const std::vector<WireSignal>& signals_;
  std::size_t at_;
  std::size_t byte_count_;
  std::size_t left_out_ = 0;
};

}  // namespace

BatteryBlocks::Subsystem::Subsystem(const Catalog& catalog, std::size_t number)
    : voltage(SignalOf(catalog, "battery_{}_voltage", number, kVolt)),
      current_2016(SignalOf(catalog, "battery_{}_current", number, kAmpere1000)),
      current_2025(SignalOf(catalog, "battery_{}_current", number, kAmpere3000)),
      cell_voltage_min(SignalOf(catalog, "battery_{}_cell_voltage_min", number, kCellVolt)),
      cell_voltage_max(SignalOf(catalog, "battery_{}_cell_voltage_max", number, kCellVolt)),
      cell_voltage_mean(SignalOf(catalog, "battery_{}_cell_voltage_mean", number, kCellVolt)),
      temperature_min(SignalOf(catalog, "battery_{}_temperature_min", number, kCelsius)),
      temperature_max(SignalOf(catalog, "battery_{}_temperature_max", number, kCelsius)) {}

BatteryBlocks::BatteryBlocks(const Catalog& catalog)
    : cells_(SignalsOf(catalog, "battery_cell_voltage_{}", kCells, kCellVolt)),
      probes_(SignalsOf(catalog, "battery_probe_temperature_{}", kProbes, kCelsius)),
      cell_voltage_max_(catalog, "battery_cell_voltage_max", kCellVolt.scale),
      cell_voltage_min_(catalog, "battery_cell_voltage_min", kCellVolt.scale),
      temperature_max_(catalog, "battery_temperature_max", 1, kCelsius.offset),
      temperature_min_(catalog, "battery_temperature_min", 1, kCelsius.offset) {
  for (std::size_t number = 1; number <= kSubsystems; ++number) subsystems_.emplace_back(catalog, number);
}

const BatteryBlocks::Subsystem* BatteryBlocks::Find(std::uint8_t number) const {
  return number >= 1 && number <= subsystems_.size() ? &subsystems_[number - 1U] : nullptr;
}

std::size_t BatteryBlocks::ReadCells(const CellList& list, FieldReader& data, TerminalFrame& frame,
                                     Extremes& of_all) const {
  NumberedValues values(cells_, list.first, 2);
  Extremes voltages;
  for (std::size_t cell = 0; cell < list.count && data.ok(); ++cell) {
    const std::uint16_t value = data.U16("cell", kCellVolt);
    voltages.Add(value, 2);
    of_all.Add(value, 2);
    values.Add(value, frame);
  }
  const Subsystem* const subsystem = Find(list.subsystem);
  if (subsystem == nullptr) return values.left_out() + 1;
  const WireSignal& current = subsystem->*list.current_signal;
  frame.Add(subsystem->voltage.id(), FieldTable::RawOf(subsystem->voltage, list.voltage, 2));
  frame.Add(current.id(), FieldTable::RawOf(current, list.current, 2));
  if (list.is_whole && voltages.count > 0) {
    frame.Add(subsystem->cell_voltage_min, *voltages.least);
    frame.Add(subsystem->cell_voltage_max, *voltages.greatest);
    frame.Add(subsystem->cell_voltage_mean.id(), subsystem->cell_voltage_mean.FromFraction(voltages.mean()));
  }
  return values.left_out();
}

std::size_t BatteryBlocks::ReadCells2016(FieldReader& data, TerminalFrame& frame) const {
  const std::uint8_t count = data.U8("subsystems");
  RunningNumber running;
  Extremes unkept;  // they have a block of their own
  std::size_t left_out = 0;
  for (std::size_t i = 0; IsNumber(count, 1) && i < count && data.ok(); ++i) {
    CellList list{.current_signal = &Subsystem::current_2016};
    list.subsystem = data.U8("subsystem");
    list.voltage = data.U16("voltage", kVolt);
    list.current = data.U16("current", kAmpere1000);
    const std::uint16_t all = data.U16("cells of the subsystem");
    const std::uint16_t first = data.U16("first cell of this message");
    // A message holds at most 200; a subsystem that has more sends several.
    const std::uint8_t cells = data.U8("cells of this message");
    list.count = IsNumber(cells, 1) ? cells : 0;
    list.is_whole = cells == all;
    list.first = running.Begin(list.subsystem, IsNumber(all, 2) ? all : 0);
    // Some count from 0.
    if (list.first) *list.first += first > 0 ? first - 1U : 0;
    left_out += ReadCells(list, data, frame, unkept);
  }
  return left_out;
}

std::size_t BatteryBlocks::ReadCells2025(FieldReader& data, TerminalFrame& frame) const {
  const std::uint8_t packs = data.U8("packs");
  RunningNumber running;
  Extremes of_all;
  std::size_t left_out = 0;
  for (std::size_t i = 0; IsNumber(packs, 1) && i < packs && data.ok(); ++i) {
    CellList list{.current_signal = &Subsystem::current_2025, .is_whole = true};
    list.subsystem = data.U8("pack");
    list.voltage = data.U16("voltage", kVolt);
    list.current = data.U16("current", kAmpere3000);
    const std::uint16_t units = data.U16("units");
    list.count = IsNumber(units, 2) ? units : 0;
    list.first = running.Begin(list.subsystem, list.count);
    left_out += ReadCells(list, data, frame, of_all);
  }
  // This edition sends no extremes, so they are found here.
  if (of_all.count == 0) return left_out;
  frame.Add(cell_voltage_min_, *of_all.least);
  frame.Add(cell_voltage_max_, *of_all.greatest);
  return left_out;
}

std::size_t BatteryBlocks::ReadTemperatures(FieldReader& data, bool of_2025, TerminalFrame& frame) const {
  const std::uint8_t subsystems = data.U8(of_2025 ? "packs" : "subsystems");
  RunningNumber running;
  Extremes of_all;
  std::size_t left_out = 0;
  for (std::size_t i = 0; IsNumber(subsystems, 1) && i < subsystems && data.ok(); ++i) {
    const std::uint8_t number = data.U8(of_2025 ? "pack" : "subsystem");
    const std::uint16_t probes = data.U16("probes");
    NumberedValues values(probes_, running.Begin(number, IsNumber(probes, 2) ? probes : 0), 1);
    Extremes temperatures;
    for (std::size_t probe = 0; IsNumber(probes, 2) && probe < probes && data.ok(); ++probe) {
      const std::uint8_t value = data.U8("temperature of a probe", kCelsius);
      temperatures.Add(value, 1);
      of_all.Add(value, 1);
      values.Add(value, frame);
    }
    left_out += values.left_out();
    const Subsystem* const subsystem = Find(number);
    if (subsystem == nullptr) {
      ++left_out;
      continue;
    }
    if (temperatures.count == 0) continue;
    frame.Add(subsystem->temperature_min, *temperatures.least);
    frame.Add(subsystem->temperature_max, *temperatures.greatest);
  }
  if (!of_2025 || of_all.count == 0) return left_out;
  frame.Add(temperature_min_, *of_all.least);
  frame.Add(temperature_max_, *of_all.greatest);
  return left_out;
}

}  // namespace telltale::gb32960
