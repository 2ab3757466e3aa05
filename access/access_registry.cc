#include "access/access_registry.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::string_view kOrganisationPrefix = "access/organisation/";
constexpr std::string_view kGrantPrefix = "access/grant/";
constexpr std::string_view kMemberPrefix = "access/member/";
constexpr std::string_view kKeyPrefix = "access/key/";
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::size_t kKeyIdLength = 8;
constexpr std::size_t kSecretLength = 32;  // 160 bits
constexpr std::string_view kSecretBegin = "ttk_";

Status Damaged(std::string_view what) {
  return absl::DataLossError(fmt::format("the record of {} cannot be read", what));
}

std::string NumberKey(std::string_view prefix, std::uint32_t number) {
  std::string key(prefix);
  PutBigEndian(key, number, 4);
  return key;
}

// Behind the prefix: kind, the target's number, the grant's.
std::string GrantKey(const GrantTarget& target, std::uint64_t id) {
  std::string key(kGrantPrefix);
  key.push_back(static_cast<char>(target.kind));
  PutBigEndian(key, target.id, 4);
  PutBigEndian(key, static_cast<std::uint32_t>(id >> 32), 4);
  PutBigEndian(key, static_cast<std::uint32_t>(id), 4);
  return key;
}

std::string Encode(const Grant& grant) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, grant.organisation);
  PutLittleEndian(record, static_cast<std::uint8_t>(grant.purpose));
  PutLittleEndian(record, grant.scopes.bits());
  PutLittleEndian(record, grant.from_s);
  PutLittleEndian(record, grant.to_s);
  return record;
}

// `key` without the prefix.
StatusOr<Grant> DecodeGrant(std::string_view key, std::string_view record) {
  RecordReader reader(record);
  if (key.size() != 13 || reader.Read<std::uint8_t>() != kRecordVersion) return Damaged("a grant");
  Grant grant;
  grant.target = {static_cast<GrantTarget::Kind>(key[0]), ReadBigEndian(key.substr(1, 4))};
  grant.id = std::uint64_t{ReadBigEndian(key.substr(5, 4))} << 32 | ReadBigEndian(key.substr(9, 4));
  grant.organisation = reader.Read<std::uint32_t>();
  grant.purpose = static_cast<Purpose>(reader.Read<std::uint8_t>());
  grant.scopes = ScopeSet::FromBits(reader.Read<std::uint16_t>());
  grant.from_s = reader.Read<std::int64_t>();
  grant.to_s = reader.Read<std::int64_t>();
  if (!reader.finished()) return Damaged("a grant");
  return grant;
}

std::string Encode(const Organisation& organisation) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  PutLittleEndian(record, static_cast<std::uint8_t>(organisation.kind));
  return record + organisation.name;
}

StatusOr<Organisation> DecodeOrganisation(std::string_view id, std::string_view record) {
  RecordReader reader(record);
  Organisation organisation;
  if (id.size() != 4 || reader.Read<std::uint8_t>() != kRecordVersion) return Damaged("an organisation");
  organisation.id = ReadBigEndian(id);
  organisation.kind = static_cast<OrganisationKind>(reader.Read<std::uint8_t>());
  if (!reader.ok()) return Damaged("an organisation");
  constexpr std::size_t kFixedBytes = 1 + 1;
  organisation.name = record.substr(kFixedBytes);
  return organisation;
}

std::string Encode(const ApiKey& key, const SecretHash& hash) {
  std::string record;
  PutLittleEndian(record, kRecordVersion);
  record.append(hash.begin(), hash.end());
  PutLittleEndian(record, key.organisation);
  PutLittleEndian(record, static_cast<std::uint8_t>(key.role));
  PutLittleEndian(record, key.scopes.bits());
  PutLittleEndian(record, key.expires_s);
  PutLittleEndian(record, static_cast<std::uint8_t>(key.revoked));
  return record + key.name;
}

Status DecodeKey(std::string_view id, std::string_view record, ApiKey& key, SecretHash& hash) {
  RecordReader reader(record);
  if (reader.Read<std::uint8_t>() != kRecordVersion) return Damaged("a key");
  key.id = id;
  std::ranges::copy(reader.ReadBytes(hash.size()), hash.begin());
  key.organisation = reader.Read<std::uint32_t>();
  key.role = static_cast<Role>(reader.Read<std::uint8_t>());
  key.scopes = ScopeSet::FromBits(reader.Read<std::uint16_t>());
  key.expires_s = reader.Read<std::int64_t>();
  key.revoked = reader.Read<std::uint8_t>() != 0;
  if (!reader.ok()) return Damaged("a key");
  constexpr std::size_t kFixedBytes = 1 + 32 + 4 + 1 + 2 + 8 + 1;
  key.name = record.substr(kFixedBytes);
  return OkStatus();
}

bool MayHave(const Organisation& organisation, Role role) {
  return (role != Role::kOperator && role != Role::kGateway) || organisation.kind == OrganisationKind::kMaker;
}

Status CheckName(const std::string& name) {
  if (!name.empty() && name.size() <= AccessRegistry::kMaxNameBytes) return OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("a name has 1 to {} bytes, not {}", AccessRegistry::kMaxNameBytes, name.size()));
}

}  // namespace

StatusOr<std::unique_ptr<AccessRegistry>> AccessRegistry::Open(DocumentStore& documents) {
  std::unique_ptr<AccessRegistry> registry(new AccessRegistry(documents));
  RETURN_IF_ERROR(registry->Load());
  return registry;
}

Status AccessRegistry::Load() {
  // Calls `read` with each document of a prefix, until one cannot be read.
  const auto load = [this](std::string_view prefix, const auto& read) -> Status {
    Status status;
    RETURN_IF_ERROR(documents_.Scan(prefix, "", [&](std::string_view key, std::string_view record) {
      status = read(key.substr(prefix.size()), record);
      return status.ok();
    }));
    return status;
  };
  std::vector<Organisation> organisations;
  RETURN_IF_ERROR(load(kOrganisationPrefix, [&organisations](std::string_view id, std::string_view record) -> Status {
    ASSIGN_OR_RETURN(Organisation organisation, DecodeOrganisation(id, record));
    if (organisation.id != organisations.size() + 1) return Damaged("an organisation");
    organisations.push_back(std::move(organisation));
    return OkStatus();
  }));
  std::unordered_map<std::string, StoredKey> keys;
  RETURN_IF_ERROR(load(kKeyPrefix, [&keys](std::string_view id, std::string_view record) -> Status {
    StoredKey stored;
    RETURN_IF_ERROR(DecodeKey(id, record, stored.key, stored.hash));
    keys[stored.key.id] = std::move(stored);
    return OkStatus();
  }));
  RETURN_IF_ERROR(load(kMemberPrefix, [this](std::string_view member, std::string_view /*record*/) -> Status {
    if (member.size() != 8) return Damaged("a group");
    index_.PutMember(ReadBigEndian(member.substr(0, 4)), ReadBigEndian(member.substr(4)));
    return OkStatus();
  }));
  std::uint64_t greatest_grant = 0;
  RETURN_IF_ERROR(load(kGrantPrefix, [&](std::string_view key, std::string_view record) -> Status {
    ASSIGN_OR_RETURN(const Grant grant, DecodeGrant(key, record));
    greatest_grant = std::max(greatest_grant, grant.id);
    index_.Put(grant);
    return OkStatus();
  }));
  MutexLock changes(changes_mutex_);
  greatest_grant_ = greatest_grant;
  WriterLock lock(mutex_);
  organisations_ = std::move(organisations);
  keys_ = std::move(keys);
  return OkStatus();
}

StatusOr<Organisation> AccessRegistry::AddOrganisation(OrganisationKind kind, const std::string& name) {
  RETURN_IF_ERROR(CheckName(name));
  MutexLock changes(changes_mutex_);
  Organisation organisation{.kind = kind, .name = name};
  {
    ReaderLock lock(mutex_);
    organisation.id = static_cast<OrganisationId>(organisations_.size() + 1);
  }
  RETURN_IF_ERROR(
      documents_.Write({{.key = NumberKey(kOrganisationPrefix, organisation.id), .value = Encode(organisation)}}));
  WriterLock lock(mutex_);
  organisations_.push_back(organisation);
  return organisation;
}

std::vector<Organisation> AccessRegistry::Organisations() const {
  ReaderLock lock(mutex_);
  return organisations_;
}

StatusOr<Organisation> AccessRegistry::FindOrganisation(OrganisationId id) const {
  ReaderLock lock(mutex_);
  if (id == 0 || id > organisations_.size()) return absl::NotFoundError(fmt::format("no organisation {}", id));
  return organisations_[id - 1];
}

