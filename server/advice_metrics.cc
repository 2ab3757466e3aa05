#include "server/advice_metrics.h"

#include "server/metric_families.h"

namespace telltale {

std::vector<prometheus::MetricFamily> AdviceMetrics::Collect() const {
  const VehicleFolds::Stats stats = folds_.stats();
  return {
      Counter("telltale_advice_days_published_total", "Vehicle-days whose results were written when they were over",
              static_cast<double>(stats.published_days)),
      Counter("telltale_advice_days_restated_total", "Vehicle-days whose results changed later; each is in the ledger",
              static_cast<double>(stats.restated_days)),
      Counter("telltale_advice_days_refolded_total", "Published vehicle-days that were folded again, changed or not",
              static_cast<double>(stats.refolded_days)),
      Gauge("telltale_advice_marked_vehicles", "Vehicles with late frames in days that are not folded again yet",
            static_cast<double>(stats.marked_vehicles)),
      Gauge("telltale_advice_publish_backlog_vehicles", "Vehicles that wait for the publisher of days",
            static_cast<double>(publisher_.backlog())),
  };
}

}  // namespace telltale
