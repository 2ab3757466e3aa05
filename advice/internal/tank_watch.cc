#include "advice/internal/tank_watch.h"

#include <algorithm>
#include <cmath>

namespace telltale::internal {

std::optional<Event> TankWatch::Take(std::int64_t time_ms, std::optional<double> level_percent, std::int64_t used_ul,
                                     bool standing, const std::optional<Position>& position) {
  used_since_level_ul_ += used_ul;
  used_since_anchor_ul_ += used_ul;
  if (!standing) {
    standing_since_ms_.reset();
  } else if (!standing_since_ms_) {
    standing_since_ms_ = time_ms;
  } else if (time_ms - *standing_since_ms_ >= options_.stand_ms_min && !stood_) {
    stood_ = true;
    stand_start_ms_ = *standing_since_ms_;
    stand_position_ = position;
  }
  if (!level_percent || *level_percent < options_.level_percent_min) return std::nullopt;
  if (reading_count_ == 0) window_start_ms_ = time_ms;
  window_last_ms_ = time_ms;
  ++reading_count_;
  std::uint16_t& count = counts_[std::min(static_cast<std::size_t>(*level_percent / kStepPercent + 0.5), kSteps - 1)];
  if (count < UINT16_MAX) ++count;
  const std::int64_t span_ms = time_ms - window_start_ms_;
  if (span_ms < options_.window_ms) return std::nullopt;
  if (static_cast<int>(reading_count_) < options_.readings_min && span_ms < options_.window_ms_max) return std::nullopt;
  return CloseWindow(standing);
}

void TankWatch::LeaveGap() {
  // What is left of a window is too little to tell of a change, and enough to tell the level before the silence.
  if (static_cast<int>(reading_count_) >= options_.readings_min && !candidate_ && !stood_) {
    level_ = Median();
    level_time_ms_ = window_last_ms_;
    used_since_level_ul_ = 0;
  }
  counts_.fill(0);
  reading_count_ = 0;
  if (!stood_) {
    stood_ = true;
    stand_start_ms_ = standing_since_ms_.value_or(window_last_ms_);
    stand_position_.reset();
  }
  standing_since_ms_.reset();
}

double TankWatch::Median() const {
  std::uint32_t below = 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    below += counts_[step];
    if (2 * below >= reading_count_) return static_cast<double>(step) * kStepPercent;
  }
  return 100.0;
}

// A window is over. Nobody fills or drains a tank that drives, so a change counts if the vehicle stood since the level
// was taken; it is certain once two windows agree on the new level.
std::optional<Event> TankWatch::CloseWindow(bool standing) {
  const double median = Median();
  counts_.fill(0);
  reading_count_ = 0;
  if (!level_) {
    level_ = median;
    level_time_ms_ = window_last_ms_;
    used_since_level_ul_ = 0;
    stood_ = false;
    Learn(median);
    return std::nullopt;
  }
  const auto capacity = capacity_l();
  const double used_percent =
      capacity ? static_cast<double>(used_since_level_ul_) * 1e-4 / *capacity : 0.0;  // ul / 1e6 / l x 100
  const double expected = *level_ - used_percent;
  const double change = median - expected;

  if (stood_ && std::abs(change) >= options_.change_percent_min) {
    if (candidate_ && std::abs(median - candidate_->after_percent) <= options_.stable_percent_max) {
      const Event event = EventOf(*candidate_);
      candidate_.reset();
      level_ = median;
      level_time_ms_ = window_last_ms_;
      used_since_level_ul_ = 0;
      stood_ = standing;
      anchor_percent_ = median;
      used_since_anchor_ul_ = 0;
      return event;
    }
    if (!candidate_) {
      candidate_ = TankChange{.start_time_ms = std::max(level_time_ms_, stand_start_ms_),
                             .before_percent = expected,
                             .position = stand_position_};
    }
    candidate_->end_time_ms = window_last_ms_;
    candidate_->after_percent = median;
    return std::nullopt;
  }
  candidate_.reset();
  if (standing) return std::nullopt;  // what goes on may be a slow drain: the level before the stand is the reference
  level_ = stood_ ? median : expected + options_.driving_weight * change;
  level_time_ms_ = window_last_ms_;
  used_since_level_ul_ = 0;
  stood_ = false;
  Learn(median);
  return std::nullopt;
}

void TankWatch::Learn(double percent) {
  if (!anchor_percent_ || percent > *anchor_percent_ + options_.change_percent_min) {
    anchor_percent_ = percent;
    used_since_anchor_ul_ = 0;
    return;
  }
  const double fallen_percent = *anchor_percent_ - percent;
  // ul / 1e6 litres for so many percent; a tank that holds less than 40 l or more than 2,000 l was not measured well.
  if (fallen_percent < std::max(options_.learn_percent_min, learnt_percent_)) return;
  const double capacity_l = static_cast<double>(used_since_anchor_ul_) * 1e-4 / fallen_percent;
  if (capacity_l < 40.0 || capacity_l > 2000.0) return;
  learnt_percent_ = fallen_percent;
  learnt_capacity_l_ = capacity_l;
}

Event TankWatch::EventOf(const TankChange& candidate) const {
  const double change = candidate.after_percent - candidate.before_percent;
  const auto capacity = capacity_l();
  return {.kind = change > 0 ? EventKind::kRefuelling : EventKind::kFuelDrop,
          .start_time_ms = candidate.start_time_ms,
          .duration_ms = candidate.end_time_ms - candidate.start_time_ms,
          .value = std::abs(change),
          .position = candidate.position,
          .fuel_ul = capacity ? std::llround(std::abs(change) * *capacity * 1e4) : 0};
}

}  // namespace telltale::internal
