#include "bench/storage/measure.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>

namespace telltale::storage_bench {
namespace {

std::string printed;

}  // namespace

double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t DiskBytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

std::uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

std::string Percentiles(std::vector<double>& microseconds) {
  std::ranges::sort(microseconds);
  const auto at = [&](double share) {
    return microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
  };
  return fmt::format("p50 {:.0f} us, p99 {:.0f} us, max {:.0f} us", at(0.5), at(0.99), at(1.0));
}

void Print(std::string_view name, const std::string& figures) {
  const std::string line = fmt::format("{:<12} {}\n", name, figures);
  fmt::print("{}", line);
  std::fflush(stdout);
  printed += line;
}

const std::string& Printed() { return printed; }

}  // namespace telltale::storage_bench
