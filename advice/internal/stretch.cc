#include "advice/internal/stretch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace telltale::internal {
namespace {

using DistanceSum = std::int64_t DistanceSums::*;
using FuelSum = std::int64_t FuelSums::*;

// Whether a counter is to be believed beside what was integrated.
bool Good(std::int64_t counted, std::int64_t least, std::int64_t integrated, double share_min) {
  return counted >= least && static_cast<double>(counted) >= share_min * static_cast<double>(integrated);
}

struct DistanceChoice {
  DistanceSum sum = &DistanceSums::speed_mm;
  Source source = Source::kNone;
};

DistanceChoice Choose(const DistanceSums& d, const SourceRules& rules) {
  if (Good(d.fine_mm, rules.distance_fine_min_mm, d.speed_mm, rules.counter_share_min)) {
    return {&DistanceSums::fine_mm, Source::kCounter};
  }
  if (Good(d.coarse_mm, rules.distance_coarse_min_mm, d.speed_mm, rules.counter_share_min)) {
    return {&DistanceSums::coarse_mm, Source::kCounter};
  }
  if (d.speed_mm > 0) return {&DistanceSums::speed_mm, Source::kIntegrated};
  if (d.fine_mm > 0) return {&DistanceSums::fine_mm, Source::kCounter};
  if (d.coarse_mm > 0) return {&DistanceSums::coarse_mm, Source::kCounter};
  return {};
}

struct FuelChoice {
  FuelSum sum = &FuelSums::rate_ul;
  FuelSum idle_sum = &FuelSums::rate_ul;
  Source source = Source::kNone;
};

FuelChoice Choose(const FuelSums& f, const SourceRules& rules) {
  // A step of SPN 250 is an hour's idling: which part of it was burnt while idling, a rate tells better.
  const FuelSum coarse_idle = f.rate_ul > 0 ? &FuelSums::rate_ul : &FuelSums::coarse_ul;
  if (Good(f.fine_ul, rules.fuel_fine_min_ul, f.rate_ul, rules.counter_share_min)) {
    return {&FuelSums::fine_ul, &FuelSums::fine_ul, Source::kCounter};
  }
  if (Good(f.coarse_ul, rules.fuel_coarse_min_ul, f.rate_ul, rules.counter_share_min)) {
    return {&FuelSums::coarse_ul, coarse_idle, Source::kCounter};
  }
  if (f.rate_ul > 0) return {&FuelSums::rate_ul, &FuelSums::rate_ul, Source::kIntegrated};
  if (f.fine_ul > 0) return {&FuelSums::fine_ul, &FuelSums::fine_ul, Source::kCounter};
  if (f.air_ul > 0) return {&FuelSums::air_ul, &FuelSums::air_ul, Source::kEstimated};
  if (f.coarse_ul > 0) return {&FuelSums::coarse_ul, coarse_idle, Source::kCounter};
  return {};
}

// Shares out a coarse counter's advance as a finer sum tells that it came about: a step of SPN 250 is an hour's idling,
// and of half an hour tells nothing. The shares add up to the advance.
class Sharing {
 public:
  // `fine_total` of 0: there is nothing to tell by.
  Sharing(std::int64_t coarse_total, std::int64_t fine_total) : coarse_total_(coarse_total), fine_total_(fine_total) {}

  // Of the next part.
  std::int64_t Share(std::int64_t coarse, std::int64_t fine) {
    if (fine_total_ <= 0) return coarse;
    fine_sum_ += fine;
    const double share = static_cast<double>(fine_sum_) / static_cast<double>(fine_total_);
    const std::int64_t until_here = std::llround(share * static_cast<double>(coarse_total_));
    return until_here - std::exchange(given_, until_here);
  }

 private:
  std::int64_t coarse_total_;
  std::int64_t fine_total_;
  std::int64_t fine_sum_ = 0;
  std::int64_t given_ = 0;
};

std::int64_t SmallestBelieved(int steps, double step) { return std::llround(steps * step); }

}  // namespace

DistanceSums& DistanceSums::operator+=(const DistanceSums& other) {
  fine_mm += other.fine_mm;
  coarse_mm += other.coarse_mm;
  speed_mm += other.speed_mm;
  return *this;
}

FuelSums& FuelSums::operator+=(const FuelSums& other) {
  fine_ul += other.fine_ul;
  coarse_ul += other.coarse_ul;
  rate_ul += other.rate_ul;
  air_ul += other.air_ul;
  return *this;
}

