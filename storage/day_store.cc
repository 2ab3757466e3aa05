#include "storage/day_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/state_coding.h"
#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr char kRecordVersion = 1;

std::string Key(std::string_view collection, VehicleId vehicle) {
  std::string key(collection);
  PutBigEndian(key, vehicle, sizeof(vehicle));
  return key;
}

// Days before 1970 would sort behind the others; no vehicle has any.
std::string Key(std::string_view collection, VehicleId vehicle, std::int64_t day) {
  std::string key = Key(collection, vehicle);
  PutBigEndian(key, static_cast<std::uint32_t>(std::clamp<std::int64_t>(day, 0, UINT32_MAX)), 4);
  return key;
}

std::string RestatementKey(VehicleId vehicle, const Restatement& restatement) {
  std::string key = Key("restatement/", vehicle, restatement.day);
  PutBigEndian(key, static_cast<std::uint32_t>(restatement.time_ms >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(restatement.time_ms), 4);
  return key;
}

std::string HeadKey(VehicleId vehicle) { return Key("fold/", vehicle); }
std::string DayKey(VehicleId vehicle, std::int64_t day) { return Key("day/", vehicle, day); }
std::string StateKey(VehicleId vehicle, std::int64_t day) { return Key("fold_state/", vehicle, day); }
std::string MarkKey(VehicleId vehicle) { return Key("refold/", vehicle); }

template <typename T>
std::string Encode(const T& record) {
  StateWriter writer;
  writer(record);
  return kRecordVersion + writer.Take();
}

template <typename T>
StatusOr<T> Decode(std::string_view what, std::string_view bytes) {
  T record;
  if (!bytes.empty() && bytes.front() == kRecordVersion) {
    StateReader reader(bytes.substr(1));
    reader(record);
    if (reader.finished()) return record;
  }
  return absl::DataLossError(fmt::format("the stored {} cannot be read", what));
}

}  // namespace

RestatementCause Join(const RestatementCause& a, const RestatementCause& b) {
  RestatementCause both = a;
  if (b.late.from_ms < b.late.to_ms) {
    both.late = a.late.empty() ? b.late
                               : TimeRange{.from_ms = std::min(a.late.from_ms, b.late.from_ms),
                                           .to_ms = std::max(a.late.to_ms, b.late.to_ms)};
  }
  both.late_frame_count += b.late_frame_count;
  return both;
}

StatusOr<DayStore::Head> DayStore::ReadHead(VehicleId vehicle) const {
  const auto bytes = documents_.Get(HeadKey(vehicle));
  if (absl::IsNotFound(bytes.status())) return Head();
  RETURN_IF_ERROR(bytes.status());
  return Decode<Head>(fmt::format("list of days of vehicle {}", vehicle), *bytes);
}

StatusOr<std::optional<PublishedDay>> DayStore::ReadDay(VehicleId vehicle, std::int64_t day) const {
  const auto bytes = documents_.Get(DayKey(vehicle, day));
  if (absl::IsNotFound(bytes.status())) return std::optional<PublishedDay>();
  RETURN_IF_ERROR(bytes.status());
  ASSIGN_OR_RETURN(PublishedDay published,
                   Decode<PublishedDay>(fmt::format("{} of vehicle {}", FormatDay(day), vehicle), *bytes));
  return std::optional<PublishedDay>(std::move(published));
}

StatusOr<std::string> DayStore::ReadState(VehicleId vehicle, std::int64_t day) const {
  return documents_.Get(StateKey(vehicle, day));
}

StatusOr<std::vector<Restatement>> DayStore::ReadRestatements(VehicleId vehicle, std::int64_t from_day,
                                                              std::int64_t to_day) const {
  std::vector<Restatement> restatements;
  Status damage;
  const std::string after = Key("restatement/", vehicle, from_day);
  RETURN_IF_ERROR(documents_.Scan(Key("restatement/", vehicle), after, [&](std::string_view, std::string_view bytes) {
    auto restatement = Decode<Restatement>(fmt::format("restatement of vehicle {}", vehicle), bytes);
    if (!restatement.ok()) {
      damage = restatement.status();
      return false;
    }
    if (restatement->day >= to_day) return false;
    restatements.push_back(*std::move(restatement));
    return true;
  }));
  RETURN_IF_ERROR(damage);
  return restatements;
}

Status DayStore::Publish(VehicleId vehicle, const Head& head, const std::vector<DayChange>& changes) {
  std::vector<DocumentWrite> writes = {{HeadKey(vehicle), Encode(head)}, {MarkKey(vehicle), std::nullopt}};
  for (const DayChange& change : changes) {
    writes.push_back({DayKey(vehicle, change.day.day), Encode(change.day)});
    writes.push_back({StateKey(vehicle, change.day.day), change.state});
    writes.insert(writes.end(), change.also.begin(), change.also.end());
    if (change.restatement) {
      writes.push_back({RestatementKey(vehicle, *change.restatement), Encode(*change.restatement)});
    }
  }
  return documents_.Write(writes);
}

Status DayStore::Mark(const std::vector<std::pair<VehicleId, RestatementCause>>& causes) {
  std::vector<DocumentWrite> writes;
  for (const auto& [vehicle, cause] : causes) {
    RestatementCause all = cause;
    const auto marked = documents_.Get(MarkKey(vehicle));
    if (marked.ok()) {
      ASSIGN_OR_RETURN(const auto before,
                       Decode<RestatementCause>(fmt::format("mark of vehicle {}", vehicle), *marked));
      all = Join(before, cause);
    } else if (!absl::IsNotFound(marked.status())) {
      return marked.status();
    }
    writes.push_back({MarkKey(vehicle), Encode(all)});
  }
  return documents_.Write(writes);
}

StatusOr<std::map<VehicleId, RestatementCause>> DayStore::ReadMarks() const {
  constexpr std::string_view kPrefix = "refold/";
  std::map<VehicleId, RestatementCause> marks;
  Status damage;
  RETURN_IF_ERROR(documents_.Scan(kPrefix, "", [&](std::string_view key, std::string_view bytes) {
    const VehicleId vehicle = ReadBigEndian(key.substr(kPrefix.size()));
    auto cause = Decode<RestatementCause>(fmt::format("mark of vehicle {}", vehicle), bytes);
    if (!cause.ok()) {
      damage = cause.status();
      return false;
    }
    marks[vehicle] = *cause;
    return true;
  }));
  RETURN_IF_ERROR(damage);
  return marks;
}

Status DayStore::Unmark(VehicleId vehicle) { return documents_.Write({{MarkKey(vehicle), std::nullopt}}); }

}  // namespace telltale
