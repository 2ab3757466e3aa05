#include "server/call_limits.h"

#include <algorithm>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "ingest/grpc/grpc_status.h"

namespace telltale {
namespace {

constexpr std::string_view kOthers;  // share one entry, beyond callers_max
constexpr auto kTidyInterval = std::chrono::seconds{1};

}  // namespace

Status Validate(const CallLimitOptions& options) {
  if (options.call_burst == 0) return absl::InvalidArgumentError("server.caller_burst must be at least 1");
  if (options.callers_max < 16) return absl::InvalidArgumentError("server.callers_max must be at least 16");
  return OkStatus();
}

CallLimits::CallLimits(const CallLimitOptions& options, prometheus::Registry& metrics)
    : options_(options),
      limited_calls_(prometheus::BuildCounter()
                         .Name("telltale_grpc_limited_calls_total")
                         .Help("Calls that were refused or ended for a limit of their caller, by reason")
                         .Register(metrics)),
      by_rate_(limited_calls_.Add({{"reason", "rate"}})),
      by_streams_(limited_calls_.Add({{"reason", "streams"}})) {}

Status CallLimits::Declare(const std::string& service) {
  const auto* const descriptor = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  if (descriptor == nullptr) return absl::InternalError(fmt::format("{} is not in the contract", service));
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const auto& method = *descriptor->method(i);
    if (method.server_streaming() || method.client_streaming()) {
      streams_.insert(fmt::format("/{}/{}", descriptor->full_name(), method.name()));
    }
  }
  return OkStatus();
}

// Budget: 1 us.
grpc::Status CallLimits::Admit(std::string_view method, std::string_view key_id, Clock::time_point now) {
  const bool is_stream = streams_.contains(std::string(method));
  if (const auto delay = TakeCall(key_id, options_.calls_per_second_max, now); delay.count() > 0) {
    by_rate_.Increment();
    // gRPC passes on no more than code and message from here, so the delay is in the message, too.
    return ToGrpcStatus(
        absl::ResourceExhaustedError(fmt::format("this key calls more than {} times a second; try again in {} ms",
                                                 options_.calls_per_second_max, delay.count())),
        {.reason = "TOO_MANY_CALLS", .retry_delay = delay});
  }
  if (is_stream && !HasRoomForStream(key_id)) {
    by_streams_.Increment();
    return ToGrpcStatus(
        absl::ResourceExhaustedError(fmt::format("this key has {} streams open; end one", options_.streams_max)),
        {.reason = "TOO_MANY_STREAMS"});
  }
  return grpc::Status::OK;
}

std::chrono::milliseconds CallLimits::TakeCall(std::string_view caller, std::uint32_t calls_per_second_max,
                                               Clock::time_point now) {
  if (calls_per_second_max == 0) return {};
  const auto takes = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds{1}) / calls_per_second_max;
  Shard& shard = ShardOf(caller);
  MutexLock lock(shard.mutex);
  Use& use = UseOf(shard, caller, now);
  const Clock::time_point until = std::max(use.used_up_until, now) + takes;
  const Clock::duration over = until - now - takes * options_.call_burst;
  if (over > Clock::duration::zero()) return std::chrono::ceil<std::chrono::milliseconds>(over);
  use.used_up_until = until;
  return {};
}

bool CallLimits::HasRoomForStream(std::string_view caller) {
  if (options_.streams_max == 0) return true;
  Shard& shard = ShardOf(caller);
  MutexLock lock(shard.mutex);
  const auto found = shard.callers.find(caller);
  return found == shard.callers.end() || found->second.streams < options_.streams_max;
}

bool CallLimits::OpenStream(std::string_view caller) {
  if (options_.streams_max == 0) return true;
  Shard& shard = ShardOf(caller);
  MutexLock lock(shard.mutex);
  Use& use = UseOf(shard, caller, Clock::now());
  if (use.streams >= options_.streams_max) return false;
  ++use.streams;
  return true;
}

void CallLimits::CloseStream(std::string_view caller) {
  if (options_.streams_max == 0) return;
  Shard& shard = ShardOf(caller);
  MutexLock lock(shard.mutex);
  auto found = shard.callers.find(caller);
  if (found == shard.callers.end()) found = shard.callers.find(kOthers);
  if (found != shard.callers.end() && found->second.streams > 0) --found->second.streams;
}

CallLimits::Use& CallLimits::UseOf(Shard& shard, std::string_view caller, Clock::time_point now) {
  if (const auto found = shard.callers.find(caller); found != shard.callers.end()) return found->second;
  const std::size_t callers_max = options_.callers_max / kShards;
  if (shard.callers.size() >= callers_max && now - shard.tidied >= kTidyInterval) {
    shard.tidied = now;
    std::erase_if(shard.callers,
                  [now](const auto& entry) { return entry.second.streams == 0 && entry.second.used_up_until <= now; });
  }
  return shard.callers[std::string(shard.callers.size() < callers_max ? caller : kOthers)];
}

std::size_t CallLimits::caller_count() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    count += shard.callers.size();
  }
  return count;
}

std::string_view AddressOf(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  return colon == std::string_view::npos ? peer : peer.substr(0, colon);
}

}  // namespace telltale
