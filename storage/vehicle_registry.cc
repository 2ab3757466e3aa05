#include "storage/vehicle_registry.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "vehicle/";
constexpr std::uint8_t kRecordVersion = 1;

std::string KeyOf(VehicleId id) {
  std::string key(kPrefix);
  PutBigEndian(key, id, sizeof(id));
  return key;
}

std::string Encode(const Vehicle& vehicle) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  record += vehicle.vin.text();
  PutLittleEndian(record, static_cast<std::uint8_t>(vehicle.traits.vehicle_class));
  PutLittleEndian(record, static_cast<std::uint8_t>(vehicle.traits.fuel_type));
  PutLittleEndian(record, std::bit_cast<std::uint64_t>(vehicle.traits.engine_displacement_l));
  PutLittleEndian(record, static_cast<std::uint8_t>(vehicle.built_time_ms.has_value()));
  PutLittleEndian(record, vehicle.built_time_ms.value_or(0));
  PutLittleEndian(record, static_cast<std::uint8_t>(vehicle.display_name.size()));
  record += vehicle.display_name;
  return record;
}

StatusOr<Vehicle> Decode(std::string_view key, std::string_view record) {
  const VehicleId id = key.size() == kPrefix.size() + 4 ? ReadBigEndian(key.substr(kPrefix.size())) : 0;
  if (id == 0) return absl::DataLossError("the key of a vehicle cannot be read");
  RecordReader reader(record);
  const auto version = reader.Read<std::uint8_t>();
  if (version != kRecordVersion) {
    return absl::DataLossError(fmt::format("vehicle {}: record version {}, expected {}", id, version, kRecordVersion));
  }
  auto vin = Vin::Parse(reader.ReadBytes(Vin::kLength));
  if (!vin.ok()) return absl::DataLossError(fmt::format("vehicle {}: {}", id, MessageOf(vin.status())));
  Vehicle vehicle{.id = id, .vin = *std::move(vin), .display_name = {}, .traits = {}, .built_time_ms = {}};
  vehicle.traits.vehicle_class = static_cast<VehicleClass>(reader.Read<std::uint8_t>());
  vehicle.traits.fuel_type = static_cast<FuelType>(reader.Read<std::uint8_t>());
  vehicle.traits.engine_displacement_l = reader.ReadDouble();
  const bool has_built_time = reader.Read<std::uint8_t>() != 0;
  const auto built_time_ms = reader.Read<std::int64_t>();
  if (has_built_time) vehicle.built_time_ms = built_time_ms;
  vehicle.display_name = reader.ReadBytes(reader.Read<std::uint8_t>());
  if (!reader.finished()) return absl::DataLossError(fmt::format("vehicle {}: the record has a wrong length", id));
  return vehicle;
}

VehicleRegistry::Entry EntryOf(const Vehicle& vehicle) {
  return {.id = vehicle.id,
          .earliest_time_ms = vehicle.built_time_ms.value_or(std::numeric_limits<std::int64_t>::min())};
}

}  // namespace

StatusOr<std::unique_ptr<VehicleRegistry>> VehicleRegistry::Open(DocumentStore& documents) {
  std::unique_ptr<VehicleRegistry> registry(new VehicleRegistry(documents));
  RETURN_IF_ERROR(registry->Load());
  return registry;
}

Status VehicleRegistry::Load() {
  internal::VinIndex index;
  VehicleId greatest_id = 0;
  Status decoded;
  RETURN_IF_ERROR(documents_.Scan(kPrefix, "", [&](std::string_view key, std::string_view record) {
    const StatusOr<Vehicle> vehicle = Decode(key, record);
    decoded = vehicle.status();
    if (!decoded.ok()) return false;
    index.Put(vehicle->vin.text(), EntryOf(*vehicle));
    greatest_id = vehicle->id;  // keys come in the order of ids
    return true;
  }));
  {
    MutexLock lock(claims_mutex_);
    greatest_id_ = greatest_id;
  }
  WriterLock lock(index_mutex_);
  index_ = std::move(index);
  return decoded;
}

Status VehicleRegistry::Check(const Vehicle& vehicle) {
  if (vehicle.display_name.size() > kMaxDisplayNameBytes) {
    return absl::InvalidArgumentError(fmt::format("display_name has {} bytes, at most {} are allowed",
                                                  vehicle.display_name.size(), kMaxDisplayNameBytes));
  }
  const double displacement_l = vehicle.traits.engine_displacement_l;
  if (!std::isfinite(displacement_l) || displacement_l < 0.0) {
    return absl::InvalidArgumentError(
        fmt::format("engine_displacement_l is {}, must be finite and not negative", displacement_l));
  }
  if (vehicle.traits.vehicle_class > VehicleClass::kMachine || vehicle.traits.fuel_type > FuelType::kElectric) {
    return absl::InvalidArgumentError("vehicle_class or fuel_type is not one of those known");
  }
  return OkStatus();
}

