#pragma once

#include <functional>

#include "telltale/v1/relay.grpc.pb.h"

#include "ingest/grpc/ingest_service.h"
#include "ingest/pipeline.h"
#include "ingest/terminals/gateway.h"
#include "storage/terminal_registry.h"

namespace telltale {

// telltale.v1.RelayService on gRPC's callback API: connections that other processes accepted. Thread-safe.
class RelayServiceImpl final : public v1::RelayService::CallbackService {
 public:
  // The gateway of a protocol; null: there is none. It outlives the calls.
  using GatewayOf = std::function<TerminalGateway*(TerminalProtocol)>;

  RelayServiceImpl(bool allowed, Pipeline& pipeline, GatewayOf gateway_of)
      : allowed_(allowed), pipeline_(pipeline), gateway_of_(std::move(gateway_of)) {}

  grpc::ServerBidiReactor<v1::RelayRequest, v1::RelayResponse>* Relay(grpc::CallbackServerContext* context) override;

  // Ends every call, which otherwise lasts as long as both processes. Does not wait.
  void Drain() { calls_.DrainAll(); }

 private:
  const bool allowed_;
  Pipeline& pipeline_;
  const GatewayOf gateway_of_;
  OpenStreams calls_;
};

}  // namespace telltale
