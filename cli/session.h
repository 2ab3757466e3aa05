#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>

#include <google/protobuf/timestamp.pb.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/table.h"

namespace telltale::cli {

// Where the program reads and writes, so that tests can stand in for it. All outlive it.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool allows_colour = false;  // the environment does not forbid it (NO_COLOR, TERM=dumb)
  const Clock& clock;
};

// What every command takes.
struct GlobalOptions {
  std::string server = "127.0.0.1:7443";
  bool json = false;
  bool no_colour = false;
  double timeout_seconds = 30;
  ChannelSecurity security;
  std::string key_file;  // empty: no key is shown
};

// What a command works with: the server, and the ways to show an answer or an error. Not thread-safe.
class Session {
 public:
  Session(const GlobalOptions& options, const std::string& key, std::shared_ptr<grpc::ChannelCredentials> credentials,
          Terminal& terminal);

  const Client& client() const { return client_; }
  Terminal& terminal() { return terminal_; }
  bool json() const { return options_.json; }
  bool colour() const { return colour_; }

  void PrintJson(const Json& json) { terminal_.out << JsonText(json); }

  // Prints the table, or `if_empty` when it has no row.
  void PrintTable(const Table& table, const std::string& if_empty);
  void PrintLine(const std::string& line) { terminal_.out << line << '\n'; }
  void PrintHeading(const std::string& heading);

  // "telltale: what was wrong" on standard error, and the code to end with.
  ExitCode Fail(const std::string& text, ExitCode code = ExitCode::kFailed);

  // The same for a call that did not end well. `vin`: the vehicle that it was about. `had_deadline` is false for
  // streams.
  ExitCode Fail(const grpc::Status& status, const std::string& vin = "", bool had_deadline = true);

  // "3 h": how long ago by our clock; kUnknown if `time` is not set, that is, `is_set` is false.
  std::string AgeOf(const google::protobuf::Timestamp& time, bool is_set = true) const;

 private:
  const GlobalOptions options_;
  Terminal& terminal_;
  const bool colour_;
  const Client client_;
};

// Milliseconds since 1970-01-01T00:00:00Z.
std::int64_t ToMs(const google::protobuf::Timestamp& time);

// As FormatTableTime; kUnknown if `is_set` is false.
std::string TimeText(const google::protobuf::Timestamp& time, bool is_set = true);

}  // namespace telltale::cli
