#include "base/time.h"

#include <date/date.h>
#include <fmt/format.h>

#include <chrono>
#include <sstream>

namespace telltale {
namespace {

using SysMs = date::sys_time<std::chrono::milliseconds>;

}  // namespace

std::string FormatTime(std::int64_t time_ms) {
  const SysMs time{std::chrono::milliseconds(time_ms)};
  if (time_ms % 1000 == 0) return date::format("%FT%TZ", date::floor<std::chrono::seconds>(time));
  return date::format("%FT%TZ", time);
}

std::string FormatDay(std::int64_t day) { return date::format("%F", date::sys_days(date::days(day))); }

StatusOr<std::int64_t> ParseTime(std::string_view text) {
  for (const char* format : {"%FT%TZ", "%FT%T%Ez", "%F %TZ", "%F"}) {
    std::istringstream in{std::string(text)};
    SysMs time;
    in >> date::parse(format, time);
    if (!in.fail() && in.peek() == std::istringstream::traits_type::eof()) return time.time_since_epoch().count();
  }
  return absl::InvalidArgumentError(
      fmt::format("cannot read the time '{}'; write it as 2026-03-01T12:30:00Z, 2026-03-01T20:30:00+08:00 or 2026-03-01",
                  text));
}

}  // namespace telltale
