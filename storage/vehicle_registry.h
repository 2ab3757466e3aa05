#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/vin.h"
#include "catalog/signal.h"
#include "catalog/vehicle_traits.h"
#include "storage/document_store.h"
#include "storage/internal/vin_index.h"

namespace telltale {

struct Vehicle {
  VehicleId id = 0;  // dense, from 1, given at registration, never reused
  Vin vin;
  std::string display_name;
  VehicleTraits traits;
  std::optional<std::int64_t> built_time_ms;  // frames from before are refused
};

// The vehicles that this installation knows: a DocumentStore collection with an index in memory. Thread-safe; look-ups
// take a shared lock for some tens of nanoseconds.
class VehicleRegistry {
 public:
  static constexpr std::size_t kMaxDisplayNameBytes = 100;

  // Reads every vehicle. `documents` outlives the registry. Errors: DATA_LOSS a record cannot be read.
  static StatusOr<std::unique_ptr<VehicleRegistry>> Open(DocumentStore& documents);

  // Adds the vehicle or updates the one with this VIN; `vehicle.id` is ignored. Durable when it returns. Errors:
  // INVALID_ARGUMENT a field is out of its range; UNAVAILABLE the disk does not take writes.
  StatusOr<Vehicle> Register(Vehicle vehicle);

  // The same for many, with one sync of the disk: all of them or none. Of a VIN that comes twice the later counts.
  StatusOr<std::vector<Vehicle>> RegisterAll(std::vector<Vehicle> vehicles);

  // INVALID_ARGUMENT: a field is out of its range.
  static Status Check(const Vehicle& vehicle);

  // What ingest needs of a vehicle.
  using Entry = internal::VinIndexEntry;
  Entry Find(std::string_view vin) const;  // upper case

  // What Get() says of a vehicle that is not there.
  static Status NoSuchVehicle(const Vin& vin);
  StatusOr<Vehicle> Get(const Vin& vin) const;                          // NOT_FOUND
  StatusOr<Vehicle> Get(VehicleId id) const;                            // NOT_FOUND
  std::vector<Vehicle> List(VehicleId after, std::size_t limit) const;  // in the order of ids
  std::size_t size() const;

 private:
  explicit VehicleRegistry(DocumentStore& documents) : documents_(documents) {}
  Status Load();
  void Claim(const std::set<std::string>& vins);
  void Release(const std::set<std::string>& vins);
  StatusOr<VehicleId> IdOf(const std::string& vin);
  Status WriteChanged(const std::vector<Vehicle>& vehicles);

  DocumentStore& documents_;

  // A registration claims its VINs until it is durable, so that one VIN gets one id; those of different VINs share a
  // sync of the disk.
  Mutex claims_mutex_;
  CondVar released_;
  std::set<std::string> claimed_ ABSL_GUARDED_BY(claims_mutex_);
  VehicleId greatest_id_ ABSL_GUARDED_BY(claims_mutex_) = 0;

  mutable SharedMutex index_mutex_;
  internal::VinIndex index_ ABSL_GUARDED_BY(index_mutex_);  // durable vehicles only
};

}  // namespace telltale
