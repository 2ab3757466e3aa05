#include "tests/bench/memory_server.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace telltale {
namespace {

constexpr std::size_t kSignalsPerPage = 100;  // so that listing takes several pages

std::vector<ModelSignal> MakeSignals() {
  std::vector<ModelSignal> signals;
  for (int i = 0; i < 250; ++i) {
    const SignalKind kind = i % 4 == 0   ? SignalKind::kState
                            : i % 4 == 1 ? SignalKind::kCounter
                                         : SignalKind::kContinuous;
    const RawValue raw_max = i % 4 == 0 ? 3 : i % 4 == 1 ? 2'000'000'000 : i % 4 == 2 ? 250 : 64'255;
    signals.push_back({.id = static_cast<SignalId>(i + 1),
                       .kind = kind,
                       .scale = i % 3 == 0 ? 0.1 : 0.125,
                       .offset = -40.0 * (i % 2),
                       .raw_min = 0,
                       .raw_max = raw_max});
  }
  return signals;
}

v1::SignalKind ToProto(SignalKind kind) {
  return kind == SignalKind::kState     ? v1::SIGNAL_KIND_STATE
         : kind == SignalKind::kCounter ? v1::SIGNAL_KIND_COUNTER
                                        : v1::SIGNAL_KIND_CONTINUOUS;
}

}  // namespace

class MemoryServer::Catalogue : public v1::CatalogService::Service {
 public:
  explicit Catalogue(const MemoryServer& server) : server_(server) {}

  grpc::Status ListSignals(grpc::ServerContext*, const v1::ListSignalsRequest* request,
                           v1::ListSignalsResponse* response) override {
    const std::size_t first = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    const std::size_t last = std::min(first + kSignalsPerPage, server_.signals_.size());
    for (std::size_t i = first; i < last; ++i) {
      const ModelSignal& signal = server_.signals_[i];
      v1::Signal& to = *response->add_signals();
      to.set_id(signal.id);
      to.set_kind(ToProto(signal.kind));
      to.set_scale(signal.scale);
      to.set_offset(signal.offset);
      to.set_min(signal.raw_min * signal.scale + signal.offset);
      to.set_max(signal.raw_max * signal.scale + signal.offset);
    }
    if (last < server_.signals_.size()) response->set_next_page_token(std::to_string(last));
    return grpc::Status::OK;
  }

 private:
  const MemoryServer& server_;
};

class MemoryServer::Vehicles : public v1::VehicleService::Service {
 public:
  explicit Vehicles(MemoryServer& server) : server_(server) {}

  grpc::Status RegisterVehicles(grpc::ServerContext*, const v1::RegisterVehiclesRequest* request,
                                v1::RegisterVehiclesResponse* response) override {
    MutexLock lock(server_.mutex_);
    for (const v1::Vehicle& vehicle : request->vehicles()) {
      if (server_.frames_.size() >= server_.faults_.unregistered_from_vehicle.value_or(~0U)) {
        return {grpc::StatusCode::UNAVAILABLE, "the disk is full"};
      }
      v1::Vehicle& registered = *response->add_vehicles();
      registered = vehicle;
      const Frames& frames = server_.frames_[vehicle.vin()];
      if (frames.empty()) continue;
      const std::int64_t newest_ms = frames.rbegin()->first;
      auto& newest = *registered.mutable_frames()->mutable_newest_measure_time();
      newest.set_seconds(newest_ms / 1000);
      newest.set_nanos(static_cast<std::int32_t>(newest_ms % 1000 * 1'000'000));
    }
    return grpc::Status::OK;
  }

 private:
  MemoryServer& server_;
};

class MemoryServer::Ingest : public v1::IngestService::Service {
 public:
  explicit Ingest(MemoryServer& server) : server_(server) {}

