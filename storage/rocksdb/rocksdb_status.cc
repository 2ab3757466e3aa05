#include "storage/rocksdb/rocksdb_status.h"

#include <string>

#include <fmt/format.h>
#include <rocksdb/status.h>

namespace telltale {
namespace {

// RocksDB reports a held lock as an I/O error with this text ("IO error: While lock file: ..." or "lock hold by current
// process").
bool IsHeldLock(const std::string& text) {
  return text.find("While lock file") != std::string::npos ||
         text.find("lock hold by current process") != std::string::npos;
}

}  // namespace

Status ToStatus(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return OkStatus();
  const std::string text = status.ToString();
  std::string message = fmt::format("{}: {}", what, text);
  switch (status.code()) {
    case rocksdb::Status::kNotFound:
      return absl::NotFoundError(message);
    case rocksdb::Status::kCorruption:
      return absl::DataLossError(message);
    case rocksdb::Status::kInvalidArgument:
      return absl::InvalidArgumentError(message);
    case rocksdb::Status::kIOError:
      if (IsHeldLock(text)) return absl::FailedPreconditionError(message + " (another process has it open)");
      return absl::UnavailableError(message);
    case rocksdb::Status::kShutdownInProgress:
    case rocksdb::Status::kTimedOut:
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kTryAgain:
    case rocksdb::Status::kAborted:
    case rocksdb::Status::kIncomplete:
      return absl::UnavailableError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace telltale
