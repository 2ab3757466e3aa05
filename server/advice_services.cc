#include "server/advice_services.h"

#include <optional>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "advice/driver_advice.h"
#include "advice/driver_score.h"
#include "advice/fuel_advice.h"
#include "ingest/grpc/grpc_status.h"
#include "server/advice_wire.h"
#include "server/request.h"

namespace telltale {
namespace {

// The vehicle and range of a request. Fills `trips` with those that start inside the range, the open one last.
template <typename Request>
grpc::Status FindTrips(const Guard& guard, const grpc::ServerContext& context, VehicleFolds& folds,
                       const Request& request, std::optional<VisibleVehicle>& vehicle, std::vector<Trip>& trips) {
  RETURN_IF_REQUEST_ERROR(guard.FindVehicle(context, request, request.vin(), &vehicle));
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request.range(), vehicle->permit, &range));
  return ToGrpcStatus(folds.Use(*vehicle, [&trips, range](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(FoldResults found, results.In(range));
    trips = std::move(found.trips);
    return OkStatus();
  }));
}

}  // namespace

grpc::Status DriverServiceImpl::GetDriverAdvice(grpc::ServerContext* context, const v1::GetDriverAdviceRequest* request,
                                                v1::GetDriverAdviceResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  std::vector<Trip> trips;
  if (grpc::Status status = FindTrips(guard_, *context, folds_, *request, vehicle, trips); !status.ok()) return status;
  Fill(ScoreDriver(trips, vehicle->traits), *response->mutable_score());
  for (const Advice& advice : AdviseDriver(trips, vehicle->traits)) Fill(advice, *response->add_advice());
  Totals totals;
  for (const Trip& trip : trips) totals += trip.totals;
  Fill(totals, *response->mutable_totals());
  response->set_trip_count(static_cast<std::uint32_t>(trips.size()));
  return grpc::Status::OK;
}

grpc::Status DriverServiceImpl::AssignDriver(grpc::ServerContext* context, const v1::AssignDriverRequest* request,
                                             v1::AssignDriverResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  if (!request->has_from_time()) {
    return RequestError(absl::InvalidArgumentError("say from when the driver drives"), "MISSING_FIELD", "from_time")
        .ToGrpc();
  }
  const DriverChange change{.time_ms = google::protobuf::util::TimeUtil::TimestampToMilliseconds(request->from_time()),
                            .driver_id = request->driver_id(),
                            .source = DriverSource::kAssigned};
  if (!vehicle->permit.period.contains(change.time_ms)) {
    return RequestError(absl::PermissionDeniedError("the grant is not of that time"), "OUTSIDE_GRANT", "from_time")
        .ToGrpc();
  }
  const auto changed = drivers_.Record(vehicle->id, change);
  RETURN_IF_REQUEST_ERROR(RequestError(changed.status(), "INVALID_DRIVER", "driver_id"));
  response->set_changed(*changed);
  if (!*changed) return grpc::Status::OK;
  return ToGrpcStatus(folds_.Mark(vehicle->id, RestatementReason::kDrivers, change.time_ms));
}

grpc::Status DriverServiceImpl::ListDriverChanges(grpc::ServerContext* context,
                                                  const v1::ListDriverChangesRequest* request,
                                                  v1::ListDriverChangesResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  const auto changes = drivers_.Changes(vehicle->id);
  if (!changes.ok()) return ToGrpcStatus(changes.status());
  for (const DriverChange& change : *changes) {
    if (!vehicle->permit.period.contains(change.time_ms)) continue;
    v1::DriverChange& out = *response->add_changes();
    SetTime(change.time_ms, out.mutable_from_time());
    out.set_driver_id(change.driver_id);
    out.set_source(static_cast<v1::DriverSource>(change.source));
  }
  return grpc::Status::OK;
}

grpc::Status FuelServiceImpl::GetFuelAdvice(grpc::ServerContext* context, const v1::GetFuelAdviceRequest* request,
                                            v1::GetFuelAdviceResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  std::vector<Trip> trips;
  if (grpc::Status status = FindTrips(guard_, *context, folds_, *request, vehicle, trips); !status.ok()) return status;
  Fill(SummariseFuel(trips, vehicle->traits), *response->mutable_summary());
  for (const Advice& advice : AdviseFuel(trips, vehicle->traits)) Fill(advice, *response->add_advice());
  return grpc::Status::OK;
}

}  // namespace telltale
