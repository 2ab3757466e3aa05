#include "server/guard.h"

#include <algorithm>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "ingest/grpc/grpc_status.h"

namespace telltale {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr const char* kAuthorization = "authorization";
constexpr std::string_view kHealthPrefix = "/grpc.health.v1.Health/";
constexpr std::string_view kReflectionPrefix = "/grpc.reflection.";
constexpr std::string_view kBearer = "Bearer ";

static_assert(static_cast<int>(Scope::kVehicle) == v1::SCOPE_VEHICLE);
static_assert(static_cast<int>(Scope::kTelemetry) == v1::SCOPE_TELEMETRY);
static_assert(static_cast<int>(Scope::kPosition) == v1::SCOPE_POSITION);
static_assert(static_cast<int>(Scope::kDriver) == v1::SCOPE_DRIVER);
static_assert(static_cast<int>(Scope::kFaults) == v1::SCOPE_FAULTS);
static_assert(static_cast<int>(Scope::kFuel) == v1::SCOPE_FUEL);
static_assert(static_cast<int>(Scope::kReports) == v1::SCOPE_REPORTS);
static_assert(static_cast<int>(Scope::kCommands) == v1::SCOPE_COMMANDS);
static_assert(kGreatestScope == v1::Scope_MAX);
static_assert(static_cast<int>(Role::kMember) == v1::ROLE_MEMBER);
static_assert(static_cast<int>(Role::kSender) == v1::ROLE_SENDER);
static_assert(static_cast<int>(Role::kGateway) == v1::ROLE_GATEWAY);
static_assert(static_cast<int>(Role::kOperator) == v1::ROLE_OPERATOR);

const Caller kNobody{.key_id = {}, .organisation = 0, .role = Role::kMember, .scopes = {}};

std::string_view ViewOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

}  // namespace

// Runs before each call's handler, on gRPC's thread, for some microseconds.
class Guard::Processor final : public grpc::AuthMetadataProcessor {
 public:
  explicit Processor(const Guard& guard) : guard_(guard) {}

  bool IsBlocking() const override { return false; }

  // What is known of a caller cannot be put into `context`, which all calls of a connection share: handlers look the
  // key up again.
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* /*context*/, OutputMetadata* /*consumed*/,
                       OutputMetadata* /*response*/) override {
    const auto method = metadata.find(":path");
    if (method == metadata.end()) return {grpc::StatusCode::INTERNAL, "the call names no method"};
    const auto authorization = metadata.find(kAuthorization);
    return guard_.Admit(ViewOf(method->second),
                        authorization == metadata.end() ? std::string_view() : ViewOf(authorization->second));
  }

 private:
  const Guard& guard_;
};

Guard::Guard(const VehicleRegistry& vehicles, const AccessRegistry& access, TokenVerifier* tokens, AuditLog* audit,
             const Clock& clock, bool required, prometheus::Registry& metrics)
    : vehicles_(vehicles),
      access_(access),
      tokens_(tokens),
      audit_(audit),
      clock_(clock),
      required_(required),
      refused_calls_(prometheus::BuildCounter()
                         .Name("telltale_access_refused_calls_total")
                         .Help("Calls that were refused before their handler ran, by reason")
                         .Register(metrics)),
      without_key_(refused_calls_.Add({{"reason", "no_key"}})),
      with_wrong_key_(refused_calls_.Add({{"reason", "wrong_key"}})),
      not_permitted_(refused_calls_.Add({{"reason", "not_permitted"}})),
      unseen_vehicles_(prometheus::BuildCounter()
                           .Name("telltale_access_unseen_vehicles_total")
                           .Help("Vehicles that are there and that a caller asked for without a grant")
                           .Register(metrics)
                           .Add({})) {}

Status Guard::Declare(const std::string& service) {
  const ServiceDescriptor* const descriptor = DescriptorPool::generated_pool()->FindServiceByName(service);
  if (descriptor == nullptr) return absl::InternalError(fmt::format("{} is not in the contract", service));
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const MethodDescriptor& method = *descriptor->method(i);
    const v1::MethodAccess& access = method.options().GetExtension(v1::access);
    const bool says_who = (access.has_scope() && access.scope() != v1::SCOPE_UNSPECIFIED) ||
                          (access.has_role() && access.role() != v1::ROLE_UNSPECIFIED) || access.any_caller();
    if (!says_who) {
      return absl::InternalError(
          fmt::format("{} does not say who may call it (option telltale.v1.access)", method.full_name()));
    }
    const std::string path = fmt::format("/{}/{}", descriptor->full_name(), method.name());
    methods_[path] = access;
    const Rpc rpc{.scope = access.has_scope() ? static_cast<Scope>(access.scope()) : Scope::kVehicle,
                  .name = RpcName(path)};
    if (!rpcs_.emplace(method.input_type(), rpc).second) {
      return absl::InternalError(fmt::format("{} is not the only rpc of its type of request", method.full_name()));
    }
  }
  return OkStatus();
}

