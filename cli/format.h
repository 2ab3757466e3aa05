#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// Figures as people read them. Stateless; safe from any thread.
namespace telltale::cli {

// Stands in a table for what is not known.
inline constexpr const char* kUnknown = "–";

// "45 s", "12 min", "1 h 05 min", "26 h 00 min"; rounded to what is shown.
std::string FormatDuration(std::chrono::milliseconds duration);

// How long ago, in its largest unit: "now", "12 s", "5 min", "3 h", "4 d"; a time that is still to come is "in 5 min".
std::string FormatAge(std::chrono::milliseconds age);

// "2026-03-01 12:30:00", UTC; `with_ms` adds ".250".
std::string FormatTableTime(std::int64_t time_ms, bool with_ms = false);

// With this many decimals, and never "-0".
std::string FormatNumber(double value, int decimals);

// The decimals that show one step of `scale`: 0.125 takes 1, 0.05 takes 2, 1 and more take none; at most 7.
int DecimalsOf(double scale);

// "1,234,567".
std::string FormatCount(std::uint64_t count);

// In units of 1000: "999 B", "24.0 kB", "1.5 MB", "2.1 GB".
std::string FormatSize(std::uint64_t size_bytes);

// 0..1 as a bar of `width` characters: "████░░░░░░".
std::string FormatBar(double fraction, int width);

// 0..100 as a bar of 10 characters and the number: "████████░░  82".
std::string FormatScore(double score);

}  // namespace telltale::cli
