#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "advice/fold_options.h"
#include "advice/internal/signal_values.h"
#include "advice/trip.h"

namespace telltale::internal {

// The change of speed over a window of about a second.
struct SpeedWindow {
  std::int64_t start_time_ms = 0;
  std::int64_t end_time_ms = 0;
  double start_kmh = 0.0;
  double acceleration_mps2 = 0.0;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.start_time_ms, self.end_time_ms, self.start_kmh, self.acceleration_mps2);
  }
};

// Follows the vehicle's speed: refuses values that no vehicle reaches, integrates the distance, measures acceleration.
// Not thread-safe; copyable.
class SpeedWatch {
 public:
  struct Taken {
    bool accepted = false;
    std::int64_t distance_mm = 0;       // since the value before, by a trapezoid
    std::optional<SpeedWindow> window;  // ending here; none if no value is old enough, or too old
  };

  // A value that jumps is refused, unless the next agrees with it: then the values before were wrong, or lost.
  Taken Take(std::int64_t time_ms, double speed_kmh, std::int64_t hold_ms, const FoldOptions& options);

  // The speed is not known any more.
  void Lose();

  // nullopt: none, or stale.
  std::optional<double> At(std::int64_t time_ms, std::int64_t hold_ms) const {
    if (!known_ || time_ms - last_.time_ms > hold_ms) return std::nullopt;
    return last_.speed_kmh;
  }

  // nullopt: none that ends within `age_max`.
  std::optional<double> AccelerationAt(std::int64_t time_ms, std::chrono::milliseconds age_max) const {
    if (!window_ || time_ms - window_->end_time_ms > age_max.count()) return std::nullopt;
    return window_->acceleration_mps2;
  }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.known_, self.last_, self.refused_, self.ring_, self.ring_count_, self.ring_next_, self.window_,
            self.carry_);
  }

 private:
  struct Sample {
    std::int64_t time_ms = 0;
    double speed_kmh = 0.0;

    template <typename Self, typename Archive>
    static void Fields(Self& self, Archive& archive) {
      archive(self.time_ms, self.speed_kmh);
    }
  };

  void Restart();
  void TakeWindow(const Sample& sample, const FoldOptions& options);

  bool known_ = false;
  Sample last_;
  std::optional<Sample> refused_;
  std::array<Sample, 8> ring_;  // recent samples, apart by at least a seventh of a window
  std::size_t ring_count_ = 0;
  std::size_t ring_next_ = 0;
  std::optional<SpeedWindow> window_;
  Carry carry_;
};

// An event that goes on: listed once, updated in place.
struct EventRun {
  bool running = false;
  Event event;
  std::optional<std::size_t> index;  // in the trip's events; nullopt: not listed

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.running, self.event, self.index);
  }
};

}  // namespace telltale::internal
