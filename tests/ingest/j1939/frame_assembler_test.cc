#include "ingest/j1939/frame_assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/built_in_catalog.h"

namespace telltale {
namespace {

constexpr VehicleId kVehicle = 7;
constexpr CanId kEngine{.pgn = 61444, .source_address = 0};
constexpr CanId kBrakes{.pgn = 65265, .source_address = 11};

struct AssemblerTest : testing::Test {
  FrameAssembler assembler{BuiltInCatalog(), kVehicle};
  FrameBatch frames;

  static J1939Sample Speed(RawValue raw) {
    return {.signal = &BuiltInCatalog().Get("wheel_based_vehicle_speed"), .raw = raw};
  }
  static J1939Sample Rpm(RawValue raw) { return {.signal = &BuiltInCatalog().Get("engine_speed"), .raw = raw}; }

  void Add(std::int64_t time_ms, const CanId& id, std::vector<J1939Sample> samples) {
    assembler.Add(time_ms, id, samples, frames);
  }
  RawValue SpeedOf(std::size_t frame) const {
    return frames[frame].Get(BuiltInCatalog().Get("wheel_based_vehicle_speed").id);
  }
  RawValue RpmOf(std::size_t frame) const { return frames[frame].Get(BuiltInCatalog().Get("engine_speed").id); }
};

TEST_F(AssemblerTest, MakesOneFrameOfWhatComesInOneMillisecond) {
  Add(1000, kEngine, {Rpm(7200)});
  Add(1000, kBrakes, {Speed(256)});
  Add(1001, kEngine, {Rpm(7208)});
  EXPECT_EQ(frames.size(), 1U);  // the second may still grow
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].vehicle_id, kVehicle);
  EXPECT_EQ(frames[0].measure_time_ms, 1000);
  EXPECT_EQ(RpmOf(0), 7200);
  EXPECT_EQ(SpeedOf(0), 256);
  EXPECT_EQ(RpmOf(1), 7208);
  EXPECT_EQ(SpeedOf(1), kAbsent);
}

TEST_F(AssemblerTest, SharesALayoutBetweenFramesOfTheSameSignals) {
  Add(1, kEngine, {Rpm(1)});
  Add(1, kBrakes, {Speed(1)});
  Add(2, kEngine, {Rpm(2)});
  Add(3, kBrakes, {Speed(3)});
  Add(3, kEngine, {Rpm(3)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames.layout_of(0), frames.layout_of(2));
  EXPECT_EQ(assembler.layout_count(), 2U);
}

TEST_F(AssemblerTest, KeepsASignalThatComesTwiceInAMillisecond) {
  Add(1, kEngine, {Rpm(1)});
  Add(1, kEngine, {Rpm(2)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(RpmOf(0), 1);
  EXPECT_EQ(RpmOf(1), 2);
  EXPECT_EQ(frames[1].measure_time_ms, 1);
}

TEST_F(AssemblerTest, KeepsFramesWhereTimeStepsBack) {
  Add(5, kEngine, {Rpm(1)});
  Add(3, kEngine, {Rpm(2)});
  Add(5, kEngine, {Rpm(3)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].measure_time_ms, 3);
  EXPECT_EQ(RpmOf(2), 3);
}

TEST_F(AssemblerTest, StaysWithTheSenderThatFirstGaveAValue) {
  Add(0, kEngine, {Speed(100)});
  Add(10, kBrakes, {Speed(90)});
  Add(20, kEngine, {Speed(101)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(SpeedOf(0), 100);
  EXPECT_EQ(SpeedOf(1), 101);
  EXPECT_EQ(assembler.left_out_sample_count(), 1U);
}

TEST_F(AssemblerTest, ASenderWithoutAValueStandsInUntilAnotherHasOne) {
  Add(0, kEngine, {Speed(kNotAvailable)});
  Add(10, kBrakes, {Speed(kNotAvailable)});  // not chosen: the engine stands in
  Add(20, kBrakes, {Speed(90)});
  Add(30, kEngine, {Speed(kNotAvailable)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(SpeedOf(0), kNotAvailable);
  EXPECT_EQ(SpeedOf(1), 90);
  EXPECT_EQ(assembler.left_out_sample_count(), 2U);
}

TEST_F(AssemblerTest, AnotherSenderTakesOverAfterTenSecondsWithoutAValue) {
  Add(0, kEngine, {Speed(100)});
  Add(5'000, kEngine, {Speed(kError)});   // no value
  Add(10'000, kBrakes, {Speed(90)});      // not yet
  Add(10'001, kBrakes, {Speed(kError)});  // no value itself
  Add(10'002, kBrakes, {Speed(91)});
  Add(10'003, kEngine, {Speed(102)});
  assembler.Finish(frames);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(SpeedOf(0), 100);
  EXPECT_EQ(SpeedOf(1), kError);
  EXPECT_EQ(SpeedOf(2), 91);
}

TEST_F(AssemblerTest, MessagesOfOneSenderToSeveralReceiversDoNotMix) {
  const CanId to_engine{.pgn = 0, .source_address = 11, .destination_address = 0};
  const CanId to_retarder{.pgn = 0, .source_address = 11, .destination_address = 15};
  const J1939Sample request{.signal = &BuiltInCatalog().Get("engine_requested_torque_torque_limit"), .raw = 150};
  Add(0, to_engine, {request});
  Add(1, to_retarder, {request});
  assembler.Finish(frames);
  EXPECT_EQ(frames.size(), 1U);
  EXPECT_EQ(assembler.left_out_sample_count(), 1U);
}

TEST(LayoutCache, BeginsAnewAtItsLimitAndKeepsWhatIsInUse) {
  LayoutCache cache;
  const std::vector<SignalId> first = {1, 2};
  const std::shared_ptr<const Layout> kept = cache.Get(first);
  EXPECT_EQ(cache.Get(first), kept);
  for (SignalId id = 1; id <= LayoutCache::kMaxLayouts; ++id) cache.Get(std::vector<SignalId>{id});
  EXPECT_EQ(cache.size(), 1U);  // the last one
  EXPECT_THAT(kept->signals(), testing::ElementsAre(1, 2));
  EXPECT_EQ(*cache.Get(first), *kept);
}

}  // namespace
}  // namespace telltale
