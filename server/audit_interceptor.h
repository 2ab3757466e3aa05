#pragma once

#include <grpcpp/support/server_interceptor.h>

#include "access/audit_log.h"
#include "server/guard.h"

namespace telltale {

// Notes how each call ends that is about no vehicle and for operators alone: what is registered, granted, revoked.
// What is asked of vehicles the guard notes itself. What is referred to outlives the server.
class AuditInterceptorFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  AuditInterceptorFactory(AuditLog& log, const Guard& guard) : log_(log), guard_(guard) {}
  // Null for other rpcs.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

 private:
  AuditLog& log_;
  const Guard& guard_;
};

}  // namespace telltale
