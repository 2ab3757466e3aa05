#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/field_table.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::gb32960 {

// The data unit of a login, GB/T 32960.3-2016, 7.1.
struct Login {
  std::optional<std::int64_t> time_ms;
  std::uint16_t serial = 0;  // of the day's logins
  std::string iccid;         // of the SIM, 20 characters
  std::vector<std::string> pack_codes;
};
Login ReadLogin(FieldReader& data, Edition edition);

// Reads the blocks of real-time and re-uploaded data: a time, then blocks that begin with their type. Cells and probes
// one by one are explained but not kept; the extremes of a pack are. Immutable; safe from any thread. Budget: 2 us a
// message.
class DataUnitReader {
 public:
  explicit DataUnitReader(const Catalog& catalog);

  struct Result {
    std::optional<std::int64_t> measure_time_ms;  // UTC; nullopt: the time is none
    // What ended the reading before the end: "block 08 goes beyond the end". What came before it holds. Empty: nothing.
    std::string fault;
  };
  // `gcj02`: places are shifted as China's maps are, also where the message does not say so.
  Result Read(FieldReader& data, Edition edition, TerminalFrame& frame, bool gcj02 = false) const;

 private:
  void ReadBlock2016(std::uint8_t type, bool gcj02, FieldReader& data, TerminalFrame& frame, std::string& fault) const;
  void ReadBlock2025(std::uint8_t type, bool gcj02, FieldReader& data, TerminalFrame& frame, std::string& fault) const;
  void ReadMotors(FieldReader& data, const std::vector<FieldTable>& parts, TerminalFrame& frame) const;
  void ReadFuelCell(FieldReader& data, TerminalFrame& frame) const;
  void ReadPosition(FieldReader& data, bool names_coordinates, bool gcj02, TerminalFrame& frame) const;
  void ReadAlarms(FieldReader& data, bool of_2025, TerminalFrame& frame) const;
  void ReadCells2016(FieldReader& data) const;
  void ReadCells2025(FieldReader& data, TerminalFrame& frame) const;
  void ReadTemperatures(FieldReader& data, bool keep_extremes, TerminalFrame& frame) const;
  static void ReadStacks(FieldReader& data);
  static void ReadSupercapacitor(FieldReader& data);
  static void ReadSignature(FieldReader& data);

  static constexpr std::size_t kAlarmBits = 28;

  FieldTable vehicle_2016_;
  FieldTable vehicle_2025_;
  std::vector<FieldTable> motors_2016_;  // by number, from 1
  std::vector<FieldTable> motors_2025_;
  FieldTable fuel_cell_begin_;
  FieldTable fuel_cell_end_;
  FieldTable hydrogen_2025_;
  FieldTable engine_2016_;
  FieldTable engine_2025_;
  FieldTable extremes_;
  PlaceSignals place_;
  WireSignal gnss_fix_;
  WireSignal alarm_level_;
  WireSignal probe_temperature_max_;
  WireSignal cell_voltage_max_;
  WireSignal cell_voltage_min_;
  WireSignal temperature_max_;
  WireSignal temperature_min_;
  std::array<SignalId, kAlarmBits> alarms_{};
};

// Any message, field by field. Passwords and keys are not shown.
Explanation Explain(std::span<const std::uint8_t> message, const DataUnitReader& reader);

}  // namespace telltale::gb32960
