#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/status.h"

namespace telltale {

// "0.0.0.0:7611", "[::]:7611", "localhost:0". Errors: INVALID_ARGUMENT.
StatusOr<boost::asio::ip::tcp::endpoint> EndpointOf(const std::string& listen);

}  // namespace telltale
