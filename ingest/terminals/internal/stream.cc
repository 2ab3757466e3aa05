#include "ingest/terminals/internal/stream.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"

namespace telltale {

using boost::asio::ip::tcp;
using Error = boost::system::error_code;

void Stream::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

Stream::Stream(tcp::socket socket, SSL_CTX* tls) : socket_(std::move(socket)) {
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  CHECK(ssl_ != nullptr);
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  SSL_set_accept_state(ssl_.get());
}

Stream::~Stream() = default;

// The handshake is done by the first reads: a terminal speaks first.
Stream::Result Stream::Read(std::span<std::uint8_t> buffer, std::size_t& size) {
  size = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int returned = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
    return returned == 1 ? Result::kDone : ResultOf(returned);
  }
  Error error;
  size = socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
  if (error == boost::asio::error::would_block) return Result::kWantRead;
  return error ? Result::kEnded : Result::kDone;
}

// With TLS a write takes at most a record.
Stream::Result Stream::Write(std::string_view& bytes) {
  while (!bytes.empty()) {
    std::size_t size = 0;
    const Result result = WriteSome(bytes, size);
    if (result != Result::kDone) return result;
    bytes.remove_prefix(size);
  }
  return Result::kDone;
}

Stream::Result Stream::WriteSome(std::string_view bytes, std::size_t& size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
    return returned == 1 ? Result::kDone : ResultOf(returned);
  }
  Error error;
  size = socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == boost::asio::error::would_block) return Result::kWantWrite;
  return error ? Result::kEnded : Result::kDone;
}

bool Stream::HasPending() const { return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1; }

Stream::Result Stream::ResultOf(int returned) const {
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return Result::kWantRead;
  if (error == SSL_ERROR_WANT_WRITE) return Result::kWantWrite;
  return Result::kEnded;
}

void Stream::Close() {
  Error ignored;
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace telltale
