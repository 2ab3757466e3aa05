#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace telltale {

// A file's whole content. Errors: NOT_FOUND it cannot be read.
StatusOr<std::string> ReadWholeFile(const std::string& path);

// Writes it, whole or not at all: a reader sees what was there before, or all of it. Errors: UNAVAILABLE it cannot be
// written there.
Status WriteWholeFile(const std::string& path, std::string_view content);

}  // namespace telltale
