#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// Who told that a driver took or left a vehicle. Of two that tell of the same instant the greater counts.
enum class DriverSource : std::uint8_t {
  kTerminal = 1,    // JT/T 808, message 0x0702
  kTachograph = 2,  // the card in the tachograph
  kAssigned = 3,    // through the API
};

// From `time_ms` on the driver drives the vehicle; empty: nobody is known to.
struct DriverChange {
  std::int64_t time_ms = 0;  // UTC
  std::string driver_id;     // a certificate's, card's or company's number, not a name
  DriverSource source = DriverSource::kAssigned;

  friend bool operator==(const DriverChange&, const DriverChange&) = default;
};

// Who drove a vehicle when: a DocumentStore collection. Changes may come twice, late and in any order; the log is that
// of the same changes in order. Thread-safe.
class DriverLog {
 public:
  static constexpr std::size_t kMaxDriverIdBytes = 64;

  // `documents` outlives the log.
  explicit DriverLog(DocumentStore& documents) : documents_(documents) {}

  // INVALID_ARGUMENT: the id is too long or not printable, the time is before 1970.
  static Status Check(const DriverChange& change);

  // Durable when it returns. Returns whether anything changed. Errors: those of Check(); UNAVAILABLE the disk does not
  // take writes.
  StatusOr<bool> Record(VehicleId vehicle, const DriverChange& change);

  // Every change of the vehicle, in order of time. Errors: DATA_LOSS a change cannot be read.
  StatusOr<std::vector<DriverChange>> Changes(VehicleId vehicle) const;

 private:
  DocumentStore& documents_;
};

// Who drives at a time by changes in order; empty: nobody is known to.
std::string_view DriverAt(const std::vector<DriverChange>& changes, std::int64_t time_ms);

}  // namespace telltale
