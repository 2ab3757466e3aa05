// Decisions, by hand and against a model that looks through all grants each time.

#include "access/grant_index.h"

#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr OrganisationId kShop = 7;
constexpr OrganisationId kDealer = 8;
constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;

Grant GrantTo(OrganisationId organisation, GrantTarget target, ScopeSet scopes, std::int64_t from_s = kNow - kDay,
              std::int64_t to_s = kNow + kDay) {
  static std::uint64_t id = 0;
  return {.id = ++id,
          .organisation = organisation,
          .target = target,
          .purpose = Purpose::kServiced,
          .scopes = scopes,
          .from_s = from_s,
          .to_s = to_s};
}

TEST(GrantIndex, AllowsWhatIsGrantedAndNothingElse) {
  GrantIndex index;
  index.Put(GrantTo(kShop, GrantTarget::OfVehicle(3), {Scope::kFaults}));
  const auto permit = index.Decide(kShop, 3, Scope::kFaults, kNow);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->period, (TimeRange{(kNow - kDay) * 1'000, (kNow + kDay) * 1'000}));
  EXPECT_EQ(permit->scopes, (ScopeSet{Scope::kVehicle, Scope::kFaults}));
  EXPECT_TRUE(index.Decide(kShop, 3, Scope::kVehicle, kNow)) << "it may know which vehicle that is";
  EXPECT_FALSE(index.Decide(kShop, 3, Scope::kPosition, kNow));
  EXPECT_FALSE(index.Decide(kDealer, 3, Scope::kFaults, kNow));
  for (const VehicleId other : {0U, 2U, 4U, 1'000'000U}) EXPECT_FALSE(index.Decide(kShop, other, Scope::kFaults, kNow));
}

TEST(GrantIndex, BeginsAndEndsToTheSecond) {
  GrantIndex index;
  index.Put(GrantTo(kShop, GrantTarget::OfVehicle(3), {Scope::kFaults}, 100, 200));
  EXPECT_FALSE(index.Decide(kShop, 3, Scope::kFaults, 99));
  EXPECT_TRUE(index.Decide(kShop, 3, Scope::kFaults, 100));
  EXPECT_TRUE(index.Decide(kShop, 3, Scope::kFaults, 199));
  EXPECT_FALSE(index.Decide(kShop, 3, Scope::kFaults, 200));
}

TEST(GrantIndex, AnotherScopeHoldsOnlyIfItDoesForAllOfThePeriod) {
  GrantIndex index;
  index.Put(GrantTo(kShop, GrantTarget::OfVehicle(3), {Scope::kReports}, kNow - 30 * kDay, kNow + kDay));
  index.Put(GrantTo(kShop, GrantTarget::OfVehicle(3), {Scope::kPosition}, kNow - kDay, kNow + kDay));
  EXPECT_EQ(index.Decide(kShop, 3, Scope::kReports, kNow)->scopes, (ScopeSet{Scope::kVehicle, Scope::kReports}))
      << "trips of a month, without places";
  EXPECT_EQ(index.Decide(kShop, 3, Scope::kPosition, kNow)->scopes,
            (ScopeSet{Scope::kVehicle, Scope::kReports, Scope::kPosition}));
}

TEST(GrantIndex, AddsUpWhatVehicleGroupsAndAllAreGranted) {
  GrantIndex index;
  index.Put(GrantTo(kShop, GrantTarget::OfVehicle(3), {Scope::kFuel}, kNow - 5, kNow + 5));
  index.Put(GrantTo(kShop, GrantTarget::OfGroup(1), {Scope::kFuel}, kNow - 9, kNow + 2));
  index.PutMember(1, 3);
  index.PutMember(1, 4);
  EXPECT_EQ(index.Decide(kShop, 3, Scope::kFuel, kNow)->period, (TimeRange{(kNow - 9) * 1'000, (kNow + 5) * 1'000}));
  EXPECT_TRUE(index.Decide(kShop, 4, Scope::kFuel, kNow));
  index.RemoveMember(1, 4);
  EXPECT_FALSE(index.Decide(kShop, 4, Scope::kFuel, kNow));
  index.Put(GrantTo(kShop, {}, {Scope::kFaults}));
  EXPECT_TRUE(index.Decide(kShop, 4, Scope::kFaults, kNow));
  EXPECT_THAT(index.Vehicles(kShop, Scope::kFuel, kNow, 0, 10, 100), ElementsAre(3));
  EXPECT_THAT(index.Vehicles(kShop, Scope::kFaults, kNow, 97, 10, 100), ElementsAre(98, 99, 100));
}

struct Model {
  std::vector<Grant> grants;
  std::set<std::pair<GroupId, VehicleId>> members;

