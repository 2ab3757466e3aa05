// Sums over any period, and who drove.

#include <memory>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/rollups.grpc.pb.h"

#include "base/time.h"
#include "cli/commands/commands.h"
#include "cli/commands/totals.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct RollupArguments {
  std::vector<std::string> vins;
  RangeArguments range;
  std::string period = "whole";
  std::string time_zone;
  std::string driver_id;
  std::string as_known_at;
  bool by_vehicle = false;
  bool by_driver = false;
  bool classes = false;
};

Table RollupTable(const std::vector<v1::Rollup>& rollups, const RollupArguments& arguments) {
  std::vector<Column> columns = {{"from", "UTC"}};
  if (arguments.by_vehicle) columns.push_back({"VIN"});
  if (arguments.by_driver) columns.push_back({"driver"});
  for (const Column& column : std::vector<Column>{{"vehicles", "", Align::kRight},
                                                  {"trips", "", Align::kRight},
                                                  {"distance", "km", Align::kRight},
                                                  {"driving", "", Align::kRight},
                                                  {"idling", "", Align::kRight},
                                                  {"PTO work", "", Align::kRight},
                                                  {"fuel", "l", Align::kRight},
                                                  {"consumption", "l/100 km", Align::kRight}}) {
    columns.push_back(column);
  }
  Table table(columns);
  for (const v1::Rollup& rollup : rollups) {
    const v1::Totals& totals = rollup.totals();
    std::vector<Cell> row = {TimeText(rollup.start_time())};
    if (arguments.by_vehicle) row.push_back(rollup.vin());
    if (arguments.by_driver) row.push_back(rollup.driver_id().empty() ? kUnknown : rollup.driver_id());
    for (const std::string& cell :
         {std::to_string(rollup.vehicle_count()), std::to_string(rollup.trip_count()),
          AmountText(totals.distance_km(), totals.distance_source()), DurationText(totals.driving_duration()),
          DurationText(totals.idle_duration()), DurationText(totals.pto_duration()),
          AmountText(totals.fuel_used_l(), totals.fuel_source()), ConsumptionText(totals)}) {
      row.push_back(cell);
    }
    table.AddRow(row);
  }
  return table;
}

Table ClassTable(const v1::Rollup& rollup) {
  Table table({{"class"},
               {"from", "", Align::kRight},
               {"to", "", Align::kRight},
               {"duration", "", Align::kRight},
               {"distance", "km", Align::kRight},
               {"fuel", "l", Align::kRight}});
  for (const v1::AccumulatedClass& entry : rollup.classes()) {
    const std::string label = entry.label().empty() ? "" : " " + WordsOf(entry.label(), "");
    table.AddRow({WordsOf(v1::ClassGroup_Name(entry.group()), "CLASS_GROUP_") + label,
                  entry.has_from() ? fmt::format("{:g}", entry.from()) : "",
                  entry.has_to() ? fmt::format("{:g}", entry.to()) : "", DurationText(entry.duration()),
                  FormatNumber(entry.distance_m() * 1e-3, 1), FormatNumber(entry.fuel_ml() * 1e-3, 1)});
  }
  return table;
}

ExitCode ShowRollups(const RollupArguments& arguments, Session& session) {
  v1::GetRollupsRequest request;
  for (const std::string& vin : arguments.vins) request.add_vins(vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  request.set_period(arguments.period == "day"     ? v1::PERIOD_DAY
                     : arguments.period == "week"  ? v1::PERIOD_WEEK
                     : arguments.period == "month" ? v1::PERIOD_MONTH
                                                   : v1::PERIOD_UNSPECIFIED);
  request.set_time_zone(arguments.time_zone);
  request.set_by_vehicle(arguments.by_vehicle);
  request.set_by_driver(arguments.by_driver);
  request.set_driver_id(arguments.driver_id);
  request.set_classes(arguments.classes);
  if (!arguments.as_known_at.empty()) *request.mutable_as_known_at() = TimestampOf(arguments.as_known_at);

  grpc::ClientContext context;
  v1::RollupService::Stub stub(session.client().channel());
  const auto stream = stub.GetRollups(&context, request);
  std::vector<v1::Rollup> rollups;
  for (v1::Rollup rollup; stream->Read(&rollup);) rollups.push_back(rollup);
  if (const grpc::Status status = stream->Finish(); !status.ok()) {
    return session.Fail(status, arguments.vins.front(), /*had_deadline=*/false);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(rollups));
    return ExitCode::kOk;
  }
  session.PrintTable(RollupTable(rollups, arguments), "No frames in this time.");
  if (!arguments.classes) return ExitCode::kOk;
  for (const v1::Rollup& rollup : rollups) {
    session.PrintLine("");
    session.PrintHeading(fmt::format("{} {} {}", TimeText(rollup.start_time()), rollup.vin(), rollup.driver_id()));
    session.PrintTable(ClassTable(rollup), "No class has anything.");
  }
  return ExitCode::kOk;
}

