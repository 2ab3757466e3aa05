#include "server/gateway_server.h"

#include <map>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include "base/file.h"
#include "base/log.h"
#include "base/tls.h"
#include "ingest/grpc/relay_port.h"
#include "ingest/terminals/metrics.h"
#include "server/metrics_listener.h"

namespace telltale {
namespace {

// A dead connection to the other process is found, although nothing is passed on.
constexpr int kKeepaliveIntervalMs = 6 * 60 * 1000;
constexpr int kKeepaliveTimeoutMs = 20 * 1000;

StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const GatewayRoleOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("gateway.tls_certificate_file and gateway.tls_key_file go together");
  }
  if (options.ca_file.empty()) {
    if (options.certificate_file.empty()) return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError("gateway.tls_certificate_file needs gateway.tls_ca_file, which turns TLS on");
  }
  grpc::SslCredentialsOptions ssl;
  ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadWholeFile(options.ca_file));
  if (!options.certificate_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadWholeFile(options.certificate_file));
    ASSIGN_OR_RETURN(ssl.pem_private_key, ReadWholeFile(options.key_file));
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

struct GatewayServer::Parts {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  TerminalMetrics metrics{*registry};
  std::map<TerminalProtocol, std::unique_ptr<RelayPort>> ports;
  MetricsListener listener;
};

StatusOr<std::unique_ptr<GatewayServer>> GatewayServer::Start(const Config& config) {
  RETURN_IF_ERROR(Validate(config));
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(config.gateway));
  std::string key;
  if (!config.gateway.access_key_file.empty()) {
    ASSIGN_OR_RETURN(key, ReadWholeFile(config.gateway.access_key_file));
    key.erase(key.find_last_not_of("\r\n") + 1);
  }
  auto parts = std::make_unique<Parts>();
  const TerminalPortsOptions& terminals = config.terminals;
  for (const auto& [protocol, name, options] :
       {std::tuple{TerminalProtocol::kJt808, "jt808", &terminals.jt808},
        std::tuple{TerminalProtocol::kGb32960, "gb32960", &terminals.gb32960},
        std::tuple{TerminalProtocol::kGb17691, "gb17691", &terminals.gb17691}}) {
    if (options->listen.empty()) continue;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(-1);                         // of our own server: it sends what its sessions say
    arguments.SetInt("telltale.port", static_cast<int>(protocol));  // a connection of its own for each
    ASSIGN_OR_RETURN(parts->ports[protocol],
                     RelayPort::Start(*options, protocol, name,
                                      grpc::CreateCustomChannel(config.gateway.upstream, credentials, arguments), key,
                                      parts->metrics));
    spdlog::info("terminals may connect protocol={} port={} upstream={}", name, parts->ports[protocol]->port(),
                 config.gateway.upstream);
  }
  if (parts->ports.empty()) {
    return absl::InvalidArgumentError("a gateway needs a port: set jt808.listen, gb32960.listen or gb17691.listen");
  }
  RETURN_IF_ERROR(parts->listener.Listen(config.metrics_listen, *parts->registry));
  parts->listener.Show(parts->registry);
  return std::unique_ptr<GatewayServer>(new GatewayServer(std::move(parts)));
}

GatewayServer::GatewayServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

GatewayServer::~GatewayServer() { Stop(); }

int GatewayServer::metrics_port() const { return parts_->listener.port(); }

int GatewayServer::terminal_port(TerminalProtocol protocol) const {
  const auto at = parts_->ports.find(protocol);
  return at != parts_->ports.end() ? at->second->port() : 0;
}

void GatewayServer::Stop() {
  for (const auto& [protocol, port] : parts_->ports) port->Stop();
}

}  // namespace telltale
