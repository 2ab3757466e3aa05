#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace telltale {

// Counts durations in buckets of at most 1/32 relative width, from 1 microsecond up. Fixed size; not thread-safe.
class LatencyHistogram {
 public:
  void Add(std::chrono::nanoseconds latency);
  void Add(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  std::chrono::microseconds max() const { return max_; }

  // The least bound that this share (0..1) of the durations keeps; at most 1/32 too great. 0 if there are none.
  std::chrono::microseconds Quantile(double share) const;

 private:
  static constexpr int kSubBucketBits = 5;
  static std::size_t BucketOf(std::uint64_t us);
  static std::uint64_t UpperBoundOf(std::size_t bucket);

  std::array<std::uint64_t, (64 - kSubBucketBits + 1) << kSubBucketBits> buckets_{};
  std::uint64_t count_ = 0;
  std::chrono::microseconds max_{0};
};

}  // namespace telltale
