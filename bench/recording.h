#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/frame.h"

namespace telltale {

// Recordings of real vehicles, as they come from the source tree: candump logs and CSV, in order of their names.
std::vector<std::filesystem::path> RecordingPaths(const std::string& folder);

// Bytes of a file; the program ends if it cannot be read.
std::string BytesOf(const std::filesystem::path& path);

// Frames of a recording as an import decodes them. Files that count from their beginning begin at `start_time_ms`. The
// program ends if it cannot be decoded.
FrameBatch DecodeRecording(const Catalog& catalog, const std::filesystem::path& path, std::string_view bytes,
                           VehicleId vehicle, std::int64_t start_time_ms);

}  // namespace telltale
