#include "server/terminal_ports.h"

#include "base/log.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message_table.h"

namespace telltale {

Status Validate(const TerminalPortsOptions& options) { return Validate(options.jt808, "jt808"); }

TerminalPorts::TerminalPorts(const TerminalPortsOptions& options, Pipeline& pipeline, const VehicleRegistry& vehicles,
                             TerminalRegistry& terminals, prometheus::Registry& metrics)
    : metrics_(metrics),
      jt808_shared_(pipeline, vehicles, terminals, metrics_, options.jt808_sessions),
      jt808_sessions_(jt808_shared_) {}

StatusOr<std::unique_ptr<TerminalPorts>> TerminalPorts::Start(const TerminalPortsOptions& options, Pipeline& pipeline,
                                                              const VehicleRegistry& vehicles,
                                                              TerminalRegistry& terminals,
                                                              prometheus::Registry& metrics, const Clock& clock) {
  std::unique_ptr<TerminalPorts> ports(new TerminalPorts(options, pipeline, vehicles, terminals, metrics));
  if (!options.jt808.listen.empty()) {
    ASSIGN_OR_RETURN(ports->jt808_,
                     TerminalGateway::Start(options.jt808, ports->jt808_sessions_, pipeline, ports->metrics_, clock));
    spdlog::info("terminals may connect protocol=jt808 port={}", ports->jt808_->port());
  }
  return ports;
}

TerminalGateway* TerminalPorts::Of(TerminalProtocol protocol) const {
  return protocol == TerminalProtocol::kJt808 ? jt808_.get() : nullptr;
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
    return absl::UnavailableError("this server has no port for the terminal's protocol (jt808.listen)");
  }
  return gateway->SendText(number, text);
}

StatusOr<TerminalPorts::Explained> TerminalPorts::Explain(std::span<const std::uint8_t> message) const {
  if (!message.empty() && message.front() == jt808::kDelimiter) {
    return Explained{.protocol = "JT/T 808", .fields = jt808::Explain(message, jt808_shared_.positions)};
  }
  return absl::InvalidArgumentError("the message begins like none of the protocols; JT/T 808 begins with 7e");
}

void TerminalPorts::Stop() {
  if (jt808_ != nullptr) jt808_->Stop();
}

}  // namespace telltale
