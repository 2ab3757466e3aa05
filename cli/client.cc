#include "cli/client.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/support/client_interceptor.h>

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

// Shows the key with every call.
class ShowKey final : public grpc::experimental::Interceptor {
 public:
  explicit ShowKey(std::string authorization) : authorization_(std::move(authorization)) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", authorization_);
    }
    methods->Proceed();
  }

 private:
  const std::string authorization_;
};

class ShowKeyFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit ShowKeyFactory(const std::string& key) : authorization_("Bearer " + key) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo* /*info*/) override {
    return new ShowKey(authorization_);
  }

 private:
  const std::string authorization_;
};

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server, const std::string& key,
                                           const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // a quiet watch is pinged for as long as it lasts
  // The web's proxy in http_proxy is not for us, least of all on the way to 127.0.0.1.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!key.empty()) interceptors.push_back(std::make_unique<ShowKeyFactory>(key));
  return grpc::experimental::CreateCustomChannelWithInterceptors(server, credentials, arguments,
                                                                 std::move(interceptors));
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

StatusOr<std::string> ReadKey(const std::string& file) {
  if (file.empty()) return std::string();
  ASSIGN_OR_RETURN(std::string key, ReadWholeFile(file));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!key.empty() && std::ranges::all_of(key, is_visible)) return key;
  return absl::InvalidArgumentError(fmt::format("{} does not hold a key, one line of letters and digits", file));
}

Client::Client(const std::string& server, const std::string& key, std::shared_ptr<grpc::ChannelCredentials> credentials,
               std::chrono::milliseconds timeout)
    : timeout_(timeout), channel_(MakeChannel(server, key, credentials)) {}

}  // namespace telltale::cli
