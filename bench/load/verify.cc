#include "bench/load/verify.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "base/time.h"
#include "base/vin.h"

namespace telltale {
namespace {

constexpr std::size_t kSignalsPerCall = 50;  // what GetHistory takes

void SetTime(google::protobuf::Timestamp& to, std::int64_t time_ms) {
  to.set_seconds(time_ms / 1000);
  to.set_nanos(static_cast<std::int32_t>(time_ms % 1000 * 1'000'000));
}

std::vector<VerifySignal> SignalsOf(const TruckModel& model, std::span<const ModelSignal> catalogue) {
  std::map<SignalId, const ModelSignal*> by_id;
  for (const ModelSignal& signal : catalogue) by_id[signal.id] = &signal;
  std::vector<VerifySignal> signals;
  for (const SignalId id : model.layout()) {
    const ModelSignal& signal = *by_id.at(id);
    signals.push_back({.id = id, .scale = signal.scale, .offset = signal.offset});
  }
  return signals;
}

class Verifier {
 public:
  Verifier(const std::shared_ptr<grpc::Channel>& channel, std::vector<VerifySignal> signals)
      : stub_(v1::TelemetryService::NewStub(channel)), signals_(std::move(signals)) {}

  // What is wrong with the stored frame; empty: nothing. A frame that is not there sets `missing`.
  StatusOr<std::string> Check(const std::string& vin, std::int64_t time_ms, std::span<const RawValue> sent,
                              bool& missing) {
    for (std::size_t first = 0; first < signals_.size(); first += kSignalsPerCall) {
      const std::size_t count = std::min(kSignalsPerCall, signals_.size() - first);
      const std::span<const VerifySignal> signals(signals_.data() + first, count);
      ASSIGN_OR_RETURN(const v1::GetHistoryResponse history, Read(vin, time_ms, signals));
      missing = history.rows().empty();
      if (missing) return std::string("the frame is not there");
      if (history.rows_size() != 1) return fmt::format("{} frames instead of one", history.rows_size());
      std::string difference = Difference(signals, sent.subspan(first, count), history.rows(0));
      if (!difference.empty()) return difference;
    }
    return std::string();
  }

 private:
  StatusOr<v1::GetHistoryResponse> Read(const std::string& vin, std::int64_t time_ms,
                                        std::span<const VerifySignal> signals) {
    v1::GetHistoryRequest request;
    request.set_vin(vin);
    for (const VerifySignal& signal : signals) request.add_signal_id(signal.id);
    SetTime(*request.mutable_range()->mutable_from(), time_ms);
    SetTime(*request.mutable_range()->mutable_to(), time_ms + 1);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::GetHistoryResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->GetHistory(&context, request, &response), "read a frame back"));
    return response;
  }

  std::unique_ptr<v1::TelemetryService::Stub> stub_;
  std::vector<VerifySignal> signals_;
};

}  // namespace

std::string Difference(std::span<const VerifySignal> signals, std::span<const RawValue> sent,
                       const v1::HistoryRow& row) {
  if (static_cast<std::size_t>(row.cells_size()) != signals.size()) {
    return fmt::format("{} cells instead of {}", row.cells_size(), signals.size());
  }
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const v1::HistoryCell& cell = row.cells(static_cast<int>(i));
    const auto state = IsValue(sent[i])           ? v1::VALUE_STATE_VALID
                       : sent[i] == kNotAvailable ? v1::VALUE_STATE_NOT_AVAILABLE
                                                  : v1::VALUE_STATE_ERROR;
    if (cell.state() != state) {
      return fmt::format("signal {}: {}, sent {}", signals[i].id, v1::ValueState_Name(cell.state()),
                         v1::ValueState_Name(state));
    }
    const double raw = std::round((cell.physical() - signals[i].offset) / signals[i].scale);
    if (IsValue(sent[i]) && raw != static_cast<double>(sent[i])) {
      return fmt::format("signal {}: raw {}, sent {}", signals[i].id, raw, sent[i]);
    }
  }
  return {};
}

StatusOr<VerifyResult> Verify(const std::shared_ptr<grpc::Channel>& channel, std::span<const ModelSignal> catalogue,
                              const TruckModel& model, const Fleet& fleet, const Timeline& timeline,
                              std::span<const FrameKey> frames) {
  Verifier verifier(channel, SignalsOf(model, catalogue));
  VerifyResult result;
  std::vector<RawValue> sent(model.layout().size());
  for (const FrameKey& key : frames) {
    const std::string& vin = fleet.vins[key.vehicle];
    const std::int64_t time_ms = timeline.TimeOf(key.step) + model.TimeOffsetMs(key.vehicle);
    model.Fill(key.vehicle, key.step, sent);
    bool missing = false;
    ASSIGN_OR_RETURN(const std::string difference, verifier.Check(vin, time_ms, sent, missing));
    ++result.frame_count;
    if (difference.empty()) continue;
    ++(missing ? result.missing_frames : result.wrong_frames);
    if (result.examples.size() < VerifyResult::kMaxExamples) {
      result.examples.push_back(fmt::format("{} at {}: {}", vin, FormatTime(time_ms), difference));
    }
  }
  return result;
}

}  // namespace telltale
