#pragma once

#include <cstdint>

namespace telltale::truck {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). The distributions of the
// standard library differ between implementations; with this one a seed means the same trip everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // At least `low`, less than `high`.
  double Uniform(double low, double high) {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    return low + (high - low) * static_cast<double>(z >> 11) * 0x1.0p-53;
  }

  bool Chance(double share) { return Uniform(0.0, 1.0) < share; }

 private:
  std::uint64_t state_;
};

}  // namespace telltale::truck
