#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "bench/load/disturbances.h"
#include "bench/load/fleet.h"

namespace telltale {

// A frame as it is sent.
struct SentFrame {
  FrameKey key;
  bool wrong_clock = false;  // with the time of another century: the server is to refuse it
};

// In which order a stream sends the frames of its share. What becomes of a frame is a function of seed, vehicle and
// step. Not thread-safe.
class SendOrder {
 public:
  SendOrder(const StreamShare& share, std::uint64_t first_step, const Disturbances& disturbances, std::uint64_t seed);

  SentFrame Next();
  // What was held back, when nothing new is to be sent; nullopt: nothing.
  std::optional<SentFrame> NextHeld();

 private:
  struct Held {
    std::uint64_t due = 0;  // as many new frames come before it
    FrameKey key;
    bool operator>(const Held& other) const { return due > other.due; }
  };

  SentFrame TakeHeld();
  void Hold(const FrameKey& key, std::uint64_t steps) { held_.push({frame_ + steps * share_.vehicle_count, key}); }

  const StreamShare share_;
  const std::uint64_t first_step_;
  const Disturbances disturbances_;
  const bool undisturbed_;
  const std::uint64_t seed_;
  std::uint64_t frame_ = 0;  // the next new one
  std::optional<FrameKey> behind_wrong_clock_;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
};

}  // namespace telltale
