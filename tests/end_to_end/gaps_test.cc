// A dead spot: what other vehicles did there makes the cause of a silence sure, and the report says so.

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telltale/v1/trips.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::int64_t kStartMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr int kVehicles = 5;

// Of the catalogue.
constexpr std::uint32_t kSpeed = 2;
constexpr std::uint32_t kEngineSpeed = 11;
constexpr std::uint32_t kLatitude = 998;
constexpr std::uint32_t kLongitude = 999;

std::string VinOf(int vehicle) { return fmt::format("WDB9630031L00000{}", vehicle); }

void AddSample(v1::Frame& frame, std::uint32_t signal, double value) {
  v1::Sample& sample = *frame.add_samples();
  sample.set_signal_id(signal);
  sample.set_physical(value);
}

// North at 72 km/h, 20 m a second, from `start_ms` on for `seconds`, except when `is_silent`.
v1::FrameBatch Drive(std::uint64_t sequence, std::uint32_t vehicle, std::int64_t start_ms, int seconds,
                     const std::function<bool(int)>& is_silent) {
  v1::FrameBatch batch;
  batch.set_sequence(sequence);
  for (int second = 0; second < seconds; second += 5) {
    if (is_silent(second)) continue;
    v1::Frame& frame = *batch.add_frames();
    frame.set_vehicle_index(vehicle);
    frame.set_measure_time_ms(start_ms + second * 1000);
    AddSample(frame, kSpeed, 72.0);
    AddSample(frame, kEngineSpeed, 1'200.0);
    AddSample(frame, kLatitude, 31.0 + second * 20.0 / 111'195.0);
    AddSample(frame, kLongitude, 121.0);
  }
  return batch;
}

TEST(Gaps, WhereOthersFallSilentTooItWasTheNetwork) {
  const TemporaryFolder folder;
  const RunningServer server(folder.path());
  std::vector<std::string> vins;
  for (int vehicle = 0; vehicle < kVehicles; ++vehicle) {
    vins.push_back(VinOf(vehicle));
    server.Register(vins.back());
  }
  IngestStream stream(server.channel());
  stream.Hello({}, vins);
  stream.ReadHello();
  const auto tunnel = [](int second) { return second > 300 && second < 900; };
  const auto never = [](int) { return false; };
  std::uint64_t sequence = 0;
  for (std::uint32_t vehicle = 0; vehicle < kVehicles; ++vehicle) {
    // Each on another day; the day after it ends it, so that it is published.
    const std::int64_t start_ms = kStartMs + vehicle * 86'400'000LL;
    stream.Send(Drive(++sequence, vehicle, start_ms, 1'800, tunnel));
    stream.Send(Drive(++sequence, vehicle, start_ms + 6 * 86'400'000LL, 30, never));
    stream.ReadAck();
    stream.ReadAck();
  }
  const auto gap_of = [&](int vehicle) {
    v1::ListGapsRequest request;
    request.set_vin(VinOf(vehicle));
    v1::ListGapsResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(v1::TripService::NewStub(server.channel())->ListGaps(&context, request, &response).ok());
    EXPECT_GE(response.gaps_size(), 1);
    return response.gaps_size() > 0 ? response.gaps(0) : v1::Gap();
  };
  // The publisher does it, or whoever asks.
  for (int vehicle = 0; vehicle < kVehicles; ++vehicle) gap_of(vehicle);
  const v1::Gap gap = gap_of(0);
  EXPECT_EQ(gap.cause(), v1::GAP_CAUSE_NO_COVERAGE);
  EXPECT_DOUBLE_EQ(gap.confidence(), 0.9);
  EXPECT_THAT(gap.evidence(), Contains(HasSubstr("within 2 km 4 other vehicles fell silent while moving")));

  const std::filesystem::path page = folder.path() / "gaps.html";
  const ProgramResult result = RunProgram({std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server",
                                           server.address(), "gaps", VinOf(0), "--report", page.string()});
  EXPECT_EQ(result.exit_status, 0) << result.output;
  std::stringstream text;
  text << std::ifstream(page).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("within 2 km 4 other vehicles fell silent while moving"));
  EXPECT_EQ(RunProgram({std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server", server.address(), "gaps",
                        VinOf(0), "--report", "/none/gaps.html"})
                .exit_status,
            1);
}

}  // namespace
}  // namespace telltale
