#include "cli/format.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/time.h"

namespace telltale::cli {

std::string FormatDuration(std::chrono::milliseconds duration) {
  const std::int64_t seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (std::abs(seconds) < 60) return fmt::format("{} s", seconds);
  const std::int64_t minutes = std::chrono::round<std::chrono::minutes>(duration).count();
  if (std::abs(minutes) < 60) return fmt::format("{} min", minutes);
  return fmt::format("{} h {:02} min", minutes / 60, std::abs(minutes) % 60);
}

std::string FormatAge(std::chrono::milliseconds age) {
  if (age < std::chrono::milliseconds(-999)) return "in " + FormatAge(-age);
  const std::int64_t seconds = age.count() / 1000;
  if (seconds <= 0) return "now";
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86'400);
}

std::string FormatTableTime(std::int64_t time_ms, bool with_ms) {
  const std::int64_t ms_of_second = ((time_ms % 1000) + 1000) % 1000;
  std::string text = FormatTime(time_ms - ms_of_second);  // "2026-03-01T12:30:00Z"
  text.pop_back();
  std::replace(text.begin(), text.end(), 'T', ' ');
  if (with_ms) text += fmt::format(".{:03}", ms_of_second);
  return text;
}

std::string FormatNumber(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool only_zeros = text.find_first_of("123456789") == std::string::npos && std::isfinite(value);
  return only_zeros && text.front() == '-' ? text.substr(1) : text;
}

int DecimalsOf(double scale) {
  constexpr int kMost = 7;  // latitude and longitude: 1e-7 degrees
  if (!(scale > 0) || scale >= 1) return 0;
  // The small term keeps 0.1, which is a little more than a tenth in binary, from rounding the wrong way.
  return std::clamp(static_cast<int>(std::ceil(-std::log10(scale) - 1e-9)), 0, kMost);
}

std::string FormatCount(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string FormatSize(std::uint64_t size_bytes) {
  if (size_bytes < 1000) return fmt::format("{} B", size_bytes);
  constexpr std::array<const char*, 4> kUnits = {"kB", "MB", "GB", "TB"};
  double size = static_cast<double>(size_bytes) / 1000;
  std::size_t unit = 0;
  while (size >= 999.95 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string FormatBar(double fraction, int width) {
  const int filled =
      std::isfinite(fraction) ? static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * width)) : 0;
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return bar;
}

std::string FormatScore(double score) { return fmt::format("{} {:>3.0f}", FormatBar(score / 100, 10), score); }

}  // namespace telltale::cli
