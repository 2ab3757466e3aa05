#include "server/rollup_service.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <date/tz.h>
#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "ingest/grpc/grpc_status.h"
#include "server/advice_wire.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNow = std::numeric_limits<std::int64_t>::max();

// Cuts time into the periods of a time zone. Not thread-safe.
class PeriodFinder {
 public:
  PeriodFinder(const date::time_zone* zone, v1::Period period, TimeRange range)
      : zone_(zone), period_(period), range_(range) {}

  // The period that a time inside the range lies in. Errors: INVALID_ARGUMENT it begins or ends inside of a half hour.
  StatusOr<TimeRange> Find(std::int64_t time_ms) {
    if (found_ && found_->contains(time_ms)) return *found_;
    if (period_ == v1::PERIOD_UNSPECIFIED) return *(found_ = range_);
    const date::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(time_ms)};
    const date::local_days day = date::floor<date::days>(zone_->to_local(time));
    date::local_days begin = day;
    date::local_days end = day + date::days(1);
    if (period_ == v1::PERIOD_WEEK) {
      begin = day - (date::weekday(day) - date::Monday);
      end = begin + date::days(7);
    } else if (period_ == v1::PERIOD_MONTH) {
      const date::year_month_day date(day);
      begin = date::local_days(date.year() / date.month() / 1);
      end = date::local_days(date.year() / date.month() / 1 + date::months(1));
    }
    TimeRange period{.from_ms = MidnightMs(begin), .to_ms = MidnightMs(end)};
    if (period.from_ms % kSliceMs != 0 || period.to_ms % kSliceMs != 0) {
      return absl::InvalidArgumentError(
          fmt::format("days of {} do not begin on a half hour of UTC, which rollups consist of", zone_->name()));
    }
    period.from_ms = std::max(period.from_ms, range_.from_ms);
    period.to_ms = std::min(period.to_ms, range_.to_ms);
    return *(found_ = period);
  }

 private:
  std::int64_t MidnightMs(date::local_days day) const {
    const auto midnight = zone_->to_sys(day, date::choose::earliest);
    return std::chrono::duration_cast<std::chrono::milliseconds>(midnight.time_since_epoch()).count();
  }

  const date::time_zone* zone_;
  v1::Period period_;
  TimeRange range_;
  std::optional<TimeRange> found_;
};

RequestError ReadZone(const std::string& name, const date::time_zone** zone) {
  try {
    *zone = date::locate_zone(name.empty() ? "Etc/UTC" : name);
    return {};
  } catch (const std::exception& e) {
    return {absl::InvalidArgumentError(
                fmt::format("time zone '{}' is not known here; names are like Asia/Shanghai, Europe/Berlin (IANA): {}",
                            name, e.what())),
            "UNKNOWN_TIME_ZONE", "time_zone"};
  }
}

std::int64_t FloorToSlice(std::int64_t time_ms) {
  const std::int64_t rest_ms = time_ms % kSliceMs;
  return time_ms - (rest_ms < 0 ? rest_ms + kSliceMs : rest_ms);
}

// Of a range of whole half hours, those of which all is permitted.
TimeRange WholeSlicesOf(TimeRange range, const TimeRange& permitted) {
  if (permitted.from_ms > range.from_ms) range.from_ms = FloorToSlice(permitted.from_ms + kSliceMs - 1);
  if (permitted.to_ms < range.to_ms) range.to_ms = FloorToSlice(permitted.to_ms);
  return range;
}

struct Sum {
  TimeRange period;
  TimeRange seen = {.from_ms = 0, .to_ms = 0};  // from the first to the last slice
  Slice slice;
  std::uint32_t vehicle_count = 0;
  VehicleId last_vehicle = 0;
};

// In the order of the answer: vehicle, driver, period.
using SumKey = std::tuple<std::string, std::string, std::int64_t>;

}  // namespace

