#include "ingest/terminals/authentication_code.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace telltale {

std::string NewAuthenticationCode() {
  constexpr std::size_t kLength = 26;
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, none like another
  static_assert(kAlphabet.size() == 32);
  std::array<unsigned char, kLength> random{};
  CHECK(RAND_bytes(random.data(), random.size()) == 1);
  std::string code;
  for (const unsigned char byte : random) code.push_back(kAlphabet[byte % kAlphabet.size()]);
  return code;
}

std::array<std::uint8_t, 32> HashOf(std::string_view code) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(code.data()), code.size(), hash.data());
  return hash;
}

bool SameHash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace telltale
