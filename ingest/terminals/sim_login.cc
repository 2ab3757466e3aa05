#include "ingest/terminals/sim_login.h"

#include "base/log.h"
#include "base/vin.h"

namespace telltale {

SimLogin LogInBySim(TerminalProtocol protocol, std::string_view vin, const std::optional<std::string>& iccid,
                    bool self_registration, const VehicleRegistry& vehicles, TerminalRegistry& terminals) {
  SimLogin login;
  const auto refuse = [&login](std::string_view why) {
    login.refused = why;
    return login;
  };
  const auto parsed = Vin::Parse(vin);
  const VehicleRegistry::Entry vehicle = parsed.ok() ? vehicles.Find(parsed->text()) : VehicleRegistry::Entry{};
  if (vehicle.id == 0) return refuse("unknown_vehicle");
  auto terminal = terminals.Find(protocol, parsed->text());
  bool to_write = false;
  if (absl::IsNotFound(terminal.status()) && self_registration) {
    terminal = Terminal{.protocol = protocol, .number = parsed->text(), .vehicle_id = vehicle.id};
    to_write = true;
  }
  if (!terminal.ok() || terminal->revoked || terminal->vehicle_id != vehicle.id) return refuse("unknown_terminal");
  if (iccid) {
    if (!terminal->maker_id.empty() && terminal->maker_id != *iccid) return refuse("another_box");
    to_write = to_write || terminal->maker_id != *iccid;
    terminal->maker_id = *iccid;
  }
  if (to_write) {
    if (const Status status = terminals.Put(*terminal); !status.ok()) {
      spdlog::warn("login not written error=\"{}\"", status.ToString());
      login.not_written = true;
      return login;
    }
  }
  login.vehicle = vehicle;
  login.vin = parsed->text();
  login.gcj02 = terminal->gcj02;
  return login;
}

}  // namespace telltale
