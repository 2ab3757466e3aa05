#include "tests/end_to_end/raw_http2.h"

#include <array>
#include <cerrno>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace telltale {
namespace {

void AddString(std::string& out, std::string_view text) {
  if (text.size() < 127) {
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(127);
    std::size_t rest = text.size() - 127;
    for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
    out += static_cast<char>(rest);
  }
  out += text;
}

}  // namespace

RawHttp2::RawHttp2(const std::string& address) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS) {
    throw std::runtime_error("cannot connect to " + address);
  }
  Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, ""));
}

RawHttp2::~RawHttp2() { close(socket_); }

std::string RawHttp2::Frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift & 0xFF);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift & 0xFF);
  frame += payload;
  return frame;
}

std::string RawHttp2::Block(const Headers& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block += '\0';
    AddString(block, name);
    AddString(block, value);
  }
  return block;
}

RawHttp2::Headers RawHttp2::Call(const std::string& path, const std::string& key) {
  Headers headers = {{":method", "POST"},    {":scheme", "http"}, {":path", path},
                     {":authority", "test"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
  if (!key.empty()) headers.emplace_back("authorization", "Bearer " + key);
  return headers;
}

bool RawHttp2::Send(std::string_view bytes, std::chrono::milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!bytes.empty() && !closed_) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    pollfd ready{.fd = socket_, .events = POLLIN | POLLOUT, .revents = 0};
    poll(&ready, 1, 100);
    if ((ready.revents & POLLIN) != 0) Read();
    if ((ready.revents & (POLLERR | POLLHUP)) != 0) closed_ = true;
    if (closed_ || (ready.revents & POLLOUT) == 0) continue;
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN) closed_ = true;
  }
  return !closed_;
}

void RawHttp2::Read() {
  std::array<char, 65536> buffer{};
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) closed_ = true;
}

bool RawHttp2::WaitForClose(std::chrono::milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!closed_ && std::chrono::steady_clock::now() < give_up) {
    pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 100) > 0) Read();
  }
  return closed_;
}

}  // namespace telltale
