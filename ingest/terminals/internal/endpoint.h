#pragma once

#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/status.h"

namespace telltale {

// "0.0.0.0:7611", "[::]:7611", "localhost:0". Errors: INVALID_ARGUMENT.
StatusOr<boost::asio::ip::tcp::endpoint> EndpointOf(const std::string& listen);

// A socket that accepts terminals of the protocol `name` there. Errors: INVALID_ARGUMENT, UNAVAILABLE.
StatusOr<boost::asio::ip::tcp::acceptor> ListenOn(const std::string& listen, std::string_view name,
                                                  boost::asio::io_context& context);

}  // namespace telltale
