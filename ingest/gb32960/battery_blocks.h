#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/gb32960/counts.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::gb32960 {

// Reads the voltages and temperatures of a traction battery, cell by cell: GB/T 32960.3-2016, tables 20 to 23, blocks
// 0x08 and 0x09; of 2025, tables 11 to 14, blocks 0x07 and 0x08. Each subsystem (2025: pack) gives its voltage, its
// current and the extremes of what it has; cells and probes are signals of their own, counted on from one subsystem to
// the next. Immutable; safe from any thread. Budget: 5 ns a cell.
class BatteryBlocks {
 public:
  static constexpr std::size_t kSubsystems = 8;  // that the catalogue has signals for
  static constexpr std::size_t kCells = 600;
  static constexpr std::size_t kProbes = 200;

  explicit BatteryBlocks(const Catalog& catalog);

  // What was left out of `frame`, as the catalogue has no signal for it: subsystems, cells and probes beyond its
  // numbers. A message of 2016 holds at most 200 cells; the extremes of a subsystem of more are not known from one
  // message.
  std::size_t ReadCells2016(FieldReader& data, TerminalFrame& frame) const;
  std::size_t ReadCells2025(FieldReader& data, TerminalFrame& frame) const;
  // With `of_2025` the extremes of all packs are added, too: that edition sends none.
  std::size_t ReadTemperatures(FieldReader& data, bool of_2025, TerminalFrame& frame) const;

 private:
  struct Subsystem {
    explicit Subsystem(const Catalog& catalog, std::size_t number);
    WireSignal voltage;
    WireSignal current_2016;
    WireSignal current_2025;
    WireSignal cell_voltage_min;
    WireSignal cell_voltage_max;
    WireSignal cell_voltage_mean;
    WireSignal temperature_min;
    WireSignal temperature_max;
  };
  const Subsystem* Find(std::uint8_t number) const;  // nullptr: the catalogue has no signals for it

  // Cells of one subsystem, which follow in the message.
  struct CellList {
    WireSignal Subsystem::*current_signal = nullptr;  // by edition
    bool is_whole = false;                            // all cells of the subsystem
    std::uint8_t subsystem = 0;
    std::uint16_t voltage = 0;
    std::uint16_t current = 0;
    std::size_t count = 0;
    std::optional<std::size_t> first;  // its number over all subsystems, from 0; nullopt: not known
  };
  // Gives what was left out.
  std::size_t ReadCells(const CellList& list, FieldReader& data, TerminalFrame& frame, Extremes& of_all) const;

  std::vector<Subsystem> subsystems_;  // by number, from 1
  std::vector<WireSignal> cells_;      // from 1
  std::vector<WireSignal> probes_;
  WireSignal cell_voltage_max_;
  WireSignal cell_voltage_min_;
  WireSignal temperature_max_;
  WireSignal temperature_min_;
};

}  // namespace telltale::gb32960
