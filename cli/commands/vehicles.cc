#include <cctype>
#include <memory>

#include <fmt/format.h>

#include "telltale/v1/vehicles.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/commands/register_vehicle.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr std::string_view kClassPrefix = "VEHICLE_CLASS_";
constexpr std::string_view kFuelPrefix = "FUEL_TYPE_";

struct AddArguments {
  std::string vin;
  std::string name;
  std::string vehicle_class;
  std::string fuel;
  double displacement_l = 0;
  std::string built;
};

// "heavy-truck" as "HEAVY_TRUCK".
std::string EnumNameOf(std::string_view prefix, const std::string& words) {
  std::string name(prefix);
  for (const char letter : words) {
    name += letter == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

// Overwrites what the command line names; leaves the rest of the description as it is.
void Describe(const AddArguments& arguments, v1::Vehicle& vehicle) {
  if (!arguments.name.empty()) vehicle.set_display_name(arguments.name);
  if (!arguments.vehicle_class.empty()) {
    v1::VehicleClass vehicle_class = v1::VEHICLE_CLASS_UNSPECIFIED;
    v1::VehicleClass_Parse(EnumNameOf(kClassPrefix, arguments.vehicle_class), &vehicle_class);
    vehicle.set_vehicle_class(vehicle_class);
  }
  if (!arguments.fuel.empty()) {
    v1::FuelType fuel_type = v1::FUEL_TYPE_UNSPECIFIED;
    v1::FuelType_Parse(EnumNameOf(kFuelPrefix, arguments.fuel), &fuel_type);
    vehicle.set_fuel_type(fuel_type);
  }
  if (arguments.displacement_l > 0) vehicle.set_engine_displacement_l(arguments.displacement_l);
  if (!arguments.built.empty()) *vehicle.mutable_built_time() = TimestampOf(arguments.built);
}

std::string ClassText(const v1::Vehicle& vehicle) {
  if (vehicle.vehicle_class() == v1::VEHICLE_CLASS_UNSPECIFIED) return kUnknown;
  return WordsOf(v1::VehicleClass_Name(vehicle.vehicle_class()), kClassPrefix);
}

std::string FuelText(const v1::Vehicle& vehicle) {
  if (vehicle.fuel_type() == v1::FUEL_TYPE_UNSPECIFIED) return kUnknown;
  return WordsOf(v1::FuelType_Name(vehicle.fuel_type()), kFuelPrefix);
}

std::string DisplacementText(const v1::Vehicle& vehicle) {
  return vehicle.engine_displacement_l() > 0 ? FormatNumber(vehicle.engine_displacement_l(), 1) : kUnknown;
}

std::string BuiltText(const v1::Vehicle& vehicle) {
  return TimeText(vehicle.built_time(), vehicle.has_built_time()).substr(0, std::string_view("2026-03-01").size());
}

void PrintVehicle(const v1::Vehicle& vehicle, Session& session) {
  const bool has_frames = vehicle.frames().has_newest_measure_time();
  const auto& newest = vehicle.frames().newest_measure_time();
  session.terminal().out << RenderPairs(
      {{"VIN", vehicle.vin()},
       {"name", vehicle.display_name().empty() ? kUnknown : vehicle.display_name()},
       {"class", ClassText(vehicle)},
       {"fuel", FuelText(vehicle)},
       {"displacement", vehicle.engine_displacement_l() > 0 ? DisplacementText(vehicle) + " l" : kUnknown},
       {"built", BuiltText(vehicle)},
       {"newest frame",
        has_frames ? fmt::format("{} UTC ({} ago)", TimeText(newest), session.AgeOf(newest)) : "none is stored"}});
}

ExitCode ListVehicles(Session& session) {
  v1::ListVehiclesRequest request;
  request.set_page_size(1000);
  std::vector<v1::Vehicle> vehicles;
  if (const auto status = session.client().CollectPages(&v1::VehicleService::Stub::ListVehicles, request,
                                                        &v1::ListVehiclesResponse::vehicles, &vehicles);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(vehicles));
    return ExitCode::kOk;
  }
  Table table({{"VIN"},
               {"name"},
               {"class"},
               {"fuel"},
               {"displacement", "l", Align::kRight},
               {"built"},
               {"newest frame", "UTC"},
               {"age", "", Align::kRight}});
  for (const v1::Vehicle& vehicle : vehicles) {
    const bool has_frames = vehicle.frames().has_newest_measure_time();
    const auto& newest = vehicle.frames().newest_measure_time();
    table.AddRow({vehicle.vin(), vehicle.display_name(), ClassText(vehicle), FuelText(vehicle),
                  DisplacementText(vehicle), BuiltText(vehicle), TimeText(newest, has_frames),
                  session.AgeOf(newest, has_frames)});
  }
  session.PrintTable(table, "No vehicle is registered yet; register one with: telltale vehicles add VIN");
  return ExitCode::kOk;
}

ExitCode AddVehicle(const AddArguments& arguments, Session& session) {
  v1::Vehicle vehicle;
  bool is_known = false;
  if (const auto status = FindVehicle(session.client(), arguments.vin, &vehicle, &is_known); !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  vehicle.set_vin(arguments.vin);
  Describe(arguments, vehicle);
  if (const auto status = RegisterVehicle(session.client(), &vehicle); !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(vehicle));
  } else {
    session.PrintLine(is_known ? "Was registered before; the description is now:" : "Registered:");
    PrintVehicle(vehicle, session);
  }
  return ExitCode::kOk;
}

ExitCode ShowVehicle(const std::string& vin, Session& session) {
  v1::GetVehicleRequest request;
  request.set_vin(vin);
  v1::Vehicle vehicle;
  if (const auto status = session.client().Call(&v1::VehicleService::Stub::GetVehicle, request, &vehicle);
      !status.ok()) {
    return session.Fail(status, vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(vehicle));
  } else {
    PrintVehicle(vehicle, session);
  }
  return ExitCode::kOk;
}

}  // namespace

