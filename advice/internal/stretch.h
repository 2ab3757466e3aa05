#pragma once

#include <cstdint>
#include <vector>

#include "advice/advice_signals.h"
#include "advice/fold_options.h"
#include "advice/trip.h"

namespace telltale::internal {

// One distance, as each source tells it.
struct DistanceSums {
  std::int64_t fine_mm = 0;    // SPN 917
  std::int64_t coarse_mm = 0;  // SPN 245
  std::int64_t speed_mm = 0;   // speed, integrated

  DistanceSums& operator+=(const DistanceSums& other);
};

// One amount of fuel, as each source tells it.
struct FuelSums {
  std::int64_t fine_ul = 0;    // SPN 5054
  std::int64_t coarse_ul = 0;  // SPN 250
  std::int64_t rate_ul = 0;    // SPN 183 or measured flow, integrated
  std::int64_t air_ul = 0;     // air mass of a petrol engine

  FuelSums& operator+=(const FuelSums& other);
};

// From how much on a counter is exact enough, by its grid.
struct SourceRules {
  SourceRules(const AdviceSignals& signals, const FoldOptions& options);

  std::int64_t distance_fine_min_mm;
  std::int64_t distance_coarse_min_mm;
  std::int64_t fuel_fine_min_ul;
  std::int64_t fuel_coarse_min_ul;
  double counter_share_min;  // of what was integrated
};

// What one frame brings, with the interval that leads to it.
struct Step {
  std::int64_t day = 0;
  Totals totals;  // without distance and fuel
  DrivingMeasures measures;
  DistanceSums distance;
  FuelSums fuel;
  FuelSums idle_fuel;
};

struct DayTotals {
  std::int64_t day = 0;
  Totals totals;
};

// Steps in a row, summed by day. The sources of distance and fuel are chosen once for all of it.
class Stretch {
 public:
  void Add(const Step& step);
  void Append(const Stretch& other);
  void Clear();

  bool empty() const { return parts_.empty(); }
  const DrivingMeasures& measures() const { return measures_; }

  // Totals by day, with distance and fuel from the best sources; a day may come twice.
  std::vector<DayTotals> Resolve(const SourceRules& rules) const;

  // The sum of `fuel`'s best source.
  static std::int64_t BestFuel(const FuelSums& fuel, const SourceRules& rules);

 private:
  struct Part {
    std::int64_t day = 0;
    Totals totals;
    DistanceSums distance;
    FuelSums fuel;
    FuelSums idle_fuel;
  };

  Part& PartOf(std::int64_t day);

  std::vector<Part> parts_;
  DrivingMeasures measures_;
};

}  // namespace telltale::internal
