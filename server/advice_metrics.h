#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "server/day_publisher.h"
#include "server/vehicle_folds.h"

namespace telltale {

// The figures of published days, read when Prometheus asks. Thread-safe.
class AdviceMetrics final : public prometheus::Collectable {
 public:
  // Both outlive the metrics.
  AdviceMetrics(VehicleFolds& folds, const DayPublisher& publisher) : folds_(folds), publisher_(publisher) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  VehicleFolds& folds_;
  const DayPublisher& publisher_;
};

}  // namespace telltale
