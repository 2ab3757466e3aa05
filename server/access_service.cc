#include "server/access_service.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "ingest/grpc/grpc_status.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr int kMaxMembers = 10'000;
constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;
constexpr std::int64_t kForeverS = std::numeric_limits<std::uint32_t>::max();

static_assert(static_cast<int>(Purpose::kSold) == v1::PURPOSE_SOLD);
static_assert(static_cast<int>(AuditOutcome::kAllowed) == v1::AUDIT_OUTCOME_ALLOWED);
static_assert(static_cast<int>(AuditOutcome::kNoGrant) == v1::AUDIT_OUTCOME_NO_GRANT);
static_assert(static_cast<int>(AuditOutcome::kRefused) == v1::AUDIT_OUTCOME_REFUSED);
static_assert(kGreatestPurpose == v1::Purpose_MAX);
static_assert(static_cast<int>(OrganisationKind::kMaker) == v1::ORGANISATION_KIND_MAKER);
static_assert(kGreatestOrganisationKind == v1::OrganisationKind_MAX);

// "v12.345", "g3.346", "a.347": of a vehicle, a group or all, and the grant's number.
std::string NameOf(const GrantTarget& target, std::uint64_t id) {
  switch (target.kind) {
    case GrantTarget::Kind::kVehicle:
      return fmt::format("v{}.{}", target.id, id);
    case GrantTarget::Kind::kGroup:
      return fmt::format("g{}.{}", target.id, id);
    case GrantTarget::Kind::kAll:
      break;
  }
  return fmt::format("a.{}", id);
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadName(std::string_view name, GrantTarget* target, std::uint64_t* id) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || !ReadNumber(name.substr(dot + 1), id)) return false;
  if (name.substr(0, dot) == "a") return true;
  if (name[0] != 'v' && name[0] != 'g') return false;
  target->kind = name[0] == 'v' ? GrantTarget::Kind::kVehicle : GrantTarget::Kind::kGroup;
  return ReadNumber(name.substr(1, dot - 1), &target->id);
}

RequestError ReadScopes(const google::protobuf::RepeatedField<int>& in, const std::string& field, ScopeSet* out) {
  for (const int scope : in) {
    if (scope == v1::SCOPE_UNSPECIFIED || !v1::Scope_IsValid(scope)) {
      return {absl::InvalidArgumentError(fmt::format("{} is no scope of this version", scope)), "INVALID_SCOPE", field};
    }
    out->Add(static_cast<Scope>(scope));
  }
  return {};
}

template <typename Add>
void ForEachScope(ScopeSet scopes, const Add& add) {
  for (int i = 1; i <= kGreatestScope; ++i) {
    if (scopes.Has(static_cast<Scope>(i))) add(static_cast<v1::Scope>(i));
  }
}

void Fill(const Organisation& organisation, v1::Organisation& out) {
  out.set_id(organisation.id);
  out.set_kind(static_cast<v1::OrganisationKind>(organisation.kind));
  out.set_name(organisation.name);
}

void Fill(const ApiKey& key, v1::Key& out) {
  out.set_id(key.id);
  out.set_organisation_id(key.organisation);
  out.set_role(static_cast<v1::Role>(key.role));
  ForEachScope(key.scopes, [&out](v1::Scope scope) { out.add_scopes(scope); });
  out.set_name(key.name);
  if (key.expires_s != 0) SetTime(key.expires_s * 1'000, out.mutable_expire_time());
  out.set_revoked(key.revoked);
}

}  // namespace

RequestError AccessServiceImpl::FindVehicleId(const std::string& vin, const std::string& field, VehicleId* out) const {
  const auto parsed = Vin::Parse(vin);
  if (!parsed.ok()) return {parsed.status(), "INVALID_VIN", field};
  *out = vehicles_.Find(parsed->text()).id;
  if (*out == 0) return {VehicleRegistry::NoSuchVehicle(*parsed), "UNKNOWN_VEHICLE", field};
  return {};
}

