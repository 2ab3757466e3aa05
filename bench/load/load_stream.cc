#include "bench/load/load_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"

namespace telltale {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRetryFirst{50};
constexpr std::chrono::milliseconds kRetryMax{1000};
constexpr std::int64_t kWrongClockMs = 4'102'444'800'000;  // 2100-01-01T00:00:00Z

}  // namespace

LoadStream::LoadStream(const LoadOptions& options, std::shared_ptr<grpc::Channel> channel, const TruckModel& model,
                       const Fleet& fleet, const Timeline& timeline, Plan plan, const std::atomic<bool>& stop)
    : options_(options),
      channel_(std::move(channel)),
      model_(model),
      fleet_(fleet),
      timeline_(timeline),
      plan_(plan),
      stop_(stop),
      order_(plan.share, timeline.first_step(), options.disturbances, options.seed),
      random_(plan.seed) {}

LoadStream::~LoadStream() {
  if (thread_.joinable()) {
    Cancel();
    Join();
  }
}

Status LoadStream::Open() {
  auto call = std::make_shared<Call>();
  call->stub = v1::IngestService::NewStub(channel_);
  call->stream = call->stub->Stream(&call->context);
  const Status named = NameVehicles(*call);
  if (absl::IsUnavailable(named)) return FromGrpc(call->stream->Finish(), "open a stream");  // says why
  RETURN_IF_ERROR(named);
  MutexLock lock(mutex_);
  call_ = std::move(call);
  broken_ = false;
  return OkStatus();
}

Status LoadStream::NameVehicles(Call& call) {
  const auto ended = [] { return absl::UnavailableError("the stream ended"); };
  v1::StreamRequest request;
  v1::StreamResponse response;
  request.mutable_hello()->set_sender("telltale-load");
  for (const SignalId signal : model_.layout()) request.mutable_hello()->add_layout(signal);
  if (!call.stream->Write(request) || !call.stream->Read(&response) || !response.has_hello_ack()) {
    return ended();
  }
  const auto vins = fleet_.vins.begin() + plan_.share.first_vehicle;
  for (std::size_t first = 0; first < plan_.share.vehicle_count; first += kVinsPerMessage) {
    const std::size_t last = std::min<std::size_t>(plan_.share.vehicle_count, first + kVinsPerMessage);
    request.Clear();
    request.mutable_batch()->set_sequence(++call.sequence);
    for (std::size_t i = first; i < last; ++i) {
      request.mutable_batch()->add_more_vins(vins[static_cast<std::ptrdiff_t>(i)]);
    }
    if (!call.stream->Write(request) || !call.stream->Read(&response) || !response.has_batch_ack()) {
      return ended();
    }
  }
  return OkStatus();
}

bool LoadStream::Reconnect() {
  const auto give_up = SteadyClock::now() + options_.reconnect_timeout;
  for (auto wait = kRetryFirst;; wait = std::min(2 * wait, kRetryMax)) {
    if (cancelled_ || SteadyClock::now() + wait > give_up) return false;
    std::this_thread::sleep_for(wait);
    const Status opened = Open();
    if (!opened.ok()) {
      status_ = opened;
      continue;
    }
    status_ = OkStatus();
    ++counts_.reconnects;
    return true;
  }
}

void LoadStream::Start(SteadyTime end_time) {
  start_time_ = SteadyClock::now();
  end_time_ = end_time;
  last_answer_time_ = start_time_;
  thread_ = std::thread([this] { Run(); });
}

void LoadStream::Join() { thread_.join(); }

void LoadStream::Cancel() {
  cancelled_ = true;
  Drop();
}

void LoadStream::Drop() {
  MutexLock lock(mutex_);
  call_->context.TryCancel();
  changed_.NotifyAll();
}

void LoadStream::Run() {
  while (true) {
    std::shared_ptr<Call> call;
    {
      MutexLock lock(mutex_);
      call = call_;
    }
    std::thread reader([&] { Read(*call); });
    SendOn(*call);
    reader.join();
    {
      MutexLock lock(mutex_);
      if (!broken_) break;
      recovering_ = true;
      broken_since_ = SteadyClock::now();
    }
    if (!Reconnect()) break;
  }
  ended_ = true;
}

void LoadStream::SendOn(Call& call) {
  std::deque<InFlight> again;  // what the call before did not answer
  {
    MutexLock lock(mutex_);
    again.swap(in_flight_);
  }
  while (!again.empty()) {
    InFlight batch = std::move(again.front());
    again.pop_front();
    if (Send(call, batch)) continue;
    MutexLock lock(mutex_);
    for (InFlight& rest : again) in_flight_.push_back(std::move(rest));
    return;
  }
  while (!finishing_) {
    Pace();
    if (!WaitForRoom()) return;
    InFlight batch{.frames = NextBatch()};
    finishing_ = batch.frames.empty();
    if (finishing_) break;
    ++batch_;
    ++counts_.sent_batches;
    counts_.sent_frames += batch.frames.size();
    counts_.wrong_clock_frames +=
        static_cast<std::uint64_t>(std::ranges::count_if(batch.frames, &SentFrame::wrong_clock));
    if (!Send(call, batch)) return;
  }
  call.stream->WritesDone();
}

bool LoadStream::Send(Call& call, InFlight& batch) {
  v1::FrameBatch& out = *request_.mutable_batch();
  const int signal_count = static_cast<int>(model_.layout().size());
  if (out.frames_size() > static_cast<int>(batch.frames.size())) {
    out.mutable_frames()->DeleteSubrange(static_cast<int>(batch.frames.size()),
                                         out.frames_size() - static_cast<int>(batch.frames.size()));
  }
  for (std::size_t i = 0; i < batch.frames.size(); ++i) {
    const auto& [key, wrong_clock] = batch.frames[i];
    v1::Frame& frame =
        i < static_cast<std::size_t>(out.frames_size()) ? *out.mutable_frames(static_cast<int>(i)) : *out.add_frames();
    frame.set_vehicle_index(key.vehicle - plan_.share.first_vehicle);
    frame.set_measure_time_ms(wrong_clock ? kWrongClockMs
                                          : timeline_.TimeOf(key.step) + model_.TimeOffsetMs(key.vehicle));
    if (frame.row_size() == 0) frame.mutable_row()->Resize(signal_count, 0);
    model_.Fill(key.vehicle, key.step, {frame.mutable_row()->mutable_data(), model_.layout().size()});
  }
  batch.sequence = ++call.sequence;
  batch.sent = SteadyClock::now();
  out.set_sequence(batch.sequence);
  {
    MutexLock lock(mutex_);
    in_flight_.push_back(std::move(batch));
  }
  return call.stream->Write(request_);
}

bool LoadStream::WaitForRoom() {
  MutexLock lock(mutex_);
  while (!broken_ && in_flight_.size() >= options_.batches_in_flight) changed_.Wait(mutex_);
  return !broken_;
}

void LoadStream::Pace() {
  if (plan_.batches_per_second == 0.0) return;
  const std::chrono::duration<double> after((static_cast<double>(batch_) + plan_.phase) / plan_.batches_per_second);
  const auto due = start_time_ + std::chrono::duration_cast<SteadyClock::duration>(after);
  std::this_thread::sleep_until(std::min(due, end_time_));
}

// Empty: there is nothing more to send.
std::vector<SentFrame> LoadStream::NextBatch() {
  std::vector<SentFrame> frames;
  if (stop_) return frames;
  const bool ending = caught_up_ || SteadyClock::now() >= end_time_;
  const std::int64_t now_ms = SystemClock().NowMs();
  frames.reserve(options_.frames_per_batch);
  while (frames.size() < options_.frames_per_batch) {
    const std::optional<SentFrame> frame = ending || caught_up_ ? order_.NextHeld() : order_.Next();
    if (!frame) break;
    if (timeline_.TimeOf(frame->key.step) + model_.TimeOffsetMs(frame->key.vehicle) > now_ms) {
      caught_up_ = true;
      continue;
    }
    frames.push_back(*frame);
  }
  return frames;
}

void LoadStream::Read(Call& call) {
  v1::StreamResponse response;
  while (call.stream->Read(&response)) {
    if (response.has_batch_ack()) NoteAnswer(call, response.batch_ack());
  }
  const Status status = FromGrpc(call.stream->Finish(), "stream");
  MutexLock lock(mutex_);
  broken_ = !status.ok() || !in_flight_.empty();
  if (broken_ && status_.ok()) status_ = status;
  changed_.NotifyAll();
}

void LoadStream::NoteAnswer(Call& call, const v1::BatchAck& ack) {
  last_answer_time_ = SteadyClock::now();
  InFlight batch;
  {
    MutexLock lock(mutex_);
    if (in_flight_.empty() || in_flight_.front().sequence != ack.sequence()) {
      status_ =
          absl::InternalError(fmt::format("the server answered batch {}, which was not the next", ack.sequence()));
      call.context.TryCancel();
      return;
    }
    batch = std::move(in_flight_.front());
    in_flight_.pop_front();
    if (recovering_)
      recovery_max_ = std::max(recovery_max_, std::chrono::duration<double>(last_answer_time_ - broken_since_));
    recovering_ = false;
    changed_.NotifyAll();
  }
  latencies_.Add(last_answer_time_ - batch.sent);
  counts_.answered_frames += batch.frames.size();
  counts_.accepted_frames += ack.accepted_frame_count();
  ++counts_.answered_batches;
  std::uint64_t unexpected = ack.refusal_count() - static_cast<std::uint64_t>(ack.refusals_size());
  for (const v1::Refusal& refusal : ack.refusals()) {
    if (refusal.frame_index() < batch.frames.size() && batch.frames[refusal.frame_index()].wrong_clock &&
        refusal.reason() == v1::REFUSAL_REASON_TIME_IN_FUTURE) {
      continue;
    }
    ++unexpected;
    if (refusal_examples_.size() >= kMaxRefusalExamples) continue;
    refusal_examples_.push_back(fmt::format("{}: {}", v1::RefusalReason_Name(refusal.reason()), refusal.message()));
  }
  counts_.refusals += unexpected;
  Remember(batch.frames);
}

// Reservoir sampling (Vitter's algorithm R).
void LoadStream::Remember(const std::vector<SentFrame>& frames) {
  for (const auto& [key, wrong_clock] : frames) {
    if (wrong_clock || plan_.sample_size == 0) continue;
    const std::uint64_t place = random_() % ++sampled_of_;
    if (sample_.size() < plan_.sample_size) {
      sample_.push_back(key);
    } else if (place < plan_.sample_size) {
      sample_[place] = key;
    }
  }
}

}  // namespace telltale
