#include "bench/load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace telltale {
namespace {

using ::testing::HasSubstr;

// 1,000 frames of 420 signals in 2 s, for 0.1 s of the server's CPU.
LoadReport GoodReport() {
  LoadReport report;
  report.sent_frames = 1000;
  report.accepted_frames = 1000;
  report.wall = std::chrono::seconds(2);
  report.server_cpu = std::chrono::milliseconds(100);
  report.verified = VerifyResult{.frame_count = 10};
  return report;
}

TEST(Short, KeepsThreeOrFourDigits) {
  EXPECT_EQ(Short(0), "0");
  EXPECT_EQ(Short(9999), "9999");
  EXPECT_EQ(Short(182'304), "182 k");
  EXPECT_EQ(Short(76'567'680), "76.6 M");
  EXPECT_EQ(Short(1.234e9), "1.23 G");
}

TEST(LoadReport, IsGoodWhenEverythingArrived) { EXPECT_TRUE(GoodReport().good()); }

TEST(LoadReport, IsNotGoodWhenAnythingIsWrong) {
  LoadReport report = GoodReport();
  report.refusals = 1;
  EXPECT_FALSE(report.good());
  report = GoodReport();
  report.lost_frames = 64;
  EXPECT_FALSE(report.good());
  report = GoodReport();
  report.accepted_frames = 999;
  EXPECT_FALSE(report.good());
  report = GoodReport();
  report.verified->missing_frames = 1;
  EXPECT_FALSE(report.good());
  report = GoodReport();
  report.verified->wrong_frames = 1;
  EXPECT_FALSE(report.good());
  report = GoodReport();
  report.problems.emplace_back("UNAVAILABLE: stream: the disk is full");
  EXPECT_FALSE(report.good());
}

TEST(LoadReport, IsNotGoodWhenNothingWasSent) {
  LoadReport report;
  EXPECT_FALSE(report.good());
}

TEST(LoadReport, TellsRatesToPeople) {
  // 420 x 1,000 / 2 s = 210,000 samples/s; 420,000 / 0.1 s = 4.2 million a CPU-second.
  const std::string text = ToText(GoodReport());
  EXPECT_THAT(text, HasSubstr("rate       500 frames/s, 210 k samples/s"));
  EXPECT_THAT(text, HasSubstr("4.2 M samples per CPU-second"));
}

TEST(LoadReport, TellsRatesToPrograms) {
  const auto json = nlohmann::json::parse(ToJson(GoodReport()));
  EXPECT_EQ(json["samples_per_second"], 210'000.0);
  EXPECT_EQ(json["samples_per_server_cpu_second"], 4'200'000.0);
  EXPECT_EQ(json["good"], true);
}

TEST(LoadReport, IsValidJsonWithoutAnyTime) {
  EXPECT_FALSE(nlohmann::json::parse(ToJson(LoadReport{}), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace telltale
