#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/grant.h"
#include "access/grant_index.h"
#include "access/organisation.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "base/status.h"
#include "storage/document_store.h"

namespace telltale {

// Who may see what: organisations, their keys, and grants, as documents with an index in memory. A change holds for
// every decision after the call that made it. docs/security.md. Thread-safe.
class AccessRegistry {
 public:
  static constexpr std::size_t kMaxNameBytes = 100;
  static constexpr std::size_t kMaxGrantsAtOnce = 10'000;

  // Reads everything. `documents` outlives the registry. Errors: DATA_LOSS a record cannot be read.
  static StatusOr<std::unique_ptr<AccessRegistry>> Open(DocumentStore& documents);

  // All changes are durable when they return. Errors of each: INVALID_ARGUMENT; NOT_FOUND what it refers to is not
  // there; UNAVAILABLE the disk does not take writes.

  StatusOr<Organisation> AddOrganisation(OrganisationKind kind, const std::string& name);
  std::vector<Organisation> Organisations() const;                   // in the order of ids
  StatusOr<Organisation> FindOrganisation(OrganisationId id) const;  // NOT_FOUND

  // All or none; `id` is given. One that is there already is not added again: it has the id of that. At most
  // kMaxGrantsAtOnce.
  StatusOr<std::vector<Grant>> AddGrants(std::vector<Grant> grants);
  // A grant ends at `now_s`, if it does not end before; one that has not begun is gone.
  Status EndGrant(const GrantTarget& target, std::uint64_t id, std::int64_t now_s);
  // Vehicles of a group, which thereby is.
  Status PutMembers(GroupId group, const std::vector<VehicleId>& vehicles);
  Status RemoveMembers(GroupId group, const std::vector<VehicleId>& vehicles);

  struct NewKey {
    ApiKey key;
    std::string secret;  // shown once: what a caller sends
  };
  StatusOr<NewKey> AddKey(const ApiKey& key);
  Status RevokeKey(const std::string& id);
  std::vector<ApiKey> Keys() const;  // in the order of ids

  // Whose secret it is. Errors: UNAUTHENTICATED it is nobody's, revoked or expired; the message does not say which.
  StatusOr<Caller> Authenticate(std::string_view secret, std::int64_t now_s) const;

  // Who acts by a key now; nullopt: it is revoked or expired.
  std::optional<Caller> FindCaller(const std::string& key_id, std::int64_t now_s) const;

  // Whether somebody may act for the organisation in this role. Errors: UNAUTHENTICATED there is no such organisation,
  // or it has no such role.
  Status CheckRole(OrganisationId organisation, Role role) const;

  // What the caller may see of the vehicle; nullopt: nothing, not even that it is there.
  std::optional<Permit> Decide(const Caller& caller, VehicleId vehicle, Scope scope, std::int64_t now_s) const;

  const GrantIndex& grants() const { return index_; }

 private:
  struct StoredKey {
    ApiKey key;
    SecretHash hash;
  };

  static std::optional<Caller> CallerBy(const ApiKey& key, std::int64_t now_s);

  explicit AccessRegistry(DocumentStore& documents) : documents_(documents) {}
  Status Load();
  Status Check(const Grant& grant) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  DocumentStore& documents_;
  GrantIndex index_;

  Mutex changes_mutex_;  // one change at a time
  std::uint64_t greatest_grant_ ABSL_GUARDED_BY(changes_mutex_) = 0;

  mutable SharedMutex mutex_;
  std::vector<Organisation> organisations_ ABSL_GUARDED_BY(mutex_);  // by id, from 1
  std::unordered_map<std::string, StoredKey> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale
