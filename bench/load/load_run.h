#pragma once

#include <atomic>

#include "base/status.h"
#include "bench/load/options.h"
#include "bench/load/report.h"

namespace telltale {

// Errors: INVALID_ARGUMENT names the option.
Status Validate(const LoadOptions& options);

// Registers the vehicles, sends for the duration or until `stop`, waits for the answers and reads back. Shows its
// progress on stderr if that is a terminal. Errors: those that come before the first frame, and those of reading back;
// what goes wrong between is in the report.
StatusOr<LoadReport> RunLoad(const LoadOptions& options, const std::atomic<bool>& stop);

}  // namespace telltale
