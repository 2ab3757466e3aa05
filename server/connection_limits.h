#pragma once

#include <chrono>

#include <grpcpp/server_builder.h>

#include "base/status.h"

namespace telltale {

// What one connection of gRPC may do, and all together.
struct ConnectionLimits {
  int streams_max = 20'000;                     // open calls of one connection; clients hold further ones back
  int header_bytes_max = 16 << 10;              // metadata of one call
  std::chrono::seconds keepalive_interval{60};  // a quiet connection is pinged so often
  std::chrono::seconds keepalive_timeout{20};   // and closed so long after a ping that nobody answers
  std::chrono::seconds ping_interval_min{10};   // a caller that pings more often, without data, is sent away
  int ping_strikes_max = 2;                     // after so many
  std::chrono::seconds idle_max{3600};          // a connection without calls is closed; 0: never
};

// Errors: INVALID_ARGUMENT.
Status Validate(const ConnectionLimits& limits);

void Apply(const ConnectionLimits& limits, grpc::ServerBuilder& builder);

}  // namespace telltale
