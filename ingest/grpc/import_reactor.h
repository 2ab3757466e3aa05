#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "telltale/v1/ingest.grpc.pb.h"

#include "base/mutex.h"
#include "ingest/files/file_decoder.h"
#include "ingest/grpc/ingest_service.h"
#include "ingest/pipeline.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// One call of IngestService/Import. A chunk is decoded, made durable, and only then the next one is read, so memory
// stays bounded by one chunk. Deletes itself in OnDone.
class ImportReactor final : public grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>,
                            public DrainableStream {
 public:
  ImportReactor(Pipeline& pipeline, VehicleFinder find, const IngestServiceOptions& options, OpenStreams& streams);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  grpc::Status HandleHeader(const v1::ImportHeader& header);
  grpc::Status HandleChunk(const std::string& chunk);
  // Checks what the decoder gave and hands it to the store.
  void SubmitPiece();
  void OnDurable(const Status& status);
  void End(grpc::Status status);
  // Reads on, reports progress, or finishes.
  void Advance();

  Pipeline& pipeline_;
  const VehicleFinder find_;
  OpenStreams& streams_;
  bool registered_ = false;  // in streams_

  // Used by one thread at a time: that of the read, then that of the store.
  v1::ImportRequest request_;
  std::unique_ptr<FileDecoder> decoder_;
  VehicleRegistry::Entry vehicle_;
  DecodedPiece piece_;
  IncomingBatch batch_;
  std::size_t reported_refusals_ = 0;
  bool columns_reported_ = false;

  Mutex mutex_;
  v1::ImportProgress progress_ ABSL_GUARDED_BY(mutex_);  // what the next message says
  v1::ImportResponse response_ ABSL_GUARDED_BY(mutex_);  // on its way while writing_
  std::chrono::steady_clock::time_point written_at_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;  // a read or a write to the store is under way
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;  // the file has ended and its last piece is on its way
  bool last_progress_sent_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale
