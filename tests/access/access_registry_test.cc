#include "access/access_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kForever = 4'000'000'000;

class AccessRegistryTest : public ::testing::Test {
 protected:
  AccessRegistryTest() { Reopen(); }
  void Reopen() {
    registry_.reset();
    auto opened = AccessRegistry::Open(documents_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    registry_ = *std::move(opened);
  }
  OrganisationId Add(OrganisationKind kind, const std::string& name) {
    const auto added = registry_->AddOrganisation(kind, name);
    EXPECT_TRUE(added.ok()) << added.status();
    return added.ok() ? added->id : 0;
  }
  std::string KeyFor(OrganisationId organisation, Role role, ScopeSet scopes = ScopeSet::All(),
                     std::int64_t expires_s = 0) {
    const auto made = registry_->AddKey({.id = {},
                                         .organisation = organisation,
                                         .role = role,
                                         .scopes = scopes,
                                         .name = "test",
                                         .expires_s = expires_s});
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? made->secret : "";
  }
  Grant GrantOf(OrganisationId organisation, VehicleId vehicle, ScopeSet scopes) {
    const auto added = registry_->AddGrants({{.id = 0,
                                              .organisation = organisation,
                                              .target = GrantTarget::OfVehicle(vehicle),
                                              .purpose = Purpose::kSold,
                                              .scopes = scopes,
                                              .from_s = kNow - 100,
                                              .to_s = kForever}});
    EXPECT_TRUE(added.ok()) << added.status();
    return added.ok() ? added->front() : Grant{};
  }
  bool May(const std::string& secret, VehicleId vehicle, Scope scope, std::int64_t now_s = kNow) {
    const auto caller = registry_->Authenticate(secret, now_s);
    return caller.ok() && registry_->Decide(*caller, vehicle, scope, now_s).has_value();
  }

  MemoryDocumentStore documents_;
  std::unique_ptr<AccessRegistry> registry_;
};

TEST_F(AccessRegistryTest, EverythingIsThereAfterARestart) {
  const OrganisationId maker = Add(OrganisationKind::kMaker, "Maker");
  const OrganisationId dealer = Add(OrganisationKind::kDealer, "Dealer");
  const std::string operators_key = KeyFor(maker, Role::kOperator);
  const std::string dealers_key = KeyFor(dealer, Role::kMember, {Scope::kFaults, Scope::kFuel});
  GrantOf(dealer, 5, {Scope::kFaults, Scope::kTelemetry});
  ASSERT_TRUE(registry_->PutMembers(1, {6, 7}).ok());
  ASSERT_TRUE(registry_->RemoveMembers(1, {7}).ok());
  ASSERT_TRUE(registry_
                  ->AddGrants({{.id = 0,
                                .organisation = dealer,
                                .target = GrantTarget::OfGroup(1),
                                .purpose = Purpose::kLeased,
                                .scopes = {Scope::kFuel},
                                .from_s = 0,
                                .to_s = kForever}})
                  .ok());
  const auto organisations = registry_->Organisations();
  const auto keys = registry_->Keys();
  const auto grants = registry_->grants().GrantsOf(5);
  Reopen();
  EXPECT_EQ(registry_->Organisations(), organisations);
  EXPECT_EQ(registry_->Keys(), keys);
  EXPECT_EQ(registry_->grants().GrantsOf(5), grants);
  EXPECT_TRUE(May(operators_key, 5, Scope::kPosition)) << "an operator needs no grant";
  EXPECT_TRUE(May(dealers_key, 5, Scope::kFaults));
  EXPECT_FALSE(May(dealers_key, 5, Scope::kTelemetry)) << "granted, but not this key's";
  EXPECT_FALSE(May(dealers_key, 5, Scope::kFuel)) << "this key's, but not granted";
  EXPECT_TRUE(May(dealers_key, 6, Scope::kFuel));
  EXPECT_FALSE(May(dealers_key, 7, Scope::kFuel));
  EXPECT_EQ(Add(OrganisationKind::kOwner, "Next"), dealer + 1);
  EXPECT_EQ(GrantOf(dealer, 5, {Scope::kFuel}).id, 3U) << "ids go on";
}

TEST_F(AccessRegistryTest, KeysEndByTimeAndByHand) {
  const OrganisationId dealer = Add(OrganisationKind::kDealer, "Dealer");
  GrantOf(dealer, 5, {Scope::kFaults});
  const std::string secret = KeyFor(dealer, Role::kMember, ScopeSet::All(), kNow + 10);
  EXPECT_TRUE(May(secret, 5, Scope::kFaults, kNow + 9));
  EXPECT_FALSE(May(secret, 5, Scope::kFaults, kNow + 10));
  EXPECT_TRUE(absl::IsNotFound(registry_->RevokeKey("none")));
  ASSERT_TRUE(registry_->RevokeKey(registry_->Keys().front().id).ok());
  EXPECT_FALSE(May(secret, 5, Scope::kFaults));
  Reopen();
  EXPECT_FALSE(May(secret, 5, Scope::kFaults));
}

TEST_F(AccessRegistryTest, WrongSecretsAreAllRefusedAlike) {
  const OrganisationId dealer = Add(OrganisationKind::kDealer, "Dealer");
  const std::string secret = KeyFor(dealer, Role::kMember);
  const Status unknown = registry_->Authenticate("ttk_aaaaaaaa_" + std::string(32, 'a'), kNow).status();
  EXPECT_TRUE(absl::IsUnauthenticated(unknown));
  std::string changed = secret;
  changed.back() = changed.back() == 'a' ? 'b' : 'a';
  for (const std::string& wrong : {std::string(), std::string("ttk_"), changed, secret + "a", secret.substr(1)}) {
    EXPECT_EQ(registry_->Authenticate(wrong, kNow).status(), unknown) << wrong;
  }
  bool kept = false;
  EXPECT_TRUE(documents_
                  .Scan("access/", "",
                        [&](std::string_view key, std::string_view value) {
                          kept = kept || std::string(key).find(secret) != std::string::npos ||
                                 std::string(value).find(secret.substr(14)) != std::string::npos;
                          return true;
                        })
                  .ok());
  EXPECT_FALSE(kept) << "only its hash is";
}

TEST_F(AccessRegistryTest, AGrantEndsAtOnceAndForGood) {
  const OrganisationId shop = Add(OrganisationKind::kServiceShop, "Shop");
  const std::string secret = KeyFor(shop, Role::kMember);
  const Grant grant = GrantOf(shop, 5, {Scope::kFaults});
  EXPECT_TRUE(May(secret, 5, Scope::kFaults));
  ASSERT_TRUE(registry_->EndGrant(grant.target, grant.id, kNow).ok());
  EXPECT_FALSE(May(secret, 5, Scope::kFaults));
  Reopen();
  EXPECT_FALSE(May(secret, 5, Scope::kFaults));
  EXPECT_TRUE(May(secret, 5, Scope::kFaults, kNow - 1)) << "it was one";
  EXPECT_TRUE(registry_->EndGrant(grant.target, grant.id, kNow + 5).ok()) << "again";
  EXPECT_EQ(registry_->grants().GrantsOf(5).front().to_s, kNow);
  const Grant later = GrantOf(shop, 6, {Scope::kFaults});
  ASSERT_TRUE(registry_->EndGrant(later.target, later.id, later.from_s).ok());
  EXPECT_THAT(registry_->grants().GrantsOf(6), SizeIs(0)) << "it had not begun";
  EXPECT_TRUE(absl::IsNotFound(registry_->EndGrant(later.target, later.id, kNow)));
}

TEST_F(AccessRegistryTest, WhatMakesNoSenseIsRefusedWhole) {
  const OrganisationId dealer = Add(OrganisationKind::kDealer, "Dealer");
  const Grant good{.id = 0,
                   .organisation = dealer,
                   .target = GrantTarget::OfVehicle(1),
                   .purpose = Purpose::kSold,
                   .scopes = {Scope::kFuel},
                   .from_s = 0,
                   .to_s = 1};
  const auto refused = [&](auto change) {
    Grant bad = good;
    change(bad);
    const Status status = registry_->AddGrants({good, bad}).status();
    EXPECT_EQ(registry_->grants().size(), 0U);
    return status;
  };
  EXPECT_TRUE(absl::IsNotFound(refused([](Grant& grant) { grant.organisation = 99; })));
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](Grant& grant) { grant.target = {}; }))) << "of all, to a dealer";
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](Grant& grant) { grant.target.id = 0; })));
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](Grant& grant) { grant.scopes = {}; })));
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](Grant& grant) { grant.from_s = 1; })));
  EXPECT_TRUE(absl::IsInvalidArgument(registry_->AddGrants({}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(registry_->AddOrganisation(OrganisationKind::kDealer, "").status()));
  for (const Role role : {Role::kOperator, Role::kGateway}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        registry_->AddKey({.id = {}, .organisation = dealer, .role = role, .scopes = {}, .name = "x"}).status()));
  }
}

