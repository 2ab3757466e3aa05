#include "ingest/grpc/ingest_service.h"

#include "ingest/grpc/import_reactor.h"
#include "ingest/grpc/stream_reactor.h"

namespace telltale {

Status Validate(const IngestServiceOptions& options) {
  if (options.batches_in_flight == 0) return absl::InvalidArgumentError("ingest.batches_in_flight must be at least 1");
  if (options.vehicles_per_stream_max == 0) {
    return absl::InvalidArgumentError("ingest.vehicles_per_stream_max must be at least 1");
  }
  if (options.packed_frames_per_batch_max == 0) {
    return absl::InvalidArgumentError("ingest.packed_frames_per_batch_max must be at least 1");
  }
  RETURN_IF_ERROR(Validate(options.sender_limit));
  if (options.streams_max == 0) return absl::InvalidArgumentError("ingest.streams_max must be at least 1");
  return OkStatus();
}

bool OpenStreams::Add(DrainableStream* stream, std::size_t streams_max) {
  MutexLock lock(mutex_);
  if (draining_ || streams_.size() >= streams_max) return false;
  streams_.insert(stream);
  return true;
}

void OpenStreams::Remove(DrainableStream* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void OpenStreams::DrainAll() {
  // Under the lock, so that no stream is destroyed meanwhile; Drain() does not call back into this object.
  MutexLock lock(mutex_);
  draining_ = true;
  for (DrainableStream* stream : streams_) stream->Drain();
}

bool OpenStreams::draining() const {
  MutexLock lock(mutex_);
  return draining_;
}

std::size_t OpenStreams::size() const {
  MutexLock lock(mutex_);
  return streams_.size();
}

IngestServiceImpl::IngestServiceImpl(Pipeline& pipeline, VehicleFinderOf finder_of, IngestServiceOptions options)
    : pipeline_(pipeline), finder_of_(std::move(finder_of)), options_(options) {}

grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>* IngestServiceImpl::Stream(
    grpc::CallbackServerContext* context) {
  return new StreamReactor(context->peer(), pipeline_, finder_of_(*context, v1::StreamRequest::default_instance()),
                           options_, {streams_, layouts_, sender_limits_, last_rows_});
}

grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* IngestServiceImpl::Import(
    grpc::CallbackServerContext* context) {
  return new ImportReactor(pipeline_, finder_of_(*context, v1::ImportRequest::default_instance()), options_, streams_);
}

}  // namespace telltale
