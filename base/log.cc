#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace telltale {

Status InitLogging(std::string_view level) {
  spdlog::level::level_enum spd_level = spdlog::level::info;
  if (level == "debug") {
    spd_level = spdlog::level::debug;
  } else if (level == "info") {
    spd_level = spdlog::level::info;
  } else if (level == "warn") {
    spd_level = spdlog::level::warn;
  } else if (level == "error") {
    spd_level = spdlog::level::err;
  } else {
    return absl::InvalidArgumentError(fmt::format("log level '{}' is not one of debug, info, warn, error", level));
  }
  auto logger = spdlog::stderr_color_mt("telltale");
  logger->set_level(spd_level);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
  return OkStatus();
}

}  // namespace telltale
