#include "storage/fleet_percentile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace telltale {
namespace {

// Finds the value of a rank by counting: a window of bins, each of 2^shift numbers, and how many values are below it. A
// scan of the fleet narrows the window; that of most signals is so narrow from the beginning that the first scan is the
// last, and nothing is ever kept but counts. Budget: 1 ns a value.
class RankCounter {
 public:
  static constexpr unsigned kBinBits = 15;

  void Begin() {
    std::ranges::fill(bins_, 0);
    count_ = below_ = 0;
  }

  void Add(std::span<const std::int64_t> values) {
    if (values.empty()) return;
    if (!window_) window_ = Around(values);
    count_ += values.size();
    for (std::size_t from = 0; from < values.size(); from += kChunk) {
      AddChunk(values.subspan(from, std::min(kChunk, values.size() - from)));
    }
  }

  std::uint64_t count() const { return count_; }

  // After a scan: the value, or nullopt: the window is narrower now, scan again.
  std::optional<std::int64_t> Find(std::uint64_t rank) {
    if (rank < below_) {
      bounds_.greatest = window_->begin - 1;
    } else {
      std::uint64_t before = below_;
      std::uint64_t bin = 0;
      while (bin < kBins - 1 && before + bins_[bin] + bins_[kBins + bin] <= rank) {
        before += bins_[bin] + bins_[kBins + bin];
        ++bin;
      }
      const std::uint64_t of_bin = static_cast<std::uint64_t>(window_->begin) + (bin << window_->shift);
      bounds_.least = static_cast<std::int64_t>(of_bin);
      if (bin < kBins - 1) {
        bounds_.greatest =
            std::min(bounds_.greatest, static_cast<std::int64_t>(of_bin + ((std::uint64_t{1} << window_->shift) - 1)));
      }
    }
    if (bounds_.least >= bounds_.greatest) return bounds_.least;
    window_ = Over(bounds_);
    return std::nullopt;
  }

 private:
  static constexpr std::uint64_t kBins = std::uint64_t{1} << kBinBits;
  static constexpr std::size_t kChunk = 512;  // that one look says of whether all are inside

  struct Bounds {
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
    std::uint64_t span() const { return static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least); }
  };
  struct Window {
    std::int64_t begin = 0;
    unsigned shift = 0;
  };

  void AddChunk(std::span<const std::int64_t> values) {
    const auto begin = static_cast<std::uint64_t>(window_->begin);
    const unsigned shift = window_->shift;
    std::uint64_t any = 0;  // the bits that some value has; what is below the window has high ones
    for (const std::int64_t value : values) any |= static_cast<std::uint64_t>(value) - begin;
    if (any >> shift < kBins) {
      Count(values,
            [begin, shift](std::int64_t value) { return (static_cast<std::uint64_t>(value) - begin) >> shift; });
      return;
    }
    for (const std::int64_t value : values) below_ += value < window_->begin ? 1 : 0;
    Count(values, [begin, shift](std::int64_t value) {
      return std::min((static_cast<std::uint64_t>(value) - begin) >> shift, kBins - 1);  // that is for what is outside
    });
  }

  template <typename BinOf>
  void Count(std::span<const std::int64_t> values, const BinOf& bin_of) {
    // Two halves: equal values follow each other, and a bin that was just written is slow to write again.
    std::uint32_t* const bins = bins_.data();
    std::size_t i = 0;
    for (; i + 1 < values.size(); i += 2) {
      ++bins[bin_of(values[i])];
      ++bins[kBins + bin_of(values[i + 1])];
    }
    if (i < values.size()) ++bins[bin_of(values[i])];
  }

  static Window Over(const Bounds& bounds) {
    // One bin is kept for what is outside.
    unsigned shift = 0;
    while (bounds.span() >> shift >= kBins - 1) ++shift;
    return {.begin = bounds.least, .shift = shift};
  }

  // A guess: those that are seen first, and as much again on both sides.
  static Window Around(std::span<const std::int64_t> values) {
    const auto [least, greatest] = std::ranges::minmax(values);
    const std::uint64_t span = Bounds{least, greatest}.span();
    const auto margin = static_cast<std::int64_t>(
        std::min<std::uint64_t>(std::max<std::uint64_t>(span, kBins / 4), std::uint64_t{1} << 61));
    return Over({.least = least < std::numeric_limits<std::int64_t>::min() + margin
                              ? std::numeric_limits<std::int64_t>::min()
                              : least - margin,
                 .greatest = greatest > std::numeric_limits<std::int64_t>::max() - margin
                                 ? std::numeric_limits<std::int64_t>::max()
                                 : greatest + margin});
  }

  std::optional<Window> window_;
  std::vector<std::uint32_t> bins_ = std::vector<std::uint32_t>(2 * kBins);
  std::uint64_t count_ = 0;
  std::uint64_t below_ = 0;
  Bounds bounds_;  // of the value that is looked for
};

}  // namespace

StatusOr<FleetPercentile> PercentileOfFleet(TelemetryStore& store, std::int64_t day, SignalId signal, RollupPart part,
                                            double percent, const ScanOptions& options) {
  if (!(percent >= 0.0 && percent <= 100.0)) return absl::InvalidArgumentError("a percentile is from 0 to 100");
  RankCounter counter;
  // Each scan leaves one number in 32,767 of those before: more than a few are needed only if the day is archived anew
  // meanwhile.
  for (int scan = 0; scan < 16; ++scan) {
    counter.Begin();
    RETURN_IF_ERROR(store.ScanRollup(day, signal, part, options, [&](const RollupRun& run) {
      counter.Add(run.values);
      return true;
    }));
    if (counter.count() == 0) return FleetPercentile{};
    const double wanted = std::ceil(percent / 100.0 * static_cast<double>(counter.count()));
    const std::uint64_t rank = wanted < 1.0 ? 0 : static_cast<std::uint64_t>(wanted) - 1;
    if (const auto value = counter.Find(rank))
      return FleetPercentile{.value = *value, .vehicle_count = counter.count()};
  }
  return absl::UnavailableError("the day is being archived anew; ask again");
}

}  // namespace telltale