struct DriverArguments {
  std::string vin;
  std::string driver_id;
  std::string from;
};

ExitCode AssignDriver(const DriverArguments& arguments, Session& session) {
  v1::AssignDriverRequest request;
  request.set_vin(arguments.vin);
  request.set_driver_id(arguments.driver_id);
  *request.mutable_from_time() = TimestampOf(arguments.from);
  v1::AssignDriverResponse response;
  if (const auto status = session.client().Call(&v1::DriverService::Stub::AssignDriver, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
  } else {
    session.PrintLine(response.changed() ? "Noted." : "It was known already.");
  }
  return ExitCode::kOk;
}

ExitCode ListDrivers(const DriverArguments& arguments, Session& session) {
  v1::ListDriverChangesRequest request;
  request.set_vin(arguments.vin);
  v1::ListDriverChangesResponse response;
  if (const auto status = session.client().Call(&v1::DriverService::Stub::ListDriverChanges, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(std::vector<v1::DriverChange>(response.changes().begin(), response.changes().end())));
    return ExitCode::kOk;
  }
  Table table({{"from", "UTC"}, {"driver"}, {"told by"}});
  for (const v1::DriverChange& change : response.changes()) {
    table.AddRow({TimeText(change.from_time()), change.driver_id().empty() ? "nobody" : change.driver_id(),
                  WordsOf(v1::DriverSource_Name(change.source()), "DRIVER_SOURCE_")});
  }
  session.PrintTable(table, "Nobody is known to drive this vehicle.");
  return ExitCode::kOk;
}

void AddRollupOptions(CLI::App& command, RollupArguments& arguments) {
  command
      .add_option("--time-zone", arguments.time_zone,
                  "Whose midnights cut the periods, for example Asia/Shanghai; else UTC")
      ->type_name("ZONE");
  command
      .add_option("--as-known-at", arguments.as_known_at,
                  "As it was known at this time, before later frames changed it")
      ->check(TimeArgument())
      ->type_name("TIME");
  command.add_flag("--by-driver", arguments.by_driver, "A line for each driver");
  command.add_flag("--classes", arguments.classes, "With the classes of rFMS");
}

}  // namespace

void AddRollupCommands(CLI::App& program, Command& chosen) {
  CLI::App* rollup = program.add_subcommand("rollup", "Sums over vehicles, drivers and periods");
  auto sums = std::make_shared<RollupArguments>();
  rollup->add_option("VIN", sums->vins, "Vehicles")->required()->transform(VinArgument())->expected(1, 10'000);
  AddRange(*rollup, sums->range);
  rollup->add_option("--period", sums->period, "whole, day, week or month")
      ->check(CLI::IsMember({"whole", "day", "week", "month"}));
  rollup->add_option("--driver", sums->driver_id, "Only what this driver drove")->type_name("ID");
  rollup->add_flag("--by-vehicle", sums->by_vehicle, "A line for each vehicle");
  AddRollupOptions(*rollup, *sums);
  rollup->callback([&chosen, sums] { chosen = [sums](Session& session) { return ShowRollups(*sums, session); }; });

  CLI::App* day = program.add_subcommand("day", "One vehicle, day by day, in any time zone");
  auto days = std::make_shared<RollupArguments>();
  days->period = "day";
  day->add_option("VIN", days->vins, "The vehicle")->required()->transform(VinArgument())->expected(1);
  AddRange(*day, days->range);
  AddRollupOptions(*day, *days);
  day->callback([&chosen, days] { chosen = [days](Session& session) { return ShowRollups(*days, session); }; });

  CLI::App* drivers = program.add_subcommand("drivers", "Who drives a vehicle");
  drivers->require_subcommand(1);
  CLI::App* list = drivers->add_subcommand("list", "Who drove when, oldest first");
  auto listed = std::make_shared<DriverArguments>();
  AddVin(*list, listed->vin);
  list->callback([&chosen, listed] { chosen = [listed](Session& session) { return ListDrivers(*listed, session); }; });
  CLI::App* assign =
      drivers->add_subcommand("assign", "Notes who drives from a time on; days that are over are restated");
  auto assigned = std::make_shared<DriverArguments>();
  AddVin(*assign, assigned->vin);
  assign->add_option("DRIVER", assigned->driver_id, "Their number, not their name; left out: nobody")
      ->check(Utf8Argument());
  assign->add_option("--from", assigned->from, "From when on, UTC")
      ->required()
      ->check(TimeArgument())
      ->type_name("TIME");
  assign->callback(
      [&chosen, assigned] { chosen = [assigned](Session& session) { return AssignDriver(*assigned, session); }; });
}

}  // namespace telltale::cli
