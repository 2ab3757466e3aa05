#pragma once

#include <string>

#include "base/status.h"
#include "ingest/jt808/message.h"
#include "ingest/terminals/command.h"

namespace telltale::jt808 {

// A command as a message of the platform, whose serial number is not given yet.
struct CommandBody {
  MessageId id{};
  std::string body;
};

// Errors: INVALID_ARGUMENT a text is longer than 1,024 bytes as GBK or has a character that GBK lacks; there are more
// than 255 parameters, none at all to set, or a value of over 255 bytes; the body does not fit one packet; a control
// command is not 1 to 7.
StatusOr<CommandBody> EncodeCommand(const TerminalCommand& command, Edition edition);

// What answers a command: 0x0001 and 0x0201 name its serial number, 0x0104 too, 0x0107 does not.
CommandAnswer::Result ResultOf(Result result);

}  // namespace telltale::jt808
