#include "server/vehicle_service.h"

#include <fmt/format.h>

#include "ingest/grpc/grpc_status.h"
#include "ingest/grpc/wire.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;  // also of a registration
constexpr std::string_view kListKey = "vehicles";

static_assert(static_cast<int>(VehicleClass::kMachine) == v1::VEHICLE_CLASS_MACHINE);
static_assert(static_cast<int>(FuelType::kElectric) == v1::FUEL_TYPE_ELECTRIC);

// `field` is where the vehicle stands in the request.
RequestError ReadVehicle(const v1::Vehicle& in, const std::string& field, std::optional<Vehicle>* out) {
  const auto vin = Vin::Parse(in.vin());
  if (!vin.ok()) return {vin.status(), "INVALID_VIN", field + ".vin"};
  if (!v1::VehicleClass_IsValid(in.vehicle_class()) || !v1::FuelType_IsValid(in.fuel_type())) {
    return {absl::InvalidArgumentError("the class or fuel is not one of this version"), "INVALID_VEHICLE", field};
  }
  Vehicle vehicle{.id = 0,
                  .vin = *vin,
                  .display_name = in.display_name(),
                  .traits = {.vehicle_class = static_cast<VehicleClass>(in.vehicle_class()),
                             .fuel_type = static_cast<FuelType>(in.fuel_type()),
                             .engine_displacement_l = in.engine_displacement_l()},
                  .built_time_ms = {}};
  if (in.has_built_time()) {
    const auto built_ms = ToMs(in.built_time());
    if (!built_ms.ok()) return {built_ms.status(), "INVALID_VEHICLE", field + ".built_time"};
    vehicle.built_time_ms = *built_ms;
  }
  if (const Status status = VehicleRegistry::Check(vehicle); !status.ok()) return {status, "INVALID_VEHICLE", field};
  *out = std::move(vehicle);
  return {};
}

}  // namespace

grpc::Status VehicleServiceImpl::RegisterVehicle(grpc::ServerContext* /*context*/,
                                                 const v1::RegisterVehicleRequest* request, v1::Vehicle* response) {
  std::optional<Vehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(ReadVehicle(request->vehicle(), "vehicle", &vehicle));
  const auto registered = registry_.Register(*std::move(vehicle));
  RETURN_IF_REQUEST_ERROR(RequestError(registered.status(), "INVALID_VEHICLE", "vehicle"));
  return Fill(*registered, *response);
}

grpc::Status VehicleServiceImpl::RegisterVehicles(grpc::ServerContext* /*context*/,
                                                  const v1::RegisterVehiclesRequest* request,
                                                  v1::RegisterVehiclesResponse* response) {
  const auto count = static_cast<std::size_t>(request->vehicles_size());
  if (count == 0 || count > kMaxPage) {
    return RequestError(absl::InvalidArgumentError(fmt::format("{} vehicles; send 1 to {}", count, kMaxPage)),
                        "INVALID_COUNT", "vehicles")
        .ToGrpc();
  }
  std::vector<Vehicle> vehicles;
  for (const v1::Vehicle& in : request->vehicles()) {
    std::optional<Vehicle> vehicle;
    RETURN_IF_REQUEST_ERROR(ReadVehicle(in, fmt::format("vehicles[{}]", vehicles.size()), &vehicle));
    vehicles.push_back(*std::move(vehicle));
  }
  const auto registered = registry_.RegisterAll(std::move(vehicles));
  RETURN_IF_REQUEST_ERROR(RequestError(registered.status(), "INVALID_VEHICLE", "vehicles"));
  for (const Vehicle& vehicle : *registered) {
    if (grpc::Status status = Fill(vehicle, *response->add_vehicles()); !status.ok()) return status;
  }
  return grpc::Status::OK;
}

grpc::Status VehicleServiceImpl::GetVehicle(grpc::ServerContext* context, const v1::GetVehicleRequest* request,
                                            v1::Vehicle* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  return Fill(*vehicle, *response);
}

grpc::Status VehicleServiceImpl::ListVehicles(grpc::ServerContext* context, const v1::ListVehiclesRequest* request,
                                              v1::ListVehiclesResponse* response) {
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  VehicleId after = 0;
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(kListKey, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    after = static_cast<VehicleId>(*position);
  }
  const std::vector<Vehicle> vehicles = guard_.ListVehicles(*context, after, page_size + 1);
  for (std::size_t i = 0; i < vehicles.size() && i < page_size; ++i) {
    if (grpc::Status status = Fill(vehicles[i], *response->add_vehicles()); !status.ok()) return status;
  }
  if (vehicles.size() > page_size) {
    response->set_next_page_token(MakePageToken(kListKey, std::int64_t{vehicles[page_size - 1].id}));
  }
  return grpc::Status::OK;
}

grpc::Status VehicleServiceImpl::Fill(const Vehicle& vehicle, v1::Vehicle& out) {
  out.set_vin(vehicle.vin.text());
  out.set_display_name(vehicle.display_name);
  out.set_vehicle_class(static_cast<v1::VehicleClass>(vehicle.traits.vehicle_class));
  out.set_fuel_type(static_cast<v1::FuelType>(vehicle.traits.fuel_type));
  out.set_engine_displacement_l(vehicle.traits.engine_displacement_l);
  if (vehicle.built_time_ms) SetTime(*vehicle.built_time_ms, out.mutable_built_time());
  const auto extent = telemetry_.Extent(vehicle.id);
  if (!extent.ok()) return ToGrpcStatus(extent.status());
  if (extent->newest_time_ms != VehicleExtent{}.newest_time_ms) {
    SetTime(extent->newest_time_ms, out.mutable_frames()->mutable_newest_measure_time());
  }
  return grpc::Status::OK;
}

}  // namespace telltale
