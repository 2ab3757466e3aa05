#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace telltale {

std::string NewSecret(std::size_t length) {
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(kAlphabet.size() == 32);
  std::string text(length, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(length)) == 1);
  for (char& letter : text) letter = kAlphabet[static_cast<unsigned char>(letter) % kAlphabet.size()];
  return text;
}

SecretHash HashOf(std::string_view secret) {
  SecretHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
  return hash;
}

bool SameHash(const SecretHash& a, const SecretHash& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace telltale
