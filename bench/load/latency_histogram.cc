#include "bench/load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace telltale {

// Below 32 microseconds a bucket for each; above, 32 buckets for each power of two.
std::size_t LatencyHistogram::BucketOf(std::uint64_t us) {
  constexpr std::uint64_t kSubBuckets = 1U << kSubBucketBits;
  if (us < kSubBuckets) return us;
  const int shift = static_cast<int>(std::bit_width(us)) - 1 - kSubBucketBits;
  return (static_cast<std::size_t>(shift) << kSubBucketBits) + (us >> shift);
}

std::uint64_t LatencyHistogram::UpperBoundOf(std::size_t bucket) {
  constexpr std::uint64_t kSubBuckets = 1U << kSubBucketBits;
  if (bucket < kSubBuckets) return bucket;
  const std::size_t shift = (bucket >> kSubBucketBits) - 1;
  return ((kSubBuckets + bucket % kSubBuckets + 1) << shift) - 1;
}

void LatencyHistogram::Add(std::chrono::nanoseconds latency) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(latency);
  max_ = std::max(max_, us);
  ++buckets_[BucketOf(static_cast<std::uint64_t>(std::max<std::int64_t>(0, us.count())))];
  ++count_;
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::chrono::microseconds LatencyHistogram::Quantile(double share) const {
  if (count_ == 0) return std::chrono::microseconds{0};
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(max_, std::chrono::microseconds(UpperBoundOf(i)));
  }
  return max_;
}

}  // namespace telltale
