#include "storage/codec/old_row_codec.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/varint.h"

namespace telltale {
namespace {

constexpr std::size_t kGroup = 64;

std::optional<std::string_view> Take(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

bool HasBit(std::string_view bits, std::size_t i) {
  return (static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1) != 0;
}

// Takes the row; `change(i, difference)` is called for each value that differs. False: there is no packed row.
template <typename Change>
bool TakeRow(std::string_view& bytes, std::size_t count, const Change& change) {
  const auto groups = Take(bytes, ((count + kGroup - 1) / kGroup + 7) / 8);
  if (!groups) return false;
  std::vector<std::size_t> changed;
  for (std::size_t g = 0; g < 8 * groups->size(); ++g) {
    if (!HasBit(*groups, g)) continue;
    const auto changes = Take(bytes, kGroup / 8);
    if (!changes) return false;
    for (std::size_t i = 0; i < kGroup; ++i) {
      if (HasBit(*changes, i)) changed.push_back(g * kGroup + i);
    }
  }
  if (!changed.empty() && changed.back() >= count) return false;
  const auto sizes = Take(bytes, (changed.size() + 3) / 4);
  if (!sizes) return false;
  for (std::size_t n = 0; n < changed.size(); ++n) {
    const std::size_t size = (static_cast<unsigned char>((*sizes)[n / 4]) >> (2 * (n % 4)) & 3U) + 1;
    const auto difference = Take(bytes, size);
    if (!difference) return false;
    std::uint32_t zigzag = 0;
    std::memcpy(&zigzag, difference->data(), size);
    change(changed[n], UnZigZag32(zigzag));
  }
  return true;
}

}  // namespace

bool OldRowCodec::Decode(std::string_view& bytes, std::span<RawValue> row) {
  return TakeRow(bytes, row.size(), [row](std::size_t i, std::uint32_t difference) {
    row[i] = static_cast<RawValue>(static_cast<std::uint32_t>(row[i]) + difference);
  });
}

std::optional<std::size_t> OldRowCodec::PackedSize(std::string_view bytes, std::size_t count) {
  const std::size_t size = bytes.size();
  if (!TakeRow(bytes, count, [](std::size_t /*i*/, std::uint32_t /*difference*/) {})) return std::nullopt;
  return size - bytes.size();
}

}  // namespace telltale
