#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// The stores' own figures, read when Prometheus asks. Thread-safe.
class StoreMetrics final : public prometheus::Collectable {
 public:
  // Both outlive the metrics.
  StoreMetrics(TelemetryStore& telemetry, const VehicleRegistry& registry)
      : telemetry_(telemetry), registry_(registry) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  TelemetryStore& telemetry_;
  const VehicleRegistry& registry_;
};

}  // namespace telltale
