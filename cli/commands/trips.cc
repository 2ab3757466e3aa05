#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "telltale/v1/trips.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/commands/events.h"
#include "cli/commands/totals.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct TripArguments {
  std::string vin;
  RangeArguments range;
  bool events = false;
  std::string as_known_at;
};

// Takes the time that results are asked for as of.
template <typename Request>
void SetKnown(const std::string& as_known_at, Request& request) {
  if (!as_known_at.empty()) *request.mutable_as_known_at() = TimestampOf(as_known_at);
}

void AddKnown(CLI::App& app, std::string& as_known_at) {
  app.add_option("--as-known-at", as_known_at, "As it was known at this time, before later frames changed it")
      ->check(TimeArgument())
      ->type_name("TIME");
}

std::string DriversText(const v1::Trip& trip) {
  std::string text;
  for (const std::string& driver_id : trip.driver_ids()) text += (text.empty() ? "" : ", ") + driver_id;
  return text.empty() ? kUnknown : text;
}

Table TripTable(const std::vector<v1::Trip>& trips) {
  Table table({{"trip", "", Align::kRight},
               {"start", "UTC"},
               {"end", "UTC"},
               {"duration", "", Align::kRight},
               {"distance", "km", Align::kRight},
               {"driving", "", Align::kRight},
               {"idling", "", Align::kRight},
               {"fuel", "l", Align::kRight},
               {"consumption", "l/100 km", Align::kRight},
               {"top speed", "km/h", Align::kRight},
               {"events", "", Align::kRight},
               {"driver"}});
  int number = 0;
  for (const v1::Trip& trip : trips) {
    const v1::Totals& totals = trip.totals();
    const std::chrono::milliseconds duration(ToMs(trip.end_time()) - ToMs(trip.start_time()));
    table.AddRow({std::to_string(++number), TimeText(trip.start_time()),
                  trip.open() ? "may go on" : TimeText(trip.end_time()), FormatDuration(duration),
                  AmountText(totals.distance_km(), totals.distance_source()), DurationText(totals.driving_duration()),
                  DurationText(totals.idle_duration()), AmountText(totals.fuel_used_l(), totals.fuel_source()),
                  ConsumptionText(totals), FormatNumber(totals.speed_kmh_max(), 0), std::to_string(trip.events_size()),
                  DriversText(trip)});
  }
  return table;
}

Table TripEventTable(const std::vector<v1::Trip>& trips) {
  Table table({{"trip", "", Align::kRight},
               {"time", "UTC"},
               {"event"},
               {"value", "", Align::kRight},
               {"lasted", "", Align::kRight},
               {"speed", "km/h", Align::kRight},
               {"latitude, longitude", "WGS-84"}});
  int number = 0;
  for (const v1::Trip& trip : trips) {
    ++number;
    for (const v1::Event& event : trip.events()) {
      table.AddRow({std::to_string(number), TimeText(event.start_time()),
                    WordsOf(v1::EventKind_Name(event.kind()), "EVENT_KIND_"), EventValueText(event),
                    DurationText(event.duration()), FormatNumber(event.speed_kmh_at_start(), 0),
                    PositionText(event.position(), event.has_position())});
    }
  }
  return table;
}

std::string TripSum(const std::vector<v1::Trip>& trips) {
  double distance_km = 0;
  double fuel_used_l = 0;
  google::protobuf::Duration driving_duration;
  bool any_estimated = false;
  for (const v1::Trip& trip : trips) {
    distance_km += trip.totals().distance_km();
    fuel_used_l += trip.totals().fuel_used_l();
    driving_duration += trip.totals().driving_duration();
    any_estimated = any_estimated || trip.totals().distance_source() == v1::SOURCE_ESTIMATED ||
                    trip.totals().fuel_source() == v1::SOURCE_ESTIMATED;
  }
  return fmt::format("{} {}: {:.1f} km, {} of driving, {:.1f} l{}", trips.size(), trips.size() == 1 ? "trip" : "trips",
                     distance_km, DurationText(driving_duration), fuel_used_l,
                     any_estimated ? "   (~ estimated from other signals)" : "");
}

