#include "ingest/grpc/stream_reactor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "ingest/grpc/grpc_status.h"
#include "ingest/grpc/wire.h"
#include "ingest/packed_frames.h"

namespace telltale {
namespace {

constexpr std::size_t kMaxSenderBytes = 100;
constexpr std::size_t kArenaBlockBytesMax = std::size_t{64} << 10;

google::protobuf::ArenaOptions RequestArena() {
  google::protobuf::ArenaOptions options;
  options.max_block_size = kArenaBlockBytesMax;
  return options;
}

grpc::Status Wrong(std::string_view field, const std::string& message, std::string_view reason = "INVALID_STREAM") {
  return ToGrpcStatus(absl::InvalidArgumentError(message), {.reason = reason, .field = field});
}

grpc::Status Stopping() {
  return ToGrpcStatus(absl::UnavailableError("the server is stopping; send the unanswered batches again later"),
                      {.reason = "SERVER_STOPPING"});
}

}  // namespace

StreamReactor::StreamReactor(std::string peer, Pipeline& pipeline, VehicleFinder find,
                             const IngestServiceOptions& options, const Shared& shared)
    : pipeline_(pipeline),
      find_(std::move(find)),
      options_(options),
      shared_(shared),
      peer_(std::move(peer)),
      arena_(RequestArena()) {
  // Here, not above: from now on the stream may be asked to drain.
  registered_ = shared_.streams.Add(this, options.streams_max);
  if (registered_) {
    pipeline_.metrics().streams.Increment();
  } else if (shared_.streams.draining()) {
    EndReading(Stopping());
  } else {
    EndReading(ToGrpcStatus(absl::ResourceExhaustedError(
                                fmt::format("{} streams are open already (ingest.streams_max)", options.streams_max)),
                            {.reason = "TOO_MANY_STREAMS"}));
  }
  Advance();
}

void StreamReactor::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    reading_ = false;
    // The stream is ending: what came in meanwhile is not taken, and not answered.
    if (finished_) return;
    handling_ = ok && !end_;
    ok = handling_;
  }
  grpc::Status error;
  if (ok) {
    pipeline_.metrics().bytes.Increment(static_cast<double>(request_->ByteSizeLong()));
    switch (request_->message_case()) {
      case v1::StreamRequest::kHello:
        error = HandleHello(request_->hello());
        break;
      case v1::StreamRequest::kBatch:
        error = HandleBatch(request_->batch());
        break;
      case v1::StreamRequest::MESSAGE_NOT_SET:
        error = Wrong("message", "the message has neither a hello nor a batch");
        break;
    }
  }
  if (!ok || !error.ok()) EndReading(error);
  {
    MutexLock lock(mutex_);
    handling_ = false;
  }
  Advance();
}

grpc::Status StreamReactor::HandleHello(const v1::Hello& hello) {
  if (greeted_) return Wrong("hello", "a second hello; open another stream for another layout");
  if (hello.sender().size() > kMaxSenderBytes) {
    return Wrong("hello.sender", fmt::format("{} bytes; at most {}", hello.sender().size(), kMaxSenderBytes));
  }
  // Of one that has no name, all streams from its address; the port is another each time.
  sender_ = hello.sender().empty() ? peer_.substr(0, peer_.rfind(':')) : hello.sender();
  limit_ = shared_.sender_limits.Of(sender_);
  if (grpc::Status status = CheckRate(); !status.ok()) return status;
  if (hello.layout_size() > 0) {
    auto layout = shared_.layouts.Get(pipeline_.catalog(),
                                      {hello.layout().data(), static_cast<std::size_t>(hello.layout_size())});
    if (!layout.ok()) return Wrong("hello.layout", MessageOf(layout.status()), "INVALID_LAYOUT");
    layout_ = *std::move(layout);
  }
  if (grpc::Status status = AddVehicles(hello.vins(), "hello.vins"); !status.ok()) return status;
  greeted_ = true;
  Answer answer;
  v1::HelloAck& ack = *answer.response.mutable_hello_ack();
  for (std::size_t i = 0; i < vehicles_.size(); ++i) {
    if (vehicles_[i].entry.id == 0) ack.add_unknown_vehicle_index(static_cast<std::uint32_t>(i));
  }
  answer.ready = true;
  SPDLOG_DEBUG("stream opened sender={} vehicles={} layout={}", hello.sender(), vehicles_.size(), hello.layout_size());
  MutexLock lock(mutex_);
  answers_.push_back(std::move(answer));
  return grpc::Status::OK;
}

