#include "server/watch_reactor.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/grpc/grpc_status.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr int kMaxVins = 1'000;

}  // namespace

WatchReactor* WatchReactor::Start(const Catalog& catalog, const Guard& guard, LiveFrames& live,
                                  const grpc::CallbackServerContext& context, const v1::WatchRequest& request) {
  std::shared_ptr<WatchReactor> reactor(new WatchReactor(catalog));
  reactor->self_ = reactor;
  if (grpc::Status status = reactor->Begin(guard, live, context, request); !status.ok()) {
    MutexLock lock(reactor->mutex_);
    reactor->end_ = std::move(status);
  } else {
    // Tells the caller that the watch is on, before the first frame.
    reactor->StartSendInitialMetadata();
  }
  reactor->Advance();
  return reactor.get();
}

grpc::Status WatchReactor::Begin(const Guard& guard, LiveFrames& live, const grpc::CallbackServerContext& context,
                                 const v1::WatchRequest& request) {
  if (request.vin_size() == 0 || request.vin_size() > kMaxVins) {
    return RequestError(absl::InvalidArgumentError(fmt::format("{} VINs; name 1 to {}", request.vin_size(), kMaxVins)),
                        "INVALID_VINS", "vin")
        .ToGrpc();
  }
  RETURN_IF_REQUEST_ERROR(ReadSignals(catalog_, request.signal_id(), request.signal_name(), &signals_));
  std::vector<VehicleId> vehicles;
  for (const std::string& vin : request.vin()) {
    std::optional<VisibleVehicle> vehicle;
    RETURN_IF_REQUEST_ERROR(guard.FindVehicle(context, request, vin, &vehicle));
    RETURN_IF_REQUEST_ERROR(CheckSignals(catalog_, vehicle->permit, signals_));
    if (vins_.emplace(vehicle->id, vehicle->vin.text()).second) vehicles.push_back(vehicle->id);
  }
  permit_of_ = guard.DecisionsOf(context, request);
  auto watcher = live.Watch(vehicles, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Advance();
  });
  if (!watcher.ok()) return ToGrpcStatus(watcher.status(), {.reason = "TOO_MANY_WATCHERS"});
  MutexLock lock(mutex_);
  watcher_ = *std::move(watcher);
  return grpc::Status::OK;
}

bool WatchReactor::Fill(const OwnedFrame& frame) {
  const std::optional<Permit> permit = permit_of_(frame.vehicle_id);
  if (!permit) {
    end_ = ToGrpcStatus(absl::PermissionDeniedError("what was granted has ended"), {.reason = "GRANT_ENDED"});
    return false;
  }
  if (!permit->period.contains(frame.measure_time_ms)) return false;
  response_.Clear();
  std::vector<std::pair<const Signal*, RawValue>> values;
  for (std::size_t i = 0; i < frame.values.size(); ++i) {
    const SignalId id = frame.layout->signals()[i];
    if (!signals_.empty() && !std::binary_search(signals_.begin(), signals_.end(), id)) continue;
    const Signal* const signal = catalog_.Find(id);
    if (signal != nullptr && IsPermitted(*signal, *permit)) values.emplace_back(signal, frame.values[i]);
  }
  if (values.empty()) return false;
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.first->id < b.first->id; });
  response_.set_vin(vins_.at(frame.vehicle_id));
  for (const auto& [signal, raw] : values) SetValue(*signal, raw, frame.measure_time_ms, response_.add_values());
  response_.set_missed_frame_count(std::exchange(missed_, 0));
  return true;
}

void WatchReactor::Advance() {
  std::optional<grpc::Status> finish;
  {
    MutexLock lock(mutex_);
    if (finished_) return;
    while (!writing_ && !end_ && watcher_ != nullptr) {
      std::uint64_t missed = 0;
      const std::optional<OwnedFrame> frame = watcher_->Next(missed);
      if (!frame) {
        if (watcher_->ended()) {
          end_ = ToGrpcStatus(absl::UnavailableError("the server is stopping; watch again later"),
                              {.reason = "SERVER_STOPPING"});
        }
        break;
      }
      missed_ += missed;
      if (!Fill(*frame)) continue;
      writing_ = true;
      StartWrite(&response_);
    }
    if (end_ && !writing_) {
      finished_ = true;
      finish = *end_;
      watcher_.reset();
    }
  }
  // Last, and outside the lock: OnDone may destroy this at once.
  if (finish) Finish(*finish);
}

void WatchReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok && !end_) end_ = grpc::Status::CANCELLED;
  }
  Advance();
}

void WatchReactor::OnCancel() {
  {
    MutexLock lock(mutex_);
    if (!end_) end_ = grpc::Status::CANCELLED;
  }
  Advance();
}

void WatchReactor::OnDone() { self_.reset(); }

}  // namespace telltale
