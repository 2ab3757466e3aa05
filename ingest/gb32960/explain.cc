#include "ingest/gb32960/bodies.h"
#include "ingest/gb32960/data_unit.h"

namespace telltale::gb32960 {
namespace {

// Gives what is wrong with it; empty: nothing.
std::string ExplainData(const Header& header, const DataUnitReader& reader, FieldReader& data) {
  switch (header.command) {
    case Command::kLogin:
      ReadLogin(data, header.edition);
      break;
    case Command::kRealTime:
    case Command::kReupload: {
      TerminalFrame frame;
      return reader.Read(data, header.edition, frame).fault;
    }
    case Command::kLogout:
    case Command::kPlatformLogout:
      ReadLogout(data);
      break;
    case Command::kPlatformLogin:
      ReadPlatformLogin(data);
      break;
    case Command::kActivation:
      ReadActivation(data);
      break;
    case Command::kActivationAnswer:
      ReadActivationAnswer(data);
      break;
    case Command::kKeyExchange:
      ReadKeyExchange(data);
      break;
    case Command::kHeartbeat:
    case Command::kTime:
      break;
  }
  return {};
}

}  // namespace

Explanation Explain(std::span<const std::uint8_t> message, const DataUnitReader& reader) {
  return ExplainWith(message, Family::kGb32960, [&reader](const Header& header, FieldReader& data) -> std::string {
    if (header.answer == Answer::kCommand) return ExplainData(header, reader, data);
    if (data.remaining() >= kTimeBytes) ReadTime(data, "time");
    return {};
  });
}

}  // namespace telltale::gb32960
