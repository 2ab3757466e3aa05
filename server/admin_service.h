#pragma once

#include "telltale/v1/admin.grpc.pb.h"

#include "server/maintenance.h"

namespace telltale {

// telltale.v1.AdminService. Thread-safe.
class AdminServiceImpl final : public v1::AdminService::Service {
 public:
  // `maintenance` outlives the service.
  explicit AdminServiceImpl(Maintenance& maintenance) : maintenance_(maintenance) {}

  grpc::Status CreateBackup(grpc::ServerContext* context, const v1::CreateBackupRequest* request,
                            grpc::ServerWriter<v1::CreateBackupResponse>* writer) override;
  grpc::Status Verify(grpc::ServerContext* context, const v1::VerifyRequest* request,
                      grpc::ServerWriter<v1::VerifyResponse>* writer) override;

 private:
  Maintenance& maintenance_;
};

}  // namespace telltale
