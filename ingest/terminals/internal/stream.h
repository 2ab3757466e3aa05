#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio.hpp>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace telltale {

// A connected socket that does not block, with or without TLS. Not thread-safe.
class Stream {
 public:
  // `tls`: null for none; outlives the stream.
  Stream(boost::asio::ip::tcp::socket socket, SSL_CTX* tls);
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;
  ~Stream();

  enum class Result : std::uint8_t {
    kDone,       // `size` bytes, at least one
    kWantRead,   // try again when the socket is readable
    kWantWrite,  // or writable
    kEnded,      // by the other side, or by an error
  };
  Result Read(std::span<std::uint8_t> buffer, std::size_t& size);
  // As much as goes at once, and takes it off the front of `bytes`; kDone: all.
  Result Write(std::string_view& bytes);
  // Whether something can be read that the socket does not show: the rest of a TLS record.
  bool HasPending() const;

  // Says good-bye as far as that goes at once.
  void Close();

  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const;
  };
  Result WriteSome(std::string_view bytes, std::size_t& size);
  Result ResultOf(int returned) const;

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace telltale
