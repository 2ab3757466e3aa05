#pragma once

#include <cstdint>
#include <string>

#include "access/grant.h"

namespace telltale {

// Numbers are those of telltale.v1.OrganisationKind, and of stored organisations.
enum class OrganisationKind : std::uint8_t { kMaker = 1, kDealer, kServiceShop, kLeasingFirm, kOwner, kInsurer };
inline constexpr int kGreatestOrganisationKind = static_cast<int>(OrganisationKind::kInsurer);

// A dealer, service shop, leasing firm, fleet owner, or the maker itself; people and programs act for one.
struct Organisation {
  OrganisationId id = 0;
  OrganisationKind kind = OrganisationKind::kDealer;
  std::string name;  // 1 to 100 bytes

  friend bool operator==(const Organisation&, const Organisation&) = default;
};

// What a caller may do besides what grants allow. Numbers are those of telltale.v1.Role, and of stored keys.
enum class Role : std::uint8_t {
  kMember = 1,  // reads, and commands, by the grants of the organisation
  kSender,      // sends frames of the vehicles that its organisation has a grant for
  kGateway,     // passes terminals' connections on
  kOperator,    // everything: the maker's, which registers vehicles, grants and backs up
};
inline constexpr int kGreatestRole = static_cast<int>(Role::kOperator);

// A secret by which a program or a person acts for an organisation. Only the secret's hash is kept.
struct ApiKey {
  std::string id;  // public, names it in lists and in the audit
  OrganisationId organisation = 0;
  Role role = Role::kMember;
  ScopeSet scopes;             // of those that the grants give it
  std::string name;            // what it is for; at most 100 bytes
  std::int64_t expires_s = 0;  // Unix seconds; 0: never
  bool revoked = false;

  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

// Who calls.
struct Caller {
  std::string key_id;  // empty: nobody is asked who he is
  OrganisationId organisation = 0;
  Role role = Role::kOperator;
  ScopeSet scopes = ScopeSet::All();
  std::int64_t expires_s = 0;  // of a token, Unix seconds; 0: it is a key, which the registry knows
};

}  // namespace telltale
