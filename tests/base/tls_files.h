#pragma once

#include <filesystem>
#include <string>

namespace telltale {

// A certificate authority with a certificate for localhost and one for a client, all new, as PEM files of a folder; and
// the certificate of another authority, which signed none of them.
struct TlsFiles {
  explicit TlsFiles(const std::filesystem::path& folder);

  std::string ca;
  std::string server_certificate;
  std::string server_key;
  std::string client_certificate;
  std::string client_key;
  std::string other_ca;
};

}  // namespace telltale
