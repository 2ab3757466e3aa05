#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace telltale {

// Writes big-endian fields, as terminals read them, to the end of a string that outlives the writer.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void U8(std::uint32_t value) { out_.push_back(static_cast<char>(value)); }
  void U16(std::uint32_t value) {
    U8(value >> 8);
    U8(value);
  }
  void U32(std::uint32_t value) {
    U16(value >> 16);
    U16(value);
  }
  void Bytes(std::string_view bytes) { out_ += bytes; }

 private:
  std::string& out_;
};

}  // namespace telltale
