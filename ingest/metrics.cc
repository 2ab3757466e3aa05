#include "ingest/metrics.h"

#include <string>

namespace telltale {
namespace {

prometheus::Counter& AddCounter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

IngestMetrics::IngestMetrics(prometheus::Registry& registry)
    : frames(AddCounter(registry, "telltale_ingest_frames_total", "Frames accepted and durable")),
      samples(AddCounter(registry, "telltale_ingest_samples_total", "Samples in accepted frames, states included")),
      repeated_frames(AddCounter(registry, "telltale_ingest_repeated_frames_total",
                                 "Frames that were known already and changed nothing")),
      changed_frames(AddCounter(registry, "telltale_ingest_changed_frames_total",
                                "Frames of a known time that replaced or added values")),
      faults(AddCounter(registry, "telltale_ingest_fault_reports_total", "Reports of trouble codes accepted")),
      bytes(AddCounter(registry, "telltale_ingest_received_bytes_total", "Bytes of messages and file chunks received")),
      batches(AddCounter(registry, "telltale_ingest_batches_total", "Batches answered")),
      failed_batches(AddCounter(registry, "telltale_ingest_failed_batches_total", "Batches that could not be written")),
      broken_streams(AddCounter(registry, "telltale_ingest_broken_streams_total",
                                "Streams and imports that broke off, or sent a message larger than allowed")),
      limited_streams(AddCounter(registry, "telltale_ingest_limited_streams_total",
                                 "Streams ended because their sender sends too many frames")),
      streams(prometheus::BuildGauge()
                  .Name("telltale_ingest_streams")
                  .Help("Open ingest streams and imports")
                  .Register(registry)
                  .Add({})),
      batch_seconds(prometheus::BuildHistogram()
                        .Name("telltale_ingest_batch_seconds")
                        .Help("From a batch received to its answer ready")
                        .Register(registry)
                        .Add({}, prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                                         0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})) {
  auto& family = prometheus::BuildCounter()
                     .Name("telltale_ingest_refused_total")
                     .Help("Frames, samples, fault reports and lines refused, by reason")
                     .Register(registry);
  for (std::size_t reason = 1; reason < refused.size(); ++reason) {
    refused[reason] = &family.Add({{"reason", std::string(kRefusalReasonNames[reason])}});
  }
}

}  // namespace telltale