Status AccessRegistry::Check(const Grant& grant) const {
  if (grant.organisation == 0 || grant.organisation > organisations_.size()) {
    return absl::NotFoundError(fmt::format("no organisation {}", grant.organisation));
  }
  if (grant.target.kind == GrantTarget::Kind::kAll) {
    if (organisations_[grant.organisation - 1].kind != OrganisationKind::kMaker) {
      return absl::InvalidArgumentError("only the maker is granted all vehicles");
    }
    if (grant.target.id != 0) return absl::InvalidArgumentError("a grant of all vehicles names none");
  } else if (grant.target.id == 0) {
    return absl::InvalidArgumentError("a vehicle or a group is needed");
  }
  if (grant.scopes.empty()) return absl::InvalidArgumentError("a grant has at least one scope");
  if (grant.from_s < 0 || grant.from_s >= grant.to_s) {
    return absl::InvalidArgumentError("a grant begins in 1970 at the earliest, and ends after it begins");
  }
  return OkStatus();
}

StatusOr<std::vector<Grant>> AccessRegistry::AddGrants(std::vector<Grant> grants) {
  if (grants.empty() || grants.size() > kMaxGrantsAtOnce) {
    return absl::InvalidArgumentError(fmt::format("{} grants; send 1 to {}", grants.size(), kMaxGrantsAtOnce));
  }
  MutexLock changes(changes_mutex_);
  std::vector<DocumentWrite> writes;
  std::unordered_map<std::string, std::uint64_t> new_ids;  // by what the grant says
  {
    ReaderLock lock(mutex_);
    for (Grant& grant : grants) {
      RETURN_IF_ERROR(Check(grant));
      grant.to_s = std::min<std::int64_t>(grant.to_s, std::numeric_limits<std::uint32_t>::max());
      grant.id = index_.FindSame(grant);
      if (grant.id != 0) continue;
      const std::uint64_t next = greatest_grant_ + writes.size() + 1;
      const auto [said, is_new] = new_ids.emplace(GrantKey(grant.target, 0) + Encode(grant), next);
      grant.id = said->second;
      if (is_new) writes.push_back({.key = GrantKey(grant.target, grant.id), .value = Encode(grant)});
    }
  }
  if (writes.empty()) return grants;
  RETURN_IF_ERROR(documents_.Write(writes));
  greatest_grant_ += writes.size();
  for (const Grant& grant : grants) index_.Put(grant);
  return grants;
}

Status AccessRegistry::EndGrant(const GrantTarget& target, std::uint64_t id, std::int64_t now_s) {
  MutexLock changes(changes_mutex_);
  const std::string key = GrantKey(target, id);
  const auto record = documents_.Get(key);
  if (absl::IsNotFound(record.status())) return absl::NotFoundError("there is no such grant");
  RETURN_IF_ERROR(record.status());
  ASSIGN_OR_RETURN(Grant grant, DecodeGrant(std::string_view(key).substr(kGrantPrefix.size()), *record));
  if (grant.from_s >= now_s) {
    RETURN_IF_ERROR(documents_.Write({{.key = key, .value = std::nullopt}}));
    index_.Remove(target, id);
    return OkStatus();
  }
  if (grant.to_s <= now_s) return OkStatus();
  grant.to_s = now_s;
  RETURN_IF_ERROR(documents_.Write({{.key = key, .value = Encode(grant)}}));
  index_.Put(grant);
  return OkStatus();
}

Status AccessRegistry::PutMembers(GroupId group, const std::vector<VehicleId>& vehicles) {
  if (group == 0) return absl::InvalidArgumentError("groups have numbers from 1 on");
  MutexLock changes(changes_mutex_);
  std::vector<DocumentWrite> writes;
  for (const VehicleId vehicle : vehicles) {
    std::string key = NumberKey(kMemberPrefix, group);
    PutBigEndian(key, vehicle, 4);
    writes.push_back({.key = std::move(key), .value = ""});
  }
  RETURN_IF_ERROR(documents_.Write(writes));
  for (const VehicleId vehicle : vehicles) index_.PutMember(group, vehicle);
  return OkStatus();
}

Status AccessRegistry::RemoveMembers(GroupId group, const std::vector<VehicleId>& vehicles) {
  MutexLock changes(changes_mutex_);
  std::vector<DocumentWrite> writes;
  for (const VehicleId vehicle : vehicles) {
    std::string key = NumberKey(kMemberPrefix, group);
    PutBigEndian(key, vehicle, 4);
    writes.push_back({.key = std::move(key), .value = std::nullopt});
  }
  RETURN_IF_ERROR(documents_.Write(writes));
  for (const VehicleId vehicle : vehicles) index_.RemoveMember(group, vehicle);
  return OkStatus();
}

