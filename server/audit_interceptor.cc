#include "server/audit_interceptor.h"

#include <string>

#include "base/log.h"

namespace telltale {
namespace {

using grpc::experimental::InterceptionHookPoints;

class AuditInterceptor final : public grpc::experimental::Interceptor {
 public:
  AuditInterceptor(AuditLog& log, const Guard& guard, grpc::experimental::ServerRpcInfo* info)
      : log_(log), guard_(guard), info_(info) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const Caller caller = guard_.CallerOf(*info_->server_context());
      const Status noted =
          log_.Record({.key_id = caller.key_id,
                       .organisation = caller.organisation,
                       .rpc = RpcName(info_->method()),
                       .outcome = methods->GetSendStatus().ok() ? AuditOutcome::kAllowed : AuditOutcome::kRefused,
                       .peer = info_->server_context()->peer()});
      // It is done already. The disk that takes no audit takes no changes either.
      if (!noted.ok()) spdlog::error("a call is not in the audit rpc={}", info_->method());
    }
    methods->Proceed();
  }

 private:
  AuditLog& log_;
  const Guard& guard_;
  grpc::experimental::ServerRpcInfo* const info_;
};

}  // namespace

grpc::experimental::Interceptor* AuditInterceptorFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return guard_.IsForOperators(info->method()) ? new AuditInterceptor(log_, guard_, info) : nullptr;
}

}  // namespace telltale
