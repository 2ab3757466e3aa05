#pragma once

#include <array>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "ingest/refusal.h"

namespace telltale {

// What ingest counts; docs/metrics.md says what to do when one moves. Thread-safe; outlives nothing but the registry.
struct IngestMetrics {
  explicit IngestMetrics(prometheus::Registry& registry);

  void CountRefusal(RefusalReason reason, std::size_t count = 1) {
    refused[static_cast<std::size_t>(reason)]->Increment(static_cast<double>(count));
  }

  prometheus::Counter& frames;           // telltale_ingest_frames_total: accepted and durable
  prometheus::Counter& samples;          // telltale_ingest_samples_total: in these frames, states included
  prometheus::Counter& repeated_frames;  // telltale_ingest_repeated_frames_total: sent again, nothing changed
  prometheus::Counter& changed_frames;   // telltale_ingest_changed_frames_total: sent again with other values
  prometheus::Counter& faults;           // telltale_ingest_fault_reports_total
  prometheus::Counter& bytes;            // telltale_ingest_received_bytes_total: messages and file chunks, as received
  prometheus::Counter& batches;          // telltale_ingest_batches_total: answered, refused frames or not
  prometheus::Counter& failed_batches;   // telltale_ingest_failed_batches_total: not written; the sender was told
  prometheus::Counter& broken_streams;   // telltale_ingest_broken_streams_total: not ended by either side's will
  prometheus::Counter& limited_streams;  // telltale_ingest_limited_streams_total: ended, its sender sent too much
  prometheus::Gauge& streams;            // telltale_ingest_streams: open now
  prometheus::Histogram& batch_seconds;  // telltale_ingest_batch_seconds: received to answered
  std::array<prometheus::Counter*, kRefusalReasonNames.size()> refused{};  // telltale_ingest_refused_total{reason}
};

}  // namespace telltale
