#include "advice/internal/speed_watch.h"

#include <algorithm>
#include <cmath>

namespace telltale::internal {
namespace {

constexpr double kKmhPerMps = 3.6;

}  // namespace

SpeedWatch::Taken SpeedWatch::Take(std::int64_t time_ms, double speed_kmh, std::int64_t hold_ms,
                                   const FoldOptions& options) {
  const Sample sample{.time_ms = time_ms, .speed_kmh = speed_kmh};
  const auto jumps_from = [&](const Sample& before) {
    const auto span_ms = std::max<std::int64_t>(time_ms - before.time_ms, options.jump_span_min.count());
    const double change_mps = std::abs(speed_kmh - before.speed_kmh) / kKmhPerMps;
    return change_mps > options.jump_mps2_max * static_cast<double>(span_ms) * 1e-3;
  };

  // Nearer to the refused value than to the one before it: the jump was real, or the values before were wrong.
  const bool agrees = refused_ && !jumps_from(*refused_) &&
                      std::abs(speed_kmh - refused_->speed_kmh) < std::abs(speed_kmh - last_.speed_kmh);
  if (agrees) {
    Restart();
  } else if (known_ && jumps_from(last_)) {
    refused_ = sample;
    return {};
  }
  refused_.reset();

  Taken taken{.accepted = true};
  if (known_ && time_ms - last_.time_ms <= hold_ms) {
    // 1 km/h over 1 ms is 1 / 3.6 mm.
    taken.distance_mm =
        carry_.Take((last_.speed_kmh + speed_kmh) / 2.0 / kKmhPerMps * static_cast<double>(time_ms - last_.time_ms));
  }
  known_ = true;
  last_ = sample;
  TakeWindow(sample, options);
  if (window_ && window_->end_time_ms == time_ms) taken.window = window_;
  return taken;
}

void SpeedWatch::TakeWindow(const Sample& sample, const FoldOptions& options) {
  const auto at = [this](std::size_t age) -> const Sample& {
    return ring_[(ring_next_ + ring_.size() - 1 - age) % ring_.size()];
  };
  const std::int64_t spacing_ms = options.window_min.count() / static_cast<std::int64_t>(ring_.size() - 1);
  if (ring_count_ > 0) {
    // Loggers repeat a value until it is refreshed: a repetition says nothing new about when the speed was reached, and
    // would make a step of a slow refresh look like one of a fast change.
    const bool repeats = sample.speed_kmh == at(0).speed_kmh;
    if (sample.time_ms - at(0).time_ms < (repeats ? options.window_min.count() : spacing_ms)) return;
  }

  window_.reset();
  for (std::size_t age = 0; age < ring_count_; ++age) {
    const Sample& start = at(age);
    const std::int64_t span_ms = sample.time_ms - start.time_ms;
    if (span_ms < options.window_min.count()) continue;
    if (span_ms <= options.window_max.count()) {
      window_ = SpeedWindow{
          .start_time_ms = start.time_ms,
          .end_time_ms = sample.time_ms,
          .start_kmh = start.speed_kmh,
          .acceleration_mps2 = (sample.speed_kmh - start.speed_kmh) / kKmhPerMps * 1e3 / static_cast<double>(span_ms)};
    }
    break;
  }
  ring_[ring_next_] = sample;
  ring_next_ = (ring_next_ + 1) % ring_.size();
  ring_count_ = std::min(ring_count_ + 1, ring_.size());
}

void SpeedWatch::Restart() {
  known_ = false;
  ring_count_ = 0;
  window_.reset();
}

void SpeedWatch::Lose() {
  Restart();
  refused_.reset();
}

}  // namespace telltale::internal
