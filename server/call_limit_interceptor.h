#pragma once

#include <grpcpp/support/server_interceptor.h>

#include "server/call_limits.h"
#include "server/guard.h"

namespace telltale {

// Counts the streams that each caller has open, and the calls of each address where keys are not asked for. A call
// beyond a limit ends as CANCELLED: an interceptor of gRPC 1.51 can give no status. Those with keys are refused before,
// with a status, by CallLimits::Admit. What is referred to outlives the server.
class CallLimitInterceptorFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  CallLimitInterceptorFactory(CallLimits& limits, const Guard& guard, bool keys_required)
      : limits_(limits), guard_(guard), keys_required_(keys_required) {}
  // Null for calls that nothing is counted of.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

 private:
  CallLimits& limits_;
  const Guard& guard_;
  const bool keys_required_;
};

}  // namespace telltale
