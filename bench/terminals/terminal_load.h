#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/load/latency_histogram.h"

namespace telltale {

// What telltale-load is told on its command line about terminals.
struct TerminalLoadOptions {
  std::string protocol = "jt808";            // or gb32960
  std::string server = "127.0.0.1:7443";     // gRPC: vehicles and terminals are registered there
  std::string terminals = "127.0.0.1:7611";  // where terminals connect
  std::uint32_t first_terminal = 0;          // so that several generators have terminals of their own
  std::uint32_t connection_count = 1000;
  std::chrono::seconds duration{10};
  double rate = 0.0;  // position reports a second of all terminals together; 0: each sends when it is answered
  std::chrono::seconds storm_period{0};  // all connections drop at once so often; 0: never
  std::optional<int> server_process_id;
  bool echo = true;  // afterwards the same against an epoll server of our own that only answers
};

// One run against one server.
struct TerminalLoadResult {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;  // as done
  std::uint64_t refused = 0;   // answered otherwise
  std::uint64_t broken_connections = 0;
  LatencyHistogram latencies;  // from sending a report to its answer
  std::chrono::duration<double> wall{0};
  std::chrono::duration<double> client_cpu{0};
  std::optional<std::chrono::duration<double>> server_cpu;
  std::chrono::duration<double> login{0};         // of all terminals, registration or code, from the first connect
  std::chrono::duration<double> recovery_max{0};  // from a storm until every terminal was answered again
  // Of the server at rest with all terminals logged in; nullopt: not this machine's process.
  std::optional<double> server_bytes_per_connection;
  std::optional<double> kernel_bytes_per_connection;  // of one end of a connection

  double answers_per_second() const { return static_cast<double>(answered) / wall.count(); }
};

struct TerminalLoadReport {
  TerminalLoadOptions options;
  TerminalLoadResult server;
  std::optional<TerminalLoadResult> echo;
  std::uint64_t stored_reports = 0;  // read back of all vehicles

  // Everything that was answered is there.
  bool good() const { return server.answered > 0 && server.refused == 0 && stored_reports >= server.answered; }
};

// Registers as many vehicles and terminals as there are connections, connects and logs in all of them, and sends
// position reports until the time is over or `stop`. Errors: UNAVAILABLE a server does not answer, or refuses a
// terminal.
StatusOr<TerminalLoadReport> RunTerminalLoad(const TerminalLoadOptions& options, const std::atomic<bool>& stop);

std::string ToText(const TerminalLoadReport& report);

}  // namespace telltale
