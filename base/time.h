#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"

namespace telltale {

inline constexpr std::int64_t kMsPerDay = 86'400'000;

// A half-open interval of milliseconds since 1970-01-01T00:00:00Z: `from_ms` is inside, `to_ms` is not.
struct TimeRange {
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();

  bool empty() const { return from_ms >= to_ms; }
  bool contains(std::int64_t time_ms) const { return time_ms >= from_ms && time_ms < to_ms; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// The UTC day that a time falls on, counted from 1970-01-01, also right before that day.
constexpr std::int64_t DayOf(std::int64_t time_ms) { return time_ms / kMsPerDay - (time_ms % kMsPerDay < 0 ? 1 : 0); }

// "2026-03-01T12:30:00.250Z"; whole seconds have no fraction. A time outside the years 0 to 9999, which a broken sender
// may claim, is "253402300800000 ms".
std::string FormatTime(std::int64_t time_ms);

// "2026-03-01"; outside the years 0 to 9999 "day 2932897".
std::string FormatDay(std::int64_t day);

// RFC 3339: "2026-03-01T12:30:00Z", with a fraction (cut to milliseconds), with an offset as "+08:00"; a bare date is
// its midnight, UTC. Errors: INVALID_ARGUMENT with an example of what is understood.
StatusOr<std::int64_t> ParseTime(std::string_view text);

}  // namespace telltale
