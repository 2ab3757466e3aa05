#include "cli/arguments.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "base/check.h"
#include "base/time.h"
#include "base/vin.h"
#include "cli/text.h"

namespace telltale::cli {

CLI::Validator VinArgument() {
  return CLI::Validator(
      [](std::string& text) {
        const StatusOr<Vin> vin = Vin::Parse(text);
        if (!vin.ok()) return MessageOf(vin.status());
        text = vin->text();
        return std::string();
      },
      "");
}

CLI::Validator TimeArgument() {
  return CLI::Validator(
      [](std::string& text) {
        const StatusOr<std::int64_t> time_ms = ParseTime(text);
        return time_ms.ok() ? std::string() : MessageOf(time_ms.status());
      },
      "");
}

CLI::Validator ServerArgument() {
  return CLI::Validator(
      [](std::string& text) {
        const std::size_t colon = text.rfind(':');
        const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
        const bool is_port = !port.empty() && port.size() <= 5 &&
                             port.find_first_not_of("0123456789") == std::string::npos && std::stoul(port) <= 65535;
        if (colon != 0 && is_port) return std::string();
        return fmt::format("'{}' is not HOST:PORT, for example 127.0.0.1:7443", text);
      },
      "");
}

CLI::Validator Utf8Argument() {
  return CLI::Validator([](std::string& text) { return std::string(IsUtf8(text) ? "" : "is not UTF-8 text"); }, "");
}

CLI::Validator NumberArgument(double least, double greatest) {
  return CLI::Validator(
      [least, greatest](std::string& text) {
        double number = 0;
        const bool good = CLI::detail::lexical_cast(text, number) && number >= least && number <= greatest;
        return good ? std::string() : fmt::format("'{}' is not a number from {} to {}", text, least, greatest);
      },
      "");
}

CLI::Option* AddVin(CLI::App& app, std::string& vin) {
  return app.add_option("VIN", vin, "The vehicle")->required()->transform(VinArgument())->type_name("");
}

void AddRange(CLI::App& app, RangeArguments& range) {
  app.add_option("--from", range.from, "From this time on: 2026-03-01T12:30:00Z, or a date for its midnight, UTC")
      ->check(TimeArgument())
      ->type_name("TIME");
  app.add_option("--to", range.to, "Before this time")->check(TimeArgument())->type_name("TIME");
}

v1::TimeRange TimeRangeOf(const RangeArguments& range) {
  v1::TimeRange time_range;
  if (!range.from.empty()) *time_range.mutable_from() = TimestampOf(range.from);
  if (!range.to.empty()) *time_range.mutable_to() = TimestampOf(range.to);
  return time_range;
}

google::protobuf::Timestamp TimestampOf(const std::string& text) {
  const StatusOr<std::int64_t> time_ms = ParseTime(text);
  CHECK(time_ms.ok());
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(*time_ms);
}

CLI::Option* AddSignals(CLI::App& app, std::vector<std::string>& signals) {
  return app.add_option("SIGNAL", signals, "Names or ids of signals, as `telltale signals` lists them")
      ->check(Utf8Argument())
      ->type_name("");
}

}  // namespace telltale::cli
