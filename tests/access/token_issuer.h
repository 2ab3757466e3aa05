#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace telltale {

// Makes tokens as an issuer of OpenID Connect does, with a key pair of its own.
class TokenIssuer {
 public:
  enum class Kind { kRs256, kEs256, kEdDsa, kRs256Of1024Bits };
  TokenIssuer(Kind kind, const std::string& kid);
  ~TokenIssuer();

  nlohmann::json public_key() const;  // a JWK
  // The JWKS of these keys.
  static std::string KeySet(const std::vector<const TokenIssuer*>& issuers);

  std::string Sign(const nlohmann::json& claims, const nlohmann::json& more_header = nlohmann::json::object()) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale
