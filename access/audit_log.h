#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "access/grant.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "base/status.h"
#include "storage/document_store.h"

namespace telltale {

// Numbers are those of telltale.v1.AuditOutcome, and of stored entries.
enum class AuditOutcome : std::uint8_t {
  kAllowed = 1,
  kNoGrant,  // the vehicle is there, and looked as if it were not
  kRefused,  // the call ended with an error
};

// Who read or changed what.
struct AuditEntry {
  std::int64_t time_ms = 0;  // UTC, by our clock
  std::string key_id;
  OrganisationId organisation = 0;
  std::string rpc;        // "TripService/ListTrips"
  VehicleId vehicle = 0;  // 0: of none
  AuditOutcome outcome = AuditOutcome::kAllowed;
  std::string peer;  // the caller's address, as gRPC writes it

  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

// Entries that are only added, each with a hash over itself and the one before: whoever changes, removes or puts in one
// has to change all that follow, and the last hash with them. A thread writes those that wait together; entries of the
// last moments before a crash may be lost, as an answer does not wait for them. Thread-safe.
class AuditLog {
 public:
  struct Options {
    std::chrono::milliseconds write_interval{100};
    std::size_t waiting_max = 100'000;
    std::chrono::days retention{0};  // 0: for ever
  };
  static constexpr std::size_t kMaxTextBytes = 255;  // of each text; longer ones are cut

  // Finds the last entry. What is referred to outlives the log. Errors: DATA_LOSS it cannot be read.
  static StatusOr<std::unique_ptr<AuditLog>> Open(DocumentStore& documents, const Clock& clock, const Options& options);
  // Writes what waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Takes an entry; its time is set. Errors: UNAVAILABLE waiting_max entries wait, since the disk takes none: what
  // cannot be noted must not be done.
  Status Record(AuditEntry entry);
  // Returns when everything recorded before is durable. Errors: UNAVAILABLE.
  Status Flush();

  struct Numbered {
    std::uint64_t number = 0;  // from 1 without a gap
    AuditEntry entry;
  };
  // Of one vehicle, in order, behind the number `after`. Errors: DATA_LOSS.
  StatusOr<std::vector<Numbered>> EntriesOf(VehicleId vehicle, std::uint64_t after, std::size_t limit) const;

  struct Extent {
    std::uint64_t first = 0;  // numbers; 0: there are none
    std::uint64_t last = 0;
    SecretHash hash{};  // of the last
  };
  // Reads all entries and checks every hash. Errors: DATA_LOSS names the first entry that is not as it was.
  StatusOr<Extent> Verify() const;

 private:
  AuditLog(DocumentStore& documents, const Clock& clock, const Options& options)
      : documents_(documents), clock_(clock), options_(options) {}
  Status FindLast();
  void Run();
  Status Write(const std::vector<AuditEntry>& entries);
  Status RemoveOld();

  DocumentStore& documents_;
  const Clock& clock_;
  const Options options_;

  // The thread's own once it runs.
  std::uint64_t last_ = 0;
  SecretHash last_hash_{};
  std::chrono::steady_clock::time_point removed_at_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<AuditEntry> waiting_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t recorded_ ABSL_GUARDED_BY(mutex_) = 0;  // entries, by this process
  std::uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t attempts_ ABSL_GUARDED_BY(mutex_) = 0;  // to write
  Status status_ ABSL_GUARDED_BY(mutex_);               // of the last
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace telltale
