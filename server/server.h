#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "server/config.h"
#include "storage/terminal_registry.h"

namespace telltale {

// A running telltaled: opens the stores, serves gRPC and /metrics, and stops without losing anything. Thread-safe.
class Server {
 public:
  // Errors: INVALID_ARGUMENT a setting is wrong; UNAVAILABLE an address cannot be listened on, or the data folder is in
  // use; DATA_LOSS the stores cannot be read. `clock` outlives the server.
  static StatusOr<std::unique_ptr<Server>> Start(const Config& config, const Clock& clock);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Stops if Stop() was not called.
  ~Server();

  int grpc_port() const;
  int metrics_port() const;
  // 0: nothing listens for it.
  int terminal_port(TerminalProtocol protocol) const;

  // Turns health to NOT_SERVING, lets open streams answer what they have read, ends them, waits for queries at most
  // server.drain_timeout_s, and closes the stores. Everything acknowledged is durable all the while.
  void Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale
