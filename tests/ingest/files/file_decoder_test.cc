#include "ingest/files/file_decoder.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/ingest/files/decode_file.h"
#include "tests/ingest/test_files.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kStart = 1'772'344'800'000;  // 2026-03-01T06:00:00Z

TEST(FileDecoder, RecognisesTheFormatFromTheFirstBytes) {
  EXPECT_EQ(DecodeFile("(10.0) can0 0CF00400#F07D7D201CFFFFFF\n").piece.frames.size(), 1U);
  EXPECT_EQ(DecodeFile("time,rpm\n1772344800,900\n").piece.frames.size(), 1U);
  EXPECT_EQ(DecodeFile("\n \r\n(10.0) can0 0CF00400#F07D7D201CFFFFFF\n").line_count, 3U);
}

TEST(FileDecoder, PassesOverTheMarkOfUtf8) {
  const DecodedFile file = DecodeFile("\xEF\xBB\xBF\"time\",rpm\n1772344800,900\n");
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(file.piece.frames.size(), 1U);
}

TEST(FileDecoder, SaysSoIfTheFileIsNoText) {
  for (const std::string_view bytes :
       {std::string_view("\x1F\x8B\x08"), std::string_view("\xFF\xFEt\0", 4), std::string_view("\0\0", 2)}) {
    const DecodedFile file = DecodeFile(bytes);
    EXPECT_TRUE(absl::IsInvalidArgument(file.status));
    EXPECT_THAT(MessageOf(file.status), HasSubstr("neither a candump -L log nor CSV"));
  }
  EXPECT_THAT(MessageOf(DecodeFile("").status), HasSubstr("empty"));
  EXPECT_THAT(MessageOf(DecodeFile("\n\n").status), HasSubstr("empty"));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeFile(std::string(1 << 20, '\n')).status));
}

TEST(FileDecoder, TakesNothingMoreAfterAnError) {
  const auto decoder = FileDecoder::Create(BuiltInCatalog(), {});
  DecodedPiece piece;
  const Status first = decoder->Add("mood\n", piece);
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(decoder->Add("time,rpm\n1772344800,900\n", piece), first);
  EXPECT_EQ(decoder->Finish(piece), first);
  EXPECT_TRUE(piece.frames.empty());
}

struct SplitFile {
  const char* name;
  bool has_own_time;
};

class SplitTest : public testing::TestWithParam<SplitFile> {};

TEST_P(SplitTest, PiecesOfAnySizeGiveTheSame) {
  const std::string text = ReadTestFile(GetParam().name);
  FileDecoderOptions options{.vehicle_id = 1};
  if (!GetParam().has_own_time) options.start_time_ms = kStart;
  const DecodedFile whole = DecodeFile(text, options);
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  ASSERT_FALSE(whole.piece.frames.empty());
  for (const std::size_t largest : {std::size_t{7}, std::size_t{300}, std::size_t{70'000}}) {
    std::mt19937 random(20260301);
    std::uniform_int_distribution<std::size_t> sizes(1, largest);
    ExpectSame(DecodeInPieces(text, options, [&] { return sizes(random); }), whole);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, SplitTest,
                         testing::Values(SplitFile{"canlogs/key_on_dm1_2021.log", true},
                                         SplitFile{"canlogs/fleet_gateway_tp_2021.log", true},
                                         SplitFile{"canlogs/truck_coldstart_2013.log", true},
                                         SplitFile{"trips/truck_isuzu_a.5hz.csv", false},
                                         SplitFile{"trips/car_2018-02-23_RT_RT_Frei_Beschleunigung.raw.csv", false}));

TEST(FileDecoder, BytesOneByOneOfDamagedFilesGiveTheSame) {
  for (const std::string_view text :
       {std::string_view("\"t_s\"x,rpm\r\n0,900\r\n"),
        std::string_view("\xEF\xBB\xBFt_s,rpm\r\n0,900\r\n\r\n1,\"9\"00\r\n2,x\r\n3,\"90"),
        std::string_view("(1.0) can0 0CF00400#F07D7D201CFFFFFF\r\nx\n\n(2.0) can0 0CF00400#F0")}) {
    FileDecoderOptions options;
    if (text.front() != '(') options.start_time_ms = kStart;
    const DecodedFile whole = DecodeFile(text, options);
    ExpectSame(DecodeInPieces(text, options, [] { return std::size_t{1}; }), whole);
  }
}

// Every recorded trip comes in as it is: one frame a row, nothing refused.
TEST(FileDecoder, ImportsEveryTripWithAllItsRows) {
  const auto trips = nlohmann::json::parse(ReadTestFile("trips/trips.reference.json"));
  ASSERT_EQ(trips.size(), 12U);
  for (const auto& trip : trips) {
    const std::string name = trip["file"];
    SCOPED_TRACE(name);
    const DecodedFile file = DecodeFile(ReadTestFile("trips/" + name), {.vehicle_id = 1, .start_time_ms = kStart});
    ASSERT_TRUE(file.status.ok()) << file.status;
    EXPECT_EQ(file.piece.frames.size(), trip["rows"]);
    EXPECT_EQ(file.line_count, trip["rows"].get<std::uint64_t>() + 1);
    for (const LineRefusal& refusal : file.piece.refusals) ADD_FAILURE() << refusal.line << ": " << refusal.message;
    EXPECT_EQ(file.piece.frames[0].measure_time_ms, kStart);
    const std::size_t last = file.piece.frames.size() - 1;
    EXPECT_NEAR(static_cast<double>(file.piece.frames[last].measure_time_ms - kStart) / 1000.0,
                trip["duration_s"].get<double>(), 0.5);
    if (name.starts_with("car_")) {
      EXPECT_THAT(file.ignored_columns, ElementsAre("tod"));
    } else {
      EXPECT_THAT(file.ignored_columns, IsEmpty());
    }
    double speed_kmh_max = 0.0;
    const Signal& speed = BuiltInCatalog().Get("wheel_based_vehicle_speed");
    for (std::size_t i = 0; i < file.piece.frames.size(); ++i) {
      const RawValue raw = file.piece.frames[i].Get(speed.id);
      if (IsValue(raw)) speed_kmh_max = std::max(speed_kmh_max, speed.ToPhysical(raw));
    }
    // The grid is 1/256 km/h; the reference has three digits behind the point, in the file's own unit.
    double expected_kmh = trip.value("max_speed_kmh", 0.0);
    if (trip.contains("max_speed_mph")) expected_kmh = trip["max_speed_mph"].get<double>() * 1.609344;
    if (trip.contains("max_speed_mps")) expected_kmh = trip["max_speed_mps"].get<double>() * 3.6;
    EXPECT_NEAR(speed_kmh_max, expected_kmh, 1.0 / 512 + 0.0005 * 3.6);
  }
}

TEST(FileDecoder, ImportsTheRawRowsOfACarWithItsTimesOfDay) {
  const DecodedFile file = DecodeFile(ReadTestFile("trips/car_2018-02-23_RT_RT_Frei_Beschleunigung.raw.csv"),
                                      {.vehicle_id = 1, .start_time_ms = kStart});
  ASSERT_TRUE(file.status.ok()) << file.status;
  EXPECT_EQ(file.piece.frames.size(), 10'176U);  // 10,177 lines with the header
  EXPECT_THAT(file.piece.refusals, IsEmpty());
  EXPECT_THAT(file.ignored_columns, IsEmpty());
  // 17:58:02.288 and 17:58:02.379; the first row has the coolant only.
  EXPECT_EQ(file.piece.frames[0].measure_time_ms, kStart);
  EXPECT_EQ(file.piece.frames[1].measure_time_ms, kStart + 91);
  EXPECT_EQ(file.piece.frames[0].layout->size(), 1U);
  EXPECT_DOUBLE_EQ(PhysicalOf(file.piece.frames[0], "engine_coolant_temperature"), 89.0);
  EXPECT_DOUBLE_EQ(PhysicalOf(file.piece.frames[1], "intake_manifold_absolute_pressure"), 98.0);
}

TEST(FileDecoder, ImportsATruckWithPositionFuelAndTorque) {
  const DecodedFile file =
      DecodeFile(ReadTestFile("trips/truck_isuzu_a.5hz.csv"), {.vehicle_id = 1, .start_time_ms = kStart});
  ASSERT_TRUE(file.status.ok()) << file.status;
  const Frame first = file.piece.frames[0];
  EXPECT_EQ(first.layout->size(), 17U);  // every column but the time
  EXPECT_NEAR(PhysicalOf(first, "latitude"), 39.76735, 1e-7);
  EXPECT_NEAR(PhysicalOf(first, "longitude"), -104.9894, 1e-7);
  EXPECT_NEAR(PhysicalOf(first, "engine_fuel_rate"), 0.9, 1e-9);
  EXPECT_NEAR(PhysicalOf(first, "driver_demand_engine_percent_torque"), -8.0, 1e-9);
  EXPECT_NEAR(PhysicalOf(first, "accelerator_pedal_d"), 3.922, 0.05);  // the grid is 0.1 %
  EXPECT_NEAR(PhysicalOf(first, "battery_potential"), 13.868, 0.025);
  EXPECT_NEAR(PhysicalOf(first, "gnss_satellite_count"), 7.0, 1e-9);
}

}  // namespace
}  // namespace telltale
