#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/terminal_frame.h"

namespace telltale::jt808 {

// Items of position reports that extend the standard: video terminals (JT/T 1078-2016, 0x14 to 0x18) and active safety
// (T/JSATL 12-2017, 0x64 to 0x67, and its form of Guangdong with longer labels): what cameras and sensors saw of the
// driver, the road, the tyres and what is behind. Each alarm is a state signal. Immutable; safe from any thread.
class ActiveSafetyReader {
 public:
  explicit ActiveSafetyReader(const Catalog& catalog);

  // Of the items 0x64 to 0x67, a bit each: those with an alarm that has no end of its own. It ends with the next
  // report.
  using Instants = std::uint8_t;

  // Takes the item if it is one of these and its length is plausible; else nothing is read, and the result is false.
  bool Read(std::uint8_t id, FieldReader& item, Instants& instants, TerminalFrame& frame) const;

  // Turns off those alarms of these items that the frame does not have.
  void End(Instants items, TerminalFrame& frame) const;

 private:
  // By the number of the alarm or its bit; 0: none of ours.
  using Alarms = std::array<SignalId, 16>;
  static constexpr std::size_t kItems = 4;

  void ReadAlarm(std::size_t item_index, FieldReader& item, Instants& instants, TerminalFrame& frame) const;
  void ReadTyres(FieldReader& item, Instants& instants, TerminalFrame& frame) const;
  void AddAll(const Alarms& alarms, std::uint32_t bits, TerminalFrame& frame) const;

  std::array<Alarms, kItems> safety_;  // 0x64 to 0x67
  Alarms video_;                       // 0x14
  Alarms behaviour_;                   // 0x18
};

}  // namespace telltale::jt808
