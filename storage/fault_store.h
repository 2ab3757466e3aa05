#pragma once

#include <cstdint>
#include <vector>

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

// Trouble codes by vehicle. Reports may come twice, late and out of order: the result is that of the same reports in order
// of their times. Thread-safe.
class FaultStore {
 public:
  explicit FaultStore(DocumentStore& documents);

  struct VehicleReport {
    VehicleId vehicle_id = 0;
    FaultReport report;
  };

  // Durable when it returns, all or none. Errors: UNAVAILABLE the disk does not take writes.
  Status Record(const std::vector<VehicleReport>& reports);

  // Active first, then the last seen first.
  StatusOr<std::vector<Fault>> List(VehicleId vehicle) const;

 private:
  // storage builder: private members are yours
  DocumentStore& documents_;
};

}  // namespace telltale
