#pragma once

#include <functional>
#include <string>

#include "catalog/catalog.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/field_table.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::gb17691 {

// Reads the data of the remote emission monitoring of heavy-duty vehicles, GB 17691-2018, annex Q: a time, then blocks
// of type 1, serial number 2 and a body. Engine blocks follow each other by a second; a message has about ten.
// Immutable; safe from any thread. Budget: 1 us a second of engine data.
class EmissionReader {
 public:
  explicit EmissionReader(const Catalog& catalog);

  // Called for each second, in order; the frame is reused.
  using SecondFunction = std::function<void(std::int64_t measure_time_ms, const TerminalFrame& frame)>;

  // Errors come as text: what ended the reading before the end. What came before it holds. Empty: nothing.
  std::string Read(FieldReader& data, bool gcj02, TerminalFrame& frame, const SecondFunction& on_second) const;

 private:
  void ReadEngine(FieldReader& block, bool gcj02, TerminalFrame& frame) const;
  void ReadObd(FieldReader& block, TerminalFrame& frame) const;

  FieldTable engine_;
  FieldTable obd_;
  PlaceSignals place_;
  WireSignal gnss_fix_;
  WireSignal mileage_;
};

}  // namespace telltale::gb17691
