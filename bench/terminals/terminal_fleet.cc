#include "bench/terminals/terminal_fleet.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace telltale {
namespace {

constexpr std::size_t kConnectingMax = 512;  // a listening socket's queue is not endless
constexpr std::size_t kEvents = 1024;
constexpr std::int64_t kFirstReportTimeS = 1'772'323'200;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kReportPeriodS = 10;

std::uint16_t PortOf(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

}  // namespace

TerminalFleet::TerminalFleet(const TerminalDialect& dialect, const Range& range, const std::string& address,
                             bool log_in)
    : dialect_(dialect),
      host_(address.substr(0, address.rfind(':'))),
      port_(PortOf(address)),
      log_in_(log_in),
      epoll_(epoll_create1(0)),
      terminals_(range.count) {
  for (std::uint32_t i = 0; i < range.count; ++i) {
    terminals_[i].number = dialect.NumberOf(range.first + i);
    terminals_[i].report_time_s = kFirstReportTimeS;
  }
}

TerminalFleet::~TerminalFleet() {
  DropAll();
  close(epoll_);
}

void TerminalFleet::DropAll() {
  for (Terminal& terminal : terminals_) Close(terminal);
}

void TerminalFleet::Close(Terminal& terminal) {
  if (terminal.socket < 0) return;
  close(terminal.socket);
  terminal.socket = -1;
  if (terminal.state == State::kReady) --ready_count_;
  if (terminal.state == State::kConnecting || terminal.state == State::kLoggingIn) --connecting_count_;
  terminal.state = State::kClosed;
  terminal.received.clear();
}

Status TerminalFleet::Connect(Terminal& terminal) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return absl::UnavailableError(fmt::format("socket: {}", std::strerror(errno)));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  inet_pton(AF_INET, host_ == "localhost" ? "127.0.0.1" : host_.c_str(), &address.sin_addr);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 && errno != EINPROGRESS) {
    const Status status = absl::UnavailableError(fmt::format("connect: {}", std::strerror(errno)));
    close(fd);
    return status;
  }
  terminal.socket = fd;
  terminal.state = State::kConnecting;
  ++connecting_count_;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = static_cast<std::uint64_t>(&terminal - terminals_.data());
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  return OkStatus();
}

