#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_sums.h"
#include "base/status.h"

namespace telltale {

// What reading everything of a store found.
struct Verification {
  std::uint64_t file_count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t block_count = 0;     // of telemetry: blocks and archived blocks
  std::uint64_t frame_count = 0;     // in blocks; one archived has its frames once for each group of 8 signals
  std::uint64_t vehicle_count = 0;   // that have latest values
  std::uint64_t record_count = 0;    // of the journal
  std::uint64_t document_count = 0;  // in the document store, its own included
  std::vector<std::string> damage;   // each names its file, and the vehicle as far as it is known; empty: all is sound
};

// Reads everything of the stores in `folder`/telemetry and `folder`/documents, checks every checksum and unpacks every
// block. Writes nothing. For folders that nobody writes: of a stopped server, a backup, a checkpoint. Errors: NOT_FOUND
// there is no store; FAILED_PRECONDITION a server works on it; those of `progress`.
StatusOr<Verification> VerifyStores(const std::string& folder, const FileProgress& progress);

}  // namespace telltale
