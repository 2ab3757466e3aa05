#include "bench/load/load_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"

namespace telltale {
namespace {

std::int64_t SteadyNs(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

LoadStream::LoadStream(const LoadOptions& options, const TruckModel& model, const Fleet& fleet,
                       const Timeline& timeline, Plan plan, const std::atomic<bool>& stop)
    : options_(options),
      model_(model),
      fleet_(fleet),
      timeline_(timeline),
      plan_(plan),
      stop_(stop),
      free_batches_(options.batches_in_flight),
      send_times_ns_(options.batches_in_flight + 1) {}

LoadStream::~LoadStream() {
  if (writer_.joinable()) {
    Cancel();
    Join();
  }
}

Status LoadStream::Open() {
  ASSIGN_OR_RETURN(const auto channel, Connect(options_.server));
  stub_ = v1::IngestService::NewStub(channel);
  stream_ = stub_->Stream(&context_);
  Status named = NameVehicles();
  if (named.ok() || !absl::IsUnavailable(named)) return named;
  return FromGrpc(stream_->Finish(), "open a stream");  // says why
}

Status LoadStream::NameVehicles() {
  const auto ended = [] { return absl::UnavailableError("the stream ended"); };
  v1::StreamRequest request;
  v1::StreamResponse response;
  request.mutable_hello()->set_sender("telltale-load");
  for (const SignalId signal : model_.layout()) request.mutable_hello()->add_layout(signal);
  if (!stream_->Write(request) || !stream_->Read(&response) || !response.has_hello_ack()) return ended();

  const auto vins = fleet_.vins.begin() + plan_.share.first_vehicle;
  for (std::size_t first = 0; first < plan_.share.vehicle_count; first += kVinsPerMessage) {
    const std::size_t last = std::min<std::size_t>(plan_.share.vehicle_count, first + kVinsPerMessage);
    request.Clear();
    request.mutable_batch()->set_sequence(++sequence_);
    for (std::size_t i = first; i < last; ++i) {
      request.mutable_batch()->add_more_vins(vins[static_cast<std::ptrdiff_t>(i)]);
    }
    if (!stream_->Write(request) || !stream_->Read(&response) || !response.has_batch_ack()) return ended();
  }
  answered_sequence_ = sequence_;
  return OkStatus();
}

void LoadStream::Start(std::chrono::steady_clock::time_point end_time) {
  start_time_ = std::chrono::steady_clock::now();
  end_time_ = end_time;
  last_answer_time_ = start_time_;
  reader_ = std::thread([this] { Read(); });
  writer_ = std::thread([this] { Write(); });
}

void LoadStream::Join() {
  writer_.join();
  reader_.join();
}

void LoadStream::Write() {
  v1::StreamRequest request;  // reused: its rows stay where they are
  std::uint64_t frame = 0;
  for (std::uint64_t batch = 0; !stop_ && !broken_; ++batch) {
    if (plan_.batches_per_second > 0.0) Pace(batch);
    if (!free_batches_.try_acquire_until(end_time_)) break;
    if (std::chrono::steady_clock::now() >= end_time_) break;
    if (!FillBatch(*request.mutable_batch(), frame)) {
      caught_up_ = true;
      break;
    }
    request.mutable_batch()->set_sequence(++sequence_);
    send_times_ns_[sequence_ % send_times_ns_.size()] = SteadyNs(std::chrono::steady_clock::now());
    frame += options_.frames_per_batch;
    counts_.sent_frames = frame;
    ++counts_.sent_batches;
    if (!stream_->Write(request)) break;
  }
  stream_->WritesDone();
}

void LoadStream::Pace(std::uint64_t batch) const {
  const std::chrono::duration<double> after(static_cast<double>(batch) / plan_.batches_per_second);
  const auto due = start_time_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(after);
  std::this_thread::sleep_until(std::min(due, end_time_));
}

// False: a frame would be of the future.
bool LoadStream::FillBatch(v1::FrameBatch& batch, std::uint64_t first_frame) const {
  const std::int64_t now_ms = SystemClock().NowMs();
  const int signal_count = static_cast<int>(model_.layout().size());
  for (std::uint32_t i = 0; i < options_.frames_per_batch; ++i) {
    const FrameKey key = plan_.share.At(first_frame + i, timeline_.first_step());
    v1::Frame& frame = i < static_cast<std::uint32_t>(batch.frames_size()) ? *batch.mutable_frames(static_cast<int>(i))
                                                                           : *batch.add_frames();
    const std::int64_t time_ms = timeline_.TimeOf(key.step) + model_.TimeOffsetMs(key.vehicle);
    if (time_ms > now_ms) return false;
    frame.set_vehicle_index(key.vehicle - plan_.share.first_vehicle);
    frame.set_measure_time_ms(time_ms);
    if (frame.row_size() == 0) frame.mutable_row()->Resize(signal_count, 0);
    model_.Fill(key.vehicle, key.step, {frame.mutable_row()->mutable_data(), model_.layout().size()});
  }
  return true;
}

void LoadStream::Read() {
  v1::StreamResponse response;
  while (stream_->Read(&response)) {
    if (response.has_batch_ack()) NoteAnswer(response.batch_ack());
  }
  broken_ = true;
  free_batches_.release();  // wakes a writer that waits for an answer which will not come
  Status status = FromGrpc(stream_->Finish(), "stream");
  if (status_.ok()) status_ = std::move(status);
  ended_ = true;
}

void LoadStream::NoteAnswer(const v1::BatchAck& ack) {
  last_answer_time_ = std::chrono::steady_clock::now();
  if (ack.sequence() != answered_sequence_ + 1) {
    status_ = absl::InternalError(
        fmt::format("the server answered batch {} after batch {}", ack.sequence(), answered_sequence_));
  }
  answered_sequence_ = ack.sequence();
  latencies_.Add(
      std::chrono::nanoseconds(SteadyNs(last_answer_time_) - send_times_ns_[ack.sequence() % send_times_ns_.size()]));
  counts_.answered_frames += options_.frames_per_batch;
  counts_.accepted_frames += ack.accepted_frame_count();
  counts_.refusals += ack.refusal_count();
  ++counts_.answered_batches;
  for (const v1::Refusal& refusal : ack.refusals()) {
    if (refusal_examples_.size() >= kMaxRefusalExamples) break;
    refusal_examples_.push_back(fmt::format("{}: {}", v1::RefusalReason_Name(refusal.reason()), refusal.message()));
  }
  free_batches_.release();
}

}  // namespace telltale
