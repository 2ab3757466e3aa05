#include "server/trip_service.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "base/state_coding.h"
#include "ingest/grpc/grpc_status.h"
#include "server/advice_wire.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultItems = 100;
constexpr std::size_t kMaxItems = 1'000;
constexpr std::size_t kDefaultDays = 31;
constexpr std::size_t kMaxDays = 366;
constexpr std::int64_t kNow = std::numeric_limits<std::int64_t>::max();

// What every list of a vehicle's results asks for.
struct ListQuery {
  std::optional<VisibleVehicle> vehicle;
  TimeRange range;
  std::int64_t known_time_ms = kNow;
  std::size_t page_size = 0;
  std::string key;       // of page tokens
  std::size_t skip = 0;  // items on the pages before
};

template <typename Request>
std::int64_t KnownTimeOf(const Request& request) {
  if constexpr (requires { request.as_known_at(); }) {
    if (request.has_as_known_at()) {
      return google::protobuf::util::TimeUtil::TimestampToMilliseconds(request.as_known_at());
    }
  }
  return kNow;
}

// `more` is what else shapes the answer.
template <typename Request>
grpc::Status ReadQuery(const Guard& guard, const grpc::ServerContext& context, const Request& request,
                       std::size_t default_size, std::size_t max_size, const std::string& more, ListQuery& query) {
  RETURN_IF_REQUEST_ERROR(guard.FindVehicle(context, request, request.vin(), &query.vehicle));
  RETURN_IF_REQUEST_ERROR(ReadRange(request.range(), query.vehicle->permit, &query.range));
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request.page_size(), default_size, max_size, &query.page_size));
  query.known_time_ms = KnownTimeOf(request);
  query.key = fmt::format("{} {} {} {} {} {}", Request::descriptor()->name(), query.vehicle->vin.text(),
                          query.range.from_ms, query.range.to_ms, query.known_time_ms, more);
  if (!request.page_token().empty()) {
    const auto position = ReadNumberPageToken(query.key, request.page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    query.skip = static_cast<std::size_t>(std::max<std::int64_t>(*position, 0));
  }
  return grpc::Status::OK;
}

StatusOr<FoldResults> ResultsOf(const VehicleResults& results, const ListQuery& query) {
  return query.known_time_ms == kNow ? results.In(query.range) : results.In(query.range, query.known_time_ms);
}

// Fills the query's page with some of the items, and of them what is permitted.
template <typename Item, typename Response, typename Add>
void FillPage(const std::vector<Item>& items, const ListQuery& query, Response& response, const Add& add) {
  const std::size_t begin = std::min(query.skip, items.size());
  const std::size_t end = std::min(begin + query.page_size, items.size());
  for (std::size_t i = begin; i < end; ++i) add(items[i]);
  LeaveOut(query.vehicle->permit, response);
  if (end < items.size()) response.set_next_page_token(MakePageToken(query.key, static_cast<std::int64_t>(end)));
}

// The days that a range touches, whole; but for the first, if not all of it is permitted.
TimeRange WholeDays(TimeRange range, const TimeRange& permitted) {
  constexpr std::int64_t kLastDay = std::numeric_limits<std::int64_t>::max() / kMsPerDay;
  if (range.from_ms != std::numeric_limits<std::int64_t>::min()) range.from_ms = DayOf(range.from_ms) * kMsPerDay;
  if (DayOf(range.to_ms) < kLastDay) range.to_ms = (DayOf(range.to_ms - 1) + 1) * kMsPerDay;
  if (range.from_ms < permitted.from_ms) range.from_ms += kMsPerDay;
  return range;
}

void AddDrivers(const Trip& trip, const std::vector<DriverChange>& drivers, v1::Trip& out) {
  const auto add = [&out](std::string_view driver_id) {
    const auto& known = out.driver_ids();
    if (driver_id.empty() || std::ranges::find(known, driver_id) != known.end()) return;
    out.add_driver_ids(std::string(driver_id));
  };
  add(DriverAt(drivers, trip.start_time_ms));
  for (const DriverChange& change : drivers) {
    if (change.time_ms > trip.start_time_ms && change.time_ms < trip.end_time_ms) add(change.driver_id);
  }
}

// A day of published results.
std::optional<VehicleDay> DayIn(const std::optional<PublishedDay>& published) {
  if (!published) return std::nullopt;
  FoldResults results;
  StateReader reader(published->results);
  reader(results);
  for (const VehicleDay& day : DaysOf(results.slices)) {
    if (day.day == published->day) return day;
  }
  return std::nullopt;
}

// What other vehicles did around the place in the month around the gap, as published by now.
StatusOr<GapNeighbours> NeighboursOf(const Gap& gap, VehicleId vehicle, const PlaceLog& places) {
  constexpr double kRadiusM = 2'000.0;
  constexpr std::int64_t kDaysAround = 15;
  if (!gap.before.position) return GapNeighbours{};
  const std::int64_t day = DayOf(gap.start_time_ms);
  ASSIGN_OR_RETURN(const PlaceLog::Counts counts,
                   places.Around(gap.before.position->latitude_deg, gap.before.position->longitude_deg, kRadiusM,
                                 day - kDaysAround, day + kDaysAround + 1, vehicle));
  return GapNeighbours{.silent_count = counts.silent, .heard_count = counts.heard};
}

}  // namespace

