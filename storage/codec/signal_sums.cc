#include "storage/codec/signal_sums.h"

#include <algorithm>
#include <limits>

#include "storage/codec/column_kernels.h"

namespace telltale {
namespace internal {
namespace {

// Budget: 0.2 us for a row of 420 values with AVX2. Without branches, so that the compiler makes vectors of it; the
// states are the least values there are, so that they never are a maximum.
inline __attribute__((always_inline)) void AddRowsLoop(const RawValue* rows, std::size_t row_count, std::size_t width,
                                                       const RowSums& sums) {
  static_assert(kRawLeast > kAbsent && kRawLeast > kError && kRawLeast > kNotAvailable);
  std::uint32_t* const __restrict count = sums.count;
  RawValue* const __restrict first = sums.first;
  RawValue* const __restrict last = sums.last;
  RawValue* const __restrict min = sums.min;
  RawValue* const __restrict max = sums.max;
  std::int64_t* const __restrict sum = sums.sum;
  for (std::size_t r = 0; r < row_count; ++r) {
    const RawValue* const __restrict row = rows + r * width;
    for (std::size_t i = 0; i < width; ++i) {
      const RawValue value = row[i];
      const bool valid = IsValue(value);
      const RawValue least = valid ? value : std::numeric_limits<RawValue>::max();
      count[i] += valid ? 1 : 0;
      first[i] = IsValue(first[i]) ? first[i] : value;
      last[i] = valid ? value : last[i];
      min[i] = std::min(min[i], least);
      max[i] = std::max(max[i], value);
    }
    for (std::size_t i = 0; i < width; ++i) sum[i] += IsValue(row[i]) ? row[i] : 0;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,popcnt"))) void AddRowsAvx2(const RawValue* rows, std::size_t row_count,
                                                                 std::size_t width, const RowSums& sums) {
  AddRowsLoop(rows, row_count, width, sums);
}
#endif

}  // namespace

void AddRowsPortably(const RawValue* rows, std::size_t row_count, std::size_t width, const RowSums& sums) {
  AddRowsLoop(rows, row_count, width, sums);
}

void AddRows(const RawValue* rows, std::size_t row_count, std::size_t width, const RowSums& sums) {
#if defined(__x86_64__)
  static const bool has_avx2 = ColumnKernels::Has(CodecPath::kAvx2);
  if (has_avx2) {
    AddRowsAvx2(rows, row_count, width, sums);
    return;
  }
#endif
  AddRowsPortably(rows, row_count, width, sums);
}

}  // namespace internal

void SignalSums::Add(const FrameRun& run) {
  if (run.empty()) return;
  const auto add = [this](const Layout& layout, const RawValue* rows, std::size_t row_count) {
    const std::size_t width = layout.size();
    columns_.assign(5 * width, kAbsent);
    sums_.assign(width, 0);
    const internal::RowSums sums{.count = reinterpret_cast<std::uint32_t*>(columns_.data()),
                                 .first = columns_.data() + width,
                                 .last = columns_.data() + 2 * width,
                                 .min = columns_.data() + 3 * width,
                                 .max = columns_.data() + 4 * width,
                                 .sum = sums_.data()};
    std::fill_n(sums.count, width, 0);
    std::fill_n(sums.min, width, std::numeric_limits<RawValue>::max());
    internal::AddRows(rows, row_count, width, sums);
    for (std::size_t i = 0; i < width; ++i) {
      Merge({.signal = layout.signals()[i],
             .count = sums.count[i],
             .first = sums.first[i],
             .last = sums.last[i],
             .min = sums.min[i],
             .max = sums.max[i],
             .sum = sums.sum[i]});
    }
  };
  if (const RawValue* rows = run.Rows(0, run.size())) {
    add(*run.layout(0), rows, run.size());
    return;
  }
  for (std::size_t i = 0; i < run.size(); ++i) add(*run.layout(i), run.values(i).data(), 1);
}

void SignalSums::Merge(const Sums& later) {
  if (by_signal_.size() <= later.signal) by_signal_.resize(later.signal + std::size_t{1});
  Sums& sums = by_signal_[later.signal];
  if (sums.signal == 0) signals_.push_back(later.signal);
  if (sums.count == 0) {
    sums = later;
    return;
  }
  if (later.count == 0) return;
  sums.count += later.count;
  sums.last = later.last;
  sums.min = std::min(sums.min, later.min);
  sums.max = std::max(sums.max, later.max);
  sums.sum += later.sum;
}

const std::vector<SignalSums::Sums>& SignalSums::Take() {
  taken_.clear();
  std::ranges::sort(signals_);
  for (const SignalId signal : signals_) {
    taken_.push_back(by_signal_[signal]);
    by_signal_[signal] = {};
  }
  signals_.clear();
  return taken_;
}

}  // namespace telltale
