#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace telltale {

// A page token says where the next page begins, and for which request it was given, so that a token of another request
// is refused instead of answered wrongly. Clients take it as opaque.
//
// `request_key` is a text of everything but page size and token that shapes the answer.
std::string MakePageToken(std::string_view request_key, std::string_view position);

// The position. Errors: INVALID_ARGUMENT if the token is not one that MakePageToken gave for the same key.
StatusOr<std::string> ReadPageToken(std::string_view request_key, std::string_view token);

// For positions that are numbers.
std::string MakePageToken(std::string_view request_key, std::int64_t position);
StatusOr<std::int64_t> ReadNumberPageToken(std::string_view request_key, std::string_view token);

// page_size of a request: 0 is the default, more than the most is the most. Errors: INVALID_ARGUMENT if negative.
StatusOr<std::size_t> PageSize(std::int32_t requested, std::size_t default_size, std::size_t max_size);

}  // namespace telltale
