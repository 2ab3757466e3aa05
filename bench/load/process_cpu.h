#pragma once

#include <chrono>
#include <string_view>

#include "base/status.h"

namespace telltale {

// User and system time that a process has used so far, in steps of 10 ms. Errors: NOT_FOUND no such process.
StatusOr<std::chrono::milliseconds> CpuTimeOf(int process_id);

// The same of this process, to the microsecond.
std::chrono::microseconds OwnCpuTime();

// Clock ticks of user and system time in the text of /proc/<pid>/stat (proc(5), fields 14 and 15). Errors: DATA_LOSS.
StatusOr<std::int64_t> ParseStatTicks(std::string_view stat);

}  // namespace telltale
