#pragma once

#include <functional>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "catalog/dtc.h"
#include "ingest/gb32960/message.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/field_table.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::gb17691 {

// Reads the data of the remote emission monitoring of heavy-duty vehicles. GB 17691-2018, annex Q: a time, then blocks
// of type 1, serial number 2 and a body; engine blocks follow each other by a second, a message has about ten. HJ
// 1239.3-2021: a time and a serial number, then blocks of type 1, time 6 and a body, and perhaps a signature, which is
// not checked. Immutable; safe from any thread. Budget: 1 us a second of engine data.
class EmissionReader {
 public:
  explicit EmissionReader(const Catalog& catalog);

  // Both are called in order.
  struct Sink {
    std::function<void(std::int64_t measure_time_ms, const TerminalFrame& frame)> on_frame;  // which is reused
    // Of an engine whose diagnosis speaks SAE J1939; of the others codes have no SPN, and are only counted.
    std::function<void(FaultReport report)> on_faults;
  };

  // Errors come as text: what ended the reading before the end. What came before it holds. Empty: nothing.
  std::string Read(FieldReader& data, gb32960::Edition edition, bool gcj02, TerminalFrame& frame,
                   const Sink& sink) const;

  // Whether the terminal was taken off the vehicle: HJ 1239.3-2021, annex A. Errors as above.
  std::string ReadRemoval(FieldReader& data, bool gcj02, TerminalFrame& frame, const Sink& sink) const;

 private:
  // The faults that the OBD block lists; nullopt: it does not say how many.
  std::optional<FaultReport> ReadObd(FieldReader& block, TerminalFrame& frame) const;
  // True: a block of the engine, which stands for a second.
  bool ReadEngine(std::uint8_t type, FieldReader& block, bool gcj02, TerminalFrame& frame) const;
  void ReadPlace(FieldReader& block, bool gcj02, TerminalFrame& frame) const;

  FieldTable engine_;
  FieldTable particulate_filter_;
  FieldTable three_way_;
  FieldTable three_way_nox_;
  FieldTable hybrid_;
  FieldTable obd_;
  PlaceSignals place_;
  WireSignal gnss_fix_;
  WireSignal mileage_;
  WireSignal diagnoses_supported_;
  WireSignal diagnoses_ready_;
  WireSignal trouble_codes_;
  WireSignal removed_;
};

}  // namespace telltale::gb17691
