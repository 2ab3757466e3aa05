#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/pipeline.h"
#include "ingest/terminals/command.h"
#include "storage/terminal_registry.h"

namespace telltale {

// What a session makes of what it received. Many sessions' outputs share a batch, which is submitted as one.
struct SessionOutput {
  IncomingBatch& batch;  // frames and faults are added to it
  std::string replies;   // for this session's terminal, once the batch is durable
  std::vector<CommandAnswer> command_answers;
  bool identified = false;        // the terminal has proved who it is, just now: an older session of it ends
  bool login_refused = false;     // an unknown terminal, a wrong code: too many of them, and its address is shut out
  bool close = false;             // after the replies
  std::string_view close_reason;  // labels telltale_terminal_closed_connections_total; a literal
};

// The talk with one terminal: bytes in; frames and bytes out. Knows no sockets and no clock but what it is told. Not
// thread-safe; one thread of the gateway owns it.
class TerminalSession {
 public:
  virtual ~TerminalSession() = default;

  // Takes what came next. Keeps the beginning of a message that is not whole yet, of limited size.
  virtual void Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) = 0;

  // Called now and then, whether anything came or not: what waits for something that has not come asks for it again, or
  // gives it up.
  virtual void Tick(std::int64_t now_ms, SessionOutput& out) = 0;

  // The bytes of a message that began and is not whole.
  virtual std::size_t partial_bytes() const = 0;

  // A command as a message of the protocol; its answer comes in SessionOutput::command_answers. Errors: UNIMPLEMENTED
  // the protocol has no such; INVALID_ARGUMENT something in it is out of range or cannot be said in the terminal's
  // character set; FAILED_PRECONDITION the terminal has not proved who it is.
  virtual StatusOr<EncodedCommand> Encode(const TerminalCommand& command) = 0;

  // The rights of this terminal have changed: what is remembered of it is looked up again. Of a platform's session, one
  // of its vehicles.
  virtual void Forget(std::string_view /*terminal*/) {}

  // How many senders share the connection: of a platform itself and the vehicles behind it. Limits grow with it.
  virtual std::size_t sender_count() const { return 1; }

  // Whose frames it sends; 0: it has not proved who it is, or is a platform.
  VehicleId vehicle_id() const { return vehicle_.id; }
  // The terminal's number, as it says; empty: not yet.
  const std::string& terminal() const { return terminal_; }

 protected:
  VehicleRegistry::Entry vehicle_{};
  std::string terminal_;
};

// A protocol that terminals speak over TCP: makes the sessions. Thread-safe.
class TerminalSessions {
 public:
  virtual ~TerminalSessions() = default;
  virtual std::string_view name() const = 0;  // labels metrics, "jt808"
  virtual std::unique_ptr<TerminalSession> NewSession() = 0;
};

}  // namespace telltale
