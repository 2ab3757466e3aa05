#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telltale {

// One HTTP/2 connection (RFC 9113) whose frames are written by hand, for what no client library would send.
class RawHttp2 {
 public:
  enum Type : std::uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kContinuation = 9 };
  static constexpr std::uint8_t kEndStream = 1;
  static constexpr std::uint8_t kEndHeaders = 4;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Connects to a port of this machine, and greets.
  explicit RawHttp2(const std::string& address);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  static std::string Frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
  // Literals without indexing (RFC 7541, 6.2.2).
  static std::string Block(const Headers& headers);
  // Those of a call.
  static Headers Call(const std::string& path, const std::string& key = "");

  // Writes for at most `limit`, reading what comes meanwhile. False: the server closed, or took no more.
  bool Send(std::string_view bytes, std::chrono::milliseconds limit = std::chrono::seconds{5});
  // Until the server closes. False: it did not.
  bool WaitForClose(std::chrono::milliseconds limit);
  bool closed() const { return closed_; }

 private:
  void Read();

  int socket_ = -1;
  bool closed_ = false;
};

}  // namespace telltale
