#pragma once

#include <cstdint>
#include <span>

#include "advice/trip.h"

namespace telltale::internal {

struct TripSums {
  Totals totals;
  DrivingMeasures measures;
  std::int64_t idle_outside_ms = 0;  // the part of long idles before the start and after the end of their trips
};

TripSums Sum(std::span<const Trip> trips);

}  // namespace telltale::internal