std::shared_ptr<grpc::AuthMetadataProcessor> Guard::NewProcessor() const {
  return required_ ? std::make_shared<Processor>(*this) : nullptr;
}

StatusOr<Caller> Guard::Authenticate(std::string_view authorization) const {
  if (!authorization.starts_with(kBearer)) {
    return absl::UnauthenticatedError("show a key, as metadata: authorization: Bearer SECRET");
  }
  const std::string_view secret = authorization.substr(kBearer.size());
  if (tokens_ == nullptr || !TokenVerifier::IsToken(secret)) return access_.Authenticate(secret, NowS());
  ASSIGN_OR_RETURN(Caller caller, tokens_->Verify(secret));
  RETURN_IF_ERROR(access_.CheckRole(caller.organisation, caller.role));
  return caller;
}

// Budget: 2 us.
grpc::Status Guard::Admit(std::string_view method, std::string_view authorization) const {
  if (method.starts_with(kHealthPrefix)) return grpc::Status::OK;  // balancers and supervisors have no key
  const auto caller = Authenticate(authorization);
  if (!caller.ok()) {
    (authorization.empty() ? without_key_ : with_wrong_key_).Increment();
    return ToGrpcStatus(caller.status(), {.reason = "WRONG_KEY"});
  }
  if (limits_ != nullptr) {
    grpc::Status admitted = limits_->Admit(method, caller->key_id, CallLimits::Clock::now());
    if (!admitted.ok()) return admitted;
  }
  if (caller->role == Role::kOperator || method.starts_with(kReflectionPrefix)) return grpc::Status::OK;
  const auto declared = methods_.find(std::string(method));
  if (declared == methods_.end()) return {grpc::StatusCode::UNIMPLEMENTED, "there is no such rpc"};
  const v1::MethodAccess& access = declared->second;
  const bool may = access.any_caller() ||
                   (access.has_role() && static_cast<int>(access.role()) == static_cast<int>(caller->role)) ||
                   (access.has_scope() && caller->role == Role::kMember &&
                    (access.scope() == v1::SCOPE_VEHICLE || caller->scopes.Has(static_cast<Scope>(access.scope()))));
  if (may) return grpc::Status::OK;
  not_permitted_.Increment();
  const std::string needed = access.has_role() ? v1::Role_Name(access.role()) : v1::Scope_Name(access.scope());
  return ToGrpcStatus(absl::PermissionDeniedError(fmt::format("this key may not call this: it needs {}", needed)),
                      {.reason = "NOT_PERMITTED"});
}

Caller Guard::CallerOf(const grpc::ServerContextBase& context) const {
  if (!required_) return {};
  const auto& metadata = context.client_metadata();
  const auto shown = metadata.find(kAuthorization);
  if (shown == metadata.end()) return kNobody;
  return Authenticate(ViewOf(shown->second)).value_or(kNobody);
}

std::function<std::optional<Permit>(VehicleId)> Guard::DecisionsOf(const grpc::ServerContextBase& context,
                                                                   const Message& request) const {
  if (!required_) return [](VehicleId) { return Permit{.period = {}, .scopes = ScopeSet::All()}; };
  const auto rpc = rpcs_.find(request.GetDescriptor());
  if (rpc == rpcs_.end()) return [](VehicleId) { return std::nullopt; };
  return [this, caller = CallerOf(context), scope = rpc->second.scope](VehicleId vehicle) {
    const std::int64_t now_s = NowS();
    if (caller.expires_s != 0)
      return access_.Decide(now_s < caller.expires_s ? caller : kNobody, vehicle, scope, now_s);
    return access_.Decide(access_.FindCaller(caller.key_id, now_s).value_or(kNobody), vehicle, scope, now_s);
  };
}

StatusOr<std::optional<Permit>> Guard::See(const grpc::ServerContextBase& context, const Message& request,
                                           VehicleId vehicle) const {
  if (!required_) return Permit{.period = {}, .scopes = ScopeSet::All()};
  const auto rpc = rpcs_.find(request.GetDescriptor());
  if (rpc == rpcs_.end()) return std::nullopt;
  const Caller caller = CallerOf(context);
  std::optional<Permit> permit = access_.Decide(caller, vehicle, rpc->second.scope, NowS());
  if (!permit) unseen_vehicles_.Increment();
  if (audit_ != nullptr) {
    RETURN_IF_ERROR(audit_->Record({.key_id = caller.key_id,
                                    .organisation = caller.organisation,
                                    .rpc = rpc->second.name,
                                    .vehicle = vehicle,
                                    .outcome = permit ? AuditOutcome::kAllowed : AuditOutcome::kNoGrant,
                                    .peer = context.peer()}));
  }
  return permit;
}

