// The checks of ingest/pipeline.h against a store that remembers what it was given.

#include "ingest/pipeline.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/ingest/fake_stores.h"

namespace telltale {
namespace {

constexpr std::int64_t kNowMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr VehicleRegistry::Entry kVehicle{.id = 7, .earliest_time_ms = kNowMs - 10'000};

class PipelineTest : public ::testing::Test {
 protected:
  CheckedLayout LayoutOf(const std::vector<std::string>& names) {
    std::vector<std::uint32_t> ids;
    for (const std::string& name : names) ids.push_back(catalog_.Get(name).id);
    return *CheckedLayout::Create(catalog_, ids);
  }

  const Catalog catalog_ = *Catalog::Load();
  FakeDocumentStore documents_;
  FakeTelemetryStore telemetry_;
  FaultStore faults_{documents_};
  LiveFrames live_{{}};
  FakeClock clock_{kNowMs};
  prometheus::Registry registry_;
  IngestMetrics metrics_{registry_};
  Pipeline pipeline_{catalog_, telemetry_, SinksOf(faults_), live_, clock_, metrics_, {}};
  IncomingBatch batch_;
};

TEST_F(PipelineTest, TimesAtTheLimitsAreTakenAndBeyondAreNot) {
  const CheckedLayout layout = LayoutOf({"engine_speed"});
  const std::vector<RawValue> row = {7200};
  const std::int64_t latest_ms = kNowMs + 600'000;  // clock_ahead_max is 10 minutes
  for (const std::int64_t time_ms : {kVehicle.earliest_time_ms, kNowMs, latest_ms}) {
    pipeline_.AddRow(kVehicle, 0, time_ms, layout, row, batch_);
  }
  EXPECT_EQ(batch_.frames.size(), 3U);
  pipeline_.AddRow(kVehicle, 3, kVehicle.earliest_time_ms - 1, layout, row, batch_);
  pipeline_.AddRow(kVehicle, 4, latest_ms + 1, layout, row, batch_);
  pipeline_.AddRow(kVehicle, 5, std::numeric_limits<std::int64_t>::min(), layout, row, batch_);
  pipeline_.AddRow(kVehicle, 6, std::numeric_limits<std::int64_t>::max(), layout, row, batch_);
  EXPECT_EQ(batch_.frames.size(), 3U);
  ASSERT_EQ(batch_.refusals.size(), 4U);
  EXPECT_EQ(batch_.refusals[0].reason, RefusalReason::kTimeTooEarly);
  EXPECT_EQ(batch_.refusals[1].reason, RefusalReason::kTimeInFuture);
  EXPECT_EQ(batch_.refusals[2].reason, RefusalReason::kTimeTooEarly);
  EXPECT_EQ(batch_.refusals[3].reason, RefusalReason::kTimeInFuture);
}

TEST_F(PipelineTest, EachWrongSampleOfARowBecomesAnErrorAlone) {
  const CheckedLayout layout = LayoutOf({"engine_speed", "engine_coolant_temperature", "engine_fuel_rate"});
  const RawValue rpm_max = catalog_.Get("engine_speed").raw_max;
  pipeline_.AddRow(kVehicle, 0, kNowMs, layout, std::vector<RawValue>{rpm_max, 250, kNotAvailable}, batch_);
  EXPECT_EQ(batch_.refusal_count, 0U);
  pipeline_.AddRow(kVehicle, 1, kNowMs + 1, layout, std::vector<RawValue>{rpm_max + 1, -1, 100}, batch_);
  EXPECT_EQ(batch_.refusal_count, 2U);
  EXPECT_EQ(batch_.frames[1].values[0], kError);
  EXPECT_EQ(batch_.frames[1].values[1], kError);
  EXPECT_EQ(batch_.frames[1].values[2], 100);
}

TEST_F(PipelineTest, KeepsAHundredRefusalsAndCountsAll) {
  const CheckedLayout layout = LayoutOf({"engine_speed"});
  for (std::uint32_t i = 0; i < 250; ++i) pipeline_.AddRow({}, i, kNowMs, layout, std::vector<RawValue>{1}, batch_);
  EXPECT_EQ(batch_.refusals.size(), IncomingBatch::kMaxRefusals);
  EXPECT_EQ(batch_.refusal_count, 250U);
  EXPECT_EQ(metrics_.refused[static_cast<std::size_t>(RefusalReason::kUnknownVehicle)]->Value(), 250);
}

TEST_F(PipelineTest, ARowAndSamplesMakeOneFrame) {
  const CheckedLayout layout = LayoutOf({"engine_speed"});
  const Pipeline::Sample coolant{.signal_id = catalog_.Get("engine_coolant_temperature").id,
                                 .kind = Pipeline::Sample::Kind::kPhysical,
                                 .physical = 80.0};
  const Pipeline::Sample again{.signal_id = catalog_.Get("engine_speed").id, .kind = Pipeline::Sample::Kind::kError};
  pipeline_.AddSamples(kVehicle, 0, kNowMs, &layout, std::vector<RawValue>{7200}, std::vector{coolant, again}, batch_);
  ASSERT_EQ(batch_.frames.size(), 1U);
  EXPECT_EQ(batch_.frames[0].Get(catalog_.Get("engine_speed").id), 7200);
  EXPECT_EQ(batch_.frames[0].Get(catalog_.Get("engine_coolant_temperature").id), 120);  // 80 + 40
  ASSERT_EQ(batch_.refusals.size(), 1U);
  EXPECT_EQ(batch_.refusals[0].reason, RefusalReason::kRepeatedSignal);
}

TEST_F(PipelineTest, TellsWhenNothingWasWritten) {
  const CheckedLayout layout = LayoutOf({"engine_speed"});
  pipeline_.AddRow(kVehicle, 0, kNowMs, layout, std::vector<RawValue>{1}, batch_);
  telemetry_.fail = true;
  Status answer;
  pipeline_.Submit(batch_, [&answer](const Status& status) { answer = status; });
  EXPECT_TRUE(absl::IsUnavailable(answer));
  EXPECT_EQ(metrics_.failed_batches.Value(), 1);
  EXPECT_EQ(metrics_.frames.Value(), 0);
  pipeline_.Submit(batch_, [&answer](const Status& status) { answer = status; });  // nothing to write: answered at once
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(telemetry_.appended.size(), 1U);
}

}  // namespace
}  // namespace telltale
