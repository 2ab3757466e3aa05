#include "bench/document.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <sys/utsname.h>

namespace telltale {
namespace {

// What follows "name :" in a file of /proc.
std::string ValueOf(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(name) || colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

std::string Hardware() {
  std::string processor = ValueOf("/proc/cpuinfo", "model name");
  if (processor.empty()) processor = "an unknown processor";
  const double memory_kib = std::strtod(ValueOf("/proc/meminfo", "MemTotal").c_str(), nullptr);
  utsname system{};
  uname(&system);
  const std::string release = system.release;  // of which the first two numbers matter
  return fmt::format("{} cores of {}, {:.0f} GiB of memory, {} {}", std::thread::hardware_concurrency(), processor,
                     memory_kib / (1 << 20), system.sysname,
                     release.substr(0, release.find('.', release.find('.') + 1)));
}

Status ReplaceSection(const std::string& path, const std::string& name, const std::string& text) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(fmt::format("cannot open {}", path));
  std::stringstream whole;
  whole << in.rdbuf();
  std::string document = whole.str();
  const std::string begin = fmt::format("<!-- {}: begin -->\n", name);
  const std::string end = fmt::format("<!-- {}: end -->\n", name);
  const std::size_t from = document.find(begin);
  const std::size_t to = document.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) {
    return absl::NotFoundError(fmt::format("{} has no lines {} and {}", path, begin, end));
  }
  document.replace(from + begin.size(), to - from - begin.size(), text);
  std::ofstream out(path);
  out << document;
  if (!out.flush()) return absl::UnavailableError(fmt::format("cannot write {}", path));
  return OkStatus();
}

}  // namespace telltale
