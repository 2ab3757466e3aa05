#pragma once

#include <string_view>

#include <spdlog/spdlog.h>

#include "base/status.h"

// Logging is spdlog's default logger: spdlog::info("store open path={} blocks={}", ...).
// A message is a few words and then key=value pairs; never a position, a person's name, or a whole VIN (LogVin()).
namespace telltale {

// Sets up logging for a program: to standard error, "2026-03-01T12:30:00.250Z info message".
// `level` is debug, info, warn or error. Errors: INVALID_ARGUMENT for another level.
Status InitLogging(std::string_view level);

}  // namespace telltale
