#include "ingest/terminals/metrics.h"

namespace telltale {
namespace {

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

TerminalMetrics::TerminalMetrics(prometheus::Registry& registry)
    : connections_(prometheus::BuildGauge()
                       .Name("telltale_terminal_connections")
                       .Help("Connections of terminals that are open")
                       .Register(registry)),
      accepted_(Counters(registry, "telltale_terminal_accepted_connections_total", "Connections of terminals taken")),
      messages_(Counters(registry, "telltale_terminal_messages_total", "Messages of terminals that were understood")),
      bytes_(Counters(registry, "telltale_terminal_received_bytes_total", "Bytes received from terminals")),
      refused_(Counters(registry, "telltale_terminal_refused_messages_total",
                        "Messages of terminals that were not taken, by reason")),
      closed_(Counters(registry, "telltale_terminal_closed_connections_total",
                       "Connections of terminals that the server closed, by reason")) {}

TerminalMetrics::OfProtocol TerminalMetrics::Of(std::string_view protocol) {
  const prometheus::Labels labels{{"protocol", std::string(protocol)}};
  // So that both are there, with 0, before anything happens.
  refused_.Add({{"protocol", std::string(protocol)}, {"reason", "checksum"}});
  closed_.Add({{"protocol", std::string(protocol)}, {"reason", "idle_timeout"}});
  return {.connections = connections_.Add(labels),
          .accepted = accepted_.Add(labels),
          .messages = messages_.Add(labels),
          .bytes = bytes_.Add(labels)};
}

void TerminalMetrics::CountRefused(std::string_view protocol, std::string_view reason) {
  refused_.Add({{"protocol", std::string(protocol)}, {"reason", std::string(reason)}}).Increment();
}

void TerminalMetrics::CountClosed(std::string_view protocol, std::string_view reason) {
  closed_.Add({{"protocol", std::string(protocol)}, {"reason", std::string(reason)}}).Increment();
}

}  // namespace telltale
