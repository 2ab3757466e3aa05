#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// Documents' bytes: integers of fixed width, little-endian in values; big-endian in keys, where their order is the
// numbers' order. docs/formats/documents.md.

template <typename Integer>
void PutLittleEndian(std::string& to, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    to.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

inline void PutBigEndian(std::string& to, std::uint32_t value, int size_bytes) {
  for (int i = size_bytes - 1; i >= 0; --i) to.push_back(static_cast<char>(value >> (8 * i)));
}

inline std::uint32_t ReadBigEndian(std::string_view from) {
  std::uint32_t value = 0;
  for (const char c : from) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Reads what was put, in the same order. Beyond the end it reads zeros and is no longer ok(). Not thread-safe.
class RecordReader {
 public:
  explicit RecordReader(std::string_view record) : rest_(record) {}

  template <typename Integer>
  Integer Read() {
    const std::string_view bytes = ReadBytes(sizeof(Integer));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<Integer>(value);
  }

  double ReadDouble() { return std::bit_cast<double>(Read<std::uint64_t>()); }

  std::string_view ReadBytes(std::size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  bool ok() const { return ok_; }                         // nothing was missing
  bool finished() const { return ok_ && rest_.empty(); }  // and nothing is left over

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace telltale