ExitCode ListTrips(const TripArguments& arguments, Session& session) {
  v1::ListTripsRequest request;
  request.set_vin(arguments.vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  SetKnown(arguments.as_known_at, request);
  std::vector<v1::Trip> trips;
  if (const auto status = session.client().CollectPages(&v1::TripService::Stub::ListTrips, request,
                                                        &v1::ListTripsResponse::trips, &trips);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(trips));
    return ExitCode::kOk;
  }
  session.PrintTable(TripTable(trips), "No trip starts in this time.");
  if (!trips.empty()) session.PrintLine(TripSum(trips));
  if (arguments.events && !trips.empty()) {
    session.PrintLine("");
    session.PrintTable(TripEventTable(trips), "No events.");
  }
  return ExitCode::kOk;
}

Table DayTable(const std::vector<v1::VehicleDay>& days) {
  Table table({{"day", "UTC"},
               {"trips", "", Align::kRight},
               {"distance", "km", Align::kRight},
               {"driving", "", Align::kRight},
               {"idling", "", Align::kRight},
               {"PTO work", "", Align::kRight},
               {"engine on", "", Align::kRight},
               {"fuel", "l", Align::kRight},
               {"consumption", "l/100 km", Align::kRight},
               {"top speed", "km/h", Align::kRight},
               {"harsh brakings", "", Align::kRight},
               {"harsh accelerations", "", Align::kRight}});
  for (const v1::VehicleDay& day : days) {
    const v1::Totals& totals = day.totals();
    table.AddRow({day.date(), std::to_string(day.trip_count()),
                  AmountText(totals.distance_km(), totals.distance_source()), DurationText(totals.driving_duration()),
                  DurationText(totals.idle_duration()), DurationText(totals.pto_duration()),
                  DurationText(totals.engine_duration()), AmountText(totals.fuel_used_l(), totals.fuel_source()),
                  ConsumptionText(totals), FormatNumber(totals.speed_kmh_max(), 0),
                  std::to_string(totals.harsh_brake_count()), std::to_string(totals.harsh_acceleration_count())});
  }
  return table;
}

ExitCode ListDays(const TripArguments& arguments, Session& session) {
  v1::ListDaysRequest request;
  request.set_vin(arguments.vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  SetKnown(arguments.as_known_at, request);
  request.set_page_size(366);
  std::vector<v1::VehicleDay> days;
  if (const auto status =
          session.client().CollectPages(&v1::TripService::Stub::ListDays, request, &v1::ListDaysResponse::days, &days);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(days));
  } else {
    session.PrintTable(DayTable(days), "No day in this time has frames.");
  }
  return ExitCode::kOk;
}

}  // namespace

void AddTripCommands(CLI::App& program, Command& chosen) {
  CLI::App* trips = program.add_subcommand("trips", "The trips of a vehicle, oldest first");
  auto trip_arguments = std::make_shared<TripArguments>();
  AddVin(*trips, trip_arguments->vin);
  AddRange(*trips, trip_arguments->range);
  AddKnown(*trips, trip_arguments->as_known_at);
  trips->add_flag("--events", trip_arguments->events, "List what happened on them, too");
  trips->callback([&chosen, trip_arguments] {
    chosen = [trip_arguments](Session& session) { return ListTrips(*trip_arguments, session); };
  });

  CLI::App* days = program.add_subcommand("days", "The days of a vehicle, oldest first");
  auto day_arguments = std::make_shared<TripArguments>();
  AddVin(*days, day_arguments->vin);
  AddRange(*days, day_arguments->range);
  AddKnown(*days, day_arguments->as_known_at);
  days->callback([&chosen, day_arguments] {
    chosen = [day_arguments](Session& session) { return ListDays(*day_arguments, session); };
  });
}

}  // namespace telltale::cli
