#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/arena.h>

#include "telltale/v1/ingest.grpc.pb.h"

#include "base/mutex.h"
#include "ingest/grpc/ingest_service.h"
#include "ingest/pipeline.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// One call of IngestService/Stream.
//
// A message is checked on gRPC's thread and handed to the store; the next is read while at most batches_in_flight wait
// to become durable. Answers leave in the order of the batches. The call is finished once: after the last answer, when
// the sender has closed its side, made a mistake that ends the stream, or the server drains. Deletes itself in OnDone.
class StreamReactor final : public grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>,
                            public DrainableStream {
 public:
  // What the streams of a server share.
  struct Shared {
    OpenStreams& streams;
    CheckedLayouts& layouts;
    SenderLimits& sender_limits;
    LastRowsBudget& last_rows;
  };

  // `peer` is the sender's address, as gRPC writes it.
  StreamReactor(std::string peer, Pipeline& pipeline, VehicleFinder find, const IngestServiceOptions& options,
                const Shared& shared);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  // An answer on its way: waits until its batch is durable and all before it were sent.
  struct Answer {
    v1::StreamResponse response;
    bool ready = false;
  };

  // On the reading thread; each returns an error that ends the stream.
  grpc::Status HandleHello(const v1::Hello& hello);
  grpc::Status HandleBatch(const v1::FrameBatch& batch);
  grpc::Status AddVehicles(const google::protobuf::RepeatedPtrField<std::string>& vins, std::string_view field);
  void AddFrame(const v1::Frame& frame, std::uint32_t index);
  void AddFault(const v1::FaultReport& fault, std::uint32_t index);
  // OK while the sender does not send too much.
  grpc::Status CheckRate() const;
  // `index` is that of the first frame, and becomes that of what follows.
  void AddPackedFrames(const v1::PackedFrames& packed, std::uint32_t& index);
  // The row in `row_` is the vehicle's last.
  void KeepLastRow(std::vector<RawValue>& last_row);
  const VehicleRegistry::Entry* FindVehicle(std::uint32_t vehicle_index, std::uint32_t frame_index);

  void OnDurable(Answer* answer, const Status& status);
  void EndReading(grpc::Status status);
  // Sends the next answer that is ready, reads on, or finishes.
  void Advance();
  void DropUnsendable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Pipeline& pipeline_;
  const VehicleFinder find_;
  const IngestServiceOptions& options_;
  const Shared shared_;
  const std::string peer_;
  bool registered_ = false;  // in shared_.streams

  // Reads the next message, in place of the one before, as soon as the store has room for it.
  void ReadNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnRoom();

  // Used by the reading thread alone; gRPC has one read under way at a time.
  google::protobuf::Arena arena_;  // of the request: its frames are freed together
  v1::StreamRequest* request_ = nullptr;
  std::string sender_;
  std::shared_ptr<SenderLimit> limit_;           // may be null
  std::shared_ptr<const CheckedLayout> layout_;  // null: the stream sends no rows
  struct StreamVehicle {
    std::string vin;  // upper case
    VehicleRegistry::Entry entry;
    std::vector<RawValue> last_row;  // that came packed; empty: none is kept
  };
  std::vector<StreamVehicle> vehicles_;
  IncomingBatch batch_;
  std::vector<Pipeline::Sample> samples_;
  std::size_t packed_frame_count_ = 0;  // of the batch
  std::vector<RawValue> row_;
  std::size_t last_rows_bytes_ = 0;  // taken of the budget
  std::uint64_t last_sequence_ = 0;
  bool greeted_ = false;

  Mutex mutex_;
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);  // a deque keeps pointers to its elements valid
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;        // a read is under way
  bool handling_ ABSL_GUARDED_BY(mutex_) = false;       // its message is being handled; then no read is under way
  bool waiting_ ABSL_GUARDED_BY(mutex_) = false;        // for room in the store; then no read is under way
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // nobody hears our answers
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);  // set: reads no more
};

}  // namespace telltale
