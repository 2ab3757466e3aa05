#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "access/organisation.h"
#include "base/clock.h"
#include "base/status.h"

namespace telltale {

// Whose tokens are taken.
struct TokenOptions {
  std::string issuer;    // claim `iss`; empty: no tokens are taken
  std::string audience;  // one of claim `aud`
  // The issuer's public keys, a JWKS (RFC 7517): a file, or a URL of https (of this machine also http).
  std::string keys;
  std::chrono::seconds keys_interval{300};  // how often they are read again
  std::chrono::seconds clock_skew{60};      // that the issuer's clock may be off
  std::size_t cached_max = 10'000;          // tokens whose signature need not be checked again

  bool enabled() const { return !issuer.empty(); }
};

// Whether the options belong together. Errors: INVALID_ARGUMENT.
Status Validate(const TokenOptions& options);

// Checks access tokens of an OpenID Connect or OAuth2 issuer: JWTs (RFC 7519) signed by RS256, ES256 or EdDSA
// (Ed25519). Its claims say who calls:
//   iss, aud                as configured
//   exp                     wanted; nbf, iat may be there
//   sub                     whom the audit names, as "token:SUB"
//   telltale_organisation   the number of the organisation that he acts for
//   telltale_role           "member" (also if it is not there), "sender", "gateway" or "operator"
//   scope                   of "telltale.telemetry telltale.position ..." he has these; without one of them all
// Keys that the token itself brings or refers to are not looked at. Thread-safe.
class TokenVerifier {
 public:
  static constexpr std::size_t kMaxTokenBytes = 8192;
  static constexpr std::size_t kMaxSubjectBytes = 128;
  static constexpr int kMinRsaBits = 2048;

  // Reads the keys, and again and again from then on, also soon after a token of an unknown key came: so new keys are
  // found, and tokens of those that are gone are refused. While the keys cannot be read, those read last hold.
  // `clock` outlives the verifier. Errors: INVALID_ARGUMENT a file cannot be read or holds no key that is of use; of a
  // URL that is logged, as the issuer may start later than we.
  static StatusOr<std::unique_ptr<TokenVerifier>> Start(const TokenOptions& options, const Clock& clock);
  ~TokenVerifier();
  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  // Whether it has the form of a token, so that it is no key's secret.
  static bool IsToken(std::string_view secret);

  // Who calls, until caller.expires_s. Of a token seen before, only its hash is looked up. Errors: UNAUTHENTICATED.
  StatusOr<Caller> Verify(std::string_view token);

 private:
  struct Parts;
  explicit TokenVerifier(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale
