#include "server/telemetry_service.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ingest/grpc/grpc_status.h"
#include "server/page_token.h"
#include "server/request.h"
#include "server/watch_reactor.h"
#include "storage/signal_summary.h"

namespace telltale {
namespace {

constexpr std::size_t kMaxSignals = 50;
constexpr std::size_t kDefaultPage = 1'000;
constexpr std::size_t kMaxPage = 10'000;
constexpr std::int64_t kMaxStepMs = 366 * kMsPerDay;
constexpr std::size_t kMaxCells = 100'000;  // about 1.5 MB on the wire; clients take 4 MB by default

// The sooner of gRPC's deadline and `time_max` from now, as the store takes it; none if there is neither.
std::optional<std::chrono::steady_clock::time_point> DeadlineOf(const grpc::ServerContext& context,
                                                                std::chrono::seconds time_max) {
  const auto deadline = context.deadline();
  const auto now = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> ours;
  if (time_max.count() > 0) ours = now + time_max;
  if (deadline == std::chrono::system_clock::time_point::max()) return ours;
  const auto callers = now + (deadline - std::chrono::system_clock::now());
  return ours ? std::min(*ours, callers) : callers;
}

}  // namespace

grpc::Status TelemetryServiceImpl::GetLatest(grpc::ServerContext* context, const v1::GetLatestRequest* request,
                                             v1::GetLatestResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  std::vector<SignalId> signals;
  RETURN_IF_REQUEST_ERROR(ReadSignals(catalog_, request->signal_id(), request->signal_name(), &signals));
  RETURN_IF_REQUEST_ERROR(CheckSignals(catalog_, vehicle->permit, signals));
  const auto latest = telemetry_.Latest(vehicle->id, signals);
  if (!latest.ok()) return ToGrpcStatus(latest.status());
  for (const LatestValue& value : *latest) {
    if (request->valid_only() && !IsValue(value.raw)) continue;
    if (!vehicle->permit.period.contains(value.measure_time_ms)) continue;
    // A signal that an operator's file had and has no more is stored still, but has no unit to show it in.
    if (const Signal* signal = catalog_.Find(value.signal);
        signal != nullptr && IsPermitted(*signal, vehicle->permit)) {
      SetValue(*signal, value.raw, value.measure_time_ms, response->add_values());
    }
  }
  return grpc::Status::OK;
}

grpc::Status TelemetryServiceImpl::GetHistory(grpc::ServerContext* context, const v1::GetHistoryRequest* request,
                                              v1::GetHistoryResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  std::vector<SignalId> signals;
  RETURN_IF_REQUEST_ERROR(ReadSignals(catalog_, request->signal_id(), request->signal_name(), &signals));
  RETURN_IF_REQUEST_ERROR(CheckSignals(catalog_, vehicle->permit, signals));
  if (signals.empty() || signals.size() > kMaxSignals) {
    return RequestError(
               absl::InvalidArgumentError(fmt::format("{} signals; name 1 to {}", signals.size(), kMaxSignals)),
               "INVALID_SIGNALS", "signal_id")
        .ToGrpc();
  }
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request->range(), vehicle->permit, &range));
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  page_size = std::min(page_size, kMaxCells / signals.size());
  const std::string key =
      fmt::format("history {} {} {} {}", vehicle->vin.text(), fmt::join(signals, ","), range.from_ms, range.to_ms);
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(key, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    range.from_ms = std::max(range.from_ms, *position);
  }

  std::vector<const Signal*> columns;
  for (const SignalId id : signals) {
    columns.push_back(catalog_.Find(id));
    response->add_signal_id(id);
  }
  const auto add_row = [&](const Frame& frame) {
    if (static_cast<std::size_t>(response->rows_size()) == page_size) {
      response->set_next_page_token(MakePageToken(key, frame.measure_time_ms));
      return false;
    }
    v1::HistoryRow& row = *response->add_rows();
    SetTime(frame.measure_time_ms, row.mutable_measure_time());
    for (const Signal* signal : columns) {
      v1::HistoryCell& cell = *row.add_cells();
      const RawValue raw = frame.Get(signal->id);
      if (IsValue(raw)) {
        cell.set_state(v1::VALUE_STATE_VALID);
        cell.set_physical(signal->ToPhysical(raw));
      } else if (raw != kAbsent) {
        cell.set_state(raw == kError ? v1::VALUE_STATE_ERROR : v1::VALUE_STATE_NOT_AVAILABLE);
      }
    }
    return true;
  };
  return ToGrpcStatus(telemetry_.Scan(vehicle->id, signals, range,
                                      {.frame_limit = page_size + 1, .deadline = DeadlineOf(*context, query_time_max_)},
                                      add_row));
}

