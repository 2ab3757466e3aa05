#include "server/config.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using ::testing::HasSubstr;

Status Read(const std::string& yaml, Config& config) {
  const std::string path = ::testing::TempDir() + "/telltaled_config_test.yaml";
  std::ofstream(path) << yaml;
  return ReadConfigFile(path, config);
}

TEST(Config, TakesSectionsListsAndDurations) {
  Config config;
  ASSERT_TRUE(Read("server:\n  listen: 0.0.0.0:1\n"
                   "ingest:\n  clock_ahead_max_s: 90\n  earliest_time: 2010-01-01\n"
                   "catalog:\n  extra_files: [a.csv, b.csv]\n"
                   "store:\n",
                   config)
                  .ok());
  EXPECT_EQ(config.listen, "0.0.0.0:1");
  EXPECT_EQ(config.pipeline.clock_ahead_max, std::chrono::seconds{90});
  EXPECT_EQ(config.pipeline.earliest_time_ms, 1'262'304'000'000);  // 14,610 days
  EXPECT_EQ(config.extra_signal_files, (std::vector<std::string>{"a.csv", "b.csv"}));
}

TEST(Config, NamesTheLineAndTheNearestKey) {
  Config config;
  const std::string error = Read("store:\n  data_dir: x\n  cache_byte: 5\n", config).ToString();
  EXPECT_THAT(error, HasSubstr("line 3"));
  EXPECT_THAT(error, HasSubstr("did you mean 'store.cache_bytes'"));
  EXPECT_THAT(Read("- a\n", config).ToString(), HasSubstr("sections"));
  EXPECT_THAT(Read("store: 5\n", config).ToString(), HasSubstr("wants keys below it"));
  EXPECT_THAT(Read("store:\n  data_dir:\n    deep: 1\n", config).ToString(), HasSubstr("a value"));
}

TEST(Config, FlagsOverrideAndAreChecked) {
  Config config;
  EXPECT_TRUE(ApplySetting("ingest.batches_in_flight=3", config).ok());
  EXPECT_EQ(config.ingest.batches_in_flight, 3U);
  EXPECT_FALSE(ApplySetting("ingest.batches_in_flight", config).ok());
  EXPECT_FALSE(ApplySetting("ingest.batches_in_flight=-3", config).ok());
  EXPECT_FALSE(ApplySetting("ingest.batches_in_flight=3x", config).ok());
  EXPECT_FALSE(ApplySetting("no.such=1", config).ok());
}

TEST(Config, TheWholeIsCheckedBeforeTheStart) {
  const auto wrong = [](const std::string& setting) {
    Config config;
    EXPECT_TRUE(ApplySetting(setting, config).ok()) << setting;
    return !Validate(config).ok();
  };
  EXPECT_TRUE(Validate(Config{}).ok());
  EXPECT_TRUE(wrong("server.listen=nowhere"));
  EXPECT_TRUE(wrong("server.listen=127.0.0.1:70000"));
  EXPECT_TRUE(wrong("server.message_bytes_max=10"));
  EXPECT_TRUE(wrong("server.query_threads_max=0"));
  EXPECT_TRUE(wrong("ingest.batches_in_flight=0"));
  EXPECT_TRUE(wrong("store.frames_per_block=0"));
  EXPECT_TRUE(wrong("advice.folded_vehicles_max=0"));
  EXPECT_TRUE(wrong("ingest.earliest_time=1960-01-01"));
}

}  // namespace
}  // namespace telltale
