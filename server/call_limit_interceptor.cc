#include "server/call_limit_interceptor.h"

#include <optional>
#include <string>

namespace telltale {
namespace {

using grpc::experimental::InterceptionHookPoints;

class CallLimitInterceptor final : public grpc::experimental::Interceptor {
 public:
  CallLimitInterceptor(CallLimits& limits, const Guard& guard, bool keys_required,
                       grpc::experimental::ServerRpcInfo* info)
      : limits_(limits), guard_(guard), keys_required_(keys_required), info_(info) {}
  CallLimitInterceptor(const CallLimitInterceptor&) = delete;
  CallLimitInterceptor& operator=(const CallLimitInterceptor&) = delete;

  ~CallLimitInterceptor() override {
    if (stream_of_) limits_.CloseStream(*stream_of_);
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) Begin();
    methods->Proceed();
  }

 private:
  void Begin() {
    const grpc::ServerContextBase& context = *info_->server_context();
    const std::string caller =
        keys_required_ ? guard_.CallerOf(context).key_id : std::string(AddressOf(context.peer()));
    const bool may_call =
        keys_required_ ||
        limits_.TakeCall(caller, limits_.options().peer_calls_per_second_max, CallLimits::Clock::now()).count() == 0;
    if (!may_call) {
      limits_.CountLimitedRate();
      context.TryCancel();
      return;
    }
    if (info_->type() == grpc::experimental::ServerRpcInfo::Type::UNARY) return;
    if (limits_.OpenStream(caller)) {
      stream_of_ = caller;
    } else {
      limits_.CountLimitedStream();
      context.TryCancel();
    }
  }

  CallLimits& limits_;
  const Guard& guard_;
  const bool keys_required_;
  grpc::experimental::ServerRpcInfo* const info_;
  std::optional<std::string> stream_of_;
};

}  // namespace

grpc::experimental::Interceptor* CallLimitInterceptorFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  const bool is_counted = info->type() != grpc::experimental::ServerRpcInfo::Type::UNARY ||
                          (!keys_required_ && limits_.options().peer_calls_per_second_max > 0);
  return is_counted ? new CallLimitInterceptor(limits_, guard_, keys_required_, info) : nullptr;
}

}  // namespace telltale
