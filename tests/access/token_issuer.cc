#include "tests/access/token_issuer.h"

extern "C" {
#include <rhonabwy.h>
}

#include "base/check.h"

namespace telltale {

struct TokenIssuer::Parts {
  Kind kind{};
  std::string kid;
  jwk_t* secret = nullptr;
  jwk_t* open = nullptr;
};

TokenIssuer::TokenIssuer(Kind kind, const std::string& kid)
    : parts_(std::make_unique<Parts>(Parts{.kind = kind, .kid = kid})) {
  CHECK(r_global_init() == RHN_OK);
  CHECK(r_jwk_init(&parts_->secret) == RHN_OK && r_jwk_init(&parts_->open) == RHN_OK);
  int type = R_KEY_TYPE_RSA;
  unsigned int bits = kind == Kind::kRs256Of1024Bits ? 1024 : 2048;
  if (kind == Kind::kEs256) type = R_KEY_TYPE_EC, bits = 256;
  if (kind == Kind::kEdDsa) type = R_KEY_TYPE_EDDSA, bits = 256;
  CHECK(r_jwk_generate_key_pair(parts_->secret, parts_->open, type, bits, kid.c_str()) == RHN_OK);
}

TokenIssuer::~TokenIssuer() {
  r_jwk_free(parts_->secret);
  r_jwk_free(parts_->open);
}

nlohmann::json TokenIssuer::public_key() const {
  char* const text = r_jwk_export_to_json_str(parts_->open, 0);
  nlohmann::json key = nlohmann::json::parse(text);
  r_free(text);
  return key;
}

std::string TokenIssuer::KeySet(const std::vector<const TokenIssuer*>& issuers) {
  nlohmann::json set = {{"keys", nlohmann::json::array()}};
  for (const TokenIssuer* const issuer : issuers) set["keys"].push_back(issuer->public_key());
  return set.dump();
}

std::string TokenIssuer::Sign(const nlohmann::json& claims, const nlohmann::json& more_header) const {
  jwt_t* jwt = nullptr;
  CHECK(r_jwt_init(&jwt) == RHN_OK);
  nlohmann::json header = {{"typ", "JWT"}, {"kid", parts_->kid}};
  header.update(more_header);
  CHECK(r_jwt_set_full_header_json_str(jwt, header.dump().c_str()) == RHN_OK);
  const jwa_alg alg = parts_->kind == Kind::kEs256   ? R_JWA_ALG_ES256
                      : parts_->kind == Kind::kEdDsa ? R_JWA_ALG_EDDSA
                                                     : R_JWA_ALG_RS256;
  CHECK(r_jwt_set_sign_alg(jwt, alg) == RHN_OK);
  CHECK(r_jwt_set_full_claims_json_str(jwt, claims.dump().c_str()) == RHN_OK);
  char* const text = r_jwt_serialize_signed(jwt, parts_->secret, 0);
  CHECK(text != nullptr);
  std::string token = text;
  r_free(text);
  r_jwt_free(jwt);
  return token;
}

}  // namespace telltale
