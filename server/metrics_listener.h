#pragma once

#include <memory>
#include <string>

#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include "base/status.h"

namespace telltale {

// Serves /metrics over HTTP. Not thread-safe; what it shows is.
class MetricsListener {
 public:
  // Adds telltale_build_info to the registry. Errors: UNAVAILABLE the address cannot be listened on.
  Status Listen(const std::string& address, prometheus::Registry& registry);
  // As long as it is alive.
  void Show(const std::shared_ptr<prometheus::Collectable>& collectable) { exposer_->RegisterCollectable(collectable); }
  int port() const { return port_; }
  void Stop() { exposer_.reset(); }

 private:
  std::unique_ptr<prometheus::Exposer> exposer_;
  int port_ = 0;
};

}  // namespace telltale