grpc::Status RollupServiceImpl::GetRollups(grpc::ServerContext* context, const v1::GetRollupsRequest* request,
                                           grpc::ServerWriter<v1::Rollup>* writer) {
  if (request->vins_size() == 0 || request->vins_size() > kMaxVehicles) {
    return RequestError(
               absl::InvalidArgumentError(fmt::format("{} vehicles; name 1 to {}", request->vins_size(), kMaxVehicles)),
               "INVALID_COUNT", "vins")
        .ToGrpc();
  }
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request->range(), &range));
  if (range.from_ms != std::numeric_limits<std::int64_t>::min()) range.from_ms = FloorToSlice(range.from_ms);
  if (range.to_ms != kNow) range.to_ms = FloorToSlice(range.to_ms);
  if (range.empty()) {
    return RequestError(absl::InvalidArgumentError("the range has no whole half hour"), "EMPTY_RANGE", "range")
        .ToGrpc();
  }
  const date::time_zone* zone = nullptr;
  RETURN_IF_REQUEST_ERROR(ReadZone(request->time_zone(), &zone));
  const std::int64_t known_time_ms =
      request->has_as_known_at() ? google::protobuf::util::TimeUtil::TimestampToMilliseconds(request->as_known_at())
                                 : kNow;
  std::vector<VisibleVehicle> vehicles;
  for (const std::string& vin : request->vins()) {
    std::optional<VisibleVehicle> vehicle;
    RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, vin, &vehicle));
    if ((request->by_driver() || !request->driver_id().empty()) && !vehicle->permit.scopes.Has(Scope::kDriver)) {
      return RequestError(absl::PermissionDeniedError("what drivers did needs SCOPE_DRIVER for every vehicle"),
                          "NOT_PERMITTED", "by_driver")
          .ToGrpc();
    }
    vehicles.push_back(*std::move(vehicle));
  }
  std::ranges::sort(vehicles, {}, [](const VisibleVehicle& vehicle) { return vehicle.vin.text(); });

  PeriodFinder periods(zone, request->period(), range);
  std::map<SumKey, Sum> sums;
  const auto write = [&] {
    for (const auto& [key, sum] : sums) {
      v1::Rollup rollup;
      // Without a bound, a period reaches as far as there are frames.
      SetTime(sum.period.from_ms == kBegin ? sum.seen.from_ms : sum.period.from_ms, rollup.mutable_start_time());
      SetTime(sum.period.to_ms == kNow ? sum.seen.to_ms : sum.period.to_ms, rollup.mutable_end_time());
      rollup.set_vin(std::get<0>(key));
      rollup.set_driver_id(std::get<1>(key));
      Fill(sum.slice.totals, *rollup.mutable_totals());
      rollup.set_trip_count(sum.slice.trip_count);
      rollup.set_vehicle_count(sum.vehicle_count);
      if (request->classes()) Fill(sum.slice.classes, rollup);
      if (!writer->Write(rollup)) return false;
    }
    sums.clear();
    return true;
  };
  for (const VisibleVehicle& vehicle : vehicles) {
    if (context->IsCancelled()) return grpc::Status::CANCELLED;
    const TimeRange own = WholeSlicesOf(range, vehicle.permit.period);
    if (own.empty()) continue;
    const Status status = folds_.Use(vehicle, [&](const VehicleResults& results) -> Status {
      ASSIGN_OR_RETURN(const FoldResults found,
                       known_time_ms == kNow ? results.In(own) : results.In(own, known_time_ms));
      for (const auto& [start_ms, slice] : found.slices) {
        const std::string driver_id(DriverAt(results.drivers(), start_ms));
        if (!request->driver_id().empty() && driver_id != request->driver_id()) continue;
        ASSIGN_OR_RETURN(const TimeRange period, periods.Find(start_ms));
        Sum& sum = sums[{request->by_vehicle() ? std::string(vehicle.vin.text()) : "",
                         request->by_driver() ? driver_id : "", period.from_ms}];
        sum.period = period;
        sum.seen = {.from_ms = sum.seen.empty() ? start_ms : std::min(sum.seen.from_ms, start_ms),
                    .to_ms = sum.seen.empty() ? start_ms + kSliceMs : std::max(sum.seen.to_ms, start_ms + kSliceMs)};
        sum.slice += slice;
        if (sum.last_vehicle != vehicle.id) ++sum.vehicle_count;
        sum.last_vehicle = vehicle.id;
      }
      return OkStatus();
    });
    if (absl::IsInvalidArgument(status)) return RequestError(status, "UNSUPPORTED_TIME_ZONE", "time_zone").ToGrpc();
    if (!status.ok()) return ToGrpcStatus(status);
    if (request->by_vehicle() && !write()) return grpc::Status::CANCELLED;
  }
  return write() ? grpc::Status::OK : grpc::Status::CANCELLED;
}

}  // namespace telltale
