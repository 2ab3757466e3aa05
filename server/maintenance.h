#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/file_sums.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/rocksdb/verification.h"

namespace telltale {

// Backups and verification of the stores while they work: of a snapshot, a folder of links to their files that nobody
// writes, which goes when the work is done. One at a time. Thread-safe.
class Maintenance {
 public:
  static constexpr std::size_t kNameLengthMax = 100;

  using Progress = std::function<Status(std::uint64_t done_bytes, std::uint64_t size_bytes)>;

  // What refers to something outlives this. Removes what a crash left of an earlier snapshot.
  Maintenance(RocksDbTelemetryStore& telemetry, RocksDbDocumentStore& documents, const std::string& data_dir,
              std::string backup_dir, const Clock& clock);

  // Makes the backup and returns its folder; empty name: the time. Errors: INVALID_ARGUMENT the name; ALREADY_EXISTS;
  // RESOURCE_EXHAUSTED another is at work; UNAVAILABLE the disk; those of `progress`.
  StatusOr<std::string> CreateBackup(const std::string& name, const Progress& progress);

  // Errors: RESOURCE_EXHAUSTED another is at work; UNAVAILABLE the disk; those of `progress`.
  StatusOr<Verification> Verify(const Progress& progress);

 private:
  // Calls `work` with a snapshot and its size.
  Status WithSnapshot(const std::function<Status(const std::string& snapshot, std::uint64_t bytes)>& work);

  RocksDbTelemetryStore& telemetry_;
  RocksDbDocumentStore& documents_;
  const std::string snapshot_;
  const std::string backup_dir_;
  const Clock& clock_;
  Mutex mutex_;
  bool at_work_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace telltale
