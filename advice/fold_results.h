#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "advice/accumulated_classes.h"
#include "advice/gap.h"
#include "advice/trip.h"

namespace telltale {

// What a vehicle did in a slice of time: at most half an hour, see kSliceMs.
struct Slice {
  Totals totals;
  AccumulatedClasses classes;
  std::uint32_t trip_count = 0;  // trips that began (had moved movement_m_min) in it

  Slice& operator+=(const Slice& other);

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.totals, self.classes, self.trip_count);
  }
  friend bool operator==(const Slice&, const Slice&) = default;
};

// What a fold has found since its results were taken last, each list in the order in which it became certain.
struct FoldResults {
  std::vector<Trip> trips;               // closed
  std::vector<Stop> stops;               // over
  std::vector<Gap> gaps;                 // silences of more than 200 s
  std::vector<Event> events;             // of the vehicle, see EventKind
  std::map<std::int64_t, Slice> slices;  // by start, milliseconds UTC; those of the day that goes on still grow

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.trips, self.stops, self.gaps, self.events, self.slices);
  }
  friend bool operator==(const FoldResults&, const FoldResults&) = default;
};

// Slices by UTC day, oldest first.
std::vector<VehicleDay> DaysOf(const std::map<std::int64_t, Slice>& slices);

}  // namespace telltale
