#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/jt808/message.h"

using SSL = struct ssl_st;

namespace telltale {

// A terminal of JT/T 808-2013 on a real socket, driven step by step.
class TerminalClient {
 public:
  // Connects to the port on this machine; fails the test if that fails. With TLS the server's certificate must be one
  // of `ca_file`; a refused handshake looks like a connection that has ended.
  TerminalClient(int port, std::string number);
  TerminalClient(int port, std::string number, const std::string& ca_file, const std::string& certificate_file = {},
                 const std::string& key_file = {});
  ~TerminalClient();
  TerminalClient(const TerminalClient&) = delete;
  TerminalClient& operator=(const TerminalClient&) = delete;

  // Registers and authenticates; false: the server refused. The code is kept.
  bool LogIn();
  // Authenticates with a code of before.
  bool Authenticate(const std::string& code);
  const std::string& code() const { return code_; }

  // Sends a message; its serial number.
  std::uint16_t Send(jt808::MessageId id, std::string_view body);
  void SendBytes(std::string_view bytes);

  struct Received {
    jt808::MessageId id{};
    std::string body;
  };
  // The next message of the server; nullopt: none within the limit, or the connection has ended.
  std::optional<Received> Receive(std::chrono::milliseconds limit = std::chrono::seconds{10});
  // What comes next, whatever the protocol; empty: nothing within the limit.
  std::string ReceiveBytes(std::chrono::milliseconds limit = std::chrono::seconds{10});
  // Whether the server answers message `serial` (0x8001) as done.
  bool IsDone(std::uint16_t serial);
  // Whether the server closes the connection within the limit.
  bool IsClosed(std::chrono::milliseconds limit = std::chrono::seconds{10});

  // The body of a position report: on the road, at `seconds` after 2026-03-01T00:00:00Z, 0..59.
  static std::string Position(int minute, int second);

 private:
  bool Fill(std::chrono::milliseconds limit);
  ssize_t Take(char* buffer, std::size_t size);

  const std::string number_;
  int socket_ = -1;
  std::shared_ptr<SSL> ssl_;
  std::uint16_t serial_ = 0;
  std::string received_;
  std::string code_;
};

}  // namespace telltale
