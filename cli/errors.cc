#include "cli/errors.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

// UNAVAILABLE comes from the server with an ErrorDetail, and from our own gRPC library without. A deadline that passes
// while no connection stands is a server that cannot be reached, too: a firewall that drops packets looks like that.
bool IsUnreachable(const grpc::Status& status, const CallDescription& call) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return !ErrorDetailOf(status).has_value();
  return status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && !call.server_answered;
}

// gRPC strings causes together, the innermost last: "failed to connect to all addresses; last error: UNKNOWN:
// ipv4:127.0.0.1:7443: Failed to connect to remote host: Connection refused".
std::string LastCause(const grpc::Status& status) {
  const std::string message = Printable(status.error_message());
  const std::size_t colon = message.rfind(": ");
  const std::string cause = colon == std::string::npos ? message : message.substr(colon + 2);
  return cause.empty() ? "no reason given" : cause;
}

std::string AgainIn(const std::optional<v1::ErrorDetail>& detail) {
  if (!detail || !detail->has_retry_delay()) return "try again later";
  const std::int64_t delay_ms = google::protobuf::util::TimeUtil::DurationToMilliseconds(detail->retry_delay());
  return "try again in " + FormatDuration(std::chrono::milliseconds(std::max<std::int64_t>(delay_ms, 1000)));
}

std::string WhatWasWrong(const grpc::Status& status, const CallDescription& call) {
  std::string message = status.error_message().empty() ? "no reason given" : Printable(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED:
      return "the call was cancelled: " + message;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "the server did not understand the request: " + message;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return fmt::format("{} did not answer within {} s", call.server, call.timeout_seconds);
    case grpc::StatusCode::PERMISSION_DENIED:
      return "not allowed: " + message;
    case grpc::StatusCode::UNAUTHENTICATED:
      return "the server does not know who you are: " + message;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "a limit is reached: " + message;
    case grpc::StatusCode::UNIMPLEMENTED:
      return "the server does not have this command: " + message;
    case grpc::StatusCode::UNAVAILABLE:
      return "the server cannot do this now: " + message;
    case grpc::StatusCode::DATA_LOSS:
      return "stored data is damaged: " + message;
    case grpc::StatusCode::NOT_FOUND:
      return message;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
      return "the server refused this: " + message;
    default:
      return "the server failed: " + message;
  }
}

// Empty: nothing helps beyond what was wrong.
std::string WhatToDo(const grpc::Status& status, const CallDescription& call) {
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
      if (call.vin.empty()) return "";
      return fmt::format(
          "if the VIN is right, register the vehicle: telltale vehicles add {}\n"
          "  where keys are needed, your organisation may have no grant for it",
          call.vin);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "ask for less, or allow more time with --timeout SECONDS";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "show your key with --key-file FILE";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "ask the operator, or the vehicle's owner, for the right to this";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "it may be older than this client, or not be telltaled";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::UNAVAILABLE:
      return AgainIn(ErrorDetailOf(status));
    case grpc::StatusCode::DATA_LOSS:
      return "tell the server's operator; other vehicles and times can still be read";
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
      return "the server's log says more";
    default:
      return "";
  }
}

}  // namespace

std::optional<v1::ErrorDetail> ErrorDetailOf(const grpc::Status& status) {
  v1::StatusEnvelope envelope;
  if (!envelope.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& any : envelope.details()) {
    v1::ErrorDetail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

ExitCode ExitCodeOf(const grpc::Status& status, const CallDescription& call) {
  if (status.ok()) return ExitCode::kOk;
  return IsUnreachable(status, call) ? ExitCode::kUnreachable : ExitCode::kFailed;
}

std::string ErrorText(const grpc::Status& status, const CallDescription& call) {
  if (IsUnreachable(status, call)) {
    return fmt::format(
        "the server at {} cannot be reached: {}\n"
        "  is telltaled running there? start it with: ./dev run, or name another server with --server HOST:PORT",
        call.server, LastCause(status));
  }
  std::string text = WhatWasWrong(status, call);
  if (const auto detail = ErrorDetailOf(status)) {
    for (const v1::FieldViolation& violation : detail->field_violations()) {
      text += fmt::format("\n  {}: {}", Printable(violation.field()), Printable(violation.description()));
    }
  }
  if (const std::string advice = WhatToDo(status, call); !advice.empty()) text += "\n  " + advice;
  return text;
}

}  // namespace telltale::cli
