#include "access/grant_index.h"

#include <algorithm>
#include <array>
#include <limits>

namespace telltale {
namespace {

constexpr VehicleId kNone = 0;

std::uint32_t ClampSeconds(std::int64_t seconds) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 0, std::int64_t{std::numeric_limits<std::uint32_t>::max()}));
}

template <typename Id>
void AddSorted(std::vector<Id>& to, Id id) {
  // Most come in order.
  if (to.empty() || to.back() <= id) {
    to.push_back(id);
  } else {
    to.insert(std::ranges::upper_bound(to, id), id);
  }
}

// Of equal ones, one.
template <typename Id>
void RemoveSorted(std::vector<Id>& from, Id id) {
  const auto at = std::ranges::lower_bound(from, id);
  if (at != from.end() && *at == id) from.erase(at);
}

VehicleId After(const std::vector<VehicleId>& sorted, VehicleId after) {
  const auto at = std::ranges::upper_bound(sorted, after);
  return at != sorted.end() ? *at : kNone;
}

}  // namespace

Grant GrantIndex::GrantOf(const Entry& entry, const GrantTarget& target) {
  return {.id = entry.id,
          .organisation = entry.organisation,
          .target = target,
          .purpose = entry.purpose,
          .scopes = ScopeSet::FromBits(entry.scopes),
          .from_s = entry.from_s,
          .to_s = entry.to_s};
}

const GrantIndex::Entries* GrantIndex::EntriesOf(const GrantTarget& target) const {
  switch (target.kind) {
    case GrantTarget::Kind::kAll:
      return &of_all_;
    case GrantTarget::Kind::kVehicle:
      return target.id < by_vehicle_.size() ? &by_vehicle_[target.id] : nullptr;
    case GrantTarget::Kind::kGroup:
      break;
  }
  const auto at = by_group_.find(target.id);
  return at != by_group_.end() ? &at->second : nullptr;
}

GrantIndex::Entries& GrantIndex::EntriesAt(const GrantTarget& target) {
  switch (target.kind) {
    case GrantTarget::Kind::kAll:
      return of_all_;
    case GrantTarget::Kind::kVehicle:
      if (target.id >= by_vehicle_.size()) by_vehicle_.resize(std::size_t{target.id} + 1);
      return by_vehicle_[target.id];
    case GrantTarget::Kind::kGroup:
      break;
  }
  return by_group_[target.id];
}

void GrantIndex::Put(const Grant& grant) {
  const Entry entry{.id = grant.id,
                    .organisation = grant.organisation,
                    .from_s = ClampSeconds(grant.from_s),
                    .to_s = ClampSeconds(grant.to_s),
                    .scopes = grant.scopes.bits(),
                    .purpose = grant.purpose};
  WriterLock lock(mutex_);
  Entries& entries = EntriesAt(grant.target);
  // In the place of the old one at once, so that no decision finds neither.
  if (const auto old = std::ranges::find(entries, grant.id, &Entry::id); old != entries.end()) {
    *old = entry;  // of the same organisation
    return;
  }
  entries.push_back(entry);
  ++size_;
  if (grant.target.kind == GrantTarget::Kind::kVehicle) AddSorted(vehicles_[grant.organisation], grant.target.id);
  if (grant.target.kind == GrantTarget::Kind::kGroup) {
    AddSorted(groups_of_organisation_[grant.organisation], grant.target.id);
  }
}

bool GrantIndex::Remove(const GrantTarget& target, std::uint64_t id) {
  WriterLock lock(mutex_);
  if (EntriesOf(target) == nullptr) return false;
  Entries& entries = EntriesAt(target);
  const auto at = std::ranges::find(entries, id, &Entry::id);
  if (at == entries.end()) return false;
  if (target.kind == GrantTarget::Kind::kVehicle) RemoveSorted(vehicles_[at->organisation], target.id);
  if (target.kind == GrantTarget::Kind::kGroup) RemoveSorted(groups_of_organisation_[at->organisation], target.id);
  entries.erase(at);
  --size_;
  return true;
}

void GrantIndex::PutMember(GroupId group, VehicleId vehicle) {
  WriterLock lock(mutex_);
  std::vector<GroupId>& groups = groups_[vehicle];
  if (std::ranges::find(groups, group) != groups.end()) return;
  groups.push_back(group);
  AddSorted(members_[group], vehicle);
}

void GrantIndex::RemoveMember(GroupId group, VehicleId vehicle) {
  WriterLock lock(mutex_);
  const auto groups = groups_.find(vehicle);
  if (groups == groups_.end() || std::erase(groups->second, group) == 0) return;
  if (groups->second.empty()) groups_.erase(groups);
  RemoveSorted(members_[group], vehicle);
}

template <typename Visit>
void GrantIndex::ForEachOf(VehicleId vehicle, const Visit& visit) const {
  const auto visit_all = [&](const GrantTarget& target) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    const Entries* const entries = EntriesOf(target);
    if (entries == nullptr) return;
    for (const Entry& entry : *entries) visit(entry, target);
  };
  visit_all(GrantTarget::OfVehicle(vehicle));
  if (!groups_.empty()) {
    if (const auto groups = groups_.find(vehicle); groups != groups_.end()) {
      for (const GroupId group : groups->second) visit_all(GrantTarget::OfGroup(group));
    }
  }
  visit_all({});
}

std::optional<Permit> GrantIndex::Decide(OrganisationId organisation, VehicleId vehicle, Scope scope,
                                         std::int64_t now_s) const {
  ReaderLock lock(mutex_);
  return DecideLocked(organisation, vehicle, scope, now_s);
}

std::optional<Permit> GrantIndex::DecideLocked(OrganisationId organisation, VehicleId vehicle, Scope scope,
                                               std::int64_t now_s) const {
  struct Period {
    std::uint32_t from_s = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t to_s = 0;
  };
  std::array<Period, kGreatestScope + 1> periods;  // by scope
  ForEachOf(vehicle, [&](const Entry& entry, const GrantTarget& /*target*/) {
    if (entry.organisation != organisation || now_s < entry.from_s || now_s >= entry.to_s) return;
    for (int i = 1; i <= kGreatestScope; ++i) {
      if ((entry.scopes >> i & 1U) == 0 && i != static_cast<int>(Scope::kVehicle)) continue;
      periods[i].from_s = std::min(periods[i].from_s, entry.from_s);
      periods[i].to_s = std::max(periods[i].to_s, entry.to_s);
    }
  });
  const Period& asked = periods[static_cast<std::size_t>(scope)];
  if (asked.to_s == 0) return std::nullopt;
  Permit permit{.period = {.from_ms = asked.from_s * std::int64_t{1'000}, .to_ms = asked.to_s * std::int64_t{1'000}},
                .scopes = {}};
  for (int i = 1; i <= kGreatestScope; ++i) {
    if (periods[i].from_s <= asked.from_s && periods[i].to_s >= asked.to_s) permit.scopes.Add(static_cast<Scope>(i));
  }
  return permit;
}

VehicleId GrantIndex::NextVehicle(OrganisationId organisation, VehicleId after) const {
  VehicleId next = kNone;
  const auto take = [&next](VehicleId vehicle) {
    if (vehicle != kNone && (next == kNone || vehicle < next)) next = vehicle;
  };
  if (std::ranges::find(of_all_, organisation, &Entry::organisation) != of_all_.end()) take(after + 1);
  if (const auto vehicles = vehicles_.find(organisation); vehicles != vehicles_.end()) {
    take(After(vehicles->second, after));
  }
  if (const auto groups = groups_of_organisation_.find(organisation); groups != groups_of_organisation_.end()) {
    for (const GroupId group : groups->second) {
      if (const auto members = members_.find(group); members != members_.end()) take(After(members->second, after));
    }
  }
  return next;
}

std::vector<VehicleId> GrantIndex::Vehicles(OrganisationId organisation, Scope scope, std::int64_t now_s,
                                            VehicleId after, std::size_t limit, VehicleId greatest) const {
  std::vector<VehicleId> vehicles;
  ReaderLock lock(mutex_);
  while (vehicles.size() < limit && after < greatest) {
    const VehicleId next = NextVehicle(organisation, after);
    if (next == kNone || next > greatest) break;
    if (DecideLocked(organisation, next, scope, now_s)) vehicles.push_back(next);
    after = next;
  }
  return vehicles;
}

std::uint64_t GrantIndex::FindSame(const Grant& grant) const {
  ReaderLock lock(mutex_);
  const Entries* const entries = EntriesOf(grant.target);
  if (entries == nullptr) return 0;
  for (const Entry& entry : *entries) {
    Grant same = GrantOf(entry, grant.target);
    same.id = grant.id;
    if (same == grant) return entry.id;
  }
  return 0;
}

std::vector<Grant> GrantIndex::GrantsOf(VehicleId vehicle) const {
  std::vector<Grant> grants;
  {
    ReaderLock lock(mutex_);
    ForEachOf(vehicle,
              [&](const Entry& entry, const GrantTarget& target) { grants.push_back(GrantOf(entry, target)); });
  }
  std::ranges::sort(grants, {}, &Grant::id);
  return grants;
}

std::size_t GrantIndex::size() const {
  ReaderLock lock(mutex_);
  return size_;
}

}  // namespace telltale
