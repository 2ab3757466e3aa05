#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// Secrets that we make and keep only the hash of. As they are random, not chosen by a person, one round of SHA-256
// guards them.
using SecretHash = std::array<std::uint8_t, 32>;

// So many letters and digits, none of which looks like another: five random bits each.
std::string NewSecret(std::size_t length);

SecretHash HashOf(std::string_view secret);

// Takes the same time wherever they differ.
bool SameHash(const SecretHash& a, const SecretHash& b);

}  // namespace telltale
