// Clocks and counters of this process, and what was printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace telltale::storage_bench {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Of RUSAGE_SELF or RUSAGE_THREAD, user and system.
double CpuSeconds(int who);

// What this process had written to the disk: "write_bytes" of proc(5).
std::uint64_t DiskBytes();

std::uint64_t ResidentBytes();

inline double MicrosecondsSince(SteadyClock::time_point begun) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count();
}

// "p50 12 us, p99 30 us, max 31 us"; sorts them.
std::string Percentiles(std::vector<double>& microseconds);

// Prints a line and keeps it for the document.
void Print(std::string_view name, const std::string& figures);

// All lines until now.
const std::string& Printed();

}  // namespace telltale::storage_bench
