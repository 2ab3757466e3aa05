#include "server/rpc_metrics.h"

#include <chrono>
#include <string_view>

#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace telltale {
namespace {

class RpcMetricsInterceptor final : public grpc::experimental::Interceptor {
 public:
  RpcMetricsInterceptor(RpcMetrics& metrics, grpc::experimental::ServerRpcInfo* info)
      : metrics_(metrics),
        method_(info->method()),
        streaming_(info->type() != grpc::experimental::ServerRpcInfo::Type::UNARY) {}

  RpcMetricsInterceptor(const RpcMetricsInterceptor&) = delete;
  RpcMetricsInterceptor& operator=(const RpcMetricsInterceptor&) = delete;

  // A call that ends without a status of ours was cancelled by the caller, or its message was larger than allowed.
  ~RpcMetricsInterceptor() override {
    if (code_.empty()) code_ = "CANCELLED";
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began_;
    metrics_.Observe(method_, code_, taken.count(), streaming_);
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      code_ = absl::StatusCodeToString(static_cast<absl::StatusCode>(methods->GetSendStatus().error_code()));
    }
    methods->Proceed();
  }

 private:
  RpcMetrics& metrics_;
  const std::string method_;
  const bool streaming_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::string code_;
};

}  // namespace

RpcMetrics::RpcMetrics(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("telltale_grpc_requests_total")
                    .Help("Calls that ended, by service, method and status code")
                    .Register(registry)),
      latencies_(prometheus::BuildHistogram()
                     .Name("telltale_grpc_request_seconds")
                     .Help("From a unary call received to its answer sent")
                     .Register(registry)) {}

void RpcMetrics::Observe(const std::string& method, const std::string& code, double seconds, bool streaming) {
  const std::size_t slash = method.rfind('/');
  if (slash == std::string::npos || slash == 0) return;
  const std::string service = method.substr(1, slash - 1);
  const std::string name = method.substr(slash + 1);
  requests_.Add({{"service", service}, {"method", name}, {"code", code}}).Increment();
  if (!streaming) {
    latencies_
        .Add({{"service", service}, {"method", name}},
             prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                     2.5, 5, 10})
        .Observe(seconds);
  }
}

grpc::experimental::Interceptor* RpcMetricsInterceptorFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return new RpcMetricsInterceptor(metrics_, info);
}

}  // namespace telltale
