#include "ingest/jt808/commands.h"

#include <fmt/format.h>

#include "ingest/jt808/parameters.h"
#include "ingest/jt808/text_encoding.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale::jt808 {
namespace {

constexpr std::size_t kTextBytesMax = 1024;  // JT/T 808-2019, 8.30
constexpr std::size_t kBodyBytesMax = 1023;  // of one packet: many terminals put none together
constexpr std::size_t kCountMax = 255;
constexpr std::uint8_t kControlMax = 7;

StatusOr<CommandBody> Encode(const TextCommand& command, Edition edition) {
  ASSIGN_OR_RETURN(const std::string gbk, ToGbk(command.text));
  if (gbk.size() > kTextBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("the text has {} bytes as GBK, a terminal takes {}", gbk.size(), kTextBytesMax));
  }
  constexpr std::uint32_t kShowOnDisplay = 1U << 2;
  constexpr std::uint32_t kReadAloud = 1U << 3;
  CommandBody out{.id = MessageId::kText};
  ByteWriter writer(out.body);
  writer.U8(kShowOnDisplay | kReadAloud);
  if (edition == Edition::k2019) writer.U8(2);  // a service text, not a notice
  writer.Bytes(gbk);
  return out;
}

StatusOr<CommandBody> Encode(const SetParametersCommand& command, Edition /*edition*/) {
  if (command.parameters.empty() || command.parameters.size() > kCountMax) {
    return absl::InvalidArgumentError(
        fmt::format("{} parameters; a message sets 1 to {}", command.parameters.size(), kCountMax));
  }
  for (const TerminalParameter& parameter : command.parameters) {
    if (parameter.value.size() <= kCountMax) continue;
    return absl::InvalidArgumentError(fmt::format("the value of parameter {:#06x} has {} bytes, at most {} fit",
                                                  parameter.id, parameter.value.size(), kCountMax));
  }
  CommandBody out{.id = MessageId::kSetParameters};
  AppendParameters(command.parameters, out.body);
  return out;
}

StatusOr<CommandBody> Encode(const QueryParametersCommand& command, Edition /*edition*/) {
  if (command.ids.empty()) return CommandBody{.id = MessageId::kQueryParameters};
  if (command.ids.size() > kCountMax) {
    return absl::InvalidArgumentError(
        fmt::format("{} parameters; a message asks for {}", command.ids.size(), kCountMax));
  }
  CommandBody out{.id = MessageId::kQueryChosenParameters};
  ByteWriter writer(out.body);
  writer.U8(static_cast<std::uint32_t>(command.ids.size()));
  for (const std::uint32_t id : command.ids) writer.U32(id);
  return out;
}

StatusOr<CommandBody> Encode(const QueryPropertiesCommand& /*command*/, Edition /*edition*/) {
  return CommandBody{.id = MessageId::kQueryProperties};
}

StatusOr<CommandBody> Encode(const QueryPositionCommand& /*command*/, Edition /*edition*/) {
  return CommandBody{.id = MessageId::kQueryPosition};
}

StatusOr<CommandBody> Encode(const TrackCommand& command, Edition /*edition*/) {
  CommandBody out{.id = MessageId::kTrackPosition};
  ByteWriter writer(out.body);
  writer.U16(command.interval_s);
  if (command.interval_s > 0) writer.U32(command.duration_s);  // the end of it has no duration
  return out;
}

StatusOr<CommandBody> Encode(const ControlCommand& command, Edition /*edition*/) {
  if (command.command < 1 || command.command > kControlMax) {
    return absl::InvalidArgumentError(
        fmt::format("{} is no control command; they are 1 to {} (4 restart)", command.command, kControlMax));
  }
  CommandBody out{.id = MessageId::kTerminalControl};
  ByteWriter writer(out.body);
  writer.U8(command.command);
  ASSIGN_OR_RETURN(const std::string gbk, ToGbk(command.arguments));
  writer.Bytes(gbk);
  return out;
}

}  // namespace

StatusOr<CommandBody> EncodeCommand(const TerminalCommand& command, Edition edition) {
  ASSIGN_OR_RETURN(CommandBody out, std::visit([edition](const auto& one) { return Encode(one, edition); }, command));
  if (!std::holds_alternative<TextCommand>(command) && out.body.size() > kBodyBytesMax) {
    return absl::InvalidArgumentError(fmt::format(
        "the message has {} bytes, at most {} fit; send fewer parameters at a time", out.body.size(), kBodyBytesMax));
  }
  return out;
}

CommandAnswer::Result ResultOf(Result result) {
  switch (result) {
    case Result::kDone:
    case Result::kAlarmConfirmed:
      return CommandAnswer::Result::kDone;
    case Result::kWrong:
      return CommandAnswer::Result::kWrong;
    case Result::kUnsupported:
      return CommandAnswer::Result::kUnsupported;
    case Result::kFailed:
      break;
  }
  return CommandAnswer::Result::kFailed;  // what the standard does not know, too
}

}  // namespace telltale::jt808
