#include "server/terminal_ports.h"

#include <fmt/format.h>

#include "base/log.h"
#include "ingest/gb32960/data_unit.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message_table.h"

namespace telltale {

Status Validate(const TerminalPortsOptions& options) {
  RETURN_IF_ERROR(Validate(options.jt808, "jt808"));
  RETURN_IF_ERROR(Validate(options.gb32960, "gb32960"));
  if (options.gb32960_sessions.data_bytes_max == 0 ||
      options.gb32960_sessions.data_bytes_max > gb32960::kDataBytesMax) {
    return absl::InvalidArgumentError(fmt::format("gb32960.data_bytes_max: 1 to {}", gb32960::kDataBytesMax));
  }
  return OkStatus();
}

TerminalPorts::TerminalPorts(const TerminalPortsOptions& options, Pipeline& pipeline, const VehicleRegistry& vehicles,
                             TerminalRegistry& terminals, prometheus::Registry& metrics)
    : metrics_(metrics),
      jt808_shared_(pipeline, vehicles, terminals, metrics_, options.jt808_sessions),
      jt808_sessions_(jt808_shared_),
      gb32960_shared_(pipeline, vehicles, terminals, metrics_, options.gb32960_sessions),
      gb32960_sessions_(gb32960_shared_) {}

StatusOr<std::unique_ptr<TerminalPorts>> TerminalPorts::Start(const TerminalPortsOptions& options, Pipeline& pipeline,
                                                              const VehicleRegistry& vehicles,
                                                              TerminalRegistry& terminals,
                                                              prometheus::Registry& metrics, const Clock& clock) {
  std::unique_ptr<TerminalPorts> ports(new TerminalPorts(options, pipeline, vehicles, terminals, metrics));
  const auto listen = [&](const GatewayOptions& gateway_options, TerminalSessions& sessions,
                          std::unique_ptr<TerminalGateway>& gateway) -> Status {
    if (gateway_options.listen.empty()) return OkStatus();
    ASSIGN_OR_RETURN(gateway, TerminalGateway::Start(gateway_options, sessions, pipeline, ports->metrics_, clock));
    spdlog::info("terminals may connect protocol={} port={}", sessions.name(), gateway->port());
    return OkStatus();
  };
  RETURN_IF_ERROR(listen(options.jt808, ports->jt808_sessions_, ports->jt808_));
  RETURN_IF_ERROR(listen(options.gb32960, ports->gb32960_sessions_, ports->gb32960_));
  return ports;
}

TerminalGateway* TerminalPorts::Of(TerminalProtocol protocol) const {
  switch (protocol) {
    case TerminalProtocol::kJt808:
      return jt808_.get();
    case TerminalProtocol::kGb32960:
      return gb32960_.get();
    default:
      return nullptr;
  }
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

Status TerminalPorts::SendText(TerminalProtocol protocol, std::string_view number, std::string_view text) {
  TerminalGateway* const gateway = Of(protocol);
  if (gateway == nullptr) {
    return absl::UnavailableError("this server has no port for the terminal's protocol (jt808.listen, gb32960.listen)");
  }
  return gateway->SendText(number, text);
}

StatusOr<TerminalPorts::Explained> TerminalPorts::Explain(std::span<const std::uint8_t> message) const {
  if (!message.empty() && message.front() == jt808::kDelimiter) {
    return Explained{.protocol = "JT/T 808", .fields = jt808::Explain(message, jt808_shared_.positions)};
  }
  if (message.size() >= 2 && message[0] == message[1] && (message[0] == 0x23 || message[0] == 0x24)) {
    return Explained{.protocol = "GB/T 32960", .fields = gb32960::Explain(message, gb32960_shared_.data_units)};
  }
  return absl::InvalidArgumentError(
      "the message begins like none of the protocols; JT/T 808 begins with 7e, GB/T 32960 with 2323 or 2424");
}

void TerminalPorts::Stop() {
  for (TerminalGateway* gateway : {jt808_.get(), gb32960_.get()}) {
    if (gateway != nullptr) gateway->Stop();
  }
}

}  // namespace telltale
