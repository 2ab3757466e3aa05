#pragma once

#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/fuel.grpc.pb.h"

#include "server/guard.h"
#include "server/vehicle_folds.h"
#include "storage/driver_log.h"

// The services that answer from folded vehicles. What refers to something outlives the service; all are thread-safe.
namespace telltale {

// telltale.v1.DriverService.
class DriverServiceImpl final : public v1::DriverService::Service {
 public:
  DriverServiceImpl(const Guard& guard, VehicleFolds& folds, DriverLog& drivers)
      : guard_(guard), folds_(folds), drivers_(drivers) {}

  grpc::Status GetDriverAdvice(grpc::ServerContext* context, const v1::GetDriverAdviceRequest* request,
                               v1::GetDriverAdviceResponse* response) override;
  grpc::Status AssignDriver(grpc::ServerContext* context, const v1::AssignDriverRequest* request,
                            v1::AssignDriverResponse* response) override;
  grpc::Status ListDriverChanges(grpc::ServerContext* context, const v1::ListDriverChangesRequest* request,
                                 v1::ListDriverChangesResponse* response) override;

 private:
  const Guard& guard_;
  VehicleFolds& folds_;
  DriverLog& drivers_;
};

// telltale.v1.FuelService.
class FuelServiceImpl final : public v1::FuelService::Service {
 public:
  FuelServiceImpl(const Guard& guard, VehicleFolds& folds) : guard_(guard), folds_(folds) {}

  grpc::Status GetFuelAdvice(grpc::ServerContext* context, const v1::GetFuelAdviceRequest* request,
                             v1::GetFuelAdviceResponse* response) override;

 private:
  const Guard& guard_;
  VehicleFolds& folds_;
};

}  // namespace telltale
