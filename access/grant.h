#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/time.h"
#include "catalog/signal.h"

namespace telltale {

using OrganisationId = std::uint32_t;  // dense, from 1, given when it is added, never reused
using GroupId = std::uint32_t;         // the same, of groups of vehicles: a fleet, a model series

// What somebody may see of a vehicle, or do with it. Numbers are those of telltale.v1.Scope, and of stored grants.
enum class Scope : std::uint8_t {
  kVehicle = 1,  // that it exists and what it is; every grant has it
  kTelemetry,    // what it measured, but where it is and who drives it
  kPosition,
  kDriver,
  kFaults,
  kFuel,
  kReports,  // trips, days and what adds up from them
  kCommands,
};
inline constexpr int kGreatestScope = static_cast<int>(Scope::kCommands);

// A set of scopes. A value.
class ScopeSet {
 public:
  constexpr ScopeSet() = default;
  constexpr ScopeSet(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) Add(scope);
  }
  static constexpr ScopeSet All() { return FromBits((2U << kGreatestScope) - 2U); }
  // Bit n is the scope of number n; others are dropped.
  static constexpr ScopeSet FromBits(std::uint32_t bits) {
    ScopeSet set;
    set.bits_ = static_cast<std::uint16_t>(bits & ((2U << kGreatestScope) - 2U));
    return set;
  }

  constexpr void Add(Scope scope) { bits_ = static_cast<std::uint16_t>(bits_ | 1U << static_cast<int>(scope)); }
  constexpr bool Has(Scope scope) const { return (bits_ >> static_cast<int>(scope) & 1U) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint16_t bits() const { return bits_; }
  friend constexpr ScopeSet operator&(ScopeSet a, ScopeSet b) { return FromBits(a.bits_ & b.bits_); }
  friend constexpr bool operator==(ScopeSet, ScopeSet) = default;

 private:
  std::uint16_t bits_ = 0;
};

// Why an organisation has a grant. Numbers are those of telltale.v1.Purpose, and of stored grants.
enum class Purpose : std::uint8_t { kSold = 1, kServiced, kLeased, kOwned, kInsured, kMaker };
inline constexpr int kGreatestPurpose = static_cast<int>(Purpose::kMaker);

// Of which vehicles a grant is.
struct GrantTarget {
  enum class Kind : std::uint8_t { kAll = 0, kGroup = 1, kVehicle = 2 };
  Kind kind = Kind::kAll;
  std::uint32_t id = 0;  // a VehicleId or a GroupId

  static GrantTarget OfVehicle(VehicleId vehicle) { return {Kind::kVehicle, vehicle}; }
  static GrantTarget OfGroup(GroupId group) { return {Kind::kGroup, group}; }
  friend bool operator==(const GrantTarget&, const GrantTarget&) = default;
};

// The right of an organisation to vehicles, from when to when. The period says both when it may be used and of when
// what is seen may be; whole seconds.
struct Grant {
  std::uint64_t id = 0;  // given when it is added, never reused
  OrganisationId organisation = 0;
  GrantTarget target;
  Purpose purpose = Purpose::kSold;
  ScopeSet scopes;
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;

  friend bool operator==(const Grant&, const Grant&) = default;
};

// What a caller may see of one vehicle now, in one scope.
struct Permit {
  TimeRange period;  // of when
  ScopeSet scopes;   // that hold for all of the period, the one asked for among them

  friend bool operator==(const Permit&, const Permit&) = default;
};

}  // namespace telltale