  grpc::Status Stream(grpc::ServerContext*,
                      grpc::ServerReaderWriter<v1::StreamResponse, v1::StreamRequest>* stream) override {
    std::vector<std::string> vins;
    v1::StreamRequest request;
    while (stream->Read(&request)) {
      v1::StreamResponse response;
      if (request.has_hello()) {
        MutexLock lock(server_.mutex_);
        server_.layout_.assign(request.hello().layout().begin(), request.hello().layout().end());
        response.mutable_hello_ack();
      } else {
        const v1::FrameBatch& batch = request.batch();
        vins.insert(vins.end(), batch.more_vins().begin(), batch.more_vins().end());
        response.mutable_batch_ack()->set_sequence(batch.sequence());
        server_.Take(batch, vins, *response.mutable_batch_ack());
        if (batch.sequence() > server_.faults_.end_after_batch.value_or(~0ULL)) {
          return {grpc::StatusCode::UNAVAILABLE, "the disk is full"};
        }
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

 private:
  MemoryServer& server_;
};

class MemoryServer::Telemetry : public v1::TelemetryService::Service {
 public:
  explicit Telemetry(MemoryServer& server) : server_(server) {}

  grpc::Status GetHistory(grpc::ServerContext*, const v1::GetHistoryRequest* request,
                          v1::GetHistoryResponse* response) override {
    const auto ms = [](const google::protobuf::Timestamp& time) {
      return time.seconds() * 1000 + time.nanos() / 1'000'000;
    };
    MutexLock lock(server_.mutex_);
    const Frames& frames = server_.frames_[request->vin()];
    const auto end = frames.lower_bound(ms(request->range().to()));
    for (auto it = frames.lower_bound(ms(request->range().from())); it != end; ++it) {
      AddRow(*request, it->second, *response);
    }
    return grpc::Status::OK;
  }

 private:
  void AddRow(const v1::GetHistoryRequest& request, const std::vector<RawValue>& frame,
              v1::GetHistoryResponse& response) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(server_.mutex_) {
    v1::HistoryRow& row = *response.add_rows();
    for (const std::uint32_t id : request.signal_id()) {
      const auto position = std::find(server_.layout_.begin(), server_.layout_.end(), id) - server_.layout_.begin();
      const RawValue raw = frame[static_cast<std::size_t>(position)];
      const ModelSignal& signal = server_.signals_[id - 1];
      v1::HistoryCell& cell = *row.add_cells();
      cell.set_state(IsValue(raw) ? v1::VALUE_STATE_VALID : v1::VALUE_STATE_NOT_AVAILABLE);
      if (IsValue(raw)) cell.set_physical(raw * signal.scale + signal.offset);
    }
  }

  MemoryServer& server_;
};

MemoryServer::MemoryServer(Faults faults) : faults_(faults), signals_(MakeSignals()) {
  services_.push_back(std::make_unique<Catalogue>(*this));
  services_.push_back(std::make_unique<Vehicles>(*this));
  services_.push_back(std::make_unique<Ingest>(*this));
  services_.push_back(std::make_unique<Telemetry>(*this));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
  EXPECT_NE(server_, nullptr);
}

MemoryServer::~MemoryServer() { server_->Shutdown(std::chrono::system_clock::now()); }

void MemoryServer::Take(const v1::FrameBatch& batch, const std::vector<std::string>& vins, v1::BatchAck& ack) {
  MutexLock lock(mutex_);
  for (int i = 0; i < batch.frames_size(); ++i) {
    const v1::Frame& frame = batch.frames(i);
    const std::uint64_t number = frame_count_++;
    const auto known = frames_.find(vins.at(frame.vehicle_index()));
    if (known == frames_.end() || number >= faults_.refuse_from_frame) {
      v1::Refusal& refusal = *ack.add_refusals();
      refusal.set_frame_index(static_cast<std::uint32_t>(i));
      refusal.set_reason(v1::REFUSAL_REASON_UNKNOWN_VEHICLE);
      ack.set_refusal_count(ack.refusal_count() + 1);
      continue;
    }
    ack.set_accepted_frame_count(ack.accepted_frame_count() + 1);
    if (number >= faults_.forget_from_frame) continue;
    std::vector<RawValue> row(frame.row().begin(), frame.row().end());
    if (number >= faults_.change_from_frame) row.back() ^= 1;
    known->second[frame.measure_time_ms()] = std::move(row);
  }
}

std::size_t MemoryServer::vehicle_count() const {
  MutexLock lock(mutex_);
  return frames_.size();
}

std::size_t MemoryServer::frame_count() const {
  MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [vin, frames] : frames_) count += frames.size();
  return count;
}

std::size_t MemoryServer::frames_per_vehicle_max() const {
  MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [vin, frames] : frames_) count = std::max(count, frames.size());
  return count;
}

}  // namespace telltale
