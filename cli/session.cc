#include "cli/session.h"

#include <chrono>

#include <google/protobuf/util/time_util.h>

#include "cli/format.h"

namespace telltale::cli {

Session::Session(const GlobalOptions& options, const std::string& key,
                 std::shared_ptr<grpc::ChannelCredentials> credentials, Terminal& terminal)
    : options_(options),
      terminal_(terminal),
      colour_(terminal.out_is_terminal && terminal.allows_colour && !options.no_colour && !options.json),
      client_(options.server, key, std::move(credentials),
              std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_seconds * 1000))) {}

void Session::PrintTable(const Table& table, const std::string& if_empty) {
  if (table.empty()) {
    PrintLine(if_empty);
  } else {
    terminal_.out << table.Render(colour_);
  }
}

void Session::PrintHeading(const std::string& heading) { PrintLine(Styled(heading, Style::kBold, colour_)); }

ExitCode Session::Fail(const std::string& text, ExitCode code) {
  terminal_.out << std::flush;
  terminal_.err << "telltale: " << text << std::endl;
  return code;
}

ExitCode Session::Fail(const grpc::Status& status, const std::string& vin, bool had_deadline) {
  const CallDescription call{.server = options_.server,
                             .vin = vin,
                             .timeout_seconds = had_deadline ? options_.timeout_seconds : 0,
                             .server_answered = client_.is_connected()};
  return Fail(ErrorText(status, call), ExitCodeOf(status, call));
}

std::string Session::AgeOf(const google::protobuf::Timestamp& time, bool is_set) const {
  if (!is_set) return kUnknown;
  return FormatAge(std::chrono::milliseconds(terminal_.clock.NowMs() - ToMs(time)));
}

std::int64_t ToMs(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::TimestampToMilliseconds(time);
}

std::string TimeText(const google::protobuf::Timestamp& time, bool is_set) {
  return is_set ? FormatTableTime(ToMs(time)) : kUnknown;
}

}  // namespace telltale::cli
