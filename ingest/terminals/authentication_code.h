#pragma once

#include <string>

#include "base/secret.h"

namespace telltale {

// A code that a terminal keeps and shows with each login: 130 random bits. Only its hash is stored.
inline std::string NewAuthenticationCode() { return NewSecret(26); }

// The same for a platform, whose login has room for 20 characters: 100 random bits.
inline std::string NewPlatformPassword() { return NewSecret(20); }

}  // namespace telltale
