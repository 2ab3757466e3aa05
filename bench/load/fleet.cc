#include "bench/load/fleet.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <span>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "telltale/v1/catalog.grpc.pb.h"
#include "telltale/v1/vehicles.grpc.pb.h"

#include "base/mutex.h"

namespace telltale {
namespace {

constexpr std::chrono::seconds kCallTimeout{30};

std::chrono::system_clock::time_point CallDeadline() { return std::chrono::system_clock::now() + kCallTimeout; }

SignalKind ToKind(v1::SignalKind kind) {
  switch (kind) {
    case v1::SIGNAL_KIND_COUNTER:
      return SignalKind::kCounter;
    case v1::SIGNAL_KIND_STATE:
      return SignalKind::kState;
    case v1::SIGNAL_KIND_POSITION:
      return SignalKind::kPosition;
    default:
      return SignalKind::kContinuous;
  }
}

RawValue ClampRaw(double raw) {
  return static_cast<RawValue>(std::clamp(raw, static_cast<double>(kRawLeast), static_cast<double>(kRawGreatest)));
}

ModelSignal ToModelSignal(const v1::Signal& signal) {
  // Inwards: a value on the border is inside for whoever rounds the border otherwise. The tolerance is for borders that
  // are on the grid and miss it by floating point alone.
  constexpr double kTolerance = 1e-6;
  return {.id = static_cast<SignalId>(signal.id()),
          .spn = signal.j1939().spn(),
          .kind = ToKind(signal.kind()),
          .scale = signal.scale(),
          .offset = signal.offset(),
          .raw_min = ClampRaw(std::ceil((signal.min() - signal.offset()) / signal.scale() - kTolerance)),
          .raw_max = ClampRaw(std::floor((signal.max() - signal.offset()) / signal.scale() + kTolerance))};
}

std::int64_t ToMs(const google::protobuf::Timestamp& time) { return time.seconds() * 1000 + time.nanos() / 1'000'000; }

// Registers vehicles by calls of a thousand, some at a time; each worker waits for its call. (Calls with a callback
// that owns them end the channel from a thread of gRPC's own, which 1.51 does not survive.)
class Registrations {
 public:
  Registrations(v1::VehicleService::Stub& stub, const LoadOptions& options, const std::atomic<bool>& stop,
                std::span<const std::string> vins)
      : stub_(stub), options_(options), stop_(stop), vins_(vins) {}

  Status Run(Fleet& fleet) {
    std::array<std::thread, kConcurrent> workers;
    for (std::thread& worker : workers) worker = std::thread([this] { Work(); });
    for (std::thread& worker : workers) worker.join();
    MutexLock lock(mutex_);
    fleet.newest_time_ms = newest_time_ms_;
    return status_;
  }

 private:
  // What bounds the server's work and our memory; enough to keep it busy.
  static constexpr std::size_t kConcurrent = 4;
  static constexpr std::size_t kVehiclesPerCall = 1'000;

  void Work() {
    while (!stop_ && !failed_) {
      const std::size_t first = next_vehicle_.fetch_add(kVehiclesPerCall);
      if (first >= vins_.size()) return;
      Register(vins_.subspan(first, std::min(kVehiclesPerCall, vins_.size() - first)));
    }
  }

  void Register(std::span<const std::string> vins) {
    v1::RegisterVehiclesRequest request;
    for (const std::string& vin : vins) {
      v1::Vehicle& vehicle = *request.add_vehicles();
      vehicle.set_vin(vin);
      vehicle.set_display_name(fmt::format("load {}", options_.seed));
      vehicle.set_vehicle_class(v1::VEHICLE_CLASS_HEAVY_TRUCK);
      vehicle.set_fuel_type(v1::FUEL_TYPE_DIESEL);
      vehicle.set_engine_displacement_l(12.8);
    }
    grpc::ClientContext context;
    context.set_deadline(CallDeadline());
    v1::RegisterVehiclesResponse response;
    const Status status = FromGrpc(stub_.RegisterVehicles(&context, request, &response), "register vehicles");
    MutexLock lock(mutex_);
    if (!status.ok()) {
      failed_ = true;
      if (status_.ok()) status_ = status;
    }
    for (const v1::Vehicle& vehicle : response.vehicles()) {
      if (!vehicle.frames().has_newest_measure_time()) continue;
      const std::int64_t time_ms = ToMs(vehicle.frames().newest_measure_time());
      newest_time_ms_ = std::max(newest_time_ms_.value_or(time_ms), time_ms);
    }
  }

  v1::VehicleService::Stub& stub_;
  const LoadOptions& options_;
  const std::atomic<bool>& stop_;
  const std::span<const std::string> vins_;
  std::atomic<std::size_t> next_vehicle_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  Status status_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::int64_t> newest_time_ms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

Status FromGrpc(const grpc::Status& status, const std::string& what) {
  if (status.ok()) return OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()), fmt::format("{}: {}", what, status.error_message())};
}

StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // A server that was restarted is soon found.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  auto channel = grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    return absl::UnavailableError(
        fmt::format("no server answers at {} within 10 s; is telltaled running there?", server));
  }
  return channel;
}

StatusOr<std::vector<ModelSignal>> ReadCatalogue(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::CatalogService::NewStub(channel);
  std::vector<ModelSignal> signals;
  v1::ListSignalsRequest request;
  request.set_page_size(1000);
  do {
    grpc::ClientContext context;
    context.set_deadline(CallDeadline());
    v1::ListSignalsResponse page;
    RETURN_IF_ERROR(FromGrpc(stub->ListSignals(&context, request, &page), "list the signals"));
    for (const v1::Signal& signal : page.signals()) signals.push_back(ToModelSignal(signal));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return signals;
}

StatusOr<Fleet> RegisterFleet(const std::shared_ptr<grpc::Channel>& channel, const LoadOptions& options,
                              const std::atomic<bool>& stop) {
  const auto stub = v1::VehicleService::NewStub(channel);
  Fleet fleet;
  fleet.vins.reserve(options.vehicle_count);
  for (std::uint32_t vehicle = 0; vehicle < options.vehicle_count; ++vehicle) {
    fleet.vins.push_back(SyntheticVin(options.seed, vehicle));
  }
  RETURN_IF_ERROR(Registrations(*stub, options, stop, fleet.vins).Run(fleet));
  if (stop) return absl::CancelledError("stopped while vehicles were registered");
  return fleet;
}

Timeline::Timeline(std::int64_t start_time_ms, std::chrono::milliseconds cadence)
    : cadence_ms_(cadence.count()),
      first_step_(static_cast<std::uint64_t>(
          std::max<std::int64_t>(0, (start_time_ms - kEpochMs + cadence_ms_ - 1) / cadence_ms_))) {}

StreamShare ShareOf(std::uint32_t vehicle_count, std::uint32_t stream_count, std::uint32_t index) {
  const auto bound = [=](std::uint64_t i) { return static_cast<std::uint32_t>(i * vehicle_count / stream_count); };
  return {.first_vehicle = bound(index), .vehicle_count = bound(index + 1ULL) - bound(index)};
}

}  // namespace telltale
