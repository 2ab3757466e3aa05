#include "cli/client.h"

#include "base/file.h"
#include "base/tls.h"

namespace telltale::cli {
namespace {

// Pages are asked for so that they stay far below this; 1,000 trips with their events may take some megabytes.
constexpr int kMaxMessageBytes = 64 << 20;

// Finds a dead connection under an import or a watch. gRPC servers hang up on clients that ping more often than every
// five minutes, unless they are set to allow more.
constexpr int kKeepaliveIntervalMs = 6 * 60 * 1000;
constexpr int kKeepaliveTimeoutMs = 20 * 1000;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server,
                                           const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // a quiet watch is pinged for as long as it lasts
  // The web's proxy in http_proxy is not for us, least of all on the way to 127.0.0.1.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(server, credentials, arguments);
}

}  // namespace

StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ChannelSecurity& security) {
  if (security.certificate_file.empty() != security.key_file.empty()) {
    return absl::InvalidArgumentError("--tls-certificate and --tls-key go together");
  }
  if (security.ca_file.empty()) {
    if (security.certificate_file.empty()) return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError("--tls-certificate is shown over TLS, which --tls-ca turns on");
  }
  grpc::SslCredentialsOptions options;
  ASSIGN_OR_RETURN(options.pem_root_certs, ReadWholeFile(security.ca_file));
  if (!security.certificate_file.empty()) {
    ASSIGN_OR_RETURN(options.pem_cert_chain, ReadWholeFile(security.certificate_file));
    ASSIGN_OR_RETURN(options.pem_private_key, ReadWholeFile(security.key_file));
  }
  return grpc::SslCredentials(options);
}

Client::Client(const std::string& server, std::shared_ptr<grpc::ChannelCredentials> credentials,
               std::chrono::milliseconds timeout)
    : timeout_(timeout), channel_(MakeChannel(server, credentials)) {}

}  // namespace telltale::cli
