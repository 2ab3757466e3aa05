#pragma once

#include "telltale/v1/terminals.grpc.pb.h"

#include "server/terminal_ports.h"
#include "storage/terminal_registry.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// telltale.v1.TerminalService. Thread-safe.
class TerminalServiceImpl final : public v1::TerminalService::Service {
 public:
  // What refers to something outlives the service.
  TerminalServiceImpl(TerminalRegistry& terminals, const VehicleRegistry& vehicles, TerminalPorts& ports)
      : terminals_(terminals), vehicles_(vehicles), ports_(ports) {}

  grpc::Status RegisterTerminal(grpc::ServerContext* context, const v1::RegisterTerminalRequest* request,
                                v1::Terminal* response) override;
  grpc::Status GetTerminal(grpc::ServerContext* context, const v1::GetTerminalRequest* request,
                           v1::Terminal* response) override;
  grpc::Status ListTerminals(grpc::ServerContext* context, const v1::ListTerminalsRequest* request,
                             v1::ListTerminalsResponse* response) override;
  grpc::Status SendText(grpc::ServerContext* context, const v1::SendTextRequest* request,
                        v1::SendTextResponse* response) override;
  grpc::Status ExplainMessage(grpc::ServerContext* context, const v1::ExplainMessageRequest* request,
                              v1::ExplainMessageResponse* response) override;

 private:
  void Fill(const Terminal& terminal, v1::Terminal& out) const;

  TerminalRegistry& terminals_;
  const VehicleRegistry& vehicles_;
  TerminalPorts& ports_;
};

}  // namespace telltale
