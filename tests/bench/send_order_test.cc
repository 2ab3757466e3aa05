// The order of frames on their way: each of them comes, and what is disturbed is what was asked for.

#include "bench/load/send_order.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

constexpr std::uint32_t kVehicles = 50;
constexpr std::uint64_t kSteps = 400;
constexpr StreamShare kShare{.first_vehicle = 7, .vehicle_count = kVehicles};

struct Sent {
  std::map<std::pair<std::uint32_t, std::uint64_t>, int> times;  // by vehicle and step
  int wrong_clocks = 0;
  int behind_later = 0;  // frames that came after a later one of their vehicle
  int far_behind = 0;    // by more than three steps
};

Sent SendAll(const Disturbances& disturbances) {
  SendOrder order(kShare, 1000, disturbances, 1);
  Sent sent;
  std::map<std::uint32_t, std::uint64_t> newest;
  const auto note = [&](const SentFrame& frame) {
    if (frame.wrong_clock) {
      ++sent.wrong_clocks;
      return;
    }
    const auto [vehicle, step] = frame.key;
    const bool first = ++sent.times[{vehicle, step}] == 1;
    if (first && step < newest[vehicle]) {
      ++sent.behind_later;
      if (newest[vehicle] - step > 3) ++sent.far_behind;
    }
    newest[vehicle] = std::max(newest[vehicle], step);
  };
  for (std::uint64_t i = 0; i < kVehicles * kSteps; ++i) note(order.Next());
  while (const auto frame = order.NextHeld()) note(*frame);
  return sent;
}

TEST(SendOrder, WithoutDisturbancesIsThatOfTheShare) {
  SendOrder order(kShare, 1000, {}, 1);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const SentFrame frame = order.Next();
    EXPECT_EQ(frame.key.vehicle, kShare.At(i, 1000).vehicle);
    EXPECT_EQ(frame.key.step, kShare.At(i, 1000).step);
    EXPECT_FALSE(frame.wrong_clock);
  }
  EXPECT_FALSE(order.NextHeld());
}

TEST(SendOrder, DisturbsAsManyFramesAsItIsToldAndForgetsNone) {
  const Sent sent =
      SendAll({.late_share = 0.1, .reorder_share = 0.2, .duplicate_share = 0.05, .clock_fault_share = 0.02});
  const auto frames = static_cast<double>(sent.times.size());
  // Of each vehicle all steps from the first to the last that came.
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> last_and_count;
  int twice = 0;
  for (const auto& [key, times] : sent.times) {
    auto& [last, count] = last_and_count[key.first];
    last = std::max(last, key.second);
    ++count;
    ASSERT_LE(times, 2);
    twice += times == 2 ? 1 : 0;
  }
  ASSERT_EQ(last_and_count.size(), kVehicles);
  for (const auto& [vehicle, range] : last_and_count) EXPECT_EQ(range.first - 1000 + 1, range.second) << vehicle;
  EXPECT_NEAR(twice / frames, 0.05 * 0.7, 0.01);
  EXPECT_NEAR(sent.wrong_clocks / frames, 0.02 * 0.7, 0.005);
  EXPECT_NEAR(sent.behind_later / frames, 0.3, 0.05);
  EXPECT_NEAR(sent.far_behind / frames, 0.1, 0.03);
}

TEST(SendOrder, IsTheSameAgain) {
  const Disturbances disturbances{.late_share = 0.3, .duplicate_share = 0.3};
  SendOrder a(kShare, 0, disturbances, 5);
  SendOrder b(kShare, 0, disturbances, 5);
  for (int i = 0; i < 1000; ++i) {
    const FrameKey key_a = a.Next().key;
    const FrameKey key_b = b.Next().key;
    ASSERT_EQ(key_a.vehicle, key_b.vehicle);
    ASSERT_EQ(key_a.step, key_b.step);
  }
}

}  // namespace
}  // namespace telltale