grpc::Status TelemetryServiceImpl::GetSummary(grpc::ServerContext* context, const v1::GetSummaryRequest* request,
                                              v1::GetSummaryResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  google::protobuf::RepeatedField<std::uint32_t> ids;
  google::protobuf::RepeatedPtrField<std::string> names;
  if (request->signal_id() != 0) ids.Add(request->signal_id());
  if (!request->signal_name().empty()) *names.Add() = request->signal_name();
  std::vector<SignalId> signals;
  RETURN_IF_REQUEST_ERROR(ReadSignals(catalog_, ids, names, &signals));
  RETURN_IF_REQUEST_ERROR(CheckSignals(catalog_, vehicle->permit, signals));
  if (signals.size() != 1) {
    return RequestError(absl::InvalidArgumentError("name one signal"), "INVALID_SIGNALS", "signal_id").ToGrpc();
  }
  TimeRange range;
  RETURN_IF_REQUEST_ERROR(ReadRange(request->range(), vehicle->permit, &range));
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  const google::protobuf::Duration& step = request->step();
  const bool step_fits = step.seconds() >= 0 && step.seconds() <= kMaxStepMs / 1'000;
  const std::int64_t step_ms = step_fits ? step.seconds() * 1'000 + step.nanos() / 1'000'000 : 0;
  if (step_ms < 1 || step_ms > kMaxStepMs) {
    return RequestError(absl::InvalidArgumentError("the step is from a millisecond to 366 days"), "INVALID_STEP",
                        "step")
        .ToGrpc();
  }
  const std::string key =
      fmt::format("summary {} {} {} {} {}", vehicle->vin.text(), signals[0], range.from_ms, range.to_ms, step_ms);
  if (!request->page_token().empty()) {
    const auto position = ReadNumberPageToken(key, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    range.from_ms = std::max(range.from_ms, *position);
  }
  const Signal& signal = *catalog_.Find(signals[0]);
  response->set_signal_id(signal.id);
  return ToGrpcStatus(
      SummarizeSignal(telemetry_, vehicle->id, signal.id, range, step_ms,
                      {.deadline = DeadlineOf(*context, query_time_max_)}, [&](const SignalSummary& summary) {
                        if (static_cast<std::size_t>(response->steps_size()) == page_size) {
                          response->set_next_page_token(MakePageToken(key, summary.begin_ms));
                          return false;
                        }
                        v1::SignalSummary& out = *response->add_steps();
                        const auto count = static_cast<double>(summary.count);
                        SetTime(summary.begin_ms, out.mutable_begin_time());
                        out.set_count(summary.count);
                        out.set_min(signal.ToPhysical(summary.min));
                        out.set_max(signal.ToPhysical(summary.max));
                        out.set_mean(summary.Mean() * signal.scale + signal.offset);
                        out.set_sum(static_cast<double>(summary.sum) * signal.scale + count * signal.offset);
                        out.set_last(signal.ToPhysical(summary.last));
                        SetTime(summary.last_time_ms, out.mutable_last_time());
                        return true;
                      }));
}

grpc::ServerWriteReactor<v1::WatchResponse>* TelemetryServiceImpl::Watch(grpc::CallbackServerContext* context,
                                                                         const v1::WatchRequest* request) {
  return WatchReactor::Start(catalog_, guard_, live_, *context, *request);
}

}  // namespace telltale
