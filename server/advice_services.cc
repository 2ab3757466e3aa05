#include "server/advice_services.h"

#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "advice/driver_advice.h"
#include "advice/driver_score.h"
#include "advice/fuel_advice.h"
#include "ingest/grpc/grpc_status.h"
#include "server/advice_wire.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultTrips = 100;
constexpr std::size_t kMaxTrips = 1'000;
constexpr std::size_t kDefaultDays = 31;
constexpr std::size_t kMaxDays = 366;

// The vehicle and range of a request. Fills `trips` with those that start inside the range, the open one last.
template <typename Request>
grpc::Status FindTrips(const VehicleRegistry& registry, VehicleFolds& folds, const Request& request,
                       std::optional<Vehicle>& vehicle, std::vector<Trip>& trips) {
  RETURN_IF_REQUEST_ERROR(FindVehicle(registry, request.vin(), &vehicle));
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request.range(), &range));
  return ToGrpcStatus(folds.Use(*vehicle, [&trips, range](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(FoldResults found, results.In(range));
    trips = std::move(found.trips);
    return OkStatus();
  }));
}

// The days that a range touches, whole.
TimeRange WholeDays(TimeRange range) {
  constexpr std::int64_t kLastDay = std::numeric_limits<std::int64_t>::max() / kMsPerDay;
  if (range.from_ms != std::numeric_limits<std::int64_t>::min()) range.from_ms = DayOf(range.from_ms) * kMsPerDay;
  if (DayOf(range.to_ms) < kLastDay) range.to_ms = (DayOf(range.to_ms - 1) + 1) * kMsPerDay;
  return range;
}

// The number that the page begins at or after. Errors: the token is not one of this request.
RequestError ReadPosition(std::string_view key, const std::string& token, std::optional<std::int64_t>* out) {
  if (token.empty()) return {};
  const auto position = ReadNumberPageToken(key, token);
  if (!position.ok()) return {position.status(), "INVALID_PAGE_TOKEN", "page_token"};
  *out = *position;
  return {};
}

}  // namespace

grpc::Status TripServiceImpl::ListTrips(grpc::ServerContext* /*context*/, const v1::ListTripsRequest* request,
                                        v1::ListTripsResponse* response) {
  std::optional<Vehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(FindVehicle(registry_, request->vin(), &vehicle));
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request->range(), &range));
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultTrips, kMaxTrips, &page_size));
  const std::string key = fmt::format("trips {} {} {}", vehicle->vin.text(), range.from_ms, range.to_ms);
  std::optional<std::int64_t> from_ms;
  RETURN_IF_REQUEST_ERROR(ReadPosition(key, request->page_token(), &from_ms));
  return ToGrpcStatus(folds_.Use(*vehicle, [&](const VehicleResults& results) -> Status {
    TimeRange page_range = range;
    if (from_ms) page_range.from_ms = *from_ms;
    ASSIGN_OR_RETURN(const FoldResults found, results.In(page_range));
    for (const Trip& trip : found.trips) {
      if (static_cast<std::size_t>(response->trips_size()) == page_size) {
        response->set_next_page_token(MakePageToken(key, trip.start_time_ms));
        break;
      }
      Fill(trip, *response->add_trips());
    }
    return OkStatus();
  }));
}

grpc::Status TripServiceImpl::ListDays(grpc::ServerContext* /*context*/, const v1::ListDaysRequest* request,
                                       v1::ListDaysResponse* response) {
  std::optional<Vehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(FindVehicle(registry_, request->vin(), &vehicle));
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request->range(), &range));
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultDays, kMaxDays, &page_size));
  const std::string key = fmt::format("days {} {} {}", vehicle->vin.text(), range.from_ms, range.to_ms);
  std::optional<std::int64_t> from_day;
  RETURN_IF_REQUEST_ERROR(ReadPosition(key, request->page_token(), &from_day));
  return ToGrpcStatus(folds_.Use(*vehicle, [&](const VehicleResults& results) -> Status {
    TimeRange page_range = WholeDays(range);
    if (from_day) page_range.from_ms = *from_day * kMsPerDay;
    ASSIGN_OR_RETURN(const FoldResults found, results.In(page_range));
    for (const VehicleDay& day : DaysOf(found.slices)) {
      if (static_cast<std::size_t>(response->days_size()) == page_size) {
        response->set_next_page_token(MakePageToken(key, day.day));
        break;
      }
      Fill(day, *response->add_days());
    }
    return OkStatus();
  }));
}

grpc::Status DriverServiceImpl::GetDriverAdvice(grpc::ServerContext* /*context*/,
                                                const v1::GetDriverAdviceRequest* request,
                                                v1::GetDriverAdviceResponse* response) {
  std::optional<Vehicle> vehicle;
  std::vector<Trip> trips;
  if (grpc::Status status = FindTrips(registry_, folds_, *request, vehicle, trips); !status.ok()) return status;
  Fill(ScoreDriver(trips, vehicle->traits), *response->mutable_score());
  for (const Advice& advice : AdviseDriver(trips, vehicle->traits)) Fill(advice, *response->add_advice());
  Totals totals;
  for (const Trip& trip : trips) totals += trip.totals;
  Fill(totals, *response->mutable_totals());
  response->set_trip_count(static_cast<std::uint32_t>(trips.size()));
  return grpc::Status::OK;
}

grpc::Status FuelServiceImpl::GetFuelAdvice(grpc::ServerContext* /*context*/, const v1::GetFuelAdviceRequest* request,
                                            v1::GetFuelAdviceResponse* response) {
  std::optional<Vehicle> vehicle;
  std::vector<Trip> trips;
  if (grpc::Status status = FindTrips(registry_, folds_, *request, vehicle, trips); !status.ok()) return status;
  Fill(SummariseFuel(trips, vehicle->traits), *response->mutable_summary());
  for (const Advice& advice : AdviseFuel(trips, vehicle->traits)) Fill(advice, *response->add_advice());
  return grpc::Status::OK;
}

}  // namespace telltale
