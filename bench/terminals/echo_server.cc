#include "bench/terminals/echo_server.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace telltale {
namespace {

[[noreturn]] void Serve(int listener, const std::string& answer) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int epoll = epoll_create1(0);
  const auto watch = [epoll](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener);
  std::array<epoll_event, 1024> events{};
  std::array<char, 65'536> buffer{};
  while (true) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        const int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(accepted);
        continue;
      }
      const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) {
        if (size < 0 && errno == EAGAIN) continue;
        close(fd);
        continue;
      }
      send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
}

}  // namespace

StatusOr<EchoServer> EchoServer::Start(const std::string& answer) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0 || getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::UnavailableError(fmt::format("the echo server cannot listen: {}", std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child < 0) return absl::UnavailableError(fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) Serve(listener, answer);
  close(listener);
  return EchoServer(fmt::format("127.0.0.1:{}", ntohs(address.sin_port)), child);
}

EchoServer::EchoServer(EchoServer&& other) noexcept
    : address_(std::move(other.address_)), process_id_(other.process_id_) {
  other.process_id_ = 0;
}

EchoServer::~EchoServer() {
  if (process_id_ == 0) return;
  kill(process_id_, SIGKILL);
  waitpid(process_id_, nullptr, 0);
}

}  // namespace telltale
