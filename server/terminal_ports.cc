#include "server/terminal_ports.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/log.h"
#include "ingest/gb32960/data_unit.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message_table.h"

namespace telltale {

namespace {

// Begins with two delimiters of JT/T 808, but a command and a VIN follow.
bool IsHj1239(std::span<const std::uint8_t> message) {
  constexpr std::size_t kVinBegin = 3;
  constexpr std::size_t kVinEnd = 20;
  if (message.size() < kVinEnd || message[0] != jt808::kDelimiter || message[1] != jt808::kDelimiter) return false;
  return std::ranges::all_of(message.subspan(kVinBegin, kVinEnd - kVinBegin),
                             [](std::uint8_t byte) { return std::isalnum(byte) != 0; });
}

}  // namespace

Status Validate(const TerminalPortsOptions& options) {
  RETURN_IF_ERROR(Validate(options.jt808, "jt808"));
  RETURN_IF_ERROR(Validate(options.gb32960, "gb32960"));
  RETURN_IF_ERROR(Validate(options.gb17691, "gb17691"));
  for (const auto& [section, data_bytes_max] : {std::pair{"gb32960", options.gb32960_sessions.data_bytes_max},
                                                std::pair{"gb17691", options.gb17691_sessions.data_bytes_max}}) {
    if (data_bytes_max == 0 || data_bytes_max > gb32960::kDataBytesMax) {
      return absl::InvalidArgumentError(fmt::format("{}.data_bytes_max: 1 to {}", section, gb32960::kDataBytesMax));
    }
  }
  return OkStatus();
}

TerminalPorts::TerminalPorts(const TerminalPortsOptions& options, Pipeline& pipeline, const VehicleRegistry& vehicles,
                             TerminalRegistry& terminals, prometheus::Registry& metrics)
    : allow_control_(options.allow_control),
      metrics_(metrics),
      jt808_shared_(pipeline, vehicles, terminals, metrics_, options.jt808_sessions),
      jt808_sessions_(jt808_shared_),
      gb32960_shared_(pipeline, vehicles, terminals, metrics_, options.gb32960_sessions),
      gb32960_sessions_(gb32960_shared_),
      gb17691_shared_(pipeline, vehicles, terminals, metrics_, options.gb17691_sessions),
      gb17691_sessions_(gb17691_shared_) {}

StatusOr<std::unique_ptr<TerminalPorts>> TerminalPorts::Start(const TerminalPortsOptions& options, Pipeline& pipeline,
                                                              const VehicleRegistry& vehicles,
                                                              TerminalRegistry& terminals,
                                                              prometheus::Registry& metrics, const Clock& clock) {
  std::unique_ptr<TerminalPorts> ports(new TerminalPorts(options, pipeline, vehicles, terminals, metrics));
  const auto listen = [&](const GatewayOptions& gateway_options, TerminalSessions& sessions,
                          std::unique_ptr<TerminalGateway>& gateway) -> Status {
    if (gateway_options.listen.empty() && !options.relays_allowed) return OkStatus();
    ASSIGN_OR_RETURN(gateway, TerminalGateway::Start(gateway_options, sessions, pipeline, ports->metrics_, clock));
    if (gateway->port() > 0) {
      spdlog::info("terminals may connect protocol={} port={}", sessions.name(), gateway->port());
    }
    return OkStatus();
  };
  RETURN_IF_ERROR(listen(options.jt808, ports->jt808_sessions_, ports->jt808_));
  RETURN_IF_ERROR(listen(options.gb32960, ports->gb32960_sessions_, ports->gb32960_));
  RETURN_IF_ERROR(listen(options.gb17691, ports->gb17691_sessions_, ports->gb17691_));
  return ports;
}

TerminalGateway* TerminalPorts::Of(TerminalProtocol protocol) const {
  switch (protocol) {
    case TerminalProtocol::kJt808:
      return jt808_.get();
    case TerminalProtocol::kGb32960:
    case TerminalProtocol::kGb32960Platform:
      return gb32960_.get();
    case TerminalProtocol::kGb17691:
      return gb17691_.get();
  }
  return nullptr;
}

int TerminalPorts::port(TerminalProtocol protocol) const {
  const TerminalGateway* const gateway = Of(protocol);
  return gateway != nullptr ? gateway->port() : 0;
}

bool TerminalPorts::IsConnected(TerminalProtocol protocol, std::string_view number) const {
  const TerminalGateway* const gateway = Of(protocol);
  return gateway != nullptr && gateway->IsConnected(number);
}

void TerminalPorts::Disconnect(TerminalProtocol protocol, std::string_view number) {
  if (TerminalGateway* const gateway = Of(protocol); gateway != nullptr) gateway->Disconnect(number);
}

StatusOr<TerminalGateway*> TerminalPorts::ListeningOf(TerminalProtocol protocol) const {
  if (TerminalGateway* const gateway = Of(protocol); gateway != nullptr) return gateway;
  return absl::UnavailableError(
      "this server has no port for the terminal's protocol (jt808.listen, gb32960.listen, gb17691.listen)");
}

Status TerminalPorts::Send(TerminalProtocol protocol, std::string_view number, const TerminalCommand& command) {
  ASSIGN_OR_RETURN(TerminalGateway * gateway, ListeningOf(protocol));
  return gateway->Send(number, command);
}

StatusOr<CommandAnswer> TerminalPorts::Ask(TerminalProtocol protocol, std::string_view number,
                                           const TerminalCommand& command, std::chrono::milliseconds limit) {
  if (std::holds_alternative<ControlCommand>(command) && !allow_control_) {
    return absl::PermissionDeniedError(
        "terminals are not restarted, reset or silenced from here; the operator allows it with jt808.allow_control");
  }
  ASSIGN_OR_RETURN(TerminalGateway * gateway, ListeningOf(protocol));
  return gateway->Ask(number, command, limit);
}

StatusOr<TerminalPorts::Explained> TerminalPorts::Explain(std::span<const std::uint8_t> message,
                                                          std::optional<TerminalProtocol> protocol) const {
  if (!protocol && IsHj1239(message)) protocol = TerminalProtocol::kGb17691;
  if (!protocol && !message.empty() && message.front() == jt808::kDelimiter) protocol = TerminalProtocol::kJt808;
  if (!protocol && message.size() >= 2 && message[0] == message[1] && (message[0] == 0x23 || message[0] == 0x24)) {
    protocol = TerminalProtocol::kGb32960;
  }
  if (!protocol) {
    return absl::InvalidArgumentError(
        "the message begins like none of the protocols; JT/T 808 begins with 7e, GB/T 32960 with 2323 or 2424, "
        "HJ 1239.3 with 7e7e");
  }
  switch (*protocol) {
    case TerminalProtocol::kJt808:
      return Explained{.protocol = "JT/T 808", .fields = jt808::Explain(message, jt808_shared_.positions)};
    case TerminalProtocol::kGb32960:
    case TerminalProtocol::kGb32960Platform:
      return Explained{.protocol = "GB/T 32960", .fields = gb32960::Explain(message, gb32960_shared_.data_units)};
    case TerminalProtocol::kGb17691:
      return Explained{.protocol = IsHj1239(message) ? "HJ 1239.3" : "GB 17691",
                       .fields = gb17691::Explain(message, gb17691_shared_.emissions)};
  }
  return absl::InvalidArgumentError("the protocol is not one of those known");
}

void TerminalPorts::Stop() {
  for (TerminalGateway* gateway : {jt808_.get(), gb32960_.get(), gb17691_.get()}) {
    if (gateway != nullptr) gateway->Stop();
  }
}

}  // namespace telltale
