#include "server/call_limits.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CallLimits::Clock::time_point kNow{std::chrono::hours{1}};
constexpr const char* kUnary = "/telltale.v1.CatalogService/ListSignals";
constexpr const char* kStream = "/telltale.v1.IngestService/Stream";

class CallLimitsTest : public ::testing::Test {
 protected:
  CallLimits& Limits(const CallLimitOptions& options) {
    limits_ = std::make_unique<CallLimits>(options, metrics_);
    return *limits_;
  }
  prometheus::Registry metrics_;
  std::unique_ptr<CallLimits> limits_;
};

TEST_F(CallLimitsTest, ABurstThenTheRate) {
  CallLimits& limits = Limits({.calls_per_second_max = 10, .call_burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.TakeCall("a", 10, kNow), milliseconds{0}) << i;
  EXPECT_EQ(limits.TakeCall("a", 10, kNow), milliseconds{100});
  EXPECT_EQ(limits.TakeCall("b", 10, kNow), milliseconds{0});  // another caller has his own
  EXPECT_EQ(limits.TakeCall("a", 10, kNow + milliseconds{60}), milliseconds{40});
  EXPECT_EQ(limits.TakeCall("a", 10, kNow + milliseconds{100}), milliseconds{0});
  EXPECT_EQ(limits.TakeCall("a", 10, kNow + milliseconds{100}), milliseconds{100});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.TakeCall("a", 10, kNow + seconds{60}), milliseconds{0}) << i;
  EXPECT_GT(limits.TakeCall("a", 10, kNow + seconds{60}), milliseconds{0});  // a rest saves up no more than a burst
  EXPECT_EQ(limits.TakeCall("a", 0, kNow), milliseconds{0});                 // no limit
}

TEST_F(CallLimitsTest, StreamsAreCountedWhileTheyAreOpen) {
  CallLimits& limits = Limits({.streams_max = 2});
  ASSERT_TRUE(limits.Declare("telltale.v1.IngestService").ok());
  EXPECT_TRUE(limits.OpenStream("a"));
  EXPECT_TRUE(limits.Admit(kStream, "a", kNow).ok());
  EXPECT_TRUE(limits.OpenStream("a"));
  EXPECT_FALSE(limits.OpenStream("a"));
  EXPECT_EQ(limits.Admit(kStream, "a", kNow).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(limits.Admit(kUnary, "a", kNow).ok());
  EXPECT_TRUE(limits.OpenStream("b"));
  limits.CloseStream("a");
  EXPECT_TRUE(limits.OpenStream("a"));
  EXPECT_FALSE(limits.Declare("telltale.v1.NoService").ok());
}

TEST_F(CallLimitsTest, CallersAreBoundedAndThoseThatRestForgotten) {
  CallLimits& limits = Limits({.calls_per_second_max = 10, .call_burst = 3, .callers_max = 160});
  for (int i = 0; i < 10'000; ++i) limits.TakeCall(std::to_string(i), 10, kNow);
  EXPECT_LE(limits.caller_count(), 160U + 16U);
  // The others share one entry of each sixteenth, so that being many is no way around.
  int refused = 0;
  for (int i = 0; i < 1'000; ++i) refused += limits.TakeCall("x" + std::to_string(i), 10, kNow).count() > 0 ? 1 : 0;
  EXPECT_GT(refused, 900);
  // Later there is room again.
  int later_refused = 0;
  for (int i = 0; i < 16; ++i) {
    later_refused += limits.TakeCall("y" + std::to_string(i), 10, kNow + seconds{3'600}).count() > 0 ? 1 : 0;
  }
  EXPECT_EQ(later_refused, 0);
}

TEST(CallLimits, OptionsAndAddresses) {
  EXPECT_TRUE(Validate(CallLimitOptions()).ok());
  EXPECT_FALSE(Validate(CallLimitOptions{.call_burst = 0}).ok());
  EXPECT_FALSE(Validate(CallLimitOptions{.callers_max = 1}).ok());
  EXPECT_EQ(AddressOf("ipv4:192.0.2.1:4711"), "ipv4:192.0.2.1");
  EXPECT_EQ(AddressOf("ipv6:[2001:db8::1]:4711"), "ipv6:[2001:db8::1]");
}

}  // namespace
}  // namespace telltale