void TerminalFleet::Send(Terminal& terminal, std::string_view bytes) {
  // A report is far smaller than a socket's buffer, so what does not fit is a server that reads nothing.
  if (send(terminal.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    Close(terminal);
  }
}

void TerminalFleet::LogIn(Terminal& terminal) {
  scratch_.clear();
  dialect_.AppendLogin(terminal, scratch_);
  Send(terminal, scratch_);
}

void TerminalFleet::SendReport(Terminal& terminal, TerminalLoadResult& result) {
  scratch_.clear();
  const std::uint16_t number = dialect_.AppendReport(terminal, terminal.report_time_s * 1000, scratch_);
  terminal.report_time_s += kReportPeriodS;
  terminal.sent[number % Terminal::kSent] = Clock::now();
  ++result.sent;
  Send(terminal, scratch_);
}

void TerminalFleet::Take(Terminal& terminal, const TerminalDialect::Heard& heard, bool report_again,
                         TerminalLoadResult& result) {
  using Said = TerminalDialect::Heard::Said;
  if (heard.said == Said::kNothing) return;
  if (terminal.state == State::kLoggingIn) {
    if (heard.said == Said::kLogInAgain) {
      LogIn(terminal);
    } else if (heard.said == Said::kRefused) {
      ++result.refused;
      Close(terminal);
    } else {
      terminal.state = State::kReady;
      --connecting_count_;
      ++ready_count_;
    }
    return;
  }
  heard.said == Said::kRefused ? ++result.refused : ++result.answered;
  result.latencies.Add(Clock::now() - terminal.sent[heard.number % Terminal::kSent]);
  if (report_again) SendReport(terminal, result);
}

void TerminalFleet::Read(Terminal& terminal, bool report_again, TerminalLoadResult& result) {
  char buffer[4096];
  const ssize_t size = recv(terminal.socket, buffer, sizeof(buffer), 0);
  if (size <= 0) {
    if (size < 0 && errno == EAGAIN) return;
    ++result.broken_connections;
    Close(terminal);
    return;
  }
  std::span<const std::uint8_t> stream(reinterpret_cast<const std::uint8_t*>(buffer), static_cast<std::size_t>(size));
  std::string joined;
  if (!terminal.received.empty()) {
    joined = terminal.received + std::string(buffer, static_cast<std::size_t>(size));
    terminal.received.clear();
    stream = {reinterpret_cast<const std::uint8_t*>(joined.data()), joined.size()};
  }
  while (terminal.socket >= 0) {
    const TerminalDialect::Heard heard = dialect_.Hear(stream, terminal);
    if (heard.consumed == 0) break;
    stream = stream.subspan(heard.consumed);
    Take(terminal, heard, report_again, result);
  }
  terminal.received.assign(stream.begin(), stream.end());
}

void TerminalFleet::Poll(std::chrono::microseconds limit, bool report_again, TerminalLoadResult& result) {
  std::array<epoll_event, kEvents> events{};
  const timespec timeout{.tv_sec = limit.count() / 1'000'000, .tv_nsec = limit.count() % 1'000'000 * 1000};
  const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    Terminal& terminal = terminals_[events[static_cast<std::size_t>(i)].data.u64];
    const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
    if (terminal.socket < 0) continue;
    if (terminal.state == State::kConnecting && (what & EPOLLOUT) != 0) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = static_cast<std::uint64_t>(&terminal - terminals_.data());
      epoll_ctl(epoll_, EPOLL_CTL_MOD, terminal.socket, &event);
      if (log_in_) {
        terminal.state = State::kLoggingIn;
        LogIn(terminal);
      } else {
        terminal.state = State::kReady;
        --connecting_count_;
        ++ready_count_;
      }
      continue;
    }
    if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) Read(terminal, report_again, result);
  }
}

Status TerminalFleet::ConnectAll(Clock::time_point give_up) {
  TerminalLoadResult result;
  std::size_t next = 0;
  while (ready_count_ < terminals_.size()) {
    if (Clock::now() > give_up) {
      return absl::UnavailableError(
          fmt::format("{} of {} terminals are logged in after the time for it; {} were refused", ready_count_,
                      terminals_.size(), result.refused));
    }
    for (std::size_t tried = 0; connecting_count_ < kConnectingMax && tried < terminals_.size(); ++tried) {
      Terminal& terminal = terminals_[next++ % terminals_.size()];
      if (terminal.state == State::kClosed) RETURN_IF_ERROR(Connect(terminal));
    }
    Poll(std::chrono::milliseconds{10}, false, result);
  }
  return OkStatus();
}

Status TerminalFleet::Report(double rate, Clock::time_point until, TerminalLoadResult& result) {
  const auto begin = Clock::now();
  std::uint64_t due_sent = 0;
  std::size_t next = 0;
  if (rate == 0.0) {
    for (Terminal& terminal : terminals_) {
      if (terminal.state == State::kReady) SendReport(terminal, result);
    }
  }
  while (true) {
    const auto now = Clock::now();
    const bool over = now >= until;
    if (over && (result.answered + result.refused >= result.sent || now >= until + std::chrono::seconds{5})) break;
    if (!over && rate > 0.0) {
      const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - begin).count() * rate);
      for (; due_sent < due; ++due_sent) {
        Terminal& terminal = terminals_[next++ % terminals_.size()];
        if (terminal.state == State::kReady) SendReport(terminal, result);
      }
    }
    Poll(std::chrono::microseconds{500}, rate == 0.0 && !over, result);
  }
  result.wall = Clock::now() - begin;
  return OkStatus();
}

}  // namespace telltale
