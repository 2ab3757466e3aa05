#pragma once

#include "telltale/v1/vehicles.grpc.pb.h"

#include "server/guard.h"
#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// telltale.v1.VehicleService. Thread-safe.
class VehicleServiceImpl final : public v1::VehicleService::Service {
 public:
  // What refers to something outlives the service.
  VehicleServiceImpl(VehicleRegistry& registry, TelemetryStore& telemetry, const Guard& guard)
      : registry_(registry), telemetry_(telemetry), guard_(guard) {}

  grpc::Status RegisterVehicle(grpc::ServerContext* context, const v1::RegisterVehicleRequest* request,
                               v1::Vehicle* response) override;
  grpc::Status RegisterVehicles(grpc::ServerContext* context, const v1::RegisterVehiclesRequest* request,
                                v1::RegisterVehiclesResponse* response) override;
  grpc::Status GetVehicle(grpc::ServerContext* context, const v1::GetVehicleRequest* request,
                          v1::Vehicle* response) override;
  grpc::Status ListVehicles(grpc::ServerContext* context, const v1::ListVehiclesRequest* request,
                            v1::ListVehiclesResponse* response) override;

 private:
  grpc::Status Fill(const Vehicle& vehicle, v1::Vehicle& out);

  VehicleRegistry& registry_;
  TelemetryStore& telemetry_;
  const Guard& guard_;
};

}  // namespace telltale