grpc::Status StreamReactor::CheckRate() const {
  const auto delay = limit_ != nullptr ? limit_->Delay(SenderLimit::Clock::now()) : std::chrono::milliseconds{0};
  if (delay == std::chrono::milliseconds{0}) return grpc::Status::OK;
  pipeline_.metrics().limited_streams.Increment();
  return ToGrpcStatus(
      absl::ResourceExhaustedError(fmt::format("sender '{}' sends more than {} frames a second "
                                               "(ingest.sender_frames_per_s_max); send the unanswered batches "
                                               "again in {} ms",
                                               sender_, options_.sender_limit.frames_per_second_max, delay.count())),
      {.reason = "TOO_MANY_FRAMES", .retry_delay = delay});
}

grpc::Status StreamReactor::AddVehicles(const google::protobuf::RepeatedPtrField<std::string>& vins,
                                        std::string_view field) {
  if (vehicles_.size() + static_cast<std::size_t>(vins.size()) > options_.vehicles_per_stream_max) {
    return ToGrpcStatus(absl::ResourceExhaustedError(fmt::format(
                            "more than {} vehicles on one stream (ingest.vehicles_per_stream_max); open another",
                            options_.vehicles_per_stream_max)),
                        {.reason = "TOO_MANY_VEHICLES", .field = field});
  }
  vehicles_.reserve(vehicles_.size() + static_cast<std::size_t>(vins.size()));
  for (const std::string& vin : vins) {
    // A malformed VIN is an unknown one: its frames are refused, the stream goes on.
    const auto parsed = Vin::Parse(vin);
    vehicles_.push_back({.vin = parsed.ok() ? parsed->text() : std::string(),
                         .entry = parsed.ok() ? find_(parsed->text()) : VehicleRegistry::Entry{}});
  }
  return grpc::Status::OK;
}

const VehicleRegistry::Entry* StreamReactor::FindVehicle(std::uint32_t vehicle_index, std::uint32_t frame_index) {
  if (vehicle_index >= vehicles_.size()) {
    pipeline_.Refuse(
        frame_index, 0, RefusalReason::kBadVehicleIndex,
        fmt::format("vehicle_index {} is beyond the stream's {} vehicles; name it in hello.vins or more_vins",
                    vehicle_index, vehicles_.size()),
        batch_);
    return nullptr;
  }
  StreamVehicle& vehicle = vehicles_[vehicle_index];
  // It may have been registered since the stream named it.
  if (vehicle.entry.id == 0 && !vehicle.vin.empty()) vehicle.entry = find_(vehicle.vin);
  return &vehicle.entry;
}

grpc::Status StreamReactor::HandleBatch(const v1::FrameBatch& batch) {
  if (!greeted_) return Wrong("message", "the first message of a stream is a hello, this one is a batch");
  if (batch.sequence() <= last_sequence_) {
    return Wrong("batch.sequence", fmt::format("{} does not grow: the last was {}", batch.sequence(), last_sequence_),
                 "SEQUENCE_NOT_GROWING");
  }
  if (grpc::Status status = CheckRate(); !status.ok()) return status;
  last_sequence_ = batch.sequence();
  if (grpc::Status status = AddVehicles(batch.more_vins(), "batch.more_vins"); !status.ok()) return status;

  batch_.Clear();
  packed_frame_count_ = 0;
  const std::size_t width = layout_ != nullptr ? layout_->layout->size() : 0;
  batch_.frames.Reserve(static_cast<std::size_t>(batch.frames_size()),
                        width * static_cast<std::size_t>(batch.frames_size()));
  for (int i = 0; i < batch.frames_size(); ++i) AddFrame(batch.frames(i), static_cast<std::uint32_t>(i));
  auto index = static_cast<std::uint32_t>(batch.frames_size());
  for (const v1::PackedFrames& packed : batch.packed_frames()) AddPackedFrames(packed, index);
  for (int i = 0; i < batch.faults_size(); ++i) AddFault(batch.faults(i), static_cast<std::uint32_t>(i));

  if (limit_ != nullptr) {
    const std::uint64_t frames = index + static_cast<std::uint64_t>(batch.faults_size());
    limit_->Count(std::max<std::uint64_t>(frames, 1), SenderLimit::Clock::now());
  }
  if (batch.frames().empty() && batch.packed_frames().empty() && batch.faults().empty()) {
    pipeline_.Refuse(0, 0, RefusalReason::kEmptyFrame, "the batch has neither frames nor faults", batch_);
  }

  Answer* answer = nullptr;
  {
    MutexLock lock(mutex_);
    answer = &answers_.emplace_back();
    v1::BatchAck& ack = *answer->response.mutable_batch_ack();
    ack.set_sequence(batch.sequence());
    ack.set_accepted_frame_count(static_cast<std::uint32_t>(batch_.frames.size()));
    ack.set_refusal_count(static_cast<std::uint32_t>(batch_.refusal_count));
    for (const Refusal& refusal : batch_.refusals) {
      v1::Refusal& out = *ack.add_refusals();
      out.set_frame_index(refusal.frame_index);
      out.set_signal_id(refusal.signal);
      out.set_reason(ToWire(refusal.reason));
      out.set_message(refusal.message);
    }
  }
  pipeline_.Submit(batch_, [this, answer](const Status& status) { OnDurable(answer, status); });
  return grpc::Status::OK;
}