grpc::Status FindVehicle(const Client& client, const std::string& vin, v1::Vehicle* vehicle, bool* is_known) {
  v1::GetVehicleRequest request;
  request.set_vin(vin);
  const grpc::Status status = client.Call(&v1::VehicleService::Stub::GetVehicle, request, vehicle);
  *is_known = status.ok();
  return status.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status::OK : status;
}

grpc::Status RegisterVehicle(const Client& client, v1::Vehicle* vehicle) {
  v1::RegisterVehicleRequest request;
  *request.mutable_vehicle() = *vehicle;
  return client.Call(&v1::VehicleService::Stub::RegisterVehicle, request, vehicle);
}

void AddVehicleCommands(CLI::App& program, Command& chosen) {
  CLI::App* vehicles = program.add_subcommand("vehicles", "The vehicles that are registered");
  vehicles->require_subcommand(1);

  vehicles->add_subcommand("list", "List all vehicles, in the order of registration")->callback([&chosen] {
    chosen = ListVehicles;
  });

  CLI::App* add = vehicles->add_subcommand("add", "Register a vehicle, or change what is known of it");
  auto arguments = std::make_shared<AddArguments>();
  AddVin(*add, arguments->vin);
  add->add_option("--name", arguments->name, "What the fleet calls it")->check(Utf8Argument())->type_name("NAME");
  add->add_option("--class", arguments->vehicle_class, "heavy-truck, medium-truck, bus, car or machine")
      ->check(CLI::IsMember({"heavy-truck", "medium-truck", "bus", "car", "machine"}).description(""))
      ->type_name("CLASS");
  add->add_option("--fuel", arguments->fuel, "diesel, petrol, gas or electric")
      ->check(CLI::IsMember({"diesel", "petrol", "gas", "electric"}).description(""))
      ->type_name("FUEL");
  add->add_option("--displacement", arguments->displacement_l, "Of the engine, in litres")
      ->check(NumberArgument(0.001, 1000))
      ->type_name("LITRES");
  add->add_option("--built", arguments->built, "When it was built; frames from before are refused")
      ->check(TimeArgument())
      ->type_name("DATE");
  add->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return AddVehicle(*arguments, session); }; });

  CLI::App* show = vehicles->add_subcommand("show", "Show one vehicle");
  auto vin = std::make_shared<std::string>();
  AddVin(*show, *vin);
  show->callback([&chosen, vin] { chosen = [vin](Session& session) { return ShowVehicle(*vin, session); }; });
}

}  // namespace telltale::cli
