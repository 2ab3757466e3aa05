#pragma once

#include "telltale/v1/trips.grpc.pb.h"

#include "server/guard.h"
#include "server/vehicle_folds.h"
#include "storage/place_log.h"

namespace telltale {

// telltale.v1.TripService. What is referred to outlives the service; thread-safe.
class TripServiceImpl final : public v1::TripService::Service {
 public:
  TripServiceImpl(const Guard& guard, VehicleFolds& folds, const PlaceLog& places)
      : guard_(guard), folds_(folds), places_(places) {}

  grpc::Status ListTrips(grpc::ServerContext* context, const v1::ListTripsRequest* request,
                         v1::ListTripsResponse* response) override;
  grpc::Status ListDays(grpc::ServerContext* context, const v1::ListDaysRequest* request,
                        v1::ListDaysResponse* response) override;
  grpc::Status ListStops(grpc::ServerContext* context, const v1::ListStopsRequest* request,
                         v1::ListStopsResponse* response) override;
  grpc::Status ListEvents(grpc::ServerContext* context, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override;
  grpc::Status ListGaps(grpc::ServerContext* context, const v1::ListGapsRequest* request,
                        v1::ListGapsResponse* response) override;
  grpc::Status ListChanges(grpc::ServerContext* context, const v1::ListChangesRequest* request,
                           v1::ListChangesResponse* response) override;

 private:
  const Guard& guard_;
  VehicleFolds& folds_;
  const PlaceLog& places_;
};

}  // namespace telltale