grpc::Status AccessServiceImpl::AddOrganisation(grpc::ServerContext* /*context*/,
                                                const v1::AddOrganisationRequest* request, v1::Organisation* response) {
  if (request->kind() == v1::ORGANISATION_KIND_UNSPECIFIED || !v1::OrganisationKind_IsValid(request->kind())) {
    return RequestError(absl::InvalidArgumentError("say what the organisation is, as in ORGANISATION_KIND_DEALER"),
                        "INVALID_ORGANISATION", "kind")
        .ToGrpc();
  }
  const auto added = access_.AddOrganisation(static_cast<OrganisationKind>(request->kind()), request->name());
  RETURN_IF_REQUEST_ERROR(RequestError(added.status(), "INVALID_ORGANISATION", "name"));
  telltale::Fill(*added, *response);
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::ListOrganisations(grpc::ServerContext* /*context*/,
                                                  const v1::ListOrganisationsRequest* /*request*/,
                                                  v1::ListOrganisationsResponse* response) {
  for (const Organisation& organisation : access_.Organisations()) {
    telltale::Fill(organisation, *response->add_organisations());
  }
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::AddKey(grpc::ServerContext* /*context*/, const v1::AddKeyRequest* request,
                                       v1::AddKeyResponse* response) {
  const v1::Key& in = request->key();
  if (in.role() == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(in.role())) {
    return RequestError(absl::InvalidArgumentError("say what the key may do, as in ROLE_MEMBER"), "INVALID_KEY",
                        "key.role")
        .ToGrpc();
  }
  ApiKey key{.id = {},
             .organisation = in.organisation_id(),
             .role = static_cast<Role>(in.role()),
             .scopes = in.scopes().empty() ? ScopeSet::All() : ScopeSet(),
             .name = in.name(),
             .expires_s = in.has_expire_time() ? in.expire_time().seconds() : 0};
  RETURN_IF_REQUEST_ERROR(ReadScopes(in.scopes(), "key.scopes", &key.scopes));
  const auto made = access_.AddKey(key);
  RETURN_IF_REQUEST_ERROR(
      RequestError(made.status(), absl::IsNotFound(made.status()) ? "UNKNOWN_ORGANISATION" : "INVALID_KEY", "key"));
  telltale::Fill(made->key, *response->mutable_key());
  response->set_secret(made->secret);
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::RevokeKey(grpc::ServerContext* /*context*/, const v1::RevokeKeyRequest* request,
                                          v1::RevokeKeyResponse* /*response*/) {
  RETURN_IF_REQUEST_ERROR(RequestError(access_.RevokeKey(request->id()), "UNKNOWN_KEY", "id"));
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::ListKeys(grpc::ServerContext* /*context*/, const v1::ListKeysRequest* /*request*/,
                                         v1::ListKeysResponse* response) {
  for (const ApiKey& key : access_.Keys()) telltale::Fill(key, *response->add_keys());
  return grpc::Status::OK;
}

RequestError AccessServiceImpl::ReadGrant(const v1::Grant& in, const std::string& field, Grant* out) const {
  out->organisation = in.organisation_id();
  switch (in.of_case()) {
    case v1::Grant::kVin: {
      VehicleId vehicle = 0;
      if (RequestError error = FindVehicleId(in.vin(), field + ".vin", &vehicle); !error.ok()) return error;
      out->target = GrantTarget::OfVehicle(vehicle);
      break;
    }
    case v1::Grant::kGroupId:
      out->target = GrantTarget::OfGroup(in.group_id());
      break;
    case v1::Grant::kAllVehicles:
      out->target = {};
      break;
    case v1::Grant::OF_NOT_SET:
      return {absl::InvalidArgumentError("say of which vehicles: vin, group_id or all_vehicles"), "INVALID_GRANT",
              field};
  }
  if (in.purpose() == v1::PURPOSE_UNSPECIFIED || !v1::Purpose_IsValid(in.purpose())) {
    return {absl::InvalidArgumentError("say why, as in PURPOSE_SERVICED"), "INVALID_GRANT", field + ".purpose"};
  }
  out->purpose = static_cast<Purpose>(in.purpose());
  out->from_s = in.has_start_time() ? in.start_time().seconds() : 0;
  out->to_s = in.has_end_time() ? in.end_time().seconds() : kForeverS;
  return ReadScopes(in.scopes(), field + ".scopes", &out->scopes);
}

grpc::Status AccessServiceImpl::AddGrants(grpc::ServerContext* /*context*/, const v1::AddGrantsRequest* request,
                                          v1::AddGrantsResponse* response) {
  std::vector<Grant> grants(static_cast<std::size_t>(request->grants_size()));
  for (int i = 0; i < request->grants_size(); ++i) {
    RETURN_IF_REQUEST_ERROR(
        ReadGrant(request->grants(i), fmt::format("grants[{}]", i), &grants[static_cast<std::size_t>(i)]));
  }
  const auto added = access_.AddGrants(std::move(grants));
  RETURN_IF_REQUEST_ERROR(RequestError(
      added.status(), absl::IsNotFound(added.status()) ? "UNKNOWN_ORGANISATION" : "INVALID_GRANT", "grants"));
  for (const Grant& grant : *added) response->add_names(NameOf(grant.target, grant.id));
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::EndGrant(grpc::ServerContext* context, const v1::EndGrantRequest* request,
                                         v1::EndGrantResponse* /*response*/) {
  GrantTarget target;
  std::uint64_t id = 0;
  if (!ReadName(request->name(), &target, &id)) {
    return RequestError(absl::InvalidArgumentError(fmt::format("'{}' is no grant's name", request->name())),
                        "INVALID_GRANT", "name")
        .ToGrpc();
  }
  // An owner ends what is granted of his vehicle alone; what groups and the maker have is the operator's.
  const bool is_of_vehicle = target.kind == GrantTarget::Kind::kVehicle;
  const auto seen = guard_.See(*context, *request, is_of_vehicle ? target.id : 0);  // which also notes it
  RETURN_IF_REQUEST_ERROR(RequestError(seen.status(), "NOT_NOTED"));
  const bool may = guard_.CallerOf(*context).role == Role::kOperator ||
                   (is_of_vehicle && seen->has_value() && guard_.Owns(*context, target.id));
  const Status ended =
      may ? access_.EndGrant(target, id, NowS()) : Status(absl::NotFoundError("there is no such grant"));
  RETURN_IF_REQUEST_ERROR(RequestError(ended, "UNKNOWN_GRANT", "name"));
  return grpc::Status::OK;
}

void AccessServiceImpl::Fill(const Grant& grant, v1::Grant& out) const {
  out.set_name(NameOf(grant.target, grant.id));
  out.set_organisation_id(grant.organisation);
  switch (grant.target.kind) {
    case GrantTarget::Kind::kVehicle:
      if (const auto vehicle = vehicles_.Get(grant.target.id); vehicle.ok()) out.set_vin(vehicle->vin.text());
      break;
    case GrantTarget::Kind::kGroup:
      out.set_group_id(grant.target.id);
      break;
    case GrantTarget::Kind::kAll:
      out.set_all_vehicles(true);
      break;
  }
  out.set_purpose(static_cast<v1::Purpose>(grant.purpose));
  ForEachScope(grant.scopes, [&out](v1::Scope scope) { out.add_scopes(scope); });
  if (grant.from_s != 0) SetTime(grant.from_s * 1'000, out.mutable_start_time());
  if (grant.to_s < kForeverS) SetTime(grant.to_s * 1'000, out.mutable_end_time());
}

RequestError AccessServiceImpl::FindOwnVehicle(const grpc::ServerContext& context,
                                               const google::protobuf::Message& request, const std::string& vin,
                                               std::optional<VisibleVehicle>* out) const {
  RequestError error = guard_.FindVehicle(context, request, vin, out);
  if (!error.ok() || guard_.Owns(context, (*out)->id)) return error;
  return {absl::PermissionDeniedError("only who owns a vehicle sees who else may see it, and did"), "NOT_PERMITTED",
          "vin"};
}

grpc::Status AccessServiceImpl::ListGrants(grpc::ServerContext* context, const v1::ListGrantsRequest* request,
                                           v1::ListGrantsResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(FindOwnVehicle(*context, *request, request->vin(), &vehicle));
  for (const Grant& grant : access_.grants().GrantsOf(vehicle->id)) Fill(grant, *response->add_grants());
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::ChangeGroup(grpc::ServerContext* /*context*/, const v1::ChangeGroupRequest* request,
                                            v1::ChangeGroupResponse* /*response*/) {
  if (request->vins().empty() || request->vins_size() > kMaxMembers) {
    return RequestError(
               absl::InvalidArgumentError(fmt::format("{} vehicles; name 1 to {}", request->vins_size(), kMaxMembers)),
               "INVALID_COUNT", "vins")
        .ToGrpc();
  }
  std::vector<VehicleId> vehicles(static_cast<std::size_t>(request->vins_size()));
  for (int i = 0; i < request->vins_size(); ++i) {
    RETURN_IF_REQUEST_ERROR(
        FindVehicleId(request->vins(i), fmt::format("vins[{}]", i), &vehicles[static_cast<std::size_t>(i)]));
  }
  const Status changed = request->remove() ? access_.RemoveMembers(request->group_id(), vehicles)
                                           : access_.PutMembers(request->group_id(), vehicles);
  RETURN_IF_REQUEST_ERROR(RequestError(changed, "INVALID_GROUP", "group_id"));
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::ListAccesses(grpc::ServerContext* context, const v1::ListAccessesRequest* request,
                                             v1::ListAccessesResponse* response) {
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(FindOwnVehicle(*context, *request, request->vin(), &vehicle));
  const std::string key = fmt::format("accesses {}", vehicle->vin.text());
  std::uint64_t after = 0;
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(key, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    after = static_cast<std::uint64_t>(*position);
  }
  const auto entries = audit_.EntriesOf(vehicle->id, after, page_size + 1);
  RETURN_IF_REQUEST_ERROR(RequestError(entries.status(), "DAMAGED_AUDIT"));
  for (std::size_t i = 0; i < std::min(entries->size(), page_size); ++i) {
    const AuditLog::Numbered& entry = (*entries)[i];
    v1::Access& out = *response->add_accesses();
    out.set_number(entry.number);
    SetTime(entry.entry.time_ms, out.mutable_time());
    out.set_key_id(entry.entry.key_id);
    out.set_organisation_id(entry.entry.organisation);
    out.set_rpc(entry.entry.rpc);
    out.set_outcome(static_cast<v1::AuditOutcome>(entry.entry.outcome));
    out.set_peer(entry.entry.peer);
  }
  if (entries->size() > page_size) {
    response->set_next_page_token(MakePageToken(key, static_cast<std::int64_t>((*entries)[page_size - 1].number)));
  }
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::VerifyAudit(grpc::ServerContext* /*context*/, const v1::VerifyAuditRequest* /*request*/,
                                            v1::VerifyAuditResponse* response) {
  RETURN_IF_REQUEST_ERROR(RequestError(audit_.Flush(), "NOT_NOTED"));
  const auto extent = audit_.Verify();
  RETURN_IF_REQUEST_ERROR(RequestError(extent.status(), "DAMAGED_AUDIT"));
  response->set_first_number(extent->first);
  response->set_last_number(extent->last);
  if (extent->last != 0) response->set_last_sha256(extent->hash.data(), extent->hash.size());
  return grpc::Status::OK;
}

}  // namespace telltale
