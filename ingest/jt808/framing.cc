#include "ingest/jt808/framing.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace telltale::jt808 {

Piece NextPiece(std::span<const std::uint8_t> stream) {
  std::size_t begin = 0;
  while (begin < stream.size() && stream[begin] == kDelimiter) ++begin;
  const std::span<const std::uint8_t> rest = stream.subspan(begin);
  const void* end = rest.empty() ? nullptr : std::memchr(rest.data(), kDelimiter, rest.size());
  if (end == nullptr) return {.escaped = {}, .consumed = begin};
  const auto size = static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - rest.data());
  return {.escaped = rest.first(size), .consumed = begin + size + 1};
}

Status Unescape(std::span<const std::uint8_t> escaped, std::vector<std::uint8_t>& message) {
  message.clear();
  Status status;
  while (!escaped.empty()) {
    const void* at = std::memchr(escaped.data(), kEscape, escaped.size());
    const std::size_t plain = at == nullptr
                                  ? escaped.size()
                                  : static_cast<std::size_t>(static_cast<const std::uint8_t*>(at) - escaped.data());
    message.insert(message.end(), escaped.begin(), escaped.begin() + static_cast<std::ptrdiff_t>(plain));
    escaped = escaped.subspan(plain);
    if (escaped.empty()) break;
    const bool known = escaped.size() > 1 && (escaped[1] == 1 || escaped[1] == 2);
    if (!known && status.ok()) {
      status = absl::InvalidArgumentError(
          fmt::format("byte {}: 7d is followed by neither 01 nor 02, so the escapes are wrong", message.size()));
    }
    message.push_back(known && escaped[1] == 2 ? kDelimiter : kEscape);
    escaped = escaped.subspan(known ? 2 : 1);
  }
  return status;
}

void AppendEscaped(std::string_view message, std::string& out) {
  std::uint8_t checksum = 0;
  const auto append = [&out](std::uint8_t byte) {
    if (byte == kDelimiter || byte == kEscape) {
      out.push_back(static_cast<char>(kEscape));
      out.push_back(byte == kDelimiter ? 2 : 1);
    } else {
      out.push_back(static_cast<char>(byte));
    }
  };
  out.push_back(static_cast<char>(kDelimiter));
  for (const char byte : message) {
    checksum ^= static_cast<std::uint8_t>(byte);
    append(static_cast<std::uint8_t>(byte));
  }
  append(checksum);
  out.push_back(static_cast<char>(kDelimiter));
}

std::uint8_t Checksum(std::span<const std::uint8_t> bytes) {
  std::uint8_t checksum = 0;
  for (const std::uint8_t byte : bytes) checksum ^= byte;
  return checksum;
}

}  // namespace telltale::jt808
