#include "storage/fleet_percentile.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace telltale {
namespace {

constexpr std::uint64_t kBins = std::uint64_t{1} << 16;

// The value of the rank, from 0. Values of a fleet lie close together: mostly each has a bin of its own. Several
// histograms, as equal values follow each other. Budget: 1 ns a value.
std::int64_t ValueOfRank(std::vector<std::int64_t>& values, std::uint64_t rank, std::int64_t least,
                         std::int64_t greatest) {
  const std::uint64_t span = static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
  if (span >= kBins) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
    std::ranges::nth_element(values, at);
    return *at;
  }
  constexpr std::size_t kHistograms = 4;
  std::vector<std::uint32_t> bins(kHistograms * (span + 1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    ++bins[i % kHistograms * (span + 1) + static_cast<std::uint64_t>(values[i] - least)];
  }
  std::uint64_t below = 0;
  for (std::uint64_t bin = 0; bin <= span; ++bin) {
    for (std::size_t h = 0; h < kHistograms; ++h) below += bins[h * (span + 1) + bin];
    if (below > rank) return least + static_cast<std::int64_t>(bin);
  }
  return greatest;
}

}  // namespace

StatusOr<FleetPercentile> PercentileOfFleet(TelemetryStore& store, std::int64_t day, SignalId signal, RollupPart part,
                                            double percent, const ScanOptions& options) {
  if (!(percent >= 0.0 && percent <= 100.0)) return absl::InvalidArgumentError("a percentile is from 0 to 100");
  std::vector<std::int64_t> values;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
  RETURN_IF_ERROR(store.ScanRollup(day, signal, part, options, [&](const RollupRun& run) {
    for (const std::int64_t value : run.values) {
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
    values.insert(values.end(), run.values.begin(), run.values.end());
    return true;
  }));
  if (values.empty()) return FleetPercentile{};
  const double wanted = std::ceil(percent / 100.0 * static_cast<double>(values.size()));
  const std::uint64_t rank = wanted < 1.0 ? 0 : static_cast<std::uint64_t>(wanted) - 1;
  return FleetPercentile{.value = ValueOfRank(values, rank, least, greatest), .vehicle_count = values.size()};
}

}  // namespace telltale