  bool IsOf(const Grant& grant, VehicleId vehicle) const {
    switch (grant.target.kind) {
      case GrantTarget::Kind::kAll:
        return true;
      case GrantTarget::Kind::kGroup:
        return members.contains({grant.target.id, vehicle});
      case GrantTarget::Kind::kVehicle:
        break;
    }
    return grant.target.id == vehicle;
  }

  // Seconds [from, to); empty: not allowed.
  std::pair<std::int64_t, std::int64_t> PeriodOf(OrganisationId organisation, VehicleId vehicle, Scope scope,
                                                 std::int64_t now_s) const {
    std::pair<std::int64_t, std::int64_t> period{0, 0};
    for (const Grant& grant : grants) {
      if (grant.organisation != organisation || !IsOf(grant, vehicle) || now_s < grant.from_s || now_s >= grant.to_s ||
          (scope != Scope::kVehicle && !grant.scopes.Has(scope))) {
        continue;
      }
      const bool first = period.second == 0;
      period = {first ? grant.from_s : std::min(period.first, grant.from_s), std::max(period.second, grant.to_s)};
    }
    return period;
  }

  std::optional<Permit> Decide(OrganisationId organisation, VehicleId vehicle, Scope scope, std::int64_t now_s) const {
    const auto [from_s, to_s] = PeriodOf(organisation, vehicle, scope, now_s);
    if (to_s == 0) return std::nullopt;
    Permit permit{.period = {from_s * 1'000, to_s * 1'000}, .scopes = {}};
    for (int i = 1; i <= kGreatestScope; ++i) {
      const auto [other_from_s, other_to_s] = PeriodOf(organisation, vehicle, static_cast<Scope>(i), now_s);
      if (other_to_s > 0 && other_from_s <= from_s && other_to_s >= to_s) permit.scopes.Add(static_cast<Scope>(i));
    }
    return permit;
  }
};

TEST(GrantIndex, DecidesAsTheModelWhateverHappens) {
  constexpr VehicleId kVehicles = 12;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    GrantIndex index;
    Model model;
    for (int step = 0; step < 300; ++step) {
      const auto vehicle = static_cast<VehicleId>(1 + random() % kVehicles);
      const auto group = static_cast<GroupId>(1 + random() % 3);
      switch (random() % 6) {
        case 0:
        case 1:
        case 2: {
          const GrantTarget targets[] = {{}, GrantTarget::OfGroup(group), GrantTarget::OfVehicle(vehicle)};
          const auto from_s = static_cast<std::int64_t>(random() % 100);
          const Grant grant = GrantTo(static_cast<OrganisationId>(1 + random() % 3),
                                      targets[std::min(2U, static_cast<unsigned>(random() % 12))],
                                      ScopeSet::FromBits(static_cast<std::uint32_t>(random())), from_s,
                                      from_s + 1 + static_cast<std::int64_t>(random() % 100));
          index.Put(grant);
          model.grants.push_back(grant);
          break;
        }
        case 3: {
          if (model.grants.empty()) break;
          const auto at = model.grants.begin() + static_cast<std::ptrdiff_t>(random() % model.grants.size());
          if (random() % 2 == 0) {
            EXPECT_TRUE(index.Remove(at->target, at->id));
            EXPECT_FALSE(index.Remove(at->target, at->id));
            model.grants.erase(at);
          } else {
            at->to_s = at->from_s + 1 + static_cast<std::int64_t>(random() % 20);
            index.Put(*at);
          }
          break;
        }
        case 4:
          index.PutMember(group, vehicle);
          model.members.emplace(group, vehicle);
          break;
        default:
          index.RemoveMember(group, vehicle);
          model.members.erase({group, vehicle});
      }
      const auto organisation = static_cast<OrganisationId>(1 + random() % 3);
      const auto scope = static_cast<Scope>(1 + random() % kGreatestScope);
      const auto now_s = static_cast<std::int64_t>(random() % 200);
      ASSERT_EQ(index.Decide(organisation, vehicle, scope, now_s), model.Decide(organisation, vehicle, scope, now_s))
          << "seed " << seed << " step " << step;
      std::vector<VehicleId> expected;
      for (VehicleId each = vehicle; each < kVehicles && expected.size() < 4; ++each) {
        if (model.Decide(organisation, each + 1, scope, now_s)) expected.push_back(each + 1);
      }
      ASSERT_EQ(index.Vehicles(organisation, scope, now_s, vehicle, 4, kVehicles), expected)
          << "seed " << seed << " step " << step;
      ASSERT_EQ(index.size(), model.grants.size());
      std::vector<Grant> of_vehicle;
      std::ranges::copy_if(model.grants, std::back_inserter(of_vehicle),
                           [&](const Grant& grant) { return model.IsOf(grant, vehicle); });
      std::ranges::sort(of_vehicle, {}, &Grant::id);
      ASSERT_EQ(index.GrantsOf(vehicle), of_vehicle);
    }
  }
}

}  // namespace
}  // namespace telltale
