#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "advice/trip.h"

namespace telltale::internal {

// A place at a time.
struct TimedPosition {
  std::int64_t time_ms = 0;
  Position position;

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.time_ms, self.position);
  }
};

// Follows the vehicle's place: refuses places that cannot be, and sees when it is carried, by a tow truck, a ferry or a
// train. Not thread-safe; copyable.
class PositionWatch {
 public:
  static constexpr double kSpeedKmhMax = 250.0;     // between two places; see FoldOptions::counter_speed_kmh_max
  static constexpr double kSlackM = 400.0;          // the noise of two places, 200 m each in a street canyon
  static constexpr double kCarriedM = 500.0;        // farther than any noise of a parked vehicle's place
  static constexpr std::int64_t kRestMs = 600'000;  // carried no more if it has not moved on for so long

  // A place of a frame. `drives`: by its own engine or wheels.
  void Take(std::int64_t time_ms, const Position& position, bool drives);

  // Nothing is known of what comes next: it may have driven.
  void LeaveGap() {
    EndCarriage();
    parked_.reset();
  }

  // The last place that was accepted; nullopt: none, or older than `hold_ms`.
  std::optional<Position> At(std::int64_t time_ms, std::int64_t hold_ms) const {
    if (!accepted_ || time_ms - accepted_->time_ms > hold_ms) return std::nullopt;
    return accepted_->position;
  }

  // Whatever its age.
  std::optional<Position> last() const { return accepted_ ? std::optional(accepted_->position) : std::nullopt; }

  // A carriage that is over, once.
  std::optional<Event> TakeCarried() { return std::exchange(carried_, std::nullopt); }

  // The beginning of a carriage that may go on.
  std::optional<std::int64_t> carried_since_ms() const { return far_ ? std::optional(parked_->time_ms) : std::nullopt; }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.accepted_, self.refused_, self.refused_count_, self.parked_, self.far_, self.far_count_,
            self.carried_);
  }

 private:
  static bool CanBe(const TimedPosition& from, const TimedPosition& to);
  void FollowCarriage(const TimedPosition& place, bool drives);
  void EndCarriage();

  std::optional<TimedPosition> accepted_;
  std::optional<TimedPosition> refused_;
  int refused_count_ = 0;                // in a row, which agree with each other
  std::optional<TimedPosition> parked_;  // where it stands by itself, or was taken away from
  std::optional<TimedPosition> far_;     // the last place that was farther on, while it is carried
  int far_count_ = 0;                    // places that were farther on: one may be wrong
  std::optional<Event> carried_;
};

}  // namespace telltale::internal
