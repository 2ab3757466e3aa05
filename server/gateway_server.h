#pragma once

#include <memory>

#include "base/status.h"
#include "server/config.h"
#include "storage/terminal_registry.h"

namespace telltale {

// telltaled --role gateway: the ports for terminals of a server that is another process, and /metrics. Keeps nothing.
class GatewayServer {
 public:
  // Errors: INVALID_ARGUMENT a setting is wrong, or no port is named; UNAVAILABLE an address cannot be listened on.
  static StatusOr<std::unique_ptr<GatewayServer>> Start(const Config& config);
  ~GatewayServer();

  int metrics_port() const;
  int terminal_port(TerminalProtocol protocol) const;  // 0: none

  // Ends all connections.
  void Stop();

 private:
  struct Parts;
  explicit GatewayServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale
