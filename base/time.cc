#include "base/time.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>

#include <date/date.h>
#include <fmt/format.h>

namespace telltale {
namespace {

using SysMs = date::sys_time<std::chrono::milliseconds>;

// The years that are written with four digits.
constexpr std::int64_t kFirstDay = date::sys_days(date::year{0} / 1 / 1).time_since_epoch().count();
constexpr std::int64_t kLastDay = date::sys_days(date::year{9999} / 12 / 31).time_since_epoch().count();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// True if the digits stand where `pattern` has a 0 and the same characters elsewhere.
bool Matches(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() && std::equal(text.begin(), text.end(), pattern.begin(),
                                                     [](char c, char p) { return p == '0' ? IsDigit(c) : c == p; });
}

// Takes a fraction of a second, "." and at least one digit, off the front of `text`: its whole milliseconds. Nothing if
// there is a "." without a digit.
std::optional<int> TakeFraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  int fraction_ms = 0;
  for (int unit_ms = 100; !text.empty() && IsDigit(text.front()); unit_ms /= 10) {
    fraction_ms += (text.front() - '0') * unit_ms;
    text.remove_prefix(1);
  }
  return fraction_ms;
}

// Reads digits that were checked before; date only judges whether there are such a day and time.
template <typename Time>
std::optional<Time> Parse(const char* format, const std::string& text) {
  std::istringstream in(text);
  Time time;
  in >> date::parse(format, time);
  if (in.fail()) return std::nullopt;
  return time;
}

std::optional<std::int64_t> TimeOf(std::string_view text) {
  constexpr std::string_view kDate = "0000-00-00";
  constexpr std::string_view kDateTime = "0000-00-00T00:00:00";
  if (Matches(text, kDate)) {
    const auto day = Parse<date::sys_days>("%F", std::string(text));
    if (!day) return std::nullopt;
    return SysMs(*day).time_since_epoch().count();
  }
  std::string seconds(text.substr(0, kDateTime.size()));
  if (seconds.size() > kDate.size() && seconds[kDate.size()] == ' ') seconds[kDate.size()] = 'T';
  if (!Matches(seconds, kDateTime)) return std::nullopt;
  text.remove_prefix(kDateTime.size());
  const std::optional<int> fraction_ms = TakeFraction(text);
  if (!fraction_ms) return std::nullopt;
  if (text != "Z" && !Matches(text, "+00:00") && !Matches(text, "-00:00")) return std::nullopt;
  const auto time = Parse<date::sys_seconds>("%FT%T%Ez", seconds + (text == "Z" ? "+00:00" : std::string(text)));
  if (!time) return std::nullopt;
  return SysMs(*time).time_since_epoch().count() + *fraction_ms;
}

}  // namespace

std::string FormatTime(std::int64_t time_ms) {
  if (DayOf(time_ms) < kFirstDay || DayOf(time_ms) > kLastDay) return fmt::format("{} ms", time_ms);
  const SysMs time{std::chrono::milliseconds(time_ms)};
  if (time_ms % 1000 == 0) return date::format("%FT%TZ", date::floor<std::chrono::seconds>(time));
  return date::format("%FT%TZ", time);
}

std::string FormatDay(std::int64_t day) {
  if (day < kFirstDay || day > kLastDay) return fmt::format("day {}", day);
  return date::format("%F", date::sys_days(date::days(day)));
}

StatusOr<std::int64_t> ParseTime(std::string_view text) {
  if (const std::optional<std::int64_t> time_ms = TimeOf(text)) return *time_ms;
  return absl::InvalidArgumentError(fmt::format(
      "cannot read the time '{}'; write it as 2026-03-01T12:30:00Z, 2026-03-01T20:30:00+08:00 or 2026-03-01", text));
}

}  // namespace telltale
