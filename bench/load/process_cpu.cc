#include "bench/load/process_cpu.h"

#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace telltale {

StatusOr<std::int64_t> ParseStatTicks(std::string_view stat) {
  // The second field, the program's name in parentheses, may itself have spaces and parentheses.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return absl::DataLossError("/proc/<pid>/stat has no program name");
  std::istringstream fields{std::string(stat.substr(name_end + 1))};
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user_ticks = 0;
  std::int64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  if (fields.fail()) return absl::DataLossError("/proc/<pid>/stat has too few fields");
  return user_ticks + system_ticks;
}

StatusOr<std::chrono::milliseconds> CpuTimeOf(int process_id) {
  std::ifstream file(fmt::format("/proc/{}/stat", process_id));
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(fmt::format("no process has the id {}", process_id));
  ASSIGN_OR_RETURN(const std::int64_t ticks, ParseStatTicks(text.str()));
  return std::chrono::milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

std::chrono::microseconds OwnCpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace telltale
