#pragma once

#include "telltale/v1/faults.grpc.pb.h"

#include "catalog/catalog.h"
#include "server/guard.h"
#include "storage/fault_store.h"

namespace telltale {

// telltale.v1.FaultService. Thread-safe.
class FaultServiceImpl final : public v1::FaultService::Service {
 public:
  // What refers to something outlives the service.
  FaultServiceImpl(const Catalog& catalog, const Guard& guard, const FaultStore& faults)
      : catalog_(catalog), guard_(guard), faults_(faults) {}

  grpc::Status ListFaults(grpc::ServerContext* context, const v1::ListFaultsRequest* request,
                          v1::ListFaultsResponse* response) override;

 private:
  const Catalog& catalog_;
  const Guard& guard_;
  const FaultStore& faults_;
};

}  // namespace telltale
