#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/terminals/terminal_dialect.h"
#include "bench/terminals/terminal_load.h"

namespace telltale {

// Many terminals of one protocol in one thread over epoll, cheap enough not to be what is measured. Not thread-safe.
class TerminalFleet {
 public:
  using Clock = std::chrono::steady_clock;

  // The terminals of a fleet: that of index `first`, and so many from there on.
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  // With `log_in` each proves who it is before it reports. The dialect outlives the fleet.
  TerminalFleet(const TerminalDialect& dialect, const Range& range, const std::string& address, bool log_in);
  ~TerminalFleet();
  TerminalFleet(const TerminalFleet&) = delete;
  TerminalFleet& operator=(const TerminalFleet&) = delete;

  // Connects all, and logs in with the code of before or registers. Errors: UNAVAILABLE.
  Status ConnectAll(Clock::time_point give_up);
  // Drops all connections at once.
  void DropAll();

  // Sends position reports until `until`: at `rate` a second, or with 0 as soon as one is answered.
  Status Report(double rate, Clock::time_point until, TerminalLoadResult& result);

 private:
  enum class State : std::uint8_t { kClosed, kConnecting, kLoggingIn, kReady };
  struct Terminal : TerminalDialect::Terminal {
    int socket = -1;
    State state = State::kClosed;
    std::string received;
    std::int64_t report_time_s = 0;  // of its next report
    static constexpr std::size_t kSent = 16;
    std::array<Clock::time_point, kSent> sent{};  // by the report's number
  };

  Status Connect(Terminal& terminal);
  void Close(Terminal& terminal);
  void Send(Terminal& terminal, std::string_view bytes);
  void LogIn(Terminal& terminal);
  void SendReport(Terminal& terminal, TerminalLoadResult& result);
  // Handles what epoll has, waiting at most `limit`.
  void Poll(std::chrono::microseconds limit, bool report_again, TerminalLoadResult& result);
  void Read(Terminal& terminal, bool report_again, TerminalLoadResult& result);
  void Take(Terminal& terminal, const TerminalDialect::Heard& heard, bool report_again, TerminalLoadResult& result);

  const TerminalDialect& dialect_;
  const std::string host_;
  const std::uint16_t port_;
  const bool log_in_;
  int epoll_ = -1;
  std::vector<Terminal> terminals_;
  std::size_t ready_count_ = 0;
  std::size_t connecting_count_ = 0;
  std::string scratch_;
};

}  // namespace telltale
