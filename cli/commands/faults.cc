#include <memory>

#include <fmt/format.h>

#include "telltale/v1/faults.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/format.h"

namespace telltale::cli {
namespace {

struct FaultArguments {
  std::string vin;
  bool active_only = false;
};

// The most urgent lamp that is on.
Cell LampCell(const v1::Lamps& lamps) {
  if (lamps.red_stop() == v1::LAMP_STATUS_ON) return {"STOP (red)", Style::kRed};
  if (lamps.malfunction() == v1::LAMP_STATUS_ON) return {"engine (MIL)", Style::kYellow};
  if (lamps.amber_warning() == v1::LAMP_STATUS_ON) return {"warning (amber)", Style::kYellow};
  if (lamps.protect() == v1::LAMP_STATUS_ON) return {"protect", Style::kYellow};
  return "off";
}

std::string OccurrenceText(const v1::Dtc& dtc) {
  constexpr std::uint32_t kNotAvailable = 127;  // SAE J1939-73, 5.7.1
  return dtc.occurrence_count() == kNotAvailable ? kUnknown : std::to_string(dtc.occurrence_count());
}

std::string ControllerText(const v1::Fault& fault) {
  const std::string address = fmt::format("address {}", fault.source_address());
  return fault.source_name().empty() ? address : fmt::format("{} ({})", fault.source_name(), fault.source_address());
}

Table FaultTable(const std::vector<v1::Fault>& faults) {
  constexpr std::size_t kTextWidth = 34;  // two such columns leave room for the rest on a wide terminal
  Table table({{"state"},
               {"lamp"},
               {"SPN", "", Align::kRight},
               {"what"},
               {"FMI", "", Align::kRight},
               {"how"},
               {"controller"},
               {"count", "", Align::kRight},
               {"first seen", "UTC"},
               {"last seen", "UTC"}});
  table.LimitWidth("what", kTextWidth);
  table.LimitWidth("how", kTextWidth);
  for (const v1::Fault& fault : faults) {
    table.AddRow({{fault.active() ? "active" : "earlier", fault.active() ? Style::kBold : Style::kFaint},
                  LampCell(fault.lamps()),
                  std::to_string(fault.dtc().spn()),
                  fault.spn_name().empty() ? kUnknown : fault.spn_name(),
                  std::to_string(fault.dtc().fmi()),
                  fault.fmi_text().empty() ? kUnknown : fault.fmi_text(),
                  ControllerText(fault),
                  OccurrenceText(fault.dtc()),
                  TimeText(fault.first_seen_time(), fault.has_first_seen_time()),
                  TimeText(fault.last_seen_time(), fault.has_last_seen_time())});
  }
  return table;
}

ExitCode ListFaults(const FaultArguments& arguments, Session& session) {
  v1::ListFaultsRequest request;
  request.set_vin(arguments.vin);
  request.set_active_only(arguments.active_only);
  request.set_page_size(1000);
  std::vector<v1::Fault> faults;
  if (const auto status = session.client().CollectPages(&v1::FaultService::Stub::ListFaults, request,
                                                        &v1::ListFaultsResponse::faults, &faults);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(faults));
  } else {
    session.PrintTable(FaultTable(faults), arguments.active_only ? "No active faults." : "No faults.");
  }
  return ExitCode::kOk;
}

}  // namespace

void AddFaultCommand(CLI::App& program, Command& chosen) {
  CLI::App* faults = program.add_subcommand("faults", "The trouble codes of a vehicle, active ones first");
  auto arguments = std::make_shared<FaultArguments>();
  AddVin(*faults, arguments->vin);
  faults->add_flag("--active", arguments->active_only, "Only those that are active now");
  faults->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return ListFaults(*arguments, session); }; });
}

}  // namespace telltale::cli
