#pragma once

#include <prometheus/metric_family.h>

// Families of one metric without labels, for figures that are read when Prometheus asks.
namespace telltale {

inline prometheus::MetricFamily Gauge(const char* name, const char* help, double value) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  family.metric.emplace_back();
  family.metric.back().gauge.value = value;
  return family;
}

inline prometheus::MetricFamily Counter(const char* name, const char* help, double value) {
  prometheus::MetricFamily family = Gauge(name, help, 0);
  family.type = prometheus::MetricType::Counter;
  family.metric.back().counter.value = value;
  return family;
}

}  // namespace telltale
