#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/status.h"
#include "ingest/gb17691/session.h"
#include "ingest/gb32960/session.h"
#include "ingest/jt808/session.h"
#include "ingest/pipeline.h"
#include "ingest/terminals/field_reader.h"
#include "ingest/terminals/gateway.h"
#include "ingest/terminals/metrics.h"
#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale {

struct TerminalPortsOptions {
  // Whether other processes may pass on connections that they accepted (telltaled --role gateway).
  bool relays_allowed = false;
  GatewayOptions jt808;
  // Whether terminals may be restarted, reset, silenced or sent elsewhere (0x8105).
  bool allow_control = false;
  jt808::SessionOptions jt808_sessions;
  GatewayOptions gb32960;
  gb32960::SessionOptions gb32960_sessions;
  GatewayOptions gb17691;
  gb17691::SessionOptions gb17691_sessions;
};

// Errors: INVALID_ARGUMENT.
Status Validate(const TerminalPortsOptions& options);

// The ports for terminals, one for each protocol that is configured. Thread-safe.
class TerminalPorts {
 public:
  // What is referred to outlives the ports. Errors: those of TerminalGateway::Start().
  static StatusOr<std::unique_ptr<TerminalPorts>> Start(const TerminalPortsOptions& options, Pipeline& pipeline,
                                                        const VehicleRegistry& vehicles, TerminalRegistry& terminals,
                                                        prometheus::Registry& metrics, const Clock& clock);

  int port(TerminalProtocol protocol) const;             // 0: none
  TerminalGateway* Of(TerminalProtocol protocol) const;  // null: none

  bool IsConnected(TerminalProtocol protocol, std::string_view number) const;
  // Ends the connection of a terminal that may no longer send as it did.
  void Disconnect(TerminalProtocol protocol, std::string_view number);
  // Errors: those of TerminalGateway::Send() and Ask(); UNAVAILABLE there is no such port; PERMISSION_DENIED a control
  // command, while they are not allowed.
  Status Send(TerminalProtocol protocol, std::string_view number, const TerminalCommand& command);
  StatusOr<CommandAnswer> Ask(TerminalProtocol protocol, std::string_view number, const TerminalCommand& command,
                              std::chrono::milliseconds limit);

  struct Explained {
    std::string_view protocol;  // "JT/T 808"
    Explanation fields;
  };
  // nullopt: the protocol that it begins like; GB 17691 begins as GB/T 32960 does, so it has to be named. Errors:
  // INVALID_ARGUMENT it begins like no message of the protocols.
  StatusOr<Explained> Explain(std::span<const std::uint8_t> message, std::optional<TerminalProtocol> protocol) const;

  void Stop();

 private:
  TerminalPorts(const TerminalPortsOptions& options, Pipeline& pipeline, const VehicleRegistry& vehicles,
                TerminalRegistry& terminals, prometheus::Registry& metrics);
  StatusOr<TerminalGateway*> ListeningOf(TerminalProtocol protocol) const;

  const bool allow_control_;
  TerminalMetrics metrics_;
  const jt808::Shared jt808_shared_;
  jt808::Sessions jt808_sessions_;
  const gb32960::Shared gb32960_shared_;
  gb32960::Sessions gb32960_sessions_;
  const gb17691::Shared gb17691_shared_;
  gb17691::Sessions gb17691_sessions_;
  std::unique_ptr<TerminalGateway> jt808_;
  std::unique_ptr<TerminalGateway> gb32960_;
  std::unique_ptr<TerminalGateway> gb17691_;
};

}  // namespace telltale
