#pragma once

#include <string>

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace telltale {

// Counts every rpc by service, method and status code, and measures how long the unary ones take. Thread-safe.
class RpcMetrics {
 public:
  explicit RpcMetrics(prometheus::Registry& registry);

  // `method` is "/telltale.v1.TripService/ListTrips".
  void Observe(const std::string& method, const std::string& code, double seconds, bool streaming);

 private:
  prometheus::Family<prometheus::Counter>& requests_;     // telltale_grpc_requests_total{service,method,code}
  prometheus::Family<prometheus::Histogram>& latencies_;  // telltale_grpc_request_seconds{service,method}
};

// Makes the interceptors that feed RpcMetrics; given to grpc::ServerBuilder. `metrics` outlives the server.
class RpcMetricsInterceptorFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit RpcMetricsInterceptorFactory(RpcMetrics& metrics) : metrics_(metrics) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

 private:
  RpcMetrics& metrics_;
};

}  // namespace telltale
