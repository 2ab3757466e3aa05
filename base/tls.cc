#include "base/tls.h"

#include <csignal>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace telltale {
namespace {

// What OpenSSL said last; never the content of a file.
std::string LastError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown error";
}

Status Wrong(const std::string& file, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {} ({})", file, what, LastError()));
}

}  // namespace

StatusOr<std::shared_ptr<SSL_CTX>> MakeServerContext(const TlsOptions& options) {
  // OpenSSL writes to sockets without MSG_NOSIGNAL: one that the other side has closed would end the process.
  std::signal(SIGPIPE, SIG_IGN);
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return absl::InternalError("no TLS: " + LastError());
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Thousands of connections at rest keep no buffers, and what is written may have moved meanwhile.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
    return Wrong(options.certificate_file, "no certificate in PEM can be read there");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Wrong(options.key_file, "no private key in PEM, of this certificate, can be read there");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return Wrong(options.key_file, fmt::format("this is not the key of {}", options.certificate_file));
  }
  if (!options.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), options.client_ca_file.c_str(), nullptr) != 1) {
      return Wrong(options.client_ca_file, "no certificate in PEM can be read there");
    }
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(options.client_ca_file.c_str()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

Status Validate(const TlsOptions& options, std::string_view section) {
  if (!options.enabled()) {
    if (options.key_file.empty() && options.client_ca_file.empty()) return OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("{0}.tls_certificate_file is needed with {0}.tls_key_file and {0}.tls_client_ca_file", section));
  }
  if (options.key_file.empty()) {
    return absl::InvalidArgumentError(fmt::format("{0}.tls_key_file is needed with {0}.tls_certificate_file", section));
  }
  const auto context = MakeServerContext(options);
  if (context.ok()) return OkStatus();
  return absl::InvalidArgumentError(fmt::format("{}.tls: {}", section, MessageOf(context.status())));
}

}  // namespace telltale
