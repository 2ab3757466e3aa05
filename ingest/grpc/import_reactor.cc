#include "ingest/grpc/import_reactor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/vin.h"
#include "ingest/grpc/grpc_status.h"
#include "ingest/grpc/wire.h"

namespace telltale {
namespace {

constexpr std::size_t kMaxChunkBytes = 1 << 20;
constexpr std::size_t kMaxReportedRefusals = 20;  // a file; all are counted
constexpr auto kProgressInterval = std::chrono::milliseconds{500};

grpc::Status Wrong(std::string_view field, const std::string& message, std::string_view reason = "INVALID_IMPORT") {
  return ToGrpcStatus(absl::InvalidArgumentError(message), {.reason = reason, .field = field});
}

}  // namespace

ImportReactor::ImportReactor(Pipeline& pipeline, VehicleFinder find, const IngestServiceOptions& options,
                             OpenStreams& streams)
    : pipeline_(pipeline), find_(std::move(find)), streams_(streams) {
  // Here, not above: from now on the stream may be asked to drain.
  registered_ = streams.Add(this, options.streams_max);
  if (registered_) {
    pipeline_.metrics().streams.Increment();
  } else {
    End(ToGrpcStatus(absl::UnavailableError("the server is stopping or has too many streams (ingest.streams_max)"),
                     {.reason = "SERVER_BUSY"}));
  }
  Advance();
}

void ImportReactor::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    reading_ = false;
    if (finished_) return;
    if (end_) ok = false;
  }
  if (ok) {
    pipeline_.metrics().bytes.Increment(static_cast<double>(request_.ByteSizeLong()));
    grpc::Status error;
    switch (request_.message_case()) {
      case v1::ImportRequest::kHeader:
        error = HandleHeader(request_.header());
        break;
      case v1::ImportRequest::kChunk:
        error = HandleChunk(request_.chunk());
        if (error.ok()) return;  // OnDurable goes on
        break;
      case v1::ImportRequest::MESSAGE_NOT_SET:
        error = Wrong("message", "the message has neither a header nor a chunk");
        break;
    }
    if (!error.ok()) End(error);
  } else if (decoder_ == nullptr) {
    End(Wrong("header", "the import ended without a header"));
  } else {
    bool ended = false;
    {
      MutexLock lock(mutex_);
      ended = end_.has_value();
      complete_ = !ended;
    }
    if (!ended) {
      piece_.Clear();
      const Status status = decoder_->Finish(piece_);
      if (status.ok()) {
        SubmitPiece();
        return;
      }
      End(Wrong("chunk", MessageOf(status), "UNREADABLE_FILE"));
    }
  }
  {
    MutexLock lock(mutex_);
    busy_ = false;
  }
  Advance();
}

grpc::Status ImportReactor::HandleHeader(const v1::ImportHeader& header) {
  if (decoder_ != nullptr) return Wrong("header", "a second header; import each file in a call of its own");
  const auto vin = Vin::Parse(header.vin());
  if (!vin.ok()) return Wrong("header.vin", MessageOf(vin.status()), "INVALID_VIN");
  vehicle_ = find_(vin->text());
  if (vehicle_.id == 0) {
    return ToGrpcStatus(VehicleRegistry::NoSuchVehicle(*vin), {.reason = "UNKNOWN_VEHICLE", .field = "header.vin"});
  }

  FileDecoderOptions options{.vehicle_id = vehicle_.id};
  switch (header.format()) {
    case v1::FILE_FORMAT_UNSPECIFIED:
      break;
    case v1::FILE_FORMAT_CANDUMP:
      options.format = FileFormat::kCandump;
      break;
    case v1::FILE_FORMAT_CSV:
      options.format = FileFormat::kCsv;
      break;
    default:
      return Wrong("header.format",
                   fmt::format("{} is not a format of this version", static_cast<int>(header.format())));
  }
  if (header.has_start_time()) {
    const auto start_ms = ToMs(header.start_time());
    if (!start_ms.ok()) return Wrong("header.start_time", MessageOf(start_ms.status()));
    options.start_time_ms = *start_ms;
  }
  decoder_ = FileDecoder::Create(pipeline_.catalog(), options);
  return grpc::Status::OK;
}

grpc::Status ImportReactor::HandleChunk(const std::string& chunk) {
  if (decoder_ == nullptr) return Wrong("message", "the first message of an import is a header, this one is a chunk");
  if (chunk.size() > kMaxChunkBytes) {
    return Wrong("chunk", fmt::format("{} bytes; at most {} a message", chunk.size(), kMaxChunkBytes));
  }
  piece_.Clear();
  if (const Status status = decoder_->Add(chunk, piece_); !status.ok()) {
    return Wrong("chunk", MessageOf(status), "UNREADABLE_FILE");
  }
  {
    MutexLock lock(mutex_);
    progress_.set_bytes(progress_.bytes() + chunk.size());
  }
  SubmitPiece();
  return grpc::Status::OK;
}

