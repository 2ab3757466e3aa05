#include "bench/load/load_run.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "bench/load/fleet.h"
#include "bench/load/verify.h"
#include "tests/bench/memory_server.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ShareOf, CoversEveryVehicleOnce) {
  for (const std::uint32_t vehicle_count : {1U, 7U, 1000U, 2'181'336U}) {
    for (std::uint32_t stream_count = 1; stream_count <= std::min(7U, vehicle_count); ++stream_count) {
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; i < stream_count; ++i) {
        const StreamShare share = ShareOf(vehicle_count, stream_count, i);
        EXPECT_EQ(share.first_vehicle, next);
        EXPECT_GE(share.vehicle_count, vehicle_count / stream_count);
        next += share.vehicle_count;
      }
      EXPECT_EQ(next, vehicle_count);
    }
  }
}

TEST(StreamShare, SendsEveryVehiclesStepBeforeTheNext) {
  const StreamShare share{.first_vehicle = 10, .vehicle_count = 3};
  EXPECT_EQ(share.At(0, 100).vehicle, 10U);
  EXPECT_EQ(share.At(0, 100).step, 100U);
  EXPECT_EQ(share.At(2, 100).vehicle, 12U);
  EXPECT_EQ(share.At(7, 100).vehicle, 11U);  // 7 = 2 x 3 + 1
  EXPECT_EQ(share.At(7, 100).step, 102U);
}

