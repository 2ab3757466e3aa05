#include "bench/load/send_order.h"

#include "bench/load/mix.h"

namespace telltale {

SendOrder::SendOrder(const StreamShare& share, std::uint64_t first_step, const Disturbances& disturbances,
                     std::uint64_t seed)
    : share_(share),
      first_step_(first_step),
      disturbances_(disturbances),
      undisturbed_(disturbances.late_share + disturbances.reorder_share + disturbances.duplicate_share +
                       disturbances.clock_fault_share ==
                   0.0),
      seed_(seed) {}

SentFrame SendOrder::Next() {
  if (undisturbed_) return {.key = share_.At(frame_++, first_step_)};
  while (true) {
    if (behind_wrong_clock_) {
      const FrameKey key = *behind_wrong_clock_;
      behind_wrong_clock_.reset();
      return {.key = key};
    }
    if (!held_.empty() && held_.top().due <= frame_) return TakeHeld();
    const FrameKey key = share_.At(frame_++, first_step_);
    const std::uint64_t fate = Mix(Mix(seed_ ^ key.step) ^ key.vehicle);
    // Each disturbance looks at bits of its own.
    const auto happens = [fate](int shift, double share) {
      return static_cast<double>(fate >> shift & 0xFFFF) < share * 0x10000;
    };
    const std::uint64_t some = fate >> 48;
    if (happens(0, disturbances_.late_share)) {
      Hold(key, 6 + some % 175);
    } else if (happens(0, disturbances_.late_share + disturbances_.reorder_share)) {
      Hold(key, 1 + some % 3);
    } else {
      if (happens(16, disturbances_.duplicate_share)) Hold(key, 1 + some % 3);
      if (!happens(32, disturbances_.clock_fault_share)) return {.key = key};
      behind_wrong_clock_ = key;
      return {.key = key, .wrong_clock = true};
    }
  }
}

std::optional<SentFrame> SendOrder::NextHeld() {
  if (behind_wrong_clock_) {
    const FrameKey key = *behind_wrong_clock_;
    behind_wrong_clock_.reset();
    return SentFrame{.key = key};
  }
  if (held_.empty()) return std::nullopt;
  return TakeHeld();
}

SentFrame SendOrder::TakeHeld() {
  const FrameKey key = held_.top().key;
  held_.pop();
  return {.key = key};
}

}  // namespace telltale
