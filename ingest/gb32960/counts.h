#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace telltale::gb32960 {

// The greatest number of a field's width is "not available", the one below it "error" (GB/T 32960.3, 4.5): neither is a
// count, nor a value.
constexpr bool IsNumber(std::uint32_t value, std::size_t byte_count) {
  return value < (byte_count == 1 ? 0xFEU : 0xFFFEU);
}

// The extremes and the mean of many values; what is error or not available does not count.
struct Extremes {
  std::optional<std::uint32_t> least;
  std::optional<std::uint32_t> greatest;
  std::uint64_t sum = 0;
  std::size_t count = 0;

  void Add(std::uint32_t value, std::size_t byte_count) {
    if (!IsNumber(value, byte_count)) return;
    least = least ? std::min(*least, value) : value;
    greatest = greatest ? std::max(*greatest, value) : value;
    sum += value;
    ++count;
  }
  double mean() const { return static_cast<double>(sum) / static_cast<double>(count); }  // of at least one
};

}  // namespace telltale::gb32960
