#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "ingest/live_frames.h"
#include "server/guard.h"

namespace telltale {

// One call of TelemetryService/Watch: writes one frame after the other, as fast as the caller reads. Owns itself until
// gRPC is done with it.
class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchResponse>,
                           public std::enable_shared_from_this<WatchReactor> {
 public:
  // A request that is wrong gives a reactor that ends at once with the error.
  static WatchReactor* Start(const Catalog& catalog, const Guard& guard, LiveFrames& live,
                             const grpc::CallbackServerContext& context, const v1::WatchRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  explicit WatchReactor(const Catalog& catalog) : catalog_(catalog) {}
  grpc::Status Begin(const Guard& guard, LiveFrames& live, const grpc::CallbackServerContext& context,
                     const v1::WatchRequest& request);
  void Advance();
  // False: the frame has none of the signals, or may no longer be seen, which ends the watch.
  bool Fill(const OwnedFrame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Catalog& catalog_;
  std::vector<SignalId> signals_;  // empty: all
  std::unordered_map<VehicleId, std::string> vins_;
  std::function<std::optional<Permit>(VehicleId)> permit_of_;  // asked for every frame: grants end
  std::shared_ptr<WatchReactor> self_;

  Mutex mutex_;
  std::unique_ptr<LiveFrames::Watcher> watcher_ ABSL_GUARDED_BY(mutex_);
  v1::WatchResponse response_ ABSL_GUARDED_BY(mutex_);  // on its way while writing_
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t missed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale
