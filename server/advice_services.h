#pragma once

#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/fuel.grpc.pb.h"
#include "telltale/v1/trips.grpc.pb.h"

#include "server/vehicle_folds.h"
#include "storage/vehicle_registry.h"

// The services that answer from folded vehicles. What refers to something outlives the service; all are thread-safe.
namespace telltale {

// telltale.v1.TripService.
class TripServiceImpl final : public v1::TripService::Service {
 public:
  TripServiceImpl(const VehicleRegistry& registry, VehicleFolds& folds) : registry_(registry), folds_(folds) {}

  grpc::Status ListTrips(grpc::ServerContext* context, const v1::ListTripsRequest* request,
                         v1::ListTripsResponse* response) override;
  grpc::Status ListDays(grpc::ServerContext* context, const v1::ListDaysRequest* request,
                        v1::ListDaysResponse* response) override;

 private:
  const VehicleRegistry& registry_;
  VehicleFolds& folds_;
};

// telltale.v1.DriverService.
class DriverServiceImpl final : public v1::DriverService::Service {
 public:
  DriverServiceImpl(const VehicleRegistry& registry, VehicleFolds& folds) : registry_(registry), folds_(folds) {}

  grpc::Status GetDriverAdvice(grpc::ServerContext* context, const v1::GetDriverAdviceRequest* request,
                               v1::GetDriverAdviceResponse* response) override;

 private:
  const VehicleRegistry& registry_;
  VehicleFolds& folds_;
};

// telltale.v1.FuelService.
class FuelServiceImpl final : public v1::FuelService::Service {
 public:
  FuelServiceImpl(const VehicleRegistry& registry, VehicleFolds& folds) : registry_(registry), folds_(folds) {}

  grpc::Status GetFuelAdvice(grpc::ServerContext* context, const v1::GetFuelAdviceRequest* request,
                             v1::GetFuelAdviceResponse* response) override;

 private:
  const VehicleRegistry& registry_;
  VehicleFolds& folds_;
};

}  // namespace telltale
