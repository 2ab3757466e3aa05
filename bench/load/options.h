#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/load/disturbances.h"

namespace telltale {

// What telltale-load is told on its command line.
struct LoadOptions {
  std::string server = "127.0.0.1:7443";  // host:port
  std::uint32_t vehicle_count = 1000;
  std::uint32_t stream_count = 2;
  std::uint32_t connection_count = 0;  // that the streams share; 0: each has its own
  std::uint32_t frames_per_batch = 64;
  std::uint32_t batches_in_flight = 8;  // of each stream: sent, not yet answered
  std::chrono::seconds duration{10};
  double rate = 0.0;  // frames a second of all streams together; 0: as fast as the server answers

  std::size_t signal_count = 420;
  std::chrono::milliseconds cadence{10'000};  // of the vehicles' clocks, between two frames of one vehicle
  double parked_share = 0.0;
  bool shifts = false;  // a fleet as it is, by duties and hours of the day; else all drive but the parked share
  std::uint64_t seed = 1;
  std::optional<std::int64_t> start_time_ms;  // of the vehicles' clocks; none: behind what the server has

  Disturbances disturbances;
  std::chrono::seconds storm_period{0};        // all streams drop at once so often; 0: never
  std::chrono::seconds reconnect_timeout{30};  // a stream that broke is tried again for so long

  std::uint32_t verify_count = 0;  // frames to read back
  std::optional<int> server_process_id;
  std::string json_path;
};

}  // namespace telltale
