#pragma once

#include <array>
#include <bit>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// States and results as bytes, so that a fold goes on where another process left it. A type takes part by naming its
// fields once, for both directions:
//
//   template <typename Self, typename Archive>
//   static void Fields(Self& self, Archive& archive) { archive(self.known_, self.time_ms_, self.carry_); }
//
// Integers and enums are zigzag varints, doubles their 8 bytes, optionals a byte and perhaps the value, vectors, maps
// and strings their size and elements, so a state that says little is small. Equal states have equal bytes.
namespace telltale {

class StateWriter {
 public:
  template <typename... Field>
  void operator()(const Field&... fields) {
    (Put(fields), ...);
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void PutVarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  template <typename T>
  void Put(const T& value) {
    if constexpr (std::is_floating_point_v<T>) {
      const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(value));
      for (int i = 0; i < 8; ++i) bytes_.push_back(static_cast<char>(bits >> (8 * i)));
    } else if constexpr (std::is_same_v<T, bool>) {
      bytes_.push_back(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      const auto number = static_cast<std::int64_t>(value);
      PutVarint(static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63));
    } else {
      T::Fields(value, *this);
    }
  }
  void Put(const std::string& text) {
    PutVarint(text.size());
    bytes_ += text;
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value) Put(*value);
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    PutVarint(values.size());
    for (const T& value : values) Put(value);
  }
  template <typename K, typename V>
  void Put(const std::map<K, V>& values) {
    PutVarint(values.size());
    for (const auto& [key, value] : values) {
      Put(key);
      Put(value);
    }
  }
  template <typename T, std::size_t N>
  void Put(const std::array<T, N>& values) {
    for (const T& value : values) Put(value);
  }
  template <std::size_t N>
  void Put(const std::bitset<N>& bits) {
    static_assert(N <= 64);
    PutVarint(bits.to_ullong());
  }

  std::string bytes_;
};

// Reads what a StateWriter wrote, field by field. After bytes that are cut off or too long it is not finished(), and
// what was read is of no use.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  template <typename... Field>
  void operator()(Field&... fields) {
    (Get(fields), ...);
  }

  bool ok() const { return ok_; }                         // nothing was missing
  bool finished() const { return ok_ && rest_.empty(); }  // and nothing is left over

 private:
  std::uint64_t GetVarint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }

  // A size that the rest can hold, as an element takes at least a byte.
  std::size_t GetSize() {
    const std::uint64_t size = GetVarint();
    if (size <= rest_.size()) return static_cast<std::size_t>(size);
    ok_ = false;
    rest_ = {};
    return 0;
  }

  template <typename T>
  void Get(T& value) {
    if constexpr (std::is_floating_point_v<T>) {
      std::uint64_t bits = 0;
      if (rest_.size() < 8) {
        ok_ = false;
        rest_ = {};
      } else {
        for (int i = 0; i < 8; ++i) {
          bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)])) << (8 * i);
        }
        rest_.remove_prefix(8);
      }
      value = static_cast<T>(std::bit_cast<double>(bits));
    } else if constexpr (std::is_same_v<T, bool>) {
      value = GetVarint() != 0;
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      const std::uint64_t zigzag = GetVarint();
      value = static_cast<T>(static_cast<std::int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1))));
    } else {
      T::Fields(value, *this);
    }
  }
  void Get(std::string& text) {
    const std::size_t size = GetSize();
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool has_value = false;
    Get(has_value);
    value.reset();
    if (!has_value) return;
    T read{};  // not emplace(): Clang 14 takes a nested struct with initialisers for not constructible
    Get(read);
    value = std::move(read);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    values.clear();
    values.resize(GetSize());
    for (T& value : values) {
      if (!ok_) return;
      Get(value);
    }
  }
  template <typename K, typename V>
  void Get(std::map<K, V>& values) {
    values.clear();
    for (std::size_t left = GetSize(); left > 0 && ok_; --left) {
      K key{};
      Get(key);
      Get(values[key]);
    }
  }
  template <typename T, std::size_t N>
  void Get(std::array<T, N>& values) {
    for (T& value : values) Get(value);
  }
  template <std::size_t N>
  void Get(std::bitset<N>& bits) {
    static_assert(N <= 64);
    bits = std::bitset<N>(GetVarint());
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace telltale