grpc::Status TripServiceImpl::ListTrips(grpc::ServerContext* context, const v1::ListTripsRequest* request,
                                        v1::ListTripsResponse* response) {
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultItems, kMaxItems, "", query); !status.ok()) {
    return status;
  }
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(const FoldResults found, ResultsOf(results, query));
    FillPage(found.trips, query, *response, [&](const Trip& trip) {
      v1::Trip& out = *response->add_trips();
      Fill(trip, out);
      AddDrivers(trip, results.drivers(), out);
    });
    return OkStatus();
  }));
}

grpc::Status TripServiceImpl::ListDays(grpc::ServerContext* context, const v1::ListDaysRequest* request,
                                       v1::ListDaysResponse* response) {
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultDays, kMaxDays, "", query); !status.ok()) {
    return status;
  }
  query.range = WholeDays(query.range, query.vehicle->permit.period);
  if (query.range.empty()) return grpc::Status::OK;
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(const FoldResults found, ResultsOf(results, query));
    FillPage(DaysOf(found.slices), query, *response, [&](const VehicleDay& day) { Fill(day, *response->add_days()); });
    return OkStatus();
  }));
}

grpc::Status TripServiceImpl::ListStops(grpc::ServerContext* context, const v1::ListStopsRequest* request,
                                        v1::ListStopsResponse* response) {
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultItems, kMaxItems, "", query); !status.ok()) {
    return status;
  }
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(const FoldResults found, ResultsOf(results, query));
    FillPage(found.stops, query, *response, [&](const Stop& stop) { Fill(stop, *response->add_stops()); });
    return OkStatus();
  }));
}

grpc::Status TripServiceImpl::ListEvents(grpc::ServerContext* context, const v1::ListEventsRequest* request,
                                         v1::ListEventsResponse* response) {
  std::string kinds;
  for (const int kind : request->kinds()) kinds += fmt::format("{},", kind);
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultItems, kMaxItems, kinds, query); !status.ok()) {
    return status;
  }
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    // A trip that began before the range may have events in it.
    ListQuery wider = query;
    if (wider.range.from_ms > std::numeric_limits<std::int64_t>::min() + kMsPerDay) wider.range.from_ms -= kMsPerDay;
    ASSIGN_OR_RETURN(FoldResults found, ResultsOf(results, wider));
    std::vector<Event> events = std::move(found.events);
    for (const Trip& trip : found.trips) events.insert(events.end(), trip.events.begin(), trip.events.end());
    std::erase_if(events, [&](const Event& event) {
      return !query.range.contains(event.start_time_ms) ||
             (request->kinds_size() > 0 &&
              std::ranges::find(request->kinds(), static_cast<int>(event.kind)) == request->kinds().end());
    });
    std::ranges::stable_sort(events, {}, &Event::start_time_ms);
    FillPage(events, query, *response, [&](const Event& event) { Fill(event, *response->add_events()); });
    return OkStatus();
  }));
}

grpc::Status TripServiceImpl::ListGaps(grpc::ServerContext* context, const v1::ListGapsRequest* request,
                                       v1::ListGapsResponse* response) {
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultItems, kMaxItems, "", query); !status.ok()) {
    return status;
  }
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(const FoldResults found, ResultsOf(results, query));
    Status failure;
    FillPage(found.gaps, query, *response, [&](const Gap& gap) {
      const auto neighbours = NeighboursOf(gap, query.vehicle->id, places_);
      if (!neighbours.ok()) failure = neighbours.status();
      Fill(gap, neighbours.value_or(GapNeighbours{}), *response->add_gaps());
    });
    return failure;
  }));
}

grpc::Status TripServiceImpl::ListChanges(grpc::ServerContext* context, const v1::ListChangesRequest* request,
                                          v1::ListChangesResponse* response) {
  ListQuery query;
  if (auto status = ReadQuery(guard_, *context, *request, kDefaultItems, kMaxItems, "", query); !status.ok()) {
    return status;
  }
  query.range = WholeDays(query.range, query.vehicle->permit.period);
  if (query.range.empty()) return grpc::Status::OK;
  return ToGrpcStatus(folds_.Use(*query.vehicle, [&](const VehicleResults& results) -> Status {
    ASSIGN_OR_RETURN(const std::vector<Restatement> restatements, results.Restatements(query.range));
    Status failure;
    std::size_t place = 0;
    FillPage(restatements, query, *response, [&](const Restatement& restatement) {
      while (!(restatements[place] == restatement)) ++place;
      v1::Change& out = *response->add_changes();
      out.set_date(FormatDay(restatement.day));
      SetTime(restatement.time_ms, out.mutable_time());
      out.set_reason(static_cast<v1::ChangeReason>(restatement.cause.reason));
      if (restatement.cause.reason == RestatementReason::kLateFrames && !restatement.cause.late.empty()) {
        SetTime(restatement.cause.late.from_ms, out.mutable_first_late_frame());
        SetTime(restatement.cause.late.to_ms - 1, out.mutable_last_late_frame());
      }
      out.set_late_frame_count(restatement.cause.late_frame_count);
      if (const auto day = DayIn(restatement.before)) Fill(*day, *out.mutable_before());
      // What was published then is what the next restatement of the day replaced, or what is known now.
      std::optional<VehicleDay> after;
      if (place + 1 < restatements.size() && restatements[place + 1].day == restatement.day) {
        after = DayIn(restatements[place + 1].before);
      } else {
        const auto published = results.Published(restatement.day);
        if (!published.ok()) failure = published.status();
        if (published.ok()) after = DayIn(*published);
      }
      if (after) Fill(*after, *out.mutable_after());
    });
    return failure;
  }));
}

}  // namespace telltale