SourceRules::SourceRules(const AdviceSignals& signals, const FoldOptions& options)
    : distance_fine_min_mm(
          SmallestBelieved(options.counter_steps_min, signals.scale(AdviceSignal::kDistanceTotalFine) * 1e3)),
      distance_coarse_min_mm(
          SmallestBelieved(options.counter_steps_min, signals.scale(AdviceSignal::kDistanceTotal) * 1e6)),
      fuel_fine_min_ul(SmallestBelieved(options.counter_steps_min, signals.scale(AdviceSignal::kFuelTotalFine) * 1e6)),
      fuel_coarse_min_ul(SmallestBelieved(options.counter_steps_min, signals.scale(AdviceSignal::kFuelTotal) * 1e6)),
      counter_share_min(1.0 - options.counter_shortfall_max) {}

Stretch::Part& Stretch::PartOf(std::int64_t slice_start_ms) {
  if (parts_.empty() || parts_.back().slice_start_ms != slice_start_ms) {
    parts_.push_back({.slice_start_ms = slice_start_ms});
  }
  return parts_.back();
}

void Stretch::Add(const Step& step) {
  Part& part = PartOf(step.slice_start_ms);
  part.totals += step.totals;
  part.distance += step.distance;
  part.fuel += step.fuel;
  part.idle_fuel += step.idle_fuel;
  part.pto_fuel += step.pto_fuel;
  measures_ += step.measures;
}

void Stretch::Append(const Stretch& other) {
  for (const Part& theirs : other.parts_) {
    Part& part = PartOf(theirs.slice_start_ms);
    part.totals += theirs.totals;
    part.distance += theirs.distance;
    part.fuel += theirs.fuel;
    part.idle_fuel += theirs.idle_fuel;
    part.pto_fuel += theirs.pto_fuel;
  }
  closed_ += other.closed_;
  measures_ += other.measures_;
}

void Stretch::Clear() {
  parts_.clear();
  closed_ = {};
  measures_ = {};
}

std::vector<SliceTotals> Stretch::CloseDay(const SourceRules& rules) {
  std::vector<SliceTotals> slices = Slices(rules);
  for (const SliceTotals& slice : slices) closed_ += slice.totals;
  parts_.clear();
  return slices;
}

Totals Stretch::Total(const SourceRules& rules) const {
  Totals total = closed_;
  for (const SliceTotals& slice : Slices(rules)) total += slice.totals;
  return total;
}

std::vector<SliceTotals> Stretch::Slices(const SourceRules& rules) const {
  DistanceSums distance;
  FuelSums fuel;
  for (const Part& part : parts_) {
    distance += part.distance;
    fuel += part.fuel;
  }
  const DistanceChoice by = Choose(distance, rules);
  const FuelChoice fuel_by = Choose(fuel, rules);
  const bool shares_distance = by.sum == &DistanceSums::coarse_mm;
  const bool shares_fuel = fuel_by.sum == &FuelSums::coarse_ul;
  Sharing distance_sharing(distance.coarse_mm, distance.speed_mm);
  Sharing fuel_sharing(fuel.coarse_ul, fuel.rate_ul);
  std::vector<SliceTotals> slices;
  slices.reserve(parts_.size());
  for (const Part& part : parts_) {
    Totals totals = part.totals;
    totals.distance_mm = shares_distance ? distance_sharing.Share(part.distance.coarse_mm, part.distance.speed_mm)
                                         : part.distance.*by.sum;
    totals.distance_source = by.source;
    totals.fuel_used_ul =
        shares_fuel ? fuel_sharing.Share(part.fuel.coarse_ul, part.fuel.rate_ul) : part.fuel.*fuel_by.sum;
    totals.fuel_source = fuel_by.source;
    totals.idle_fuel_ul = std::min(part.idle_fuel.*fuel_by.idle_sum, totals.fuel_used_ul);
    totals.pto_fuel_ul = std::min(part.pto_fuel.*fuel_by.idle_sum, totals.fuel_used_ul - totals.idle_fuel_ul);
    slices.push_back({.slice_start_ms = part.slice_start_ms, .totals = totals});
  }
  return slices;
}

std::int64_t Stretch::BestFuel(const FuelSums& fuel, const SourceRules& rules) {
  const FuelChoice by = Choose(fuel, rules);
  return fuel.*(by.sum);
}

}  // namespace telltale::internal
