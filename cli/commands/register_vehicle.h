#pragma once

#include <functional>
#include <string>

#include <grpcpp/support/status.h>

#include "telltale/v1/vehicles.pb.h"

#include "cli/client.h"

namespace telltale::cli {

// Registers the vehicle, or changes the description of a known one: `describe` gets what the server has of it, so that
// what it does not touch stays. `vehicle` and `is_new` are set if the status is OK.
grpc::Status RegisterVehicle(const Client& client, const std::string& vin,
                             const std::function<void(v1::Vehicle&)>& describe, v1::Vehicle* vehicle, bool* is_new);

}  // namespace telltale::cli
