#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace telltale {

// What telltale-load is told on its command line.
struct LoadOptions {
  std::string server = "127.0.0.1:7443";  // host:port
  std::uint32_t vehicle_count = 1000;
  std::uint32_t stream_count = 2;
  std::uint32_t frames_per_batch = 64;
  std::uint32_t batches_in_flight = 8;  // of each stream: sent, not yet answered
  std::chrono::seconds duration{10};
  double rate = 0.0;  // frames a second of all streams together; 0: as fast as the server answers

  std::size_t signal_count = 420;
  std::chrono::milliseconds cadence{10'000};  // of the vehicles' clocks, between two frames of one vehicle
  double parked_share = 0.0;
  std::uint64_t seed = 1;
  std::optional<std::int64_t> start_time_ms;  // of the vehicles' clocks; none: behind what the server has

  std::uint32_t verify_count = 0;  // frames to read back
  std::optional<int> server_process_id;
  std::string json_path;
};

}  // namespace telltale
