#pragma once

#include "telltale/v1/access.grpc.pb.h"

#include "access/access_registry.h"
#include "base/clock.h"
#include "server/guard.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// telltale.v1.AccessService. Thread-safe.
class AccessServiceImpl final : public v1::AccessService::Service {
 public:
  // What is referred to outlives the service.
  AccessServiceImpl(AccessRegistry& access, AuditLog& audit, const VehicleRegistry& vehicles, const Guard& guard,
                    const Clock& clock)
      : access_(access), audit_(audit), vehicles_(vehicles), guard_(guard), clock_(clock) {}

  grpc::Status AddOrganisation(grpc::ServerContext* context, const v1::AddOrganisationRequest* request,
                               v1::Organisation* response) override;
  grpc::Status ListOrganisations(grpc::ServerContext* context, const v1::ListOrganisationsRequest* request,
                                 v1::ListOrganisationsResponse* response) override;
  grpc::Status AddKey(grpc::ServerContext* context, const v1::AddKeyRequest* request,
                      v1::AddKeyResponse* response) override;
  grpc::Status RevokeKey(grpc::ServerContext* context, const v1::RevokeKeyRequest* request,
                         v1::RevokeKeyResponse* response) override;
  grpc::Status ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                        v1::ListKeysResponse* response) override;
  grpc::Status AddGrants(grpc::ServerContext* context, const v1::AddGrantsRequest* request,
                         v1::AddGrantsResponse* response) override;
  grpc::Status EndGrant(grpc::ServerContext* context, const v1::EndGrantRequest* request,
                        v1::EndGrantResponse* response) override;
  grpc::Status ListGrants(grpc::ServerContext* context, const v1::ListGrantsRequest* request,
                          v1::ListGrantsResponse* response) override;
  grpc::Status ChangeGroup(grpc::ServerContext* context, const v1::ChangeGroupRequest* request,
                           v1::ChangeGroupResponse* response) override;
  grpc::Status ListAccesses(grpc::ServerContext* context, const v1::ListAccessesRequest* request,
                            v1::ListAccessesResponse* response) override;
  grpc::Status VerifyAudit(grpc::ServerContext* context, const v1::VerifyAuditRequest* request,
                           v1::VerifyAuditResponse* response) override;

 private:
  RequestError ReadGrant(const v1::Grant& in, const std::string& field, Grant* out) const;
  RequestError FindVehicleId(const std::string& vin, const std::string& field, VehicleId* out) const;
  void Fill(const Grant& grant, v1::Grant& out) const;
  RequestError FindOwnVehicle(const grpc::ServerContext& context, const google::protobuf::Message& request,
                              const std::string& vin, std::optional<VisibleVehicle>* out) const;
  std::int64_t NowS() const { return clock_.NowMs() / 1'000; }

  AccessRegistry& access_;
  AuditLog& audit_;
  const VehicleRegistry& vehicles_;
  const Guard& guard_;
  const Clock& clock_;
};

}  // namespace telltale
