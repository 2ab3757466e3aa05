#pragma once

#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace telltale {

// What the ports for terminals count; docs/metrics.md says what to do when one moves. Thread-safe.
class TerminalMetrics {
 public:
  explicit TerminalMetrics(prometheus::Registry& registry);

  // What one protocol counts. References are valid as long as this.
  struct OfProtocol {
    prometheus::Gauge& connections;  // telltale_terminal_connections: open now
    prometheus::Counter& accepted;   // telltale_terminal_accepted_connections_total
    prometheus::Counter& messages;   // telltale_terminal_messages_total: whole and understood
    prometheus::Counter& bytes;      // telltale_terminal_received_bytes_total
  };
  OfProtocol Of(std::string_view protocol);

  // telltale_terminal_refused_messages_total{protocol,reason}; `reason` is one of a few literals.
  void CountRefused(std::string_view protocol, std::string_view reason);
  // telltale_terminal_closed_connections_total{protocol,reason}: by us.
  void CountClosed(std::string_view protocol, std::string_view reason);

 private:
  prometheus::Family<prometheus::Gauge>& connections_;
  prometheus::Family<prometheus::Counter>& accepted_;
  prometheus::Family<prometheus::Counter>& messages_;
  prometheus::Family<prometheus::Counter>& bytes_;
  prometheus::Family<prometheus::Counter>& refused_;
  prometheus::Family<prometheus::Counter>& closed_;
};

}  // namespace telltale
