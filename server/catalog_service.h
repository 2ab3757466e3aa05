#pragma once

#include "telltale/v1/catalog.grpc.pb.h"

#include "catalog/catalog.h"

namespace telltale {

// telltale.v1.CatalogService. Thread-safe.
class CatalogServiceImpl final : public v1::CatalogService::Service {
 public:
  // `catalog` outlives the service.
  explicit CatalogServiceImpl(const Catalog& catalog) : catalog_(catalog) {}

  grpc::Status ListSignals(grpc::ServerContext* context, const v1::ListSignalsRequest* request,
                           v1::ListSignalsResponse* response) override;

 private:
  const Catalog& catalog_;
};

}  // namespace telltale