void VehicleRegistry::Claim(const std::set<std::string>& vins) {
  MutexLock lock(claims_mutex_);
  while (std::ranges::any_of(vins, [this](const std::string& vin) ABSL_EXCLUSIVE_LOCKS_REQUIRED(claims_mutex_) {
    return claimed_.contains(vin);
  })) {
    released_.Wait(claims_mutex_);
  }
  claimed_.insert(vins.begin(), vins.end());
}

void VehicleRegistry::Release(const std::set<std::string>& vins) {
  MutexLock lock(claims_mutex_);
  for (const std::string& vin : vins) claimed_.erase(vin);
  released_.NotifyAll();
}

// The VIN's id, or a new one. A new id whose write then fails is spent: the write may have reached the disk all the
// same.
StatusOr<VehicleId> VehicleRegistry::IdOf(const std::string& vin) {
  if (const Entry known = Find(vin); known.id != 0) return known.id;
  MutexLock lock(claims_mutex_);
  if (greatest_id_ == std::numeric_limits<VehicleId>::max()) {
    return absl::ResourceExhaustedError("every vehicle id is taken");
  }
  return ++greatest_id_;
}

StatusOr<Vehicle> VehicleRegistry::Register(Vehicle vehicle) {
  std::vector<Vehicle> one;
  one.push_back(std::move(vehicle));
  ASSIGN_OR_RETURN(std::vector<Vehicle> registered, RegisterAll(std::move(one)));
  return std::move(registered.front());
}

StatusOr<std::vector<Vehicle>> VehicleRegistry::RegisterAll(std::vector<Vehicle> vehicles) {
  std::set<std::string> vins;
  for (const Vehicle& vehicle : vehicles) {
    RETURN_IF_ERROR(Check(vehicle));
    vins.insert(vehicle.vin.text());
  }
  Claim(vins);
  const absl::Cleanup release = [&] { Release(vins); };
  std::map<std::string_view, VehicleId> ids;
  for (Vehicle& vehicle : vehicles) {
    VehicleId& id = ids[vehicle.vin.text()];
    if (id == 0) {
      ASSIGN_OR_RETURN(id, IdOf(vehicle.vin.text()));
    }
    vehicle.id = id;
  }
  RETURN_IF_ERROR(WriteChanged(vehicles));
  WriterLock lock(index_mutex_);
  for (const Vehicle& vehicle : vehicles) index_.Put(vehicle.vin.text(), EntryOf(vehicle));
  return vehicles;
}

// One write of those whose record is another than the stored one.
Status VehicleRegistry::WriteChanged(const std::vector<Vehicle>& vehicles) {
  std::map<VehicleId, const Vehicle*> last;
  for (const Vehicle& vehicle : vehicles) last[vehicle.id] = &vehicle;
  std::vector<DocumentWrite> writes;
  for (const auto& [id, vehicle] : last) {
    std::string key = KeyOf(id);
    std::string record = Encode(*vehicle);
    if (Find(vehicle->vin.text()).id != 0) {
      ASSIGN_OR_RETURN(const std::string stored, documents_.Get(key));
      if (stored == record) continue;
    }
    writes.push_back({.key = std::move(key), .value = std::move(record)});
  }
  return writes.empty() ? OkStatus() : documents_.Write(writes);
}

VehicleRegistry::Entry VehicleRegistry::Find(std::string_view vin) const {
  ReaderLock lock(index_mutex_);
  return index_.Find(vin);
}

Status VehicleRegistry::NoSuchVehicle(const Vin& vin) {
  return absl::NotFoundError(fmt::format("vehicle {} is not registered", LogVin(vin)));
}

StatusOr<Vehicle> VehicleRegistry::Get(const Vin& vin) const {
  const Entry entry = Find(vin.text());
  if (entry.id == 0) return NoSuchVehicle(vin);
  return Get(entry.id);
}

StatusOr<Vehicle> VehicleRegistry::Get(VehicleId id) const {
  const std::string key = KeyOf(id);
  const StatusOr<std::string> record = documents_.Get(key);
  if (absl::IsNotFound(record.status())) return absl::NotFoundError(fmt::format("no vehicle has the id {}", id));
  RETURN_IF_ERROR(record.status());
  return Decode(key, *record);
}

std::vector<Vehicle> VehicleRegistry::List(VehicleId after, std::size_t limit) const {
  std::vector<Vehicle> vehicles;
  if (limit == 0) return vehicles;
  const Status scanned = documents_.Scan(kPrefix, KeyOf(after), [&](std::string_view key, std::string_view record) {
    StatusOr<Vehicle> vehicle = Decode(key, record);
    if (vehicle.ok()) {
      vehicles.push_back(*std::move(vehicle));
    } else {
      spdlog::error("vehicle left out of a list reason=\"{}\"", vehicle.status().ToString());
    }
    return vehicles.size() < limit;
  });
  if (!scanned.ok()) spdlog::error("list of vehicles cut short reason=\"{}\"", scanned.ToString());
  return vehicles;
}

std::size_t VehicleRegistry::size() const {
  ReaderLock lock(index_mutex_);
  return index_.size();
}

}  // namespace telltale
