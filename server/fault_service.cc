#include "server/fault_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/grpc/grpc_status.h"
#include "ingest/grpc/wire.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;

}  // namespace

grpc::Status FaultServiceImpl::ListFaults(grpc::ServerContext* context, const v1::ListFaultsRequest* request,
                                          v1::ListFaultsResponse* response) {
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  const std::string key = fmt::format("faults {} {}", vehicle->vin.text(), request->active_only());
  std::int64_t first = 0;
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(key, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    first = *position;
  }
  const auto faults = faults_.List(vehicle->id);
  if (!faults.ok()) return ToGrpcStatus(faults.status());
  std::int64_t index = 0;
  for (const Fault& fault : *faults) {
    if (request->active_only() && !fault.active) continue;
    if (!vehicle->permit.period.contains(fault.last_seen_ms)) continue;
    if (index++ < first) continue;
    if (static_cast<std::size_t>(response->faults_size()) == page_size) {
      response->set_next_page_token(MakePageToken(key, index - 1));
      break;
    }
    v1::Fault& out = *response->add_faults();
    out.mutable_dtc()->set_spn(fault.dtc.spn);
    out.mutable_dtc()->set_fmi(fault.dtc.fmi);
    out.mutable_dtc()->set_occurrence_count(fault.dtc.occurrence_count);
    out.set_source_address(fault.source_address);
    out.set_source_name(std::string(SourceName(fault.source_address)));
    if (const Signal* signal = catalog_.FindBySpn(fault.dtc.spn)) out.set_spn_name(signal->description);
    out.set_fmi_text(std::string(FmiText(fault.dtc.fmi)));
    *out.mutable_lamps() = ToWire(fault.lamps);
    out.set_active(fault.active);
    SetTime(std::max(fault.first_seen_ms, vehicle->permit.period.from_ms), out.mutable_first_seen_time());
    SetTime(fault.last_seen_ms, out.mutable_last_seen_time());
  }
  return grpc::Status::OK;
}

}  // namespace telltale