TEST_F(AccessRegistryTest, WhatIsNotWrittenDoesNotHold) {
  const OrganisationId shop = Add(OrganisationKind::kServiceShop, "Shop");
  const Grant grant = GrantOf(shop, 5, {Scope::kFaults});
  documents_.FailWrites(absl::UnavailableError("the disk is full"));
  EXPECT_TRUE(absl::IsUnavailable(registry_->EndGrant(grant.target, grant.id, kNow)));
  EXPECT_EQ(registry_->grants().GrantsOf(5).front().to_s, grant.to_s);
  EXPECT_TRUE(absl::IsUnavailable(registry_->AddOrganisation(OrganisationKind::kOwner, "Owner").status()));
  EXPECT_THAT(registry_->Organisations(), SizeIs(1));
}

// As docs/formats/documents.md says.
TEST_F(AccessRegistryTest, WritesTheBytesOfTheDocument) {
  const OrganisationId dealer = Add(OrganisationKind::kDealer, "D");
  EXPECT_EQ(*documents_.Get(std::string("access/organisation/\0\0\0\x01", 24)), std::string("\x01\x02"
                                                                                            "D"));
  GrantOf(dealer, 5, {Scope::kFaults});  // scope 5; from 1,799,999,900 s = 0x6b49d19c, to 4,000,000,000 s = 0xee6b2800
  EXPECT_EQ(*documents_.Get(std::string("access/grant/\x02\0\0\0\x05\0\0\0\0\0\0\0\x01", 26)),
            std::string("\x01\x01\0\0\0\x01\x20\0\x9c\xd1\x49\x6b\0\0\0\0\0\x28\x6b\xee\0\0\0\0", 24));
}

TEST_F(AccessRegistryTest, DamageIsSaid) {
  ASSERT_TRUE(documents_.Write({{.key = "access/grant/short", .value = "\x01"}}).ok());
  EXPECT_TRUE(absl::IsDataLoss(AccessRegistry::Open(documents_).status()));
}

}  // namespace
}  // namespace telltale
