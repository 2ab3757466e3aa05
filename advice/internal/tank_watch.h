#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "advice/trip.h"

namespace telltale::internal {

// A change of the level that one window has shown.
struct TankChange {
  std::int64_t start_time_ms = 0;
  std::int64_t end_time_ms = 0;
  double before_percent = 0.0;
  double after_percent = 0.0;
  std::optional<Position> position;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.start_time_ms, self.end_time_ms, self.before_percent, self.after_percent, self.position);
  }
};

// Finds refuellings and drops in the level of a tank that sloshes; docs/fuel_events.md has the method and its error
// rates. Not thread-safe; copyable, about 1 KiB.
class TankWatch {
 public:
  struct Options {
    double change_percent_min = 5.0;         // slosh and hills of the medians stay below half of it
    double stable_percent_max = 1.6;         // two windows this close agree: four steps of SPN 96
    std::int64_t window_ms = 300'000;        // of one median; slosh has periods of seconds, hills of minutes
    std::int64_t window_ms_max = 1'800'000;  // if readings are rare
    std::int64_t stand_ms_min = 60'000;      // nobody fills or drains in less
    int readings_min = 4;                    // of a median
    double level_percent_min = 0.8;          // a sensor that reads less has failed, or the engine would
    double learn_percent_min = 10.0;         // the tank's size is learnt over at least so much
    double driving_weight = 0.3;             // of a window's median in the level while driving: hills come and go
  };

  // One frame. `level_percent`: of the tank, if the frame has it and it is reliable. `used_ul`: what the engine burnt
  // since the last frame. Finds at most one event, as of when it is certain.
  std::optional<Event> Take(std::int64_t time_ms, std::optional<double> level_percent, std::int64_t used_ul,
                            bool standing, const std::optional<Position>& position);

  // After a silence: whatever happened then happened at a stand.
  void LeaveGap();

  // The tank's size if it is known from elsewhere, litres.
  void SetCapacity(double capacity_l) { known_capacity_l_ = capacity_l; }
  std::optional<double> capacity_l() const {
    return known_capacity_l_ > 0.0    ? known_capacity_l_
           : learnt_capacity_l_ > 0.0 ? std::optional(learnt_capacity_l_)
                                      : std::nullopt;
  }

  // The beginning of a change that is not certain yet.
  std::optional<std::int64_t> pending_since_ms() const {
    return candidate_ ? std::optional(candidate_->start_time_ms) : std::nullopt;
  }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.counts_, self.reading_count_, self.window_start_ms_, self.window_last_ms_, self.level_,
            self.level_time_ms_, self.used_since_level_ul_, self.standing_since_ms_, self.stand_start_ms_, self.stood_,
            self.stand_position_, self.candidate_, self.anchor_percent_, self.used_since_anchor_ul_,
            self.learnt_percent_, self.learnt_capacity_l_, self.known_capacity_l_);
  }

 private:
  static constexpr std::size_t kSteps = 251;  // SPN 96: 0 to 100 % by 0.4
  static constexpr double kStepPercent = 0.4;

  double Median() const;
  std::optional<Event> CloseWindow(bool standing);
  Event EventOf(const TankChange& candidate) const;
  void Learn(double percent);

  Options options_;
  std::array<std::uint16_t, kSteps> counts_{};  // of the window's readings
  std::uint32_t reading_count_ = 0;
  std::int64_t window_start_ms_ = 0;
  std::int64_t window_last_ms_ = 0;

  std::optional<double> level_;  // percent; as of the last driving, or the last event
  std::int64_t level_time_ms_ = 0;
  std::int64_t used_since_level_ul_ = 0;
  std::optional<std::int64_t> standing_since_ms_;
  std::int64_t stand_start_ms_ = 0;  // of the stand that `stood_` is about
  bool stood_ = false;               // long enough, since the level was taken
  std::optional<Position> stand_position_;
  std::optional<TankChange> candidate_;

  std::optional<double> anchor_percent_;  // from where the tank's size is learnt
  std::int64_t used_since_anchor_ul_ = 0;
  double learnt_percent_ = 0.0;  // over how much
  double learnt_capacity_l_ = 0.0;
  double known_capacity_l_ = 0.0;
};

}  // namespace telltale::internal
