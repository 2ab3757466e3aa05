#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// A code that a terminal keeps and shows with each login: 130 random bits, 26 letters and digits. Only its hash is
// stored. As it is random, not chosen by a person, one round of SHA-256 guards it.
std::string NewAuthenticationCode();

// The same for a platform, whose login has room for 20 characters: 100 random bits.
std::string NewPlatformPassword();

std::array<std::uint8_t, 32> HashOf(std::string_view code);

// Takes the same time wherever they differ.
bool SameHash(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b);

}  // namespace telltale
