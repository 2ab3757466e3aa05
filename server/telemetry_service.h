#pragma once

#include <chrono>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "catalog/catalog.h"
#include "ingest/live_frames.h"
#include "server/guard.h"
#include "storage/telemetry_store.h"

namespace telltale {

// telltale.v1.TelemetryService: the queries on the synchronous API, Watch, which may be open for days, on the callback
// API. Thread-safe.
class TelemetryServiceImpl final
    : public v1::TelemetryService::WithCallbackMethod_Watch<v1::TelemetryService::Service> {
 public:
  // What refers to something outlives the service. A query takes at most `query_time_max`; 0: no limit.
  TelemetryServiceImpl(const Catalog& catalog, const Guard& guard, TelemetryStore& telemetry, LiveFrames& live,
                       std::chrono::seconds query_time_max)
      : catalog_(catalog), guard_(guard), telemetry_(telemetry), live_(live), query_time_max_(query_time_max) {}

  grpc::Status GetLatest(grpc::ServerContext* context, const v1::GetLatestRequest* request,
                         v1::GetLatestResponse* response) override;
  grpc::Status GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                          v1::GetHistoryResponse* response) override;
  grpc::Status GetSummary(grpc::ServerContext* context, const v1::GetSummaryRequest* request,
                          v1::GetSummaryResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  const Catalog& catalog_;
  const Guard& guard_;
  TelemetryStore& telemetry_;
  LiveFrames& live_;
  const std::chrono::seconds query_time_max_;
};

}  // namespace telltale
