#pragma once

#include <chrono>
#include <memory>

#include <grpcpp/channel.h>

#include "base/status.h"
#include "ingest/terminals/gateway.h"
#include "ingest/terminals/metrics.h"
#include "storage/terminal_registry.h"

namespace telltale {

// A port for terminals of one protocol whose connections another process serves: it accepts them, passes on what comes
// on them (RelayService), and sends back what it is told. While the other process is away, or does not take what is
// passed on, nothing is read and nobody accepted; when the call to it ends, all connections end, and the terminals come
// back by themselves. One thread.
class RelayPort {
 public:
  static constexpr std::chrono::seconds kRetryMin{
      1};  // until the next try to reach the other process, doubled each time
  static constexpr std::chrono::seconds kRetryMax{30};

  // `key` is shown to the other process; empty: none. Of the options, those of sessions are the other process's. What
  // is referred to outlives the port. Errors: INVALID_ARGUMENT a setting is wrong; UNAVAILABLE the address cannot be
  // listened on.
  static StatusOr<std::unique_ptr<RelayPort>> Start(const GatewayOptions& options, TerminalProtocol protocol,
                                                    std::string_view name, std::shared_ptr<grpc::Channel> upstream,
                                                    const std::string& key, TerminalMetrics& metrics);
  ~RelayPort();

  int port() const;
  bool is_connected() const;  // to the other process

  void Stop();

 private:
  class Impl;
  explicit RelayPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale
