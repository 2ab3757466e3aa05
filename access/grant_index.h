#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "access/grant.h"
#include "base/mutex.h"

namespace telltale {

// All grants in memory, and what follows from them. Some 30 bytes a grant, 50 a vehicle that has any. Thread-safe; a
// decision takes a shared lock for some hundred nanoseconds.
class GrantIndex {
 public:
  // Adds a grant, or puts it in the place of that with its target and id, which is of the same organisation.
  void Put(const Grant& grant);
  // False: there is no such grant.
  bool Remove(const GrantTarget& target, std::uint64_t id);
  void PutMember(GroupId group, VehicleId vehicle);
  void RemoveMember(GroupId group, VehicleId vehicle);

  // What the organisation may see of the vehicle in this scope at `now_s`, from grants of the vehicle, of its groups
  // and of all vehicles together. Grants that are in force all hold now, so that what they allow is one period.
  // nullopt: nothing. Budget: 2 us.
  std::optional<Permit> Decide(OrganisationId organisation, VehicleId vehicle, Scope scope, std::int64_t now_s) const;

  // The first vehicles behind `after` for which Decide() says something, in the order of ids; at most `limit`, none
  // above `greatest`.
  std::vector<VehicleId> Vehicles(OrganisationId organisation, Scope scope, std::int64_t now_s, VehicleId after,
                                  std::size_t limit, VehicleId greatest) const;

  // The number of a grant that is as this one in all else; 0: there is none.
  std::uint64_t FindSame(const Grant& grant) const;

  // The vehicle's own grants and those of its groups and of all, in force or not, in the order of ids.
  std::vector<Grant> GrantsOf(VehicleId vehicle) const;

  std::size_t size() const;

 private:
  struct Entry {
    std::uint64_t id = 0;
    OrganisationId organisation = 0;
    std::uint32_t from_s = 0;
    std::uint32_t to_s = 0;
    std::uint16_t scopes = 0;
    Purpose purpose{};
  };
  static_assert(sizeof(Entry) == 24);
  using Entries = std::vector<Entry>;

  static Grant GrantOf(const Entry& entry, const GrantTarget& target);
  // Null: there are none.
  const Entries* EntriesOf(const GrantTarget& target) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  Entries& EntriesAt(const GrantTarget& target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Visit>
  void ForEachOf(VehicleId vehicle, const Visit& visit) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  std::optional<Permit> DecideLocked(OrganisationId organisation, VehicleId vehicle, Scope scope,
                                     std::int64_t now_s) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  VehicleId NextVehicle(OrganisationId organisation, VehicleId after) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable SharedMutex mutex_;
  std::vector<Entries> by_vehicle_ ABSL_GUARDED_BY(mutex_);  // by id
  std::unordered_map<GroupId, Entries> by_group_ ABSL_GUARDED_BY(mutex_);
  Entries of_all_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<VehicleId, std::vector<GroupId>> groups_ ABSL_GUARDED_BY(mutex_);   // of a vehicle
  std::unordered_map<GroupId, std::vector<VehicleId>> members_ ABSL_GUARDED_BY(mutex_);  // sorted
  // Where to look for an organisation's vehicles: sorted, one for each grant; and its groups.
  std::unordered_map<OrganisationId, std::vector<VehicleId>> vehicles_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<OrganisationId, std::vector<GroupId>> groups_of_organisation_ ABSL_GUARDED_BY(mutex_);
  std::size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace telltale
