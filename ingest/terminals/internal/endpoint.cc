#include "ingest/terminals/internal/endpoint.h"

#include <fmt/format.h>

namespace telltale {

using boost::asio::ip::tcp;

StatusOr<tcp::endpoint> EndpointOf(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const auto wrong = [&listen] {
    return absl::InvalidArgumentError(fmt::format("'{}' is no address and port, as in 0.0.0.0:7611", listen));
  };
  if (colon == std::string::npos) return wrong();
  std::string host = listen.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, error);
  const std::string port_text = listen.substr(colon + 1);
  if (error || port_text.empty() || port_text.size() > 5 ||
      port_text.find_first_not_of("0123456789") != std::string::npos || std::stoul(port_text) > 65'535) {
    return wrong();
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(port_text)));
}

StatusOr<tcp::acceptor> ListenOn(const std::string& listen, std::string_view name, boost::asio::io_context& context) {
  ASSIGN_OR_RETURN(const tcp::endpoint endpoint, EndpointOf(listen));
  tcp::acceptor acceptor(context);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("cannot listen for terminals of {} on {}: {}", name, listen, error.message()));
  }
  return acceptor;
}

}  // namespace telltale