RequestError Guard::FindVehicle(const grpc::ServerContextBase& context, const Message& request, const std::string& vin,
                                std::optional<VisibleVehicle>* out) const {
  const auto parsed = Vin::Parse(vin);
  if (!parsed.ok()) return {parsed.status(), "INVALID_VIN", "vin"};
  auto vehicle = vehicles_.Get(*parsed);
  if (!vehicle.ok()) return {vehicle.status(), "UNKNOWN_VEHICLE", "vin"};
  StatusOr<std::optional<Permit>> permit = See(context, request, vehicle->id);
  if (!permit.ok()) return {permit.status(), "NOT_NOTED"};
  if (!permit->has_value()) return {VehicleRegistry::NoSuchVehicle(*parsed), "UNKNOWN_VEHICLE", "vin"};
  out->emplace(*std::move(vehicle), **std::move(permit));
  return {};
}

std::vector<Vehicle> Guard::ListVehicles(const grpc::ServerContextBase& context, VehicleId after,
                                         std::size_t limit) const {
  const Caller caller = CallerOf(context);
  if (caller.role == Role::kOperator) return vehicles_.List(after, limit);
  std::vector<Vehicle> vehicles;
  for (const VehicleId id : access_.grants().Vehicles(caller.organisation, Scope::kVehicle, NowS(), after, limit,
                                                      static_cast<VehicleId>(vehicles_.size()))) {
    if (auto vehicle = vehicles_.Get(id); vehicle.ok()) vehicles.push_back(*std::move(vehicle));
  }
  return vehicles;
}

bool Guard::IsForOperators(const std::string& method) const {
  const auto declared = methods_.find(method);
  return declared != methods_.end() && declared->second.role() == v1::ROLE_OPERATOR;
}

bool Guard::Owns(const grpc::ServerContextBase& context, VehicleId vehicle) const {
  const Caller caller = CallerOf(context);
  if (caller.role == Role::kOperator) return true;
  const std::int64_t now_s = NowS();
  return std::ranges::any_of(access_.grants().GrantsOf(vehicle), [&](const Grant& grant) {
    return grant.organisation == caller.organisation && grant.purpose == Purpose::kOwned && grant.from_s <= now_s &&
           now_s < grant.to_s;
  });
}

std::string RpcName(std::string_view method) {
  const std::size_t dot = method.rfind('.');
  return std::string(dot == std::string_view::npos ? method : method.substr(dot + 1));
}

RequestError ReadRange(const v1::TimeRange& range, const Permit& permit, TimeRange* out) {
  if (RequestError error = ReadRange(range, out); !error.ok()) return error;
  out->from_ms = std::max(out->from_ms, permit.period.from_ms);
  out->to_ms = std::min(out->to_ms, permit.period.to_ms);
  if (!out->empty()) return {};
  return {absl::PermissionDeniedError(fmt::format("what is granted begins at {} and ends at {}",
                                                  FormatTime(permit.period.from_ms), FormatTime(permit.period.to_ms))),
          "OUTSIDE_GRANT", "range"};
}

bool IsPermitted(const Signal& signal, const Permit& permit) {
  return signal.kind != SignalKind::kPosition || permit.scopes.Has(Scope::kPosition);
}

RequestError CheckSignals(const Catalog& catalog, const Permit& permit, const std::vector<SignalId>& signals) {
  for (const SignalId id : signals) {
    const Signal* const signal = catalog.Find(id);
    if (signal == nullptr || IsPermitted(*signal, permit)) continue;
    return {absl::PermissionDeniedError(fmt::format("{} tells where the vehicle is, which needs {}", signal->name,
                                                    v1::Scope_Name(v1::SCOPE_POSITION))),
            "NOT_PERMITTED", "signal_name"};
  }
  return {};
}

void LeaveOut(const Permit& permit, Message& answer) {
  if (permit.scopes == ScopeSet::All()) return;
  const google::protobuf::Reflection& reflection = *answer.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(answer, &fields);
  for (const FieldDescriptor* const field : fields) {
    const v1::Scope needed = field->options().GetExtension(v1::needs);
    if (needed != v1::SCOPE_UNSPECIFIED && !permit.scopes.Has(static_cast<Scope>(needed))) {
      reflection.ClearField(&answer, field);
      continue;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      LeaveOut(permit, *reflection.MutableMessage(&answer, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(answer, field); ++i) {
      LeaveOut(permit, *reflection.MutableRepeatedMessage(&answer, field, i));
    }
  }
}

}  // namespace telltale
