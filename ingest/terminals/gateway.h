#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/tls.h"
#include "ingest/pipeline.h"
#include "ingest/terminals/metrics.h"
#include "ingest/terminals/session.h"

namespace telltale {

struct GatewayOptions {
  // "0.0.0.0:7611"; port 0 takes a free one; empty: no such port, only relays.
  std::string listen;
  TlsOptions tls;
  int threads = 1;                       // that serve connections
  std::size_t connections_max = 15'000;  // a process may have 20,000 files on many systems
  // Of one address; 0: no limit, as a mobile network has few addresses for many terminals.
  std::size_t connections_per_address_max = 0;
  std::size_t attempts_per_address_per_minute_max = 0;
  // Logins that are refused: then nobody of that address may connect until the minute is over.
  std::size_t refused_logins_per_address_per_minute_max = 600;
  std::chrono::seconds login_timeout{60};         // until a terminal has proved who it is
  std::chrono::seconds message_timeout{30};       // until a message that began is whole
  std::chrono::seconds idle_timeout{600};         // without a byte; terminals send a heartbeat every minute or so
  std::chrono::seconds write_timeout{30};         // until a terminal has read our answers
  std::uint64_t bytes_per_second_max = 64 << 10;  // of one connection, read later beyond it; 0: no limit
  std::size_t unsent_bytes_max = 256 << 10;       // to one terminal, which does not read
  std::size_t unanswered_max = 256;               // reads of one connection whose frames are not durable yet
  std::size_t commands_unanswered_max = 8;        // of one terminal, that somebody waits for
};

// The way back to a process that accepts connections and passes on what comes on them (docs/operations.md, "Gateways").
// Thread-safe; it may not call back into the gateway.
class TerminalRelay {
 public:
  // A relay sends at most so much of a connection that was not consumed yet.
  static constexpr std::size_t kWindowBytes = 64 << 10;

  virtual ~TerminalRelay() = default;
  virtual void Send(std::uint32_t id, std::string_view bytes) = 0;
  virtual void Consumed(std::uint32_t id, std::size_t bytes) = 0;
  virtual void Close(std::uint32_t id) = 0;  // after what was sent
};

// Errors: INVALID_ARGUMENT. `section` is that of the configuration, for messages.
Status Validate(const GatewayOptions& options, std::string_view section);

// A port for terminals of one protocol: sockets, timeouts, limits and back-pressure, whatever the protocol. While the
// store has no room nothing is read, so that TCP slows the terminals down. A terminal that connects again takes the
// place of its old connection. Thread-safe.
class TerminalGateway {
 public:
  // What is referred to outlives the gateway. Errors: INVALID_ARGUMENT a setting is wrong; UNAVAILABLE the address
  // cannot be listened on.
  static StatusOr<std::unique_ptr<TerminalGateway>> Start(const GatewayOptions& options, TerminalSessions& sessions,
                                                          Pipeline& pipeline, TerminalMetrics& metrics,
                                                          const Clock& clock);
  // Stops if Stop() was not called.
  ~TerminalGateway();

  int port() const;
  std::size_t connection_count() const;

  bool IsConnected(std::string_view terminal) const;
  // The terminal's rights have changed: closes its connection, if it has one, and lets no other go on with what it
  // remembers of it.
  void Disconnect(std::string_view terminal);

  // Sends a command through the connection of this terminal; OK: it is on its way, not that it was read. Errors:
  // UNAVAILABLE the terminal is not connected; those of TerminalSession::Encode.
  Status Send(std::string_view terminal, const TerminalCommand& command);

  // Sends a command and waits for what the terminal says to it. Errors: those of Send(); DEADLINE_EXCEEDED it said
  // nothing within `limit`; RESOURCE_EXHAUSTED it has commands_unanswered_max commands to answer.
  StatusOr<CommandAnswer> Ask(std::string_view terminal, const TerminalCommand& command,
                              std::chrono::milliseconds limit);

  // What a relay tells, each connection's in order: a connection of its own number, which it may use again once it is
  // closed; what came on it; its end; and the end of the relay with all its connections.
  void RelayOpened(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id, std::string address);
  void RelayReceived(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id, std::string bytes);
  void RelayClosed(const std::shared_ptr<TerminalRelay>& relay, std::uint32_t id);
  void RelayGone(const std::shared_ptr<TerminalRelay>& relay);

  // Takes nothing more, answers what was taken once it is durable, for two seconds at most, and closes everything.
  void Stop();

 private:
  class Worker;
  struct Parts;
  explicit TerminalGateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale
