#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace telltale {

// A date and time of day of UTC+8, which has no summer time, as terminals of the Chinese standards send it.
struct BeijingTime {
  int year = 0;  // of the century: 0..99, from 2000
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  friend bool operator==(const BeijingTime&, const BeijingTime&) = default;

  static constexpr std::chrono::hours kAheadOfUtc{8};

  // Milliseconds since 1970-01-01T00:00:00Z; nullopt: there is no such date or time.
  std::optional<std::int64_t> ToUnixMs() const {
    using namespace std::chrono;  // NOLINT(google-build-using-namespace): year{} / month{} reads badly otherwise
    const year_month_day date{std::chrono::year{2000 + year}, std::chrono::month{static_cast<unsigned>(month)},
                              std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 0 || year > 99 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59) {
      return std::nullopt;
    }
    const auto time = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - kAheadOfUtc;
    return duration_cast<milliseconds>(time.time_since_epoch()).count();
  }

  static BeijingTime FromUnixMs(std::int64_t time_ms) {
    using namespace std::chrono;  // NOLINT(google-build-using-namespace)
    const auto local = sys_time<milliseconds>(milliseconds{time_ms}) + kAheadOfUtc;
    const auto day = floor<days>(local);
    const year_month_day date{day};
    const hh_mm_ss time{floor<seconds>(local - day)};
    return {.year = static_cast<int>(date.year()) - 2000,
            .month = static_cast<int>(static_cast<unsigned>(date.month())),
            .day = static_cast<int>(static_cast<unsigned>(date.day())),
            .hour = static_cast<int>(time.hours().count()),
            .minute = static_cast<int>(time.minutes().count()),
            .second = static_cast<int>(time.seconds().count())};
  }

  // Six bytes, two decimal digits each (JT/T 808), or six binary bytes (GB/T 32960). What is no digit gives a time that
  // is none.
  static BeijingTime FromBcd(const std::array<std::uint8_t, 6>& b) {
    const auto digits = [](std::uint8_t byte) {
      return (byte >> 4) > 9 || (byte & 15) > 9 ? -1 : (byte >> 4) * 10 + (byte & 15);
    };
    return {digits(b[0]), digits(b[1]), digits(b[2]), digits(b[3]), digits(b[4]), digits(b[5])};
  }
  std::array<std::uint8_t, 6> ToBcd() const {
    const auto digits = [](int number) { return static_cast<std::uint8_t>(number / 10 << 4 | number % 10); };
    return {digits(year), digits(month), digits(day), digits(hour), digits(minute), digits(second)};
  }
  std::array<std::uint8_t, 6> ToBytes() const {
    const auto byte = [](int number) { return static_cast<std::uint8_t>(number); };
    return {byte(year), byte(month), byte(day), byte(hour), byte(minute), byte(second)};
  }
  static BeijingTime FromBytes(const std::array<std::uint8_t, 6>& b) { return {b[0], b[1], b[2], b[3], b[4], b[5]}; }
};

}  // namespace telltale
