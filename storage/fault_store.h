#pragma once

#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "catalog/dtc.h"
#include "catalog/signal.h"
#include "storage/document_store.h"

namespace telltale {

// One trouble code of one controller of one vehicle.
struct Fault {
  Dtc dtc;
  std::uint8_t source_address = 0;
  Lamps lamps;          // of the newest report that had the code
  bool active = false;  // the controller's newest DM1 has it
  std::int64_t first_seen_ms = 0;
  std::int64_t last_seen_ms = 0;
};

// Trouble codes by vehicle. Reports may come twice, late and out of order: the result is that of the same reports in
// order of their times. Thread-safe.
class FaultStore {
 public:
  // What List() returns at most: far above a truck's, and a bound on what a broken controller can make us hold.
  static constexpr std::size_t kMaxListed = 10'000;

  // `documents` outlives the store.
  explicit FaultStore(DocumentStore& documents);

  struct VehicleReport {
    VehicleId vehicle_id = 0;
    FaultReport report;
  };

  // Durable when it returns, all or none. Writes nothing if the reports change nothing. Errors: INVALID_ARGUMENT an SPN
  // or FMI is beyond J1939's; UNAVAILABLE the disk does not take writes; DATA_LOSS a stored fault cannot be read.
  Status Record(const std::vector<VehicleReport>& reports);

  // Active first, then the last seen first. Errors: DATA_LOSS a stored fault cannot be read.
  StatusOr<std::vector<Fault>> List(VehicleId vehicle) const;

 private:
  DocumentStore& documents_;
  // Held from reading what is stored until the merged result is durable.
  Mutex record_mutex_;
};

}  // namespace telltale
