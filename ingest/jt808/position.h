#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/jt808/active_safety.h"
#include "ingest/jt808/message.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::jt808 {

// Reads position reports, the body of 0x0200 and what 0x0201, 0x0500 and 0x0704 carry of it (JT/T 808, 8.18):
//
//     alarm bits 4 | status bits 4 | latitude 4, longitude 4, 1e-6 degree | altitude 2, m | speed 2, 0.1 km/h |
//     direction 2, degree | time BCD 6, UTC+8 | items: id 1, length 1, value
//
// Reserved alarm and status bits, and items that only their maker knows, are passed over. Immutable; safe from any
// thread. Budget: 1 us a report of 28 bytes and five items.
class PositionReader {
 public:
  explicit PositionReader(const Catalog& catalog);

  struct Report {
    std::optional<std::int64_t> measure_time_ms;  // UTC; nullopt: the terminal's time is none
    ActiveSafetyReader::Instants instants = 0;
    bool complete = true;  // false: an item's length goes beyond the end; what came before it holds
  };

  // Reads all that `reader` has; the signals go to `frame`. `gcj02`: the place is shifted as China's maps are.
  Report Read(FieldReader& reader, TerminalFrame& frame, bool gcj02 = false) const;

  // Turns off the alarms of these items, which a report of the same terminal raised.
  void EndAlarms(ActiveSafetyReader::Instants items, TerminalFrame& frame) const { active_safety_.End(items, frame); }

 private:
  static constexpr std::size_t kBits = 32;

  void ReadItems(FieldReader& reader, Report& report, TerminalFrame& frame) const;
  void ReadItem(std::uint8_t id, FieldReader& item, Report& report, TerminalFrame& frame) const;

  std::array<SignalId, kBits> alarm_signals_{};  // by bit; 0: reserved, or not kept
  std::array<SignalId, kBits> status_signals_{};
  SignalId load_state_;
  PlaceSignals place_;
  ActiveSafetyReader active_safety_;
  WireSignal gnss_fix_;
  WireSignal altitude_;
  WireSignal gnss_speed_;
  WireSignal heading_;
  WireSignal mileage_;
  WireSignal fuel_volume_;
  WireSignal recorder_speed_;
  WireSignal extended_state_;
  WireSignal io_state_;
  WireSignal analog_0_;
  WireSignal analog_1_;
  WireSignal network_signal_strength_;
  WireSignal satellite_count_;
  WireSignal compartment_temperature_;
};

// "alarm bits 4 and 31" in words, for explanations.
std::string AlarmText(std::uint32_t alarm);
std::string StatusText(std::uint32_t status);

}  // namespace telltale::jt808
