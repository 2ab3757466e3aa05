#include "storage/driver_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "driver/";
constexpr std::uint8_t kRecordVersion = 1;

std::string VehicleKey(VehicleId vehicle) {
  std::string key(kPrefix);
  PutBigEndian(key, vehicle, sizeof(vehicle));
  return key;
}

std::string ChangeKey(VehicleId vehicle, const DriverChange& change) {
  std::string key = VehicleKey(vehicle);
  PutBigEndian(key, static_cast<std::uint32_t>(change.time_ms >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(change.time_ms), 4);
  key.push_back(static_cast<char>(change.source));
  return key;
}

}  // namespace

Status DriverLog::Check(const DriverChange& change) {
  if (change.driver_id.size() > kMaxDriverIdBytes) {
    return absl::InvalidArgumentError(fmt::format("the driver's id has {} bytes, at most {} are allowed",
                                                  change.driver_id.size(), kMaxDriverIdBytes));
  }
  if (!std::ranges::all_of(change.driver_id, [](char c) { return c > ' ' && c <= '~'; })) {
    return absl::InvalidArgumentError("the driver's id must be of printable ASCII characters without spaces");
  }
  if (change.time_ms < 0) return absl::InvalidArgumentError("the driver's time is before 1970");
  return OkStatus();
}

StatusOr<bool> DriverLog::Record(VehicleId vehicle, const DriverChange& change) {
  RETURN_IF_ERROR(Check(change));
  const std::string key = ChangeKey(vehicle, change);
  std::string value;
  PutLittleEndian(value, kRecordVersion);
  value += change.driver_id;
  const auto present = documents_.Get(key);
  if (present.ok() && *present == value) return false;
  if (!present.ok() && !absl::IsNotFound(present.status())) return present.status();
  RETURN_IF_ERROR(documents_.Write({{key, value}}));
  return true;
}

StatusOr<std::vector<DriverChange>> DriverLog::Changes(VehicleId vehicle) const {
  std::vector<DriverChange> changes;
  Status damage;
  const std::string prefix = VehicleKey(vehicle);
  RETURN_IF_ERROR(documents_.Scan(prefix, "", [&](std::string_view key, std::string_view value) {
    RecordReader reader(value);
    if (key.size() != prefix.size() + 9 || reader.Read<std::uint8_t>() != kRecordVersion) {
      damage = absl::DataLossError(fmt::format("a change of drivers of vehicle {} cannot be read", vehicle));
      return false;
    }
    const std::string_view time = key.substr(prefix.size());
    DriverChange change{
        .time_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(ReadBigEndian(time.substr(0, 4))) << 32 |
                                             ReadBigEndian(time.substr(4, 4))),
        .driver_id = std::string(value.substr(1)),
        .source = static_cast<DriverSource>(key.back())};
    // The greater source of the same instant comes later, and counts.
    if (!changes.empty() && changes.back().time_ms == change.time_ms) {
      changes.back() = std::move(change);
    } else {
      changes.push_back(std::move(change));
    }
    return true;
  }));
  RETURN_IF_ERROR(damage);
  return changes;
}

std::string_view DriverAt(const std::vector<DriverChange>& changes, std::int64_t time_ms) {
  const auto after = std::ranges::upper_bound(changes, time_ms, {}, &DriverChange::time_ms);
  return after == changes.begin() ? std::string_view() : std::string_view(std::prev(after)->driver_id);
}

}  // namespace telltale
