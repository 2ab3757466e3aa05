#pragma once

#include <string>

#include <grpcpp/support/status.h>

#include "telltale/v1/vehicles.pb.h"

#include "cli/client.h"

namespace telltale::cli {

// Looks the vehicle up. That it is not registered is no error: `is_known` tells.
grpc::Status FindVehicle(const Client& client, const std::string& vin, v1::Vehicle* vehicle, bool* is_known);

// Registers `vehicle`, or replaces the description of a known one; it is then what the server has of it.
grpc::Status RegisterVehicle(const Client& client, v1::Vehicle* vehicle);

}  // namespace telltale::cli