StatusOr<AccessRegistry::NewKey> AccessRegistry::AddKey(const ApiKey& wanted) {
  RETURN_IF_ERROR(CheckName(wanted.name));
  ASSIGN_OR_RETURN(const Organisation organisation, FindOrganisation(wanted.organisation));
  if (!MayHave(organisation, wanted.role)) {
    return absl::InvalidArgumentError("operators and gateways are the maker's");
  }
  NewKey made{.key = wanted, .secret = {}};
  made.key.id = NewSecret(kKeyIdLength);
  made.key.revoked = false;
  made.secret = fmt::format("{}{}_{}", kSecretBegin, made.key.id, NewSecret(kSecretLength));
  const SecretHash hash = HashOf(made.secret);
  MutexLock changes(changes_mutex_);
  RETURN_IF_ERROR(documents_.Write({{.key = std::string(kKeyPrefix) + made.key.id, .value = Encode(made.key, hash)}}));
  WriterLock lock(mutex_);
  keys_[made.key.id] = {.key = made.key, .hash = hash};
  return made;
}

Status AccessRegistry::RevokeKey(const std::string& id) {
  MutexLock changes(changes_mutex_);
  StoredKey stored;
  {
    ReaderLock lock(mutex_);
    const auto at = keys_.find(id);
    if (at == keys_.end()) return absl::NotFoundError(fmt::format("no key '{}'", id));
    stored = at->second;
  }
  stored.key.revoked = true;
  RETURN_IF_ERROR(documents_.Write({{.key = std::string(kKeyPrefix) + id, .value = Encode(stored.key, stored.hash)}}));
  WriterLock lock(mutex_);
  keys_[id] = stored;
  return OkStatus();
}

std::vector<ApiKey> AccessRegistry::Keys() const {
  std::vector<ApiKey> keys;
  {
    ReaderLock lock(mutex_);
    for (const auto& [id, stored] : keys_) keys.push_back(stored.key);
  }
  std::ranges::sort(keys, {}, &ApiKey::id);
  return keys;
}

StatusOr<Caller> AccessRegistry::Authenticate(std::string_view secret, std::int64_t now_s) const {
  const auto refused = [] {
    return absl::UnauthenticatedError("the key is not known, or no longer holds; ask the operator for one");
  };
  if (!secret.starts_with(kSecretBegin) || secret.size() < kSecretBegin.size() + kKeyIdLength) return refused();
  const std::string id(secret.substr(kSecretBegin.size(), kKeyIdLength));
  const SecretHash hash = HashOf(secret);
  ReaderLock lock(mutex_);
  const auto at = keys_.find(id);
  if (at == keys_.end() || !SameHash(at->second.hash, hash)) return refused();
  std::optional<Caller> caller = CallerBy(at->second.key, now_s);
  if (!caller) return refused();
  return *std::move(caller);
}

std::optional<Caller> AccessRegistry::CallerBy(const ApiKey& key, std::int64_t now_s) {
  if (key.revoked || (key.expires_s != 0 && now_s >= key.expires_s)) return std::nullopt;
  return Caller{.key_id = key.id, .organisation = key.organisation, .role = key.role, .scopes = key.scopes};
}

std::optional<Caller> AccessRegistry::FindCaller(const std::string& key_id, std::int64_t now_s) const {
  ReaderLock lock(mutex_);
  const auto at = keys_.find(key_id);
  return at != keys_.end() ? CallerBy(at->second.key, now_s) : std::nullopt;
}

Status AccessRegistry::CheckRole(OrganisationId organisation, Role role) const {
  ReaderLock lock(mutex_);
  if (organisation == 0 || organisation > organisations_.size() || !MayHave(organisations_[organisation - 1], role)) {
    return absl::UnauthenticatedError("the token is not taken: its organisation is not there, or has no such role");
  }
  return OkStatus();
}

std::optional<Permit> AccessRegistry::Decide(const Caller& caller, VehicleId vehicle, Scope scope,
                                             std::int64_t now_s) const {
  if (caller.role == Role::kOperator) return Permit{.period = {}, .scopes = ScopeSet::All()};
  if (scope != Scope::kVehicle && !caller.scopes.Has(scope)) return std::nullopt;
  std::optional<Permit> permit = index_.Decide(caller.organisation, vehicle, scope, now_s);
  if (permit) permit->scopes = permit->scopes & caller.scopes;
  return permit;
}

}  // namespace telltale
