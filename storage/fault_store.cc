#include "storage/fault_store.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kPrefix = "fault/";
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr int kCodeBytes = 3;  // an SPN of 19 bits and an FMI of 5

// Keys: a controller, and behind it the codes it ever reported, so that one scan reads a vehicle.
std::string VehicleKey(VehicleId vehicle) {
  std::string key(kPrefix);
  PutBigEndian(key, vehicle, sizeof(vehicle));
  return key;
}

std::string ControllerKey(VehicleId vehicle, std::uint8_t source_address) {
  std::string key = VehicleKey(vehicle);
  key.push_back(static_cast<char>(source_address));
  return key;
}

std::string CodeKey(VehicleId vehicle, std::uint8_t source_address, const Dtc& dtc) {
  std::string key = ControllerKey(vehicle, source_address);
  PutBigEndian(key, dtc.spn << 5 | dtc.fmi, kCodeBytes);
  return key;
}

// What is stored of a controller (its newest DM1) or of one of its codes. Two states are joined by taking the least or
// the greatest of each field: in whatever order and however often reports are joined, the result is the same.
struct ControllerState {
  std::int64_t newest_dm1_ms = kNever;

  void Join(const ControllerState& other) { newest_dm1_ms = std::max(newest_dm1_ms, other.newest_dm1_ms); }
};

struct CodeState {
  // A report that has the code. The newest is the greatest; at the same instant DM1 goes before DM2, then a known
  // occurrence count before none, and a greater one before a less.
  struct Report {
    std::int64_t time_ms = kNever;
    bool is_dm1 = false;
    std::int16_t occurrence_rank = -1;  // -1: not available
    std::uint8_t lamps = 0;             // as on the bus
    // NOLINTNEXTLINE(modernize-use-nullptr): Clang 14 takes the 0 of a comparison for a pointer
    friend auto operator<=>(const Report&, const Report&) = default;
  };

  std::int64_t first_seen_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t newest_dm1_ms = kNever;  // of those that have the code
  Report newest;

  void Join(const CodeState& other) {
    first_seen_ms = std::min(first_seen_ms, other.first_seen_ms);
    newest_dm1_ms = std::max(newest_dm1_ms, other.newest_dm1_ms);
    newest = std::max(newest, other.newest);
  }
};

std::uint8_t PackLamps(const Lamps& lamps) {
  return static_cast<std::uint8_t>(static_cast<int>(lamps.malfunction) << 6 | static_cast<int>(lamps.red_stop) << 4 |
                                   static_cast<int>(lamps.amber_warning) << 2 | static_cast<int>(lamps.protect));
}

Lamps UnpackLamps(std::uint8_t packed) {
  const auto lamp = [packed](int shift) { return static_cast<LampStatus>(packed >> shift & 3); };
  return {.malfunction = lamp(6), .red_stop = lamp(4), .amber_warning = lamp(2), .protect = lamp(0)};
}

CodeState StateOf(const FaultReport& report, const Dtc& dtc) {
  const bool known = dtc.occurrence_count != Dtc::kOccurrenceNotAvailable;
  return {.first_seen_ms = report.measure_time_ms,
          .newest_dm1_ms = report.previously_active ? kNever : report.measure_time_ms,
          .newest = {.time_ms = report.measure_time_ms,
                     .is_dm1 = !report.previously_active,
                     .occurrence_rank = static_cast<std::int16_t>(known ? dtc.occurrence_count : -1),
                     .lamps = PackLamps(report.lamps)}};
}

std::string Encode(const ControllerState& state) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, state.newest_dm1_ms);
  return record;
}

std::string Encode(const CodeState& state) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, state.first_seen_ms);
  PutLittleEndian(record, state.newest_dm1_ms);
  PutLittleEndian(record, state.newest.time_ms);
  PutLittleEndian(record, static_cast<std::uint8_t>(state.newest.is_dm1));
  PutLittleEndian(record, state.newest.occurrence_rank);
  PutLittleEndian(record, state.newest.lamps);
  return record;
}

bool Decode(std::string_view record, ControllerState& state) {
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion) return false;
  state.newest_dm1_ms = reader.Read<std::int64_t>();
  return reader.finished();
}

bool Decode(std::string_view record, CodeState& state) {
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion) return false;
  state.first_seen_ms = reader.Read<std::int64_t>();
  state.newest_dm1_ms = reader.Read<std::int64_t>();
  state.newest.time_ms = reader.Read<std::int64_t>();
  state.newest.is_dm1 = reader.Read<std::uint8_t>() != 0;
  state.newest.occurrence_rank = reader.Read<std::int16_t>();
  state.newest.lamps = reader.Read<std::uint8_t>();
  return reader.finished();
}

Status DamagedFault(VehicleId vehicle) {
  return absl::DataLossError(fmt::format("a stored fault of vehicle {} cannot be read", vehicle));
}

Status CheckReport(const FaultReport& report) {
  for (const Dtc& dtc : report.dtcs) {
    if (dtc.spn > Dtc::kMaxSpn || dtc.fmi > Dtc::kMaxFmi || dtc.occurrence_count > Dtc::kOccurrenceNotAvailable) {
      return absl::InvalidArgumentError(fmt::format("SPN {}, FMI {}, occurrence count {}: beyond SAE J1939-73", dtc.spn,
                                                    dtc.fmi, dtc.occurrence_count));
    }
  }
  return OkStatus();
}

