#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/terminals/terminal_load.h"

namespace telltale {

// Many terminals of JT/T 808-2013 in one thread over epoll, cheap enough not to be what is measured. Not thread-safe.
class TerminalFleet {
 public:
  using Clock = std::chrono::steady_clock;

  // Terminal i has the number NumberOf(i). With `log_in` each proves who it is before it reports.
  TerminalFleet(std::uint32_t count, const std::string& address, bool log_in);
  ~TerminalFleet();
  TerminalFleet(const TerminalFleet&) = delete;
  TerminalFleet& operator=(const TerminalFleet&) = delete;

  static std::string NumberOf(std::uint32_t index);

  // Connects all, and logs in with the code of before or registers. Errors: UNAVAILABLE.
  Status ConnectAll(Clock::time_point give_up);
  // Drops all connections at once.
  void DropAll();

  // Sends position reports until `until`: at `rate` a second, or with 0 as soon as one is answered.
  Status Report(double rate, Clock::time_point until, TerminalLoadResult& result);

 private:
  enum class State : std::uint8_t { kClosed, kConnecting, kLoggingIn, kReady };
  struct Terminal {
    int socket = -1;
    State state = State::kClosed;
    std::uint16_t serial = 0;
    std::string number;
    std::string code;
    std::string received;
    std::int64_t report_time_s = 0;  // of its next report
    static constexpr std::size_t kSent = 16;
    std::array<Clock::time_point, kSent> sent{};  // by serial number
    bool waits_for_answer = false;
  };

  Status Connect(Terminal& terminal);
  void Close(Terminal& terminal);
  void Send(Terminal& terminal, std::string_view bytes);
  void LogIn(Terminal& terminal);
  void SendReport(Terminal& terminal, TerminalLoadResult& result);
  // Handles what epoll has, waiting at most `limit`.
  void Poll(std::chrono::microseconds limit, bool report_again, TerminalLoadResult& result);
  void Read(Terminal& terminal, bool report_again, TerminalLoadResult& result);
  void TakeAnswer(Terminal& terminal, std::span<const std::uint8_t> message, bool report_again,
                  TerminalLoadResult& result);

  const std::string host_;
  const std::uint16_t port_;
  const bool log_in_;
  int epoll_ = -1;
  std::vector<Terminal> terminals_;
  std::size_t ready_count_ = 0;
  std::size_t connecting_count_ = 0;
  std::string scratch_;
  std::vector<std::uint8_t> message_;
};

}  // namespace telltale