TEST(Timeline, BeginsWithTheFirstWholeStepFromTheStart) {
  constexpr std::chrono::milliseconds kCadence{10'000};
  EXPECT_EQ(Timeline(Timeline::kEpochMs, kCadence).first_step(), 0U);
  EXPECT_EQ(Timeline(Timeline::kEpochMs + 1, kCadence).first_step(), 1U);
  EXPECT_EQ(Timeline(Timeline::kEpochMs + 20'000, kCadence).first_step(), 2U);
  EXPECT_EQ(Timeline(Timeline::kEpochMs + 20'000, kCadence).TimeOf(2), Timeline::kEpochMs + 20'000);
}

TEST(ValidateLoadOptions, NamesTheOption) {
  EXPECT_TRUE(Validate(LoadOptions{}).ok());
  const auto message = [](const auto& change) {
    LoadOptions options;
    change(options);
    return MessageOf(Validate(options));
  };
  EXPECT_THAT(message([](LoadOptions& o) { o.vehicle_count = 0; }), HasSubstr("--vehicles"));
  EXPECT_THAT(message([](LoadOptions& o) { o.stream_count = 0; }), HasSubstr("--streams"));
  EXPECT_THAT(message([](LoadOptions& o) { o.stream_count = o.vehicle_count + 1; }), HasSubstr("--streams"));
  EXPECT_THAT(message([](LoadOptions& o) { o.frames_per_batch = 0; }), HasSubstr("--frames-per-batch"));
  EXPECT_THAT(message([](LoadOptions& o) { o.batches_in_flight = 0; }), HasSubstr("--in-flight"));
  EXPECT_THAT(message([](LoadOptions& o) { o.duration = std::chrono::seconds(0); }), HasSubstr("--duration"));
  EXPECT_THAT(message([](LoadOptions& o) { o.rate = -1.0; }), HasSubstr("--rate"));
  EXPECT_THAT(message([](LoadOptions& o) { o.rate = std::numeric_limits<double>::infinity(); }), HasSubstr("--rate"));
  EXPECT_THAT(message([](LoadOptions& o) { o.start_time_ms = 0; }), HasSubstr("--start"));
  EXPECT_THAT(message([](LoadOptions& o) { o.disturbances.late_share = 1.5; }), HasSubstr("--late-share"));
  EXPECT_THAT(message([](LoadOptions& o) { o.disturbances = {.late_share = 0.6, .reorder_share = 0.6}; }),
              HasSubstr("--reorder-share"));
  EXPECT_THAT(message([](LoadOptions& o) {
                o.storm_period = std::chrono::seconds(5);
                o.reconnect_timeout = std::chrono::seconds(0);
              }),
              HasSubstr("--storm-every"));
}

class DifferenceTest : public ::testing::Test {
 protected:
  DifferenceTest() {
    AddCell(v1::VALUE_STATE_VALID, 7201 * 0.125);
    AddCell(v1::VALUE_STATE_VALID, 85.0);
    AddCell(v1::VALUE_STATE_NOT_AVAILABLE, 0.0);
  }

  void AddCell(v1::ValueState state, double physical) {
    v1::HistoryCell& cell = *row_.add_cells();
    cell.set_state(state);
    cell.set_physical(physical);
  }

  std::string Of(std::vector<RawValue> sent) { return Difference(signals_, sent, row_); }

  // Engine speed 0.125 rpm a bit, coolant temperature 1 degree a bit from -40, and one that is not available.
  const std::vector<VerifySignal> signals_ = {{190, 0.125, 0.0}, {110, 1.0, -40.0}, {7, 1.0, 0.0}};
  v1::HistoryRow row_;
};

TEST_F(DifferenceTest, IsEmptyForWhatWasSent) {
  EXPECT_THAT(Of({7201, 125, kNotAvailable}), IsEmpty());  // 85 + 40 = 125
}

TEST_F(DifferenceTest, NamesAValueThatIsOneBitOff) {
  EXPECT_EQ(Of({7201, 126, kNotAvailable}), "signal 110: raw 125, sent 126");
}

TEST_F(DifferenceTest, NamesAStateThatIsAnother) {
  EXPECT_EQ(Of({7201, 125, 0}), "signal 7: VALUE_STATE_NOT_AVAILABLE, sent VALUE_STATE_VALID");
  EXPECT_THAT(Of({7201, kNotAvailable, kNotAvailable}), HasSubstr("signal 110: VALUE_STATE_VALID"));
}

TEST_F(DifferenceTest, NamesAMissingCell) {
  row_.mutable_cells()->RemoveLast();
  EXPECT_EQ(Of({7201, 125, kNotAvailable}), "2 cells instead of 3");
}

// 30 vehicles on 2 streams in batches of 8 frames, one an hour, from 100 hours ago: a run that ends when it has caught
// up with the clock, after some 3,000 frames.
class RunLoadTest : public ::testing::Test {
 protected:
  static LoadOptions Options(const MemoryServer& server) {
    LoadOptions options;
    options.server = server.address();
    options.vehicle_count = 30;
    options.frames_per_batch = 8;
    options.signal_count = 200;
    options.cadence = std::chrono::hours(1);
    options.start_time_ms = SystemClock().NowMs() - 100 * 3'600'000LL;
    options.verify_count = 200;
    return options;
  }

  static LoadReport Run(const LoadOptions& options) {
    const std::atomic<bool> stop = false;
    auto report = RunLoad(options, stop);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : LoadReport{};
  }
};

TEST_F(RunLoadTest, EverythingSentIsTakenAndThere) {
  const MemoryServer server({});
  const LoadReport report = Run(Options(server));
  EXPECT_TRUE(report.good()) << ToText(report);
  EXPECT_TRUE(report.caught_up);
  EXPECT_EQ(server.vehicle_count(), 30U);
  EXPECT_EQ(server.frame_count(), report.sent_frames);
  EXPECT_NEAR(static_cast<double>(report.sent_frames), 3000.0, 100.0);
  EXPECT_EQ(report.accepted_frames, report.sent_frames);
  EXPECT_NEAR(static_cast<double>(report.latencies.count()), static_cast<double>(report.sent_frames) / 8, 2.0);
  EXPECT_EQ(report.verified->frame_count, 200U);
}

TEST_F(RunLoadTest, ASecondRunGoesOnWhereTheFirstEnded) {
  const MemoryServer server({});
  LoadOptions options = Options(server);
  options.start_time_ms = SystemClock().NowMs() - 200 * 3'600'000LL;
  options.rate = 2000.0;
  options.duration = std::chrono::seconds(1);
  const LoadReport first = Run(options);
  EXPECT_FALSE(first.caught_up);
  EXPECT_LE(first.sent_frames, 2000U + 16U);
  options.start_time_ms.reset();
  options.rate = 0.0;
  const LoadReport second = Run(options);
  EXPECT_TRUE(second.good()) << ToText(second);
  EXPECT_EQ(server.frame_count(), first.sent_frames + second.sent_frames);  // no frame twice
}

TEST_F(RunLoadTest, RefusedFramesAreCountedAndShown) {
  const MemoryServer server({.refuse_from_frame = 1000});
  const LoadReport report = Run(Options(server));
  EXPECT_FALSE(report.good());
  EXPECT_EQ(report.accepted_frames, 1000U);
  EXPECT_EQ(report.refusals, report.sent_frames - 1000);
  EXPECT_THAT(ToText(report), HasSubstr("REFUSAL_REASON_UNKNOWN_VEHICLE"));
}

TEST_F(RunLoadTest, ForgottenFramesAreFound) {
  const MemoryServer server({.forget_from_frame = 1000});
  const LoadReport report = Run(Options(server));
  EXPECT_FALSE(report.good());
  EXPECT_GT(report.verified->missing_frames, 50U);  // of 200; two thirds of all frames are gone
  EXPECT_EQ(report.verified->wrong_frames, 0U);
}

TEST_F(RunLoadTest, ChangedFramesAreFound) {
  const MemoryServer server({.change_from_frame = 1000});
  const LoadReport report = Run(Options(server));
  EXPECT_FALSE(report.good());
  EXPECT_GT(report.verified->wrong_frames, 50U);
  EXPECT_EQ(report.verified->missing_frames, 0U);
}

TEST_F(RunLoadTest, FramesThatWereNotAnsweredAreLost) {
  const MemoryServer server({.end_after_batch = 20});
  LoadOptions options = Options(server);
  options.reconnect_timeout = std::chrono::seconds(0);
  const LoadReport report = Run(options);
  EXPECT_FALSE(report.good());
  EXPECT_GT(report.lost_frames, 0U);
  EXPECT_EQ(report.accepted_frames + report.lost_frames, report.sent_frames);
  EXPECT_THAT(ToText(report), HasSubstr("the disk is full"));
}

TEST_F(RunLoadTest, AStreamThatBreaksComesBackWithWhatWasNotAnswered) {
  const MemoryServer server({.end_after_batch = 50});
  const LoadReport report = Run(Options(server));
  EXPECT_TRUE(report.good()) << ToText(report);
  EXPECT_GE(report.reconnects, 6U);  // 3,000 frames, 49 batches of 8 on each stream
  EXPECT_GT(report.recovery_max.count(), 0.0);
  EXPECT_EQ(report.lost_frames, 0U);
  EXPECT_EQ(report.verified->frame_count, 200U);
}

TEST_F(RunLoadTest, AStormDropsAllStreamsAndLosesNothing) {
  const MemoryServer server({});
  LoadOptions options = Options(server);
  options.rate = 1000.0;
  options.storm_period = std::chrono::seconds(1);
  const LoadReport report = Run(options);
  EXPECT_TRUE(report.good()) << ToText(report);
  EXPECT_GE(report.reconnects, 2U);
}

TEST_F(RunLoadTest, LateAndRepeatedFramesAreThereInTheEnd) {
  const MemoryServer server({});
  LoadOptions options = Options(server);
  options.disturbances = {.late_share = 0.2, .reorder_share = 0.2, .duplicate_share = 0.2};
  const LoadReport report = Run(options);
  EXPECT_TRUE(report.good()) << ToText(report);
  EXPECT_GT(report.sent_frames, 3000U);
  EXPECT_EQ(report.verified->missing_frames, 0U);
}

TEST_F(RunLoadTest, DoesNotBeginWithoutItsVehicles) {
  const MemoryServer server({.unregistered_from_vehicle = 20});
  const Status status = RunLoad(Options(server), false).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(server.frame_count(), 0U);
}

TEST_F(RunLoadTest, DoesNotBeginWhenItIsStopped) {
  const MemoryServer server({});
  EXPECT_TRUE(absl::IsCancelled(RunLoad(Options(server), true).status()));
}

}  // namespace
}  // namespace telltale
