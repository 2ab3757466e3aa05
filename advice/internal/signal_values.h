#pragma once

#include <array>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <optional>

#include "advice/advice_signals.h"
#include "advice/fold_options.h"
#include "catalog/frame.h"

namespace telltale::internal {

// The last value of each signal with its time, and how long a value is good. Not thread-safe; copyable.
class SignalValues {
 public:
  SignalValues() { Clear(); }

  // Forgets everything, as after a long gap.
  void Clear();

  // Takes what the frame has. A signal that the vehicle does not have now, or that is known to be wrong, is forgotten.
  void Take(const AdviceSignals& signals, const Frame& frame);

  // Tells how far apart the frames are. The least of the last four intervals counts: of dense frames with a gap it is
  // the dense one, and a vehicle that sends every 10 s is known as such after four.
  void TakeInterval(std::int64_t interval_ms, const FoldOptions& options);

  std::int64_t hold_ms() const { return hold_ms_; }  // a value older than this is stale

  // Whether the last frame had a value of the signal.
  bool Updated(AdviceSignal signal) const { return updated_[Slot(signal)]; }

  RawValue raw(AdviceSignal signal) const { return raw_[Slot(signal)]; }

  // The value in the signal's unit; nullopt: none, or stale.
  std::optional<double> Get(const AdviceSignals& signals, AdviceSignal signal, std::int64_t time_ms) const {
    const std::size_t slot = Slot(signal);
    if (!known_[slot] || time_ms - time_ms_[slot] > hold_ms_) return std::nullopt;
    return signals.ToPhysical(slot, raw_[slot]);
  }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.raw_, self.time_ms_, self.known_, self.intervals_ms_, self.next_interval_, self.hold_ms_);
  }

 private:
  static std::size_t Slot(AdviceSignal signal) { return static_cast<std::size_t>(signal); }

  std::array<RawValue, kAdviceSignalCount> raw_{};
  std::array<std::int64_t, kAdviceSignalCount> time_ms_{};
  std::bitset<kAdviceSignalCount> known_;
  std::bitset<kAdviceSignalCount> updated_;
  std::array<std::int64_t, 4> intervals_ms_{};  // 0: none yet
  std::size_t next_interval_ = 0;
  std::int64_t hold_ms_ = 0;
};

// Rounds amounts to integers so that nothing is lost over many of them.
class Carry {
 public:
  std::int64_t Take(double amount) {
    rest_ += amount;
    const double whole = std::floor(rest_);
    rest_ -= whole;
    return static_cast<std::int64_t>(whole);
  }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.rest_);
  }

 private:
  double rest_ = 0.0;
};

// The integral of a rate over time, by trapezoids between its updates.
class RateIntegral {
 public:
  // The amount since the last update; 0 if that is longer ago than `hold_ms`.
  std::int64_t Take(std::int64_t time_ms, double per_ms, std::int64_t hold_ms) {
    std::int64_t amount = 0;
    if (known_ && time_ms - time_ms_ <= hold_ms) {
      amount = carry_.Take((last_per_ms_ + per_ms) / 2.0 * static_cast<double>(time_ms - time_ms_));
    }
    known_ = true;
    time_ms_ = time_ms;
    last_per_ms_ = per_ms;
    return amount;
  }

  void Lose() { known_ = false; }

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.known_, self.time_ms_, self.last_per_ms_, self.carry_);
  }

 private:
  bool known_ = false;
  std::int64_t time_ms_ = 0;
  double last_per_ms_ = 0.0;
  Carry carry_;
};

// How far a counter advanced. A counter that runs backwards, or faster than is possible, was reset or set: it counts
// anew from there.
class CounterAdvance {
 public:
  // In steps of its grid. `steps_per_ms_max` is the fastest advance that is believed.
  std::int64_t Take(std::int64_t time_ms, RawValue raw, double steps_per_ms_max) {
    std::int64_t steps = 0;
    was_reset_ = false;
    if (known_) {
      const std::int64_t advance = static_cast<std::int64_t>(raw) - last_;
      // Two steps more: one for the grid at either end.
      const double steps_max = steps_per_ms_max * static_cast<double>(time_ms - time_ms_) + 2.0;
      if (advance >= 0 && static_cast<double>(advance) <= steps_max) {
        steps = advance;
      } else {
        was_reset_ = true;
      }
    }
    known_ = true;
    time_ms_ = time_ms;
    last_ = raw;
    return steps;
  }

  bool was_reset() const { return was_reset_; }  // by the last Take()

  template <typename Self, typename Archive>
  static void Fields(Self& self, Archive& archive) {
    archive(self.known_, self.time_ms_, self.last_);
  }

 private:
  bool known_ = false;
  bool was_reset_ = false;
  std::int64_t time_ms_ = 0;
  RawValue last_ = 0;
};

}  // namespace telltale::internal
