#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ingest/terminals/field_reader.h"

// What may be asked of a terminal, and what it answers, whatever its protocol.
namespace telltale {

// A setting of the terminal by its protocol's number (JT/T 808-2019, 8.9, table 12), with its value as on the wire.
struct TerminalParameter {
  std::uint32_t id = 0;
  std::string value;
  friend bool operator==(const TerminalParameter&, const TerminalParameter&) = default;
};

// A text for the driver's cab, UTF-8 (JT/T 808, 0x8300).
struct TextCommand {
  std::string text;
};
// 0x8103.
struct SetParametersCommand {
  std::vector<TerminalParameter> parameters;
};
// 0x8104, or 0x8106 if ids are named.
struct QueryParametersCommand {
  std::vector<std::uint32_t> ids;  // empty: all
};
// 0x8107: maker, model, SIM, versions.
struct QueryPropertiesCommand {};
// 0x8201: where it is now; the answer is stored as any position.
struct QueryPositionCommand {};
// 0x8202: positions each `interval_s` for so long, whatever its settings say; an interval of 0 ends it.
struct TrackCommand {
  std::uint16_t interval_s = 0;
  std::uint32_t duration_s = 0;
};
// 0x8105: 1 upgrade, 2 connect to another server, 3 shut down, 4 restart, 5 factory settings, 6 no data, 7 no radio.
struct ControlCommand {
  std::uint8_t command = 0;
  std::string arguments;
};
using TerminalCommand = std::variant<TextCommand, SetParametersCommand, QueryParametersCommand, QueryPropertiesCommand,
                                     QueryPositionCommand, TrackCommand, ControlCommand>;

// A command as bytes, and the number by which its answer is known.
struct EncodedCommand {
  std::string bytes;
  std::uint16_t serial = 0;
};

// What a terminal says to a command.
struct CommandAnswer {
  enum class Result : std::uint8_t { kDone, kFailed, kWrong, kUnsupported };

  std::uint16_t serial = 0;  // of the command
  Result result = Result::kDone;
  std::vector<TerminalParameter> parameters;
  Explanation fields;                           // of the answer's body, for people
  std::optional<std::int64_t> measure_time_ms;  // of a position
};

}  // namespace telltale
