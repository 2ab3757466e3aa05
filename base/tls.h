#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

using SSL_CTX = struct ssl_ctx_st;

namespace telltale {

// What a listening port proves itself with, and whom it asks to do so; PEM files.
struct TlsOptions {
  std::string certificate_file;  // with the chain behind it; empty: no TLS
  std::string key_file;
  std::string client_ca_file;  // not empty: who connects must show a certificate that one of these signed

  bool enabled() const { return !certificate_file.empty(); }
};

// Whether the files can be read, hold what they should, and belong together. `section` is that of the configuration,
// for messages. Errors: INVALID_ARGUMENT.
Status Validate(const TlsOptions& options, std::string_view section);

// For OpenSSL, TLS 1.2 and newer. From then on the process ignores SIGPIPE. Errors: INVALID_ARGUMENT.
StatusOr<std::shared_ptr<SSL_CTX>> MakeServerContext(const TlsOptions& options);

}  // namespace telltale
