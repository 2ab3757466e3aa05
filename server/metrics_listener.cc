#include "server/metrics_listener.h"

#include <fmt/format.h>
#include <prometheus/gauge.h>

namespace telltale {

Status MetricsListener::Listen(const std::string& address, prometheus::Registry& registry) {
  // The exposer throws if it cannot listen.
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(address, 2);
  } catch (const std::exception& e) {
    return absl::UnavailableError(fmt::format("cannot listen on server.metrics_listen {}: {}", address, e.what()));
  }
  prometheus::BuildGauge()
      .Name("telltale_build_info")
      .Help("1; the labels say what runs")
      .Register(registry)
      .Add({{"version", TELLTALE_VERSION}})
      .Set(1);
  port_ = exposer_->GetListeningPorts().at(0);
  return OkStatus();
}

}  // namespace telltale
