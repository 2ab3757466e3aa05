#include <fmt/format.h>

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
  Explanation explanation;
  const auto note = [&explanation](std::string name, std::string value) {
    explanation.push_back(
        {.first_byte = 0, .byte_count = 0, .depth = 0, .name = std::move(name), .value = std::move(value)});
  };
  const MessageOrFault parsed = ParseMessage(message, &explanation);
  if (parsed.fault == Fault::kTooShort) {
    note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
    return explanation;
  }
  const Header& header = parsed.message.header;
  FieldReader data(parsed.message.data, &explanation, kHeaderBytes);
  std::string fault;
  if (header.encryption != 1) {
    data.Bytes(data.remaining(), "encrypted data unit");
  } else if (header.answer != Answer::kCommand) {
    if (data.remaining() >= kTimeBytes) ReadTime(data, "time");
  } else {
    fault = ExplainData(header, reader, data);
  }
  if (data.remaining() > 0) data.Bytes(data.remaining(), "the rest");
  explanation.push_back({.first_byte = message.size() - 1,
                         .byte_count = 1,
                         .depth = 0,
                         .name = "check",
                         .value = fmt::format("0x{:02x}", message.back())});
  if (!fault.empty()) note("fault: data unit", fault);
  if (parsed.fault) note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
  return explanation;
}

}  // namespace telltale::gb32960
