#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <google/protobuf/message.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "telltale/v1/access.pb.h"

#include "access/access_registry.h"
#include "access/audit_log.h"
#include "access/token_verifier.h"
#include "base/clock.h"
#include "server/call_limits.h"
#include "server/request.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// A vehicle that a caller may see, and what of it.
struct VisibleVehicle : Vehicle {
  VisibleVehicle(Vehicle vehicle, Permit its_permit) : Vehicle(std::move(vehicle)), permit(std::move(its_permit)) {}
  Permit permit;
};

// The one place that decides who may call what, and see what of which vehicle. Each rpc says in the contract who may
// call it (telltale.v1.access): whoever else is refused before its handler runs. Handlers get vehicles only from here,
// so that one that is foreign looks like one that is not there. Thread-safe.
class Guard {
 public:
  // What is referred to outlives the guard. Not `required`: whoever reaches the port is an operator. Who asks for which
  // vehicle goes to `audit`, unless it is null. Without `tokens` only keys are taken.
  Guard(const VehicleRegistry& vehicles, const AccessRegistry& access, TokenVerifier* tokens, AuditLog* audit,
        const Clock& clock, bool required, prometheus::Registry& metrics);

  // Before calls of this service, as in "telltale.v1.TripService", are served; others are refused. Errors: INTERNAL an
  // rpc of it does not say who may call it, or shares its type of request with another.
  Status Declare(const std::string& service);

  // From now on keys have limits; they outlive the guard. Before calls are served.
  void LimitCalls(CallLimits& limits) { limits_ = &limits; }

  // What asks callers for their keys; null if nobody is asked.
  std::shared_ptr<grpc::AuthMetadataProcessor> NewProcessor() const;

  Caller CallerOf(const grpc::ServerContextBase& context) const;

  // A vehicle that the caller may see; the type of the request tells which rpc that is. UNAVAILABLE: it cannot be noted
  // in the audit.
  RequestError FindVehicle(const grpc::ServerContextBase& context, const google::protobuf::Message& request,
                           const std::string& vin, std::optional<VisibleVehicle>* out) const;
  // The same of a vehicle by id; nullopt: nothing of it. Errors: UNAVAILABLE.
  StatusOr<std::optional<Permit>> See(const grpc::ServerContextBase& context, const google::protobuf::Message& request,
                                      VehicleId vehicle) const;
  // The same for a call that goes on, again and again.
  std::function<std::optional<Permit>(VehicleId)> DecisionsOf(const grpc::ServerContextBase& context,
                                                              const google::protobuf::Message& request) const;
  // The first of the caller's vehicles behind `after`, in the order of ids.
  std::vector<Vehicle> ListVehicles(const grpc::ServerContextBase& context, VehicleId after, std::size_t limit) const;
  // Whether an rpc, as in "/telltale.v1.AdminService/Verify", is for operators alone.
  bool IsForOperators(const std::string& method) const;
  // Whether the caller owns it, or is an operator.
  bool Owns(const grpc::ServerContextBase& context, VehicleId vehicle) const;

 private:
  class Processor;

  grpc::Status Admit(std::string_view method, std::string_view authorization) const;
  StatusOr<Caller> Authenticate(std::string_view authorization) const;
  std::int64_t NowS() const { return clock_.NowMs() / 1'000; }

  const VehicleRegistry& vehicles_;
  const AccessRegistry& access_;
  TokenVerifier* const tokens_;
  AuditLog* const audit_;
  const Clock& clock_;
  const bool required_;
  CallLimits* limits_ = nullptr;
  prometheus::Family<prometheus::Counter>& refused_calls_;  // telltale_access_refused_calls_total{reason}
  prometheus::Counter& without_key_;
  prometheus::Counter& with_wrong_key_;
  prometheus::Counter& not_permitted_;
  prometheus::Counter& unseen_vehicles_;                       // telltale_access_unseen_vehicles_total
  std::unordered_map<std::string, v1::MethodAccess> methods_;  // by "/telltale.v1.TripService/ListTrips"
  struct Rpc {
    Scope scope = Scope::kVehicle;
    std::string name;  // "TripService/ListTrips"
  };
  std::unordered_map<const google::protobuf::Descriptor*, Rpc> rpcs_;  // by type of request
};

// "TripService/ListTrips" of "/telltale.v1.TripService/ListTrips".
std::string RpcName(std::string_view method);

// Reads a range and cuts it to what is permitted. Errors: INVALID_ARGUMENT; PERMISSION_DENIED nothing of it is.
RequestError ReadRange(const v1::TimeRange& range, const Permit& permit, TimeRange* out);

// Whether a signal may be seen: one that tells where the vehicle is needs the scope for that.
bool IsPermitted(const Signal& signal, const Permit& permit);
// PERMISSION_DENIED: one of these, which somebody asked for by name, may not.
RequestError CheckSignals(const Catalog& catalog, const Permit& permit, const std::vector<SignalId>& signals);

// Clears the fields of an answer that need scopes which are not permitted (telltale.v1.needs), at any depth.
void LeaveOut(const Permit& permit, google::protobuf::Message& answer);

}  // namespace telltale
