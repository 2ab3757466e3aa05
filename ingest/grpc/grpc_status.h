#pragma once

#include <chrono>
#include <string_view>

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace telltale {

// Where a request is wrong, for telltale.v1.ErrorDetail. Empty: not known, or not the request's fault.
struct ErrorPlace {
  std::string_view reason = {};  // "UNKNOWN_VEHICLE", ...; empty: the code's name
  std::string_view field = {};   // path in the request, "range.from"
  std::chrono::milliseconds retry_delay{1000};
};

// Our Status as gRPC's, with an ErrorDetail in the trailer; UNAVAILABLE and RESOURCE_EXHAUSTED carry a retry delay.
grpc::Status ToGrpcStatus(const Status& status, const ErrorPlace& place = {});

}  // namespace telltale
