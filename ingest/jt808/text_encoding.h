#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace telltale::jt808 {

// Strings of the protocol are GBK (JT/T 808, 4.2); ours are UTF-8.

// Errors: INVALID_ARGUMENT not UTF-8, or a character that GBK lacks.
StatusOr<std::string> ToGbk(std::string_view utf8);

// What is no GBK becomes U+FFFD, so that nothing a terminal sends can stop us.
std::string FromGbk(std::string_view gbk);

}  // namespace telltale::jt808
