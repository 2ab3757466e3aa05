#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <grpcpp/support/status.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "base/mutex.h"
#include "base/status.h"

namespace telltale {

struct CallLimitOptions {
  std::uint32_t calls_per_second_max = 1'000;   // of one key; 0: no limit
  std::uint32_t call_burst = 5'000;             // so many may come at once
  std::uint32_t streams_max = 20'000;           // open at once, of one caller; 0: no limit
  std::uint32_t peer_calls_per_second_max = 0;  // of one address, where keys are not asked for; 0: no limit
  std::size_t callers_max = 100'000;            // that are told apart; further ones share what one may
};

// Errors: INVALID_ARGUMENT.
Status Validate(const CallLimitOptions& options);

// How much each caller, a key or an address, calls of late and has open. Callers that rest are forgotten. Thread-safe;
// a decision holds the lock of a sixteenth of the callers.
class CallLimits {
 public:
  using Clock = std::chrono::steady_clock;

  CallLimits(const CallLimitOptions& options, prometheus::Registry& metrics);

  // Tells which rpcs of a service are streams. Before calls of it are served. Errors: INTERNAL it is not in the
  // contract.
  Status Declare(const std::string& service);

  // Before the handler of a call with a key runs. Errors: RESOURCE_EXHAUSTED it calls too often, or has too many
  // streams open.
  grpc::Status Admit(std::string_view method, std::string_view key_id, Clock::time_point now);

  // Zero: it may, and the call is counted; else how long it has to wait.
  std::chrono::milliseconds TakeCall(std::string_view caller, std::uint32_t calls_per_second_max,
                                     Clock::time_point now);
  // False: it has as many open as it may. Each that was opened is closed once.
  bool OpenStream(std::string_view caller);
  void CloseStream(std::string_view caller);

  const CallLimitOptions& options() const { return options_; }
  std::size_t caller_count() const;
  // What a caller met that was ended after its handler began.
  void CountLimitedRate() { by_rate_.Increment(); }
  void CountLimitedStream() { by_streams_.Increment(); }

 private:
  struct Use {
    Clock::time_point used_up_until{};  // what was called takes so long at the rate
    std::uint32_t streams = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string, Use, Hash, std::equal_to<>> callers ABSL_GUARDED_BY(mutex);
    Clock::time_point tidied ABSL_GUARDED_BY(mutex){};
  };
  static constexpr std::size_t kShards = 16;

  Shard& ShardOf(std::string_view caller) { return shards_[Hash{}(caller) % kShards]; }
  Use& UseOf(Shard& shard, std::string_view caller, Clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  bool HasRoomForStream(std::string_view caller);

  const CallLimitOptions options_;
  std::unordered_set<std::string> streams_;                 // "/telltale.v1.IngestService/Stream"
  prometheus::Family<prometheus::Counter>& limited_calls_;  // telltale_grpc_limited_calls_total{reason}
  prometheus::Counter& by_rate_;
  prometheus::Counter& by_streams_;
  std::array<Shard, kShards> shards_;
};

// The address of "ipv4:192.0.2.1:4711", without the port: connections of one machine are one caller.
std::string_view AddressOf(std::string_view peer);

}  // namespace telltale
