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

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.fine_mm, self.coarse_mm, self.speed_mm);
  }
};

// One amount of fuel, as each source tells it.
struct FuelSums {
  std::int64_t fine_ul = 0;    // SPN 5054
  std::int64_t coarse_ul = 0;  // SPN 250
  std::int64_t rate_ul = 0;    // SPN 183 or measured flow, integrated
  std::int64_t air_ul = 0;     // air mass of a petrol engine

  FuelSums& operator+=(const FuelSums& other);

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.fine_ul, self.coarse_ul, self.rate_ul, self.air_ul);
  }
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
  std::int64_t slice_start_ms = 0;
  Totals totals;  // without distance and fuel
  DrivingMeasures measures;
  DistanceSums distance;
  FuelSums fuel;
  FuelSums idle_fuel;
  FuelSums pto_fuel;
};

struct SliceTotals {
  std::int64_t slice_start_ms = 0;
  Totals totals;
};

// Steps in a row, summed by slice. The sources of distance and fuel are chosen once for all of it that lies on one day.
class Stretch {
 public:
  void Add(const Step& step);
  // `other` comes right after this; both were closed on the same days.
  void Append(const Stretch& other);
  void Clear();

  // The day is over: chooses sources for its slices and returns them. They still count in Total().
  std::vector<SliceTotals> CloseDay(const SourceRules& rules);

  bool empty() const { return parts_.empty() && closed_.frame_count == 0; }
  const DrivingMeasures& measures() const { return measures_; }

  // Of the day that goes on, with distance and fuel from the best sources; a slice may come twice.
  std::vector<SliceTotals> Slices(const SourceRules& rules) const;
  // Of all of it.
  Totals Total(const SourceRules& rules) const;

  // The sum of `fuel`'s best source.
  static std::int64_t BestFuel(const FuelSums& fuel, const SourceRules& rules);

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.parts_, self.closed_, self.measures_);
  }

 private:
  struct Part {
    std::int64_t slice_start_ms = 0;
    Totals totals;
    DistanceSums distance;
    FuelSums fuel;
    FuelSums idle_fuel;
    FuelSums pto_fuel;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.slice_start_ms, self.totals, self.distance, self.fuel, self.idle_fuel, self.pto_fuel);
    }
  };

  Part& PartOf(std::int64_t slice_start_ms);

  std::vector<Part> parts_;  // of the day that goes on
  Totals closed_;            // of days that are over
  DrivingMeasures measures_;
};

}  // namespace telltale::internal
