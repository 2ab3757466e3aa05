#pragma once

#include <string>

#include "base/status.h"

namespace telltale {

// The least that a server for terminals can do: one thread that reads what epoll has and answers each read with the
// bytes of an answer. What other servers are compared with. In a process of its own, so that its CPU time is
// known.
class EchoServer {
 public:
  // Answers each read with `answer`. Errors: UNAVAILABLE.
  static StatusOr<EchoServer> Start(const std::string& answer);
  EchoServer(EchoServer&& other) noexcept;
  EchoServer& operator=(EchoServer&&) = delete;
  ~EchoServer();

  const std::string& address() const { return address_; }
  int process_id() const { return process_id_; }

 private:
  EchoServer(std::string address, int process_id) : address_(std::move(address)), process_id_(process_id) {}

  std::string address_;
  int process_id_;
};

}  // namespace telltale