void ImportReactor::SubmitPiece() {
  batch_.Clear();
  pipeline_.AddDecoded(vehicle_, piece_.frames, batch_);
  for (std::size_t i = 0; i < piece_.faults.size(); ++i) {
    pipeline_.AddFault(vehicle_, static_cast<std::uint32_t>(i), piece_.faults[i], batch_);
  }
  for (DriverChange& change : piece_.drivers) pipeline_.AddDriver(vehicle_, std::move(change), batch_);
  for (const LineRefusal& refusal : piece_.refusals) pipeline_.metrics().CountRefusal(refusal.reason);

  std::size_t valid_count = 0;
  for (std::size_t i = 0; i < batch_.frames.size(); ++i) {
    const Frame frame = batch_.frames[i];
    valid_count += static_cast<std::size_t>(std::count_if(frame.values.begin(), frame.values.end(), IsValue));
  }
  {
    MutexLock lock(mutex_);
    progress_.set_lines(decoder_->line_count());
    progress_.set_frame_count(progress_.frame_count() + batch_.frames.size());
    progress_.set_sample_count(progress_.sample_count() + batch_.frames.sample_count());
    progress_.set_valid_sample_count(progress_.valid_sample_count() + valid_count);
    progress_.set_fault_report_count(progress_.fault_report_count() + batch_.records.faults.size());
    progress_.set_refusal_count(progress_.refusal_count() + batch_.refusal_count + piece_.refusals.size());
    const auto report = [this](std::uint64_t line, RefusalReason reason, const std::string& message)
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                              if (reported_refusals_ >= kMaxReportedRefusals) return;
                              ++reported_refusals_;
                              v1::LineRefusal& out = *progress_.add_refusals();
                              out.set_line(line);
                              out.set_reason(ToWire(reason));
                              out.set_message(message);
                            };
    for (const LineRefusal& refusal : piece_.refusals) report(refusal.line, refusal.reason, refusal.message);
    for (const Refusal& refusal : batch_.refusals) report(0, refusal.reason, refusal.message);
    if (!columns_reported_ && decoder_->line_count() > 0) {
      columns_reported_ = true;
      for (const std::string& column : decoder_->ignored_columns()) progress_.add_ignored_columns(column);
    }
  }
  pipeline_.Submit(batch_, [this](const Status& status) { OnDurable(status); });
}

void ImportReactor::OnDurable(const Status& status) {
  {
    MutexLock lock(mutex_);
    busy_ = false;
    if (!status.ok() && !end_) end_ = ToGrpcStatus(status, {.reason = "NOT_WRITTEN"});
    if (status.ok() && complete_ && !end_) {
      progress_.set_done(true);
      end_ = grpc::Status::OK;
    }
  }
  Advance();
}

void ImportReactor::End(grpc::Status status) {
  MutexLock lock(mutex_);
  if (!end_) end_ = std::move(status);
}

void ImportReactor::Drain() {
  End(ToGrpcStatus(absl::UnavailableError("the server is stopping; import the file again later"),
                   {.reason = "SERVER_STOPPING"}));
  Advance();
}

void ImportReactor::Advance() {
  std::optional<grpc::Status> finish;
  {
    MutexLock lock(mutex_);
    if (finished_) return;
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress_.done() && !last_progress_sent_;
    const bool due = !end_ && progress_.bytes() > 0 && now - written_at_ >= kProgressInterval;
    if (!writing_ && !broken_ && (last || due)) {
      writing_ = true;
      written_at_ = now;
      last_progress_sent_ = progress_.done();
      *response_.mutable_progress() = progress_;
      progress_.clear_refusals();
      progress_.clear_ignored_columns();
      StartWrite(&response_);
    }
    if (!end_ && !busy_) {
      busy_ = true;
      reading_ = true;
      StartRead(&request_);
    }
    // A read that is under way does not hold the end back; a write to the store does.
    if (end_ && !writing_ && (!busy_ || reading_) && (!progress_.done() || last_progress_sent_ || broken_)) {
      finished_ = true;
      finish = *end_;
    }
  }
  if (finish) Finish(*finish);
}

void ImportReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) broken_ = true;
  }
  Advance();
}

void ImportReactor::OnCancel() {
  pipeline_.metrics().broken_streams.Increment();
  {
    MutexLock lock(mutex_);
    broken_ = true;
    if (!end_) end_ = grpc::Status::CANCELLED;
  }
  Advance();
}

void ImportReactor::OnDone() {
  if (registered_) {
    streams_.Remove(this);
    pipeline_.metrics().streams.Decrement();
  }
  delete this;
}

}  // namespace telltale
