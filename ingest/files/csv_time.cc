#include "ingest/files/csv_time.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/time.h"

namespace telltale {
namespace {

constexpr double kMaxTimeMs = 2.5e14;            // about the year 9900; what is beyond was never meant as a time
constexpr double kLeastUnixMilliseconds = 1e11;  // as seconds the year 5138, as milliseconds 1973

std::optional<double> ReadNumber(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ToMs(double ms) {
  if (!(std::abs(ms) <= kMaxTimeMs)) return std::nullopt;
  return std::llround(ms);
}

std::optional<std::int64_t> ReadUnix(std::string_view text) {
  const auto value = ReadNumber(text);
  if (!value) return std::nullopt;
  return ToMs(std::abs(*value) < kLeastUnixMilliseconds ? *value * 1000.0 : *value);
}

// "6:00:00" or "06:00:00.250" in milliseconds since midnight.
std::optional<std::int64_t> ReadTimeOfDay(std::string_view text) {
  const auto two_digits = [&](std::string_view digits, std::int64_t below) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    if (digits.empty() || digits.size() > 2) return std::nullopt;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return value < below ? std::optional(value) : std::nullopt;
  };
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::size_t point = std::min(text.find('.', second + 1), text.size());
  const auto hours = two_digits(text.substr(0, first), 24);
  const auto minutes = two_digits(text.substr(first + 1, second - first - 1), 60);
  const auto seconds = two_digits(text.substr(second + 1, point - second - 1), 61);  // leap seconds happen
  if (!hours || !minutes || !seconds) return std::nullopt;
  std::int64_t fraction_ms = 0;
  if (point < text.size()) {
    const auto fraction = ReadNumber(text.substr(point));
    if (!fraction || *fraction < 0.0 || *fraction >= 1.0) return std::nullopt;
    fraction_ms = std::llround(*fraction * 1000.0);
  }
  return ((*hours * 60 + *minutes) * 60 + *seconds) * 1000 + fraction_ms;
}

std::optional<std::int64_t> ReadRfc3339(std::string_view text) {
  const auto time_ms = ParseTime(text);
  if (!time_ms.ok()) return std::nullopt;
  return *time_ms;
}

}  // namespace

Status CsvTime::CheckStartTime() const {
  return column_ == CsvTimeColumn::kSecondsFromStart ? CheckStartTime(Form::kSecondsFromStart) : OkStatus();
}

Status CsvTime::CheckStartTime(Form form) const {
  if (form == Form::kUnix || form == Form::kRfc3339) {
    if (!start_time_ms_) return OkStatus();
    return absl::InvalidArgumentError("the rows of this file have their own time; leave the start time out");
  }
  if (start_time_ms_ && std::abs(static_cast<double>(*start_time_ms_)) <= kMaxTimeMs) return OkStatus();
  return absl::InvalidArgumentError(
      form == Form::kTimeOfDay
          ? "this file has times of day only; give the start time, the instant of its first row (2026-03-01T06:00:00Z)"
          : "this file counts seconds from its start; give the start time, the instant of t_s = 0 "
            "(2026-03-01T06:00:00Z)");
}

StatusOr<std::optional<std::int64_t>> CsvTime::Read(std::string_view cell) {
  std::optional<std::int64_t> read_ms;
  const auto reads_as = [&](Form form, auto&& read) {
    if (form_ != Form::kUnknown && form_ != form) return false;
    read_ms = read(cell);
    return read_ms.has_value();
  };
  Form form = Form::kUnknown;
  if (column_ == CsvTimeColumn::kSecondsFromStart) {
    const auto seconds = ReadNumber(cell);
    if (seconds) read_ms = ToMs(*seconds * 1000.0);
    if (read_ms) form = Form::kSecondsFromStart;
  } else if (reads_as(Form::kUnix, ReadUnix)) {
    form = Form::kUnix;
  } else if (reads_as(Form::kTimeOfDay, ReadTimeOfDay)) {
    form = Form::kTimeOfDay;
  } else if (reads_as(Form::kRfc3339, ReadRfc3339)) {
    form = Form::kRfc3339;
  }
  if (form == Form::kUnknown) return std::optional<std::int64_t>();
  const bool first = form_ == Form::kUnknown;
  if (first) RETURN_IF_ERROR(CheckStartTime(form));
  form_ = form;

  if (form == Form::kSecondsFromStart) return std::optional(*start_time_ms_ + *read_ms);
  if (form != Form::kTimeOfDay) return read_ms;
  if (first) {
    time_ms_ = *start_time_ms_;
  } else {
    std::int64_t step_ms = *read_ms - time_of_day_ms_;
    // The nearer of the two ways around the clock, so that a file may pass midnight and its clock may step back.
    if (step_ms < -kMsPerDay / 2) step_ms += kMsPerDay;
    if (step_ms > kMsPerDay / 2) step_ms -= kMsPerDay;
    time_ms_ += step_ms;
  }
  time_of_day_ms_ = *read_ms;
  return std::optional(time_ms_);
}

std::string_view CsvTime::expected() const {
  switch (form_) {
    case Form::kSecondsFromStart:
      return "seconds from the start, as 12.25";
    case Form::kUnix:
      return "Unix seconds or milliseconds, as in the rows before";
    case Form::kRfc3339:
      return "a time as 2026-03-01T06:00:00Z";
    case Form::kTimeOfDay:
      return "a time of day as 06:00:00.250";
    case Form::kUnknown:
      break;
  }
  return column_ == CsvTimeColumn::kSecondsFromStart
             ? "seconds from the start, as 12.25"
             : "a time as 2026-03-01T06:00:00Z, Unix seconds or milliseconds, or a time of day as 06:00:00.250";
}

}  // namespace telltale
