#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/gb32960/battery_blocks.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/field_table.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::gb32960 {

// Reads the blocks of real-time and re-uploaded data: a time, then blocks that begin with their type. A block is taken
// whole or not at all. Immutable; safe from any thread. Budget: 2 us a message, and 5 ns a cell.
class DataUnitReader {
 public:
  explicit DataUnitReader(const Catalog& catalog);

  struct Result {
    std::optional<std::int64_t> measure_time_ms;  // UTC; nullopt: the time is none
    // What ended the reading before the end: "block 08 goes beyond the end". What came before it holds. Empty: nothing.
    std::string fault;
    // Motors, stacks, subsystems, cells and probes beyond those that the catalogue has signals for.
    std::size_t left_out = 0;
    // Bytes at the end, from a maker's block whose length does not fit. What is in them is not known.
    std::size_t unread_bytes = 0;
  };
  // `gcj02`: places are shifted as China's maps are, also where the message does not say so.
  //
  // The blocks 0x80 to 0xFE are their maker's own, of a length that some leave out or get wrong. What stands behind the
  // first of them is believed only if from there to the end all blocks are known, none comes twice, and they end where
  // the data unit does; otherwise all of it is unread.
  Result Read(FieldReader& data, Edition edition, TerminalFrame& frame, bool gcj02 = false) const;

 private:
  using Types = std::bitset<256>;

  bool FitsFromHere(FieldReader rest, Edition edition, Types seen) const;
  // Gives how much was left out; nullopt: the type is reserved.
  std::optional<std::size_t> ReadBlock(std::uint8_t type, Edition edition, bool gcj02, FieldReader& data,
                                       TerminalFrame& frame) const;
  std::optional<std::size_t> ReadBlock2016(std::uint8_t type, bool gcj02, FieldReader& data,
                                           TerminalFrame& frame) const;
  std::optional<std::size_t> ReadBlock2025(std::uint8_t type, bool gcj02, FieldReader& data,
                                           TerminalFrame& frame) const;
  void ReadVehicle2025(FieldReader& data, TerminalFrame& frame) const;
  static std::size_t ReadMotors(FieldReader& data, const std::vector<FieldTable>& parts, TerminalFrame& frame);
  void ReadFuelCell(FieldReader& data, TerminalFrame& frame) const;
  void ReadPosition(FieldReader& data, bool names_coordinates, bool gcj02, TerminalFrame& frame) const;
  void ReadAlarms(FieldReader& data, bool of_2025, TerminalFrame& frame) const;
  std::size_t ReadStacks(FieldReader& data, TerminalFrame& frame) const;
  void ReadSupercapacitor(FieldReader& data, TerminalFrame& frame) const;

  static constexpr std::size_t kAlarmBits = 28;

  FieldTable vehicle_2016_;
  FieldTable vehicle_begin_2025_;
  WireSignal gear_;
  FieldTable vehicle_end_2025_;
  std::vector<FieldTable> motors_2016_;  // by number, from 1
  std::vector<FieldTable> motors_2025_;
  FieldTable fuel_cell_begin_;
  WireSignal probe_temperature_min_;
  WireSignal probe_temperature_max_;
  FieldTable fuel_cell_end_;
  FieldTable hydrogen_2025_;
  struct Stack {
    FieldTable fields;
    WireSignal coolant_temperature_min;
    WireSignal coolant_temperature_max;
  };
  std::vector<Stack> stacks_;  // by number, from 1
  FieldTable supercapacitor_;
  FieldTable supercapacitor_extremes_;
  FieldTable engine_2016_;
  FieldTable engine_2025_;
  FieldTable extremes_;
  BatteryBlocks battery_;
  PlaceSignals place_;
  WireSignal gnss_fix_;
  WireSignal alarm_level_;
  std::array<SignalId, kAlarmBits> alarms_{};
  std::vector<WireSignal> alarm_levels_;  // by bit
};

// Any message, field by field. Passwords and keys are not shown.
Explanation Explain(std::span<const std::uint8_t> message, const DataUnitReader& reader);

}  // namespace telltale::gb32960
