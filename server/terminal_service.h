#pragma once

#include <atomic>

#include "telltale/v1/terminals.grpc.pb.h"

#include "server/guard.h"
#include "server/terminal_ports.h"
#include "storage/terminal_registry.h"
#include "storage/upload_log.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// telltale.v1.TerminalService. Thread-safe.
class TerminalServiceImpl final : public v1::TerminalService::Service {
 public:
  // What refers to something outlives the service.
  TerminalServiceImpl(TerminalRegistry& terminals, const VehicleRegistry& vehicles, const UploadLog& uploads,
                      TerminalPorts& ports, const Guard& guard)
      : terminals_(terminals), vehicles_(vehicles), uploads_(uploads), ports_(ports), guard_(guard) {}

  grpc::Status RegisterTerminal(grpc::ServerContext* context, const v1::RegisterTerminalRequest* request,
                                v1::Terminal* response) override;
  grpc::Status GetTerminal(grpc::ServerContext* context, const v1::GetTerminalRequest* request,
                           v1::Terminal* response) override;
  grpc::Status ListTerminals(grpc::ServerContext* context, const v1::ListTerminalsRequest* request,
                             v1::ListTerminalsResponse* response) override;
  grpc::Status SendText(grpc::ServerContext* context, const v1::SendTextRequest* request,
                        v1::SendTextResponse* response) override;
  grpc::Status SendCommand(grpc::ServerContext* context, const v1::SendCommandRequest* request,
                           v1::SendCommandResponse* response) override;
  grpc::Status ListUploads(grpc::ServerContext* context, const v1::ListUploadsRequest* request,
                           v1::ListUploadsResponse* response) override;
  grpc::Status ExplainMessage(grpc::ServerContext* context, const v1::ExplainMessageRequest* request,
                              v1::ExplainMessageResponse* response) override;

 private:
  // How many calls may wait for terminals at a time: each holds a thread.
  static constexpr int kWaitingMax = 16;

  void Fill(const Terminal& terminal, v1::Terminal& out) const;
  // Of a vehicle that the caller may command.
  template <typename Request>
  RequestError FindOwnTerminal(const grpc::ServerContext& context, const Request& request, Terminal* out,
                               Permit* permit) const;
  grpc::Status RegisterPlatform(const v1::RegisterTerminalRequest& request, v1::Terminal& response);

  TerminalRegistry& terminals_;
  const VehicleRegistry& vehicles_;
  const UploadLog& uploads_;
  TerminalPorts& ports_;
  const Guard& guard_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace telltale