void StreamReactor::AddFrame(const v1::Frame& frame, std::uint32_t index) {
  const VehicleRegistry::Entry* vehicle = FindVehicle(frame.vehicle_index(), index);
  if (vehicle == nullptr) return;
  const std::span<const RawValue> row(frame.row().data(), static_cast<std::size_t>(frame.row_size()));
  if (frame.samples_size() == 0 && !row.empty() && layout_ != nullptr) [[likely]] {
    pipeline_.AddRow(*vehicle, index, frame.measure_time_ms(), *layout_, row, batch_);
    return;
  }
  samples_.clear();
  for (const v1::Sample& sample : frame.samples()) samples_.push_back(FromWire(sample));
  pipeline_.AddSamples(*vehicle, index, frame.measure_time_ms(), layout_.get(), row, samples_, batch_);
}

// Budget: 0.4 us for a row of 420 values of which 120 changed.
void StreamReactor::AddPackedFrames(const v1::PackedFrames& packed, std::uint32_t& index) {
  const auto refuse = [this, &index](RefusalReason reason, std::string message) {
    pipeline_.Refuse(index++, 0, reason, std::move(message), batch_);
  };
  const VehicleRegistry::Entry* const vehicle = FindVehicle(packed.vehicle_index(), index);
  if (vehicle == nullptr) {
    ++index;
    return;
  }
  if (layout_ == nullptr) {
    refuse(RefusalReason::kRowWidth, "the frames are packed rows, but the stream's Hello has no layout");
    return;
  }
  auto reader = PackedFramesReader::Open(packed.frames());
  if (!reader.ok()) {
    refuse(RefusalReason::kMalformedFrames, MessageOf(reader.status()));
    return;
  }
  std::vector<RawValue>& last_row = vehicles_[packed.vehicle_index()].last_row;
  if (reader->on_last_row() && last_row.empty()) {
    refuse(RefusalReason::kNoLastRow,
           "no row of the vehicle is kept that these could be packed against; send them again, packed against zeros");
    return;
  }
  if (reader->on_last_row()) {
    row_ = last_row;
  } else {
    row_.assign(layout_->layout->size(), 0);
  }
  while (!reader->at_end()) {
    std::int64_t measure_time_ms = 0;
    Status status;
    if (++packed_frame_count_ > options_.packed_frames_per_batch_max) {
      status =
          absl::ResourceExhaustedError(fmt::format("more than {} packed frames in a batch "
                                                   "(ingest.packed_frames_per_batch_max); send these in another",
                                                   options_.packed_frames_per_batch_max));
    } else {
      status = reader->Take(measure_time_ms, row_);
    }
    if (!status.ok()) {
      // Whatever comes next is packed against something that is not known.
      last_rows_bytes_ -= last_row.size() * sizeof(RawValue);
      shared_.last_rows.GiveBack(last_row.size() * sizeof(RawValue));
      last_row = {};
      refuse(absl::IsResourceExhausted(status) ? RefusalReason::kTooManyFrames : RefusalReason::kMalformedFrames,
             MessageOf(status));
      return;
    }
    pipeline_.AddRow(*vehicle, index++, measure_time_ms, *layout_, row_, batch_);
  }
  KeepLastRow(last_row);
}

