#include "tests/end_to_end/terminal_client.h"

#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/jt808/framing.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale {

TerminalClient::TerminalClient(int port, std::string number) : number_(std::move(number)) {
  socket_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0) << "port " << port;
}

TerminalClient::TerminalClient(int port, std::string number, const std::string& ca_file,
                               const std::string& certificate_file, const std::string& key_file)
    : TerminalClient(port, std::move(number)) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  EXPECT_EQ(SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (!certificate_file.empty()) {
    EXPECT_EQ(SSL_CTX_use_certificate_file(context.get(), certificate_file.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM), 1);
  }
  ssl_.reset(SSL_new(context.get()), &SSL_free);
  SSL_set1_host(ssl_.get(), "localhost");
  SSL_set_fd(ssl_.get(), socket_);
  SSL_connect(ssl_.get());
}

TerminalClient::~TerminalClient() { close(socket_); }

std::uint16_t TerminalClient::Send(jt808::MessageId id, std::string_view body) {
  std::string wire;
  const std::uint16_t serial = serial_;
  jt808::AppendMessage({.edition = jt808::Edition::k2013, .terminal = number_}, id, serial_, body, wire);
  SendBytes(wire);
  return serial;
}

void TerminalClient::SendBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ssl_ != nullptr ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                         : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed it: what comes next shows that
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

ssize_t TerminalClient::Take(char* buffer, std::size_t size) {
  return ssl_ != nullptr ? SSL_read(ssl_.get(), buffer, static_cast<int>(size)) : recv(socket_, buffer, size, 0);
}

bool TerminalClient::Fill(std::chrono::milliseconds limit) {
  pollfd poll_socket{.fd = socket_, .events = POLLIN, .revents = 0};
  const bool has_some = ssl_ != nullptr && SSL_pending(ssl_.get()) > 0;
  if (!has_some && poll(&poll_socket, 1, static_cast<int>(limit.count())) != 1) return false;
  char buffer[4096];
  const ssize_t size = Take(buffer, sizeof(buffer));
  if (size <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::optional<TerminalClient::Received> TerminalClient::Receive(std::chrono::milliseconds limit) {
  while (true) {
    const std::span<const std::uint8_t> stream(reinterpret_cast<const std::uint8_t*>(received_.data()),
                                               received_.size());
    if (const jt808::Piece piece = jt808::NextPiece(stream); !piece.escaped.empty()) {
      std::vector<std::uint8_t> bytes;
      EXPECT_TRUE(jt808::Unescape(piece.escaped, bytes).ok());
      const jt808::MessageOrFault parsed = jt808::ParseMessage(bytes);
      EXPECT_FALSE(parsed.fault) << parsed.why;
      EXPECT_EQ(parsed.message.header.terminal, number_);
      received_.erase(0, piece.consumed);
      return Received{.id = parsed.message.header.id,
                      .body = std::string(parsed.message.body.begin(), parsed.message.body.end())};
    }
    if (!Fill(limit)) return std::nullopt;
  }
}

std::string TerminalClient::ReceiveBytes(std::chrono::milliseconds limit) {
  if (received_.empty()) Fill(limit);
  return std::exchange(received_, {});
}

bool TerminalClient::IsDone(std::uint16_t serial) {
  const auto answer = Receive();
  return answer && answer->id == jt808::MessageId::kPlatformAnswer && answer->body.size() == 5 &&
         static_cast<std::uint8_t>(answer->body[0]) == serial >> 8 &&
         static_cast<std::uint8_t>(answer->body[1]) == (serial & 0xFF) && answer->body[4] == 0;
}

bool TerminalClient::IsClosed(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    pollfd poll_socket{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&poll_socket, 1, 50) == 1) {
      char buffer[4096];
      if (Take(buffer, sizeof(buffer)) <= 0) return true;
    }
  }
  return false;
}

bool TerminalClient::LogIn() {
  std::string body(4, '\0');
  body += "MAKERMODEL" + std::string(15, '\0') + "BOX0001";
  body.push_back(1);
  body += "A12345";
  Send(jt808::MessageId::kRegistration, body);
  const auto answer = Receive();
  if (!answer || answer->id != jt808::MessageId::kRegistrationAnswer || answer->body.at(2) != 0) return false;
  return Authenticate(answer->body.substr(3));
}

bool TerminalClient::Authenticate(const std::string& code) {
  code_ = code;
  return IsDone(Send(jt808::MessageId::kAuthentication, code));
}

std::string TerminalClient::Position(int minute, int second) {
  std::string body;
  ByteWriter writer(body);
  const auto bcd = [](int number) { return static_cast<std::uint32_t>(number / 10 << 4 | number % 10); };
  writer.U32(0);
  writer.U32(3);  // ignition on, position valid
  writer.U32(31'272'612);
  writer.U32(121'515'793);
  writer.U16(4);
  writer.U16(360);
  writer.U16(90);
  for (const int part : {26, 3, 1, 8, minute, second}) writer.U8(bcd(part));  // 08:00 in Beijing
  return body;
}

}  // namespace telltale
