#include "ingest/terminals/authentication_code.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace telltale {

namespace {

std::string RandomText(std::size_t length) {
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";  // 32, none like another
  static_assert(kAlphabet.size() == 32);
  std::string text(length, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(length)) == 1);
  for (char& letter : text) letter = kAlphabet[static_cast<unsigned char>(letter) % kAlphabet.size()];
  return text;
}

}  // namespace

std::string NewAuthenticationCode() { return RandomText(26); }
std::string NewPlatformPassword() { return RandomText(20); }

std::array<std::uint8_t, 32> HashOf(std::string_view code) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(code.data()), code.size(), hash.data());
  return hash;
}

bool SameHash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace telltale
