#include "server/admin_service.h"

#include <chrono>

#include "ingest/grpc/grpc_status.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr int kDamageNamedMax = 1'000;

// Sends how far it is, now and then, and ends the work when the caller is gone.
template <typename Response>
Maintenance::Progress Reporter(grpc::ServerContext& context, grpc::ServerWriter<Response>& writer) {
  return [&, sent = std::chrono::steady_clock::time_point()](std::uint64_t done, std::uint64_t size) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - sent < kProgressInterval) return OkStatus();
    sent = now;
    Response response;
    response.set_done_bytes(done);
    response.set_size_bytes(size);
    if (context.IsCancelled() || !writer.Write(response)) return Status(absl::CancelledError("the caller left"));
    return OkStatus();
  };
}

}  // namespace

grpc::Status AdminServiceImpl::CreateBackup(grpc::ServerContext* context, const v1::CreateBackupRequest* request,
                                            grpc::ServerWriter<v1::CreateBackupResponse>* writer) {
  const auto path = maintenance_.CreateBackup(request->name(), Reporter(*context, *writer));
  if (absl::IsInvalidArgument(path.status()) || absl::IsAlreadyExists(path.status())) {
    return RequestError(path.status(), "INVALID_BACKUP_NAME", "name").ToGrpc();
  }
  if (!path.ok()) return ToGrpcStatus(path.status());
  v1::CreateBackupResponse response;
  response.set_path(*path);
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::Verify(grpc::ServerContext* context, const v1::VerifyRequest* /*request*/,
                                      grpc::ServerWriter<v1::VerifyResponse>* writer) {
  const auto found = maintenance_.Verify(Reporter(*context, *writer));
  if (!found.ok()) return ToGrpcStatus(found.status());
  v1::VerifyResponse response;
  response.set_done_bytes(found->bytes);
  response.set_size_bytes(found->bytes);
  v1::VerifyResult& result = *response.mutable_result();
  result.set_file_count(found->file_count);
  result.set_block_count(found->block_count);
  result.set_record_count(found->record_count);
  result.set_vehicle_count(found->vehicle_count);
  result.set_document_count(found->document_count);
  result.set_damage_count(found->damage.size());
  for (const std::string& damage : found->damage) {
    if (result.damage_size() < kDamageNamedMax) result.add_damage(damage);
  }
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace telltale
