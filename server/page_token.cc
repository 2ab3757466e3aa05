#include "server/page_token.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <xxhash.h>

namespace telltale {
namespace {

// "<16 hexadecimal digits of the key's hash>-<position in hexadecimal>"
constexpr std::size_t kHashDigits = 16;

std::string HashOf(std::string_view request_key) {
  return fmt::format("{:016x}", XXH3_64bits(request_key.data(), request_key.size()));
}

Status Invalid() {
  return absl::InvalidArgumentError(
      "the page token was not given for this request; begin again without one, or repeat the request it came from");
}

}  // namespace

std::string MakePageToken(std::string_view request_key, std::string_view position) {
  std::string token = HashOf(request_key) + "-";
  for (const char c : position) token += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return token;
}

StatusOr<std::string> ReadPageToken(std::string_view request_key, std::string_view token) {
  if (token.size() <= kHashDigits || token[kHashDigits] != '-' || (token.size() - kHashDigits - 1) % 2 != 0 ||
      token.substr(0, kHashDigits) != HashOf(request_key)) {
    return Invalid();
  }
  std::string position;
  for (std::size_t i = kHashDigits + 1; i < token.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(token.data() + i, token.data() + i + 2, byte, 16);
    if (error != std::errc() || end != token.data() + i + 2) return Invalid();
    position += static_cast<char>(byte);
  }
  return position;
}

std::string MakePageToken(std::string_view request_key, std::int64_t position) {
  return MakePageToken(request_key, fmt::format("{}", position));
}

StatusOr<std::int64_t> ReadNumberPageToken(std::string_view request_key, std::string_view token) {
  ASSIGN_OR_RETURN(const std::string text, ReadPageToken(request_key, token));
  std::int64_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size()) return Invalid();
  return position;
}

StatusOr<std::size_t> PageSize(std::int32_t requested, std::size_t default_size, std::size_t max_size) {
  if (requested < 0) return absl::InvalidArgumentError(fmt::format("page_size {} is negative", requested));
  return requested == 0 ? default_size : std::min(static_cast<std::size_t>(requested), max_size);
}

}  // namespace telltale
