#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <google/protobuf/timestamp.pb.h>

#include "telltale/v1/common.pb.h"

#include "cli/session.h"

// The kinds of arguments that several commands take. What is wrong with one is said before the server is asked.
namespace telltale::cli {

// What a command line asks for; runs once the whole line is understood.
using Command = std::function<ExitCode(Session&)>;

// For CLI::Option::transform: a VIN in upper case.
CLI::Validator VinArgument();

// For CLI::Option::check.
CLI::Validator TimeArgument();
CLI::Validator ServerArgument();
CLI::Validator Utf8Argument();
CLI::Validator NumberArgument(double least, double greatest);

// Adds the positional VIN.
CLI::Option* AddVin(CLI::App& app, std::string& vin);

// --from and --to.
struct RangeArguments {
  std::string from;
  std::string to;
};
void AddRange(CLI::App& app, RangeArguments& range);
v1::TimeRange TimeRangeOf(const RangeArguments& range);

// What TimeArgument let pass.
google::protobuf::Timestamp TimestampOf(const std::string& text);

// Adds the positional list of signals, each a name or an id.
CLI::Option* AddSignals(CLI::App& app, std::vector<std::string>& signals);

// Ids have at most five digits; a longer number is left to the server to refuse as a name.
inline bool IsSignalId(const std::string& text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
}

// Puts the signals into a request's `signal_id` and `signal_name`.
template <typename Request>
void SetSignals(const std::vector<std::string>& signals, Request& request) {
  for (const std::string& signal : signals) {
    if (IsSignalId(signal)) {
      request.add_signal_id(static_cast<std::uint32_t>(std::stoul(signal)));
    } else {
      request.add_signal_name(signal);
    }
  }
}

}  // namespace telltale::cli
