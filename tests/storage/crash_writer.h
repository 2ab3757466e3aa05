// What crash_writer and the test that kills it agree on.
#pragma once

#include <cstdint>
#include <string>

#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale {

inline constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

inline constexpr int kAckDescriptor = 3;  // an open pipe, as stdout is the log's

inline TelemetryStoreOptions SmallOptions(const std::string& path) {
  return {.path = path, .frames_per_block = 8, .block_values_min = 1, .disk_free_bytes_min = 0};
}

}  // namespace telltale
