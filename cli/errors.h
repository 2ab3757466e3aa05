#pragma once

#include <optional>
#include <string>

#include <grpcpp/support/status.h>

#include "telltale/v1/errors.pb.h"

// What went wrong, in words that say what to do. Stateless.
namespace telltale::cli {

// What the program ends with; docs/cli.md promises these numbers to scripts.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,       // the server refused or failed
  kUsage = 2,        // wrong arguments, or a file that cannot be read
  kUnreachable = 3,  // no server answers there
};

// The ErrorDetail that the server sent with the status, if it did: the `grpc-status-details-bin` trailer.
std::optional<v1::ErrorDetail> ErrorDetailOf(const grpc::Status& status);

// What the call was about, as far as it helps to say what to do.
struct CallDescription {
  std::string server;            // HOST:PORT
  std::string vin;               // empty: not about one vehicle
  double timeout_seconds = 0;    // 0: the call had no deadline
  bool server_answered = false;  // a connection to the server stood when the call ended
};

ExitCode ExitCodeOf(const grpc::Status& status, const CallDescription& call);

// What was wrong; on further, indented lines the fields at fault and what to do. Ends without a line end.
std::string ErrorText(const grpc::Status& status, const CallDescription& call);

}  // namespace telltale::cli
