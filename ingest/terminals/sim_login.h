#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// What became of a login by VIN and SIM, all that GB/T 32960 and GB 17691 give a vehicle to prove itself with.
struct SimLogin {
  VehicleRegistry::Entry vehicle;  // id 0: refused
  std::string vin;
  bool gcj02 = false;
  std::string_view refused;  // why, a literal that labels metrics
  bool not_written = false;  // neither taken nor refused: the terminal should try again
};

// Finds the terminal of the VIN; remembers the SIM of the first login, and refuses others. Without a SIM the platform
// that passes the vehicle's messages on answers for it. With `self_registration` the terminal of a registered vehicle
// is bound by its first login.
SimLogin LogInBySim(TerminalProtocol protocol, std::string_view vin, const std::optional<std::string>& iccid,
                    bool self_registration, const VehicleRegistry& vehicles, TerminalRegistry& terminals);

}  // namespace telltale