// The states that some reports touch: those stored, joined with the reports.
template <typename State>
class JoinedStates {
 public:
  void Join(std::string key, VehicleId vehicle, const State& state) {
    const auto [it, is_new] = joined_.try_emplace(std::move(key), Entry{vehicle, state});
    if (!is_new) it->second.state.Join(state);
  }

  // Adds a write for each document that is not yet as it should be.
  Status AddWrites(DocumentStore& documents, std::vector<DocumentWrite>& writes) {
    for (auto& [key, entry] : joined_) {
      const StatusOr<std::string> stored = documents.Get(key);
      if (stored.ok()) {
        State state;
        if (!Decode(*stored, state)) return DamagedFault(entry.vehicle);
        entry.state.Join(state);
      } else if (!absl::IsNotFound(stored.status())) {
        return stored.status();
      }
      std::string record = Encode(entry.state);
      if (!stored.ok() || *stored != record) writes.push_back({.key = key, .value = std::move(record)});
    }
    return OkStatus();
  }

 private:
  struct Entry {
    VehicleId vehicle;
    State state;
  };
  std::map<std::string, Entry> joined_;
};

bool ListsBefore(const Fault& a, const Fault& b) {
  return std::tuple(b.active, b.last_seen_ms, a.source_address, a.dtc.spn, a.dtc.fmi) <
         std::tuple(a.active, a.last_seen_ms, b.source_address, b.dtc.spn, b.dtc.fmi);
}

Fault ToFault(std::string_view code, std::uint8_t source_address, const CodeState& state, std::int64_t newest_dm1_ms) {
  const std::uint32_t spn_and_fmi = ReadBigEndian(code);
  const CodeState::Report& newest = state.newest;
  return {.dtc = {.spn = spn_and_fmi >> 5,
                  .fmi = static_cast<std::uint8_t>(spn_and_fmi & 31),
                  .occurrence_count = static_cast<std::uint8_t>(
                      newest.occurrence_rank < 0 ? Dtc::kOccurrenceNotAvailable : newest.occurrence_rank)},
          .source_address = source_address,
          .lamps = UnpackLamps(newest.lamps),
          .active = newest_dm1_ms != kNever && state.newest_dm1_ms == newest_dm1_ms,
          .first_seen_ms = state.first_seen_ms,
          .last_seen_ms = newest.time_ms};
}

}  // namespace

FaultStore::FaultStore(DocumentStore& documents) : documents_(documents) {}

Status FaultStore::Record(const std::vector<VehicleReport>& reports) {
  JoinedStates<ControllerState> controllers;
  JoinedStates<CodeState> codes;
  for (const auto& [vehicle, report] : reports) {
    RETURN_IF_ERROR(CheckReport(report));
    // A DM1 without codes matters too: it says that none is active any more.
    if (!report.previously_active) {
      controllers.Join(ControllerKey(vehicle, report.source_address), vehicle,
                       {.newest_dm1_ms = report.measure_time_ms});
    }
    for (const Dtc& dtc : report.dtcs) {
      codes.Join(CodeKey(vehicle, report.source_address, dtc), vehicle, StateOf(report, dtc));
    }
  }
  MutexLock lock(record_mutex_);
  std::vector<DocumentWrite> writes;
  RETURN_IF_ERROR(controllers.AddWrites(documents_, writes));
  RETURN_IF_ERROR(codes.AddWrites(documents_, writes));
  return writes.empty() ? OkStatus() : documents_.Write(writes);
}

StatusOr<std::vector<Fault>> FaultStore::List(VehicleId vehicle) const {
  const std::string prefix = VehicleKey(vehicle);
  std::vector<Fault> faults;
  std::optional<std::uint8_t> source_address;
  ControllerState controller;
  bool damaged = false;
  const auto keep_first = [&faults] {
    std::sort(faults.begin(), faults.end(), ListsBefore);
    if (faults.size() > kMaxListed) faults.resize(kMaxListed);
  };
  RETURN_IF_ERROR(documents_.Scan(prefix, "", [&](std::string_view key, std::string_view record) {
    const std::string_view rest = key.substr(prefix.size());  // the controller, and perhaps a code
    damaged = rest.size() != 1 && rest.size() != 1 + kCodeBytes;
    if (damaged) return false;
    if (source_address != static_cast<std::uint8_t>(rest[0])) {
      source_address = static_cast<std::uint8_t>(rest[0]);
      controller = {};
    }
    if (rest.size() == 1) {
      damaged = !Decode(record, controller);
      return !damaged;
    }
    CodeState state;
    damaged = !Decode(record, state);
    if (damaged) return false;
    faults.push_back(ToFault(rest.substr(1), *source_address, state, controller.newest_dm1_ms));
    if (faults.size() >= 2 * kMaxListed) keep_first();
    return true;
  }));
  if (damaged) return DamagedFault(vehicle);
  keep_first();
  return faults;
}

}  // namespace telltale
