#include "server/connection_limits.h"

#include <fmt/format.h>

namespace telltale {
namespace {

int Ms(std::chrono::seconds seconds) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(seconds).count());
}

}  // namespace

Status Validate(const ConnectionLimits& limits) {
  if (limits.streams_max < 1) {
    return absl::InvalidArgumentError("server.streams_per_connection_max must be at least 1");
  }
  if (limits.header_bytes_max < 1'024 || limits.header_bytes_max > (1 << 20)) {
    return absl::InvalidArgumentError("server.header_bytes_max must be between 1024 and 1048576");
  }
  if (limits.ping_strikes_max < 1) return absl::InvalidArgumentError("server.ping_strikes_max must be at least 1");
  for (const auto& [seconds, name] : {std::pair{limits.keepalive_interval, "keepalive_interval_s"},
                                      {limits.keepalive_timeout, "keepalive_timeout_s"},
                                      {limits.ping_interval_min, "ping_interval_min_s"}}) {
    if (seconds.count() < 1 || seconds > std::chrono::hours{24}) {
      return absl::InvalidArgumentError(fmt::format("server.{} must be between 1 and 86400", name));
    }
  }
  if (limits.idle_max > std::chrono::hours{24 * 20}) {  // in milliseconds it has to fit into gRPC's int
    return absl::InvalidArgumentError("server.connection_idle_max_s must be at most 1728000");
  }
  return OkStatus();
}

void Apply(const ConnectionLimits& limits, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.header_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Ms(limits.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Ms(limits.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);  // callers keep quiet connections, too
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);    // ours, to find who is dead
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Ms(limits.ping_interval_min));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, limits.ping_strikes_max);
  if (limits.idle_max.count() > 0) builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Ms(limits.idle_max));
}

}  // namespace telltale