void StreamReactor::KeepLastRow(std::vector<RawValue>& last_row) {
  if (last_row.empty()) {
    const std::size_t bytes = row_.size() * sizeof(RawValue);
    if (!shared_.last_rows.Take(bytes)) return;
    last_rows_bytes_ += bytes;
  }
  last_row = row_;
}

void StreamReactor::AddFault(const v1::FaultReport& fault, std::uint32_t index) {
  const VehicleRegistry::Entry* vehicle = FindVehicle(fault.vehicle_index(), index);
  if (vehicle == nullptr) return;
  auto report = FromWire(fault);
  if (!report.ok()) {
    pipeline_.Refuse(index, 0, RefusalReason::kBadFault, MessageOf(report.status()), batch_);
    return;
  }
  pipeline_.AddFault(*vehicle, index, *std::move(report), batch_);
}

void StreamReactor::OnDurable(Answer* answer, const Status& status) {
  {
    MutexLock lock(mutex_);
    answer->ready = true;
    if (!status.ok()) {
      // Not written, so not answered: the sender keeps it. What was answered before still holds.
      answer->response.Clear();
      if (!end_) end_ = ToGrpcStatus(status, {.reason = "NOT_WRITTEN"});
    }
  }
  Advance();
}

void StreamReactor::EndReading(grpc::Status status) {
  MutexLock lock(mutex_);
  if (!end_) end_ = std::move(status);
}

void StreamReactor::Drain() {
  EndReading(Stopping());
  Advance();
}

void StreamReactor::Advance() {
  std::optional<grpc::Status> finish;
  {
    MutexLock lock(mutex_);
    if (finished_) return;
    if (!writing_) DropUnsendable();
    // Started under the lock, so that nothing is started after Finish(); gRPC calls nothing back from inside.
    if (!writing_ && !answers_.empty() && answers_.front().ready) {
      writing_ = true;
      StartWrite(&answers_.front().response);
    }
    if (!end_ && !reading_ && !handling_ && !waiting_ && answers_.size() < options_.batches_in_flight) {
      ReadNext();
    }
    if (end_ && !handling_ && !waiting_ && !writing_ && answers_.empty()) {
      finished_ = true;
      finish = *end_;
    }
  }
  // Last, and outside the lock: OnDone may destroy this at once.
  if (finish) Finish(*finish);
}

void StreamReactor::ReadNext() {
  waiting_ = !pipeline_.HasRoom([this] { OnRoom(); });
  if (waiting_) return;
  reading_ = true;
  arena_.Reset();
  request_ = google::protobuf::Arena::CreateMessage<v1::StreamRequest>(&arena_);
  StartRead(request_);
}

void StreamReactor::OnRoom() {
  {
    MutexLock lock(mutex_);
    waiting_ = false;
  }
  Advance();
}

void StreamReactor::DropUnsendable() {
  // After a batch that was not written nothing further may be answered, or the sender would take it for written.
  if (!answers_.empty() && answers_.front().ready &&
      answers_.front().response.message_case() == v1::StreamResponse::MESSAGE_NOT_SET) {
    broken_ = true;
  }
  while (broken_ && !answers_.empty() && answers_.front().ready) answers_.pop_front();
}

void StreamReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    answers_.pop_front();
    if (!ok) {
      broken_ = true;
      if (!end_) end_ = grpc::Status::CANCELLED;
    }
  }
  Advance();
}

void StreamReactor::OnCancel() {
  pipeline_.metrics().broken_streams.Increment();
  {
    MutexLock lock(mutex_);
    broken_ = true;
    if (!end_) end_ = grpc::Status::CANCELLED;
  }
  Advance();
}

void StreamReactor::OnDone() {
  shared_.last_rows.GiveBack(last_rows_bytes_);
  if (registered_) {
    shared_.streams.Remove(this);
    pipeline_.metrics().streams.Decrement();
  }
  delete this;
}

}  // namespace telltale
