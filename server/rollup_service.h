#pragma once

#include "telltale/v1/rollups.grpc.pb.h"

#include "server/guard.h"
#include "server/vehicle_folds.h"

namespace telltale {

// telltale.v1.RollupService. What is referred to outlives the service; thread-safe.
class RollupServiceImpl final : public v1::RollupService::Service {
 public:
  static constexpr int kMaxVehicles = 10'000;  // of a request

  RollupServiceImpl(const Guard& guard, VehicleFolds& folds) : guard_(guard), folds_(folds) {}

  grpc::Status GetRollups(grpc::ServerContext* context, const v1::GetRollupsRequest* request,
                          grpc::ServerWriter<v1::Rollup>* writer) override;

 private:
  const Guard& guard_;
  VehicleFolds& folds_;
};

}  // namespace telltale
