// The whole story with the client that users have: real recordings in, trips, advice, faults and values out.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kVin = "WDB9630031L000001";
constexpr std::uint32_t kSpeed = 2;         // wheel_based_vehicle_speed
constexpr std::uint32_t kEngineSpeed = 11;  // engine_speed

class Client : public ::testing::Test {
 protected:
  ProgramResult Run(std::vector<std::string> arguments) {
    std::vector<std::string> command = {std::string(TELLTALE_BINARY_DIR) + "/cli/telltale", "--server",
                                        server_.address()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }

  json RunJson(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const ProgramResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_status, 0) << result.output;
    // Progress and remarks go to standard error, before or after.
    const json parsed = json::parse(result.output, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << result.output;
    return parsed;
  }

  void Import(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"import", std::string(TELLTALE_SOURCE_DIR) + "/tests/data/" + file, "--vin",
                                          kVin};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = Run(arguments);
    ASSERT_EQ(result.exit_status, 0) << result.output;
  }

  TemporaryFolder folder_;
  RunningServer server_{folder_.path()};
};

TEST_F(Client, ATruckTripComesBackAsTripFuelAndValues) {
  ASSERT_EQ(Run({"vehicles", "add", kVin, "--class", "medium-truck", "--fuel", "diesel"}).exit_status, 0);
  Import("trips/truck_isuzu_a.5hz.csv", {"--start-time", "2026-03-02T07:00:00Z"});

  // trips.reference.json: 2.06 km, 0.306 l.
  const json trips = RunJson({"trips", kVin});
  ASSERT_EQ(trips.size(), 1U);
  EXPECT_NEAR(trips[0]["totals"]["distance_km"].get<double>(), 2.06, 0.02);
  EXPECT_NEAR(trips[0]["totals"]["fuel_used_l"].get<double>(), 0.306, 0.005);
  EXPECT_EQ(trips[0]["totals"]["fuel_source"], "SOURCE_INTEGRATED");
  EXPECT_TRUE(trips[0].contains("start_position"));
  const json days = RunJson({"days", kVin});
  ASSERT_EQ(days.size(), 1U);
  EXPECT_EQ(days[0]["date"], "2026-03-02");
  const json fuel = RunJson({"advice", "fuel", kVin});
  EXPECT_NEAR(fuel["summary"]["fuel_l_per_100km"].get<double>(), 14.9, 0.3);
  const json driver = RunJson({"advice", "driver", kVin});
  EXPECT_FALSE(driver["score"]["enough_data"].get<bool>());
  EXPECT_THAT(driver["score"]["missing"].get<std::string>(), HasSubstr("km"));
  const json history = RunJson({"history", kVin, "wheel_based_vehicle_speed", "--limit", "10"});
  EXPECT_EQ(history["rows"].size(), 10U);
  const json latest = RunJson({"latest", kVin, "engine_speed"});
  EXPECT_EQ(latest["values"][0]["unit"], "rpm");
  const json values = RunJson({"history", kVin, "engine_speed", "--limit", "0"});
  const json summary = RunJson({"summary", kVin, "engine_speed", "--step", "1min", "--limit", "0"});
  EXPECT_EQ(summary["unit"], "rpm");
  EXPECT_GT(summary["steps"].size(), 3U);
  std::map<std::string, std::vector<double>> by_minute;
  for (const json& row : values["rows"]) {
    if (row["cells"][0]["state"] != "VALUE_STATE_VALID") continue;
    by_minute[row["measure_time"].get<std::string>().substr(0, 16)].push_back(row["cells"][0]["physical"]);
  }
  ASSERT_EQ(summary["steps"].size(), by_minute.size());
  for (const json& step : summary["steps"]) {
    const std::vector<double>& of_minute = by_minute[step["begin_time"].get<std::string>().substr(0, 16)];
    ASSERT_FALSE(of_minute.empty());
    const double sum = std::accumulate(of_minute.begin(), of_minute.end(), 0.0);
    EXPECT_EQ(step["count"], std::to_string(of_minute.size()));  // 64-bit numbers are text in protobuf's JSON
    EXPECT_DOUBLE_EQ(step["min"], std::ranges::min(of_minute));
    EXPECT_DOUBLE_EQ(step["max"], std::ranges::max(of_minute));
    EXPECT_DOUBLE_EQ(step["last"], of_minute.back());
    EXPECT_NEAR(step["sum"], sum, 1e-6 * sum);
    EXPECT_NEAR(step["mean"], sum / static_cast<double>(of_minute.size()), 1e-6);
  }
  const json first_steps = RunJson({"summary", kVin, "engine_speed", "--step", "1s", "--limit", "2"});
  EXPECT_EQ(first_steps["steps"].size(), 2U);
  EXPECT_TRUE(first_steps["cut"].get<bool>());
}

TEST_F(Client, ALateTripChangesWhatWasKnownAsIfItHadComeInTime) {
  ASSERT_EQ(Run({"vehicles", "add", kVin, "--class", "car"}).exit_status, 0);
  Import("trips/car_2018-03-26_S_RT_Stau.1hz.csv", {"--start-time", "2018-03-26T16:06:33Z"});
  EXPECT_EQ(RunJson({"trips", kVin}).size(), 1U);
  // Two trips of the year before, the later one first.
  Import("trips/car_2017-07-11_KA_KA_Stau.1hz.csv", {"--start-time", "2017-07-11T06:24:29Z"});
  Import("trips/car_2017-07-06_KA_KA_Normal.1hz.csv", {"--start-time", "2017-07-06T06:37:58Z"});
  const json shuffled = RunJson({"trips", kVin});
  EXPECT_EQ(shuffled.size(), 4U);  // the middle one has a gap of 604 s, and so two
  // The same three in order, on another vehicle.
  const std::string other = "WDB9630031L000002";
  ASSERT_EQ(Run({"vehicles", "add", other, "--class", "car"}).exit_status, 0);
  for (const auto& [file, start] :
       std::vector<std::pair<std::string, std::string>>{{"car_2017-07-06_KA_KA_Normal", "2017-07-06T06:37:58Z"},
                                                        {"car_2017-07-11_KA_KA_Stau", "2017-07-11T06:24:29Z"},
                                                        {"car_2018-03-26_S_RT_Stau", "2018-03-26T16:06:33Z"}}) {
    ASSERT_EQ(Run({"import", std::string(TELLTALE_SOURCE_DIR) + "/tests/data/trips/" + file + ".1hz.csv", "--vin",
                   other, "--start-time", start})
                  .exit_status,
              0);
  }
  EXPECT_EQ(RunJson({"trips", other}), shuffled);
  EXPECT_EQ(RunJson({"advice", "driver", other}), RunJson({"advice", "driver", kVin}));
}

// Writes the rows of a drive whose seconds since its start are inside, or outside, of a range.
std::string CutDrive(const std::filesystem::path& folder, const std::string& name, int from_s, int to_s, bool inside) {
  std::ifstream in(std::string(TELLTALE_SOURCE_DIR) + "/tests/data/trips/" + name);
  const std::string path = folder / (inside ? "inside.csv" : "outside.csv");
  std::ofstream out(path);
  std::string line;
  std::getline(in, line);
  out << line << '\n';
  while (std::getline(in, line)) {
    const int second = std::stoi(line);
    if ((second >= from_s && second < to_s) == inside) out << line << '\n';
  }
  return path;
}

TEST_F(Client, LateMinutesRestateTheirDayAndTheLedgerTellsWhat) {
  constexpr const char* kStart = "2017-07-05T05:16:30Z";
  const std::string name = "car_2017-07-05_RT_S_Stau.1hz.csv";
  ASSERT_EQ(Run({"vehicles", "add", kVin, "--class", "car", "--fuel", "diesel"}).exit_status, 0);
  const auto import = [this](const std::string& path, const std::string& start) {
    ASSERT_EQ(Run({"import", path, "--vin", kVin, "--start-time", start}).exit_status, 0);
  };
  import(CutDrive(folder_.path(), name, 1200, 1800, false), kStart);
  Import("trips/car_2017-07-06_KA_KA_Normal.1hz.csv", {"--start-time", "2017-07-06T06:37:58Z"});
  const json before = RunJson({"trips", kVin, "--to", "2017-07-06"});
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(RunJson({"changes", kVin}).size(), 0U);
  EXPECT_EQ(RunJson({"gaps", kVin, "--to", "2017-07-06"}).size(), 2U);  // the tunnel, and the night

  import(CutDrive(folder_.path(), name, 1200, 1800, true), kStart);
  const json after = RunJson({"trips", kVin, "--to", "2017-07-06"});
  ASSERT_EQ(after.size(), 1U);
  EXPECT_NEAR(after[0]["totals"]["distance_km"].get<double>(), 54.309, 0.002);  // trips.reference.json
  const json changes = RunJson({"changes", kVin});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]["date"], "2017-07-05");
  EXPECT_EQ(changes[0]["reason"], "CHANGE_REASON_LATE_FRAMES");
  EXPECT_EQ(changes[0]["first_late_frame"], "2017-07-05T05:36:30Z");
  EXPECT_EQ(changes[0]["late_frame_count"], "600");
  EXPECT_EQ(changes[0]["before"]["trip_count"], 2);
  EXPECT_EQ(changes[0]["after"]["trip_count"], 1);

  // A moment before the change, two trips were known.
  const auto known = RunJson({"trips", kVin, "--to", "2017-07-06", "--as-known-at", "2020-01-01"});
  EXPECT_EQ(known.size(), 0U);
  const std::string changed_at = changes[0]["time"];
  EXPECT_EQ(RunJson({"trips", kVin, "--to", "2017-07-06", "--as-known-at", changed_at}).size(), 1U);
}

TEST_F(Client, ADriversMonthIsASumInTheDriversTimeZone) {
  ASSERT_EQ(Run({"vehicles", "add", kVin, "--class", "heavy-truck", "--fuel", "diesel"}).exit_status, 0);
  Import("trips/truck_longhaul_cycle_a.1hz.csv", {"--start-time", "2026-03-02T14:00:00Z"});
  ASSERT_EQ(Run({"drivers", "assign", kVin, "D-1", "--from", "2026-03-02T12:00:00Z"}).exit_status, 0);
  ASSERT_EQ(Run({"drivers", "assign", kVin, "D-2", "--from", "2026-03-02T16:12:34Z"}).exit_status, 0);
  EXPECT_EQ(RunJson({"drivers", "assign", kVin, "D-2", "--from", "2026-03-02T16:12:34Z"})["changed"], false);
  EXPECT_EQ(RunJson({"drivers", "list", kVin}).size(), 2U);

  const json whole = RunJson({"rollup", kVin});
  ASSERT_EQ(whole.size(), 1U);
  const double distance_km = whole[0]["totals"]["distance_km"];
  EXPECT_NEAR(distance_km, 430.7, 0.1);  // tests/data/trips/README.md
  const json by_driver = RunJson({"rollup", kVin, "--by-driver"});
  ASSERT_EQ(by_driver.size(), 2U);
  EXPECT_NEAR(by_driver[0]["totals"]["distance_km"].get<double>() + by_driver[1]["totals"]["distance_km"].get<double>(),
              distance_km, 1e-6);
  EXPECT_EQ(by_driver[0]["driver_id"], "D-1");
  // In Shanghai the day changes at 16:00 UTC: D-1 drives on both days, D-2 on the second.
  const json days = RunJson({"day", kVin, "--time-zone", "Asia/Shanghai", "--by-driver", "--classes"});
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[1]["start_time"], "2026-03-02T16:00:00Z");
  EXPECT_EQ(days[2]["driver_id"], "D-2");
  double classes_m = 0;
  for (const json& entry : days[0]["classes"]) {
    if (entry["group"] == "CLASS_GROUP_VEHICLE_SPEED") classes_m += entry["distance_m"].get<double>();
  }
  EXPECT_NEAR(classes_m * 1e-3, days[0]["totals"]["distance_km"].get<double>(), 0.01);
  const json trips = RunJson({"trips", kVin});
  EXPECT_EQ(trips[1]["driver_ids"], json::array({"D-1", "D-2"}));

  const ProgramResult zone = Run({"day", kVin, "--time-zone", "Asia/Shangri-La"});
  EXPECT_EQ(zone.exit_status, 1);
  EXPECT_THAT(zone.output, HasSubstr("Asia/Shanghai"));
  EXPECT_THAT(Run({"day", kVin, "--time-zone", "Asia/Kathmandu"}).output, HasSubstr("half hour"));
}

TEST_F(Client, ACanLogGivesFaultsAndTheSameAgainChangesNothing) {
  Import("canlogs/truck_coldstart_2013.log", {"--register"});
  const json faults = RunJson({"faults", kVin});
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0]["dtc"]["spn"], 247);
  EXPECT_EQ(faults[0]["dtc"]["fmi"], 9);
  EXPECT_EQ(faults[0]["source_address"], 49);
  const json latest = RunJson({"latest", kVin});
  const double frames = server_.Metrics().at("telltale_ingest_frames_total");
  EXPECT_GT(frames, 50'000);
  Import("canlogs/truck_coldstart_2013.log");
  EXPECT_EQ(RunJson({"latest", kVin}), latest);
  EXPECT_EQ(RunJson({"faults", kVin}), faults);
  const json signals = RunJson({"signals", "--spn", "190"});
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0]["name"], "engine_speed");
  EXPECT_GE(RunJson({"signals"}).size(), 420U);  // through all pages
}

TEST_F(Client, ErrorsSayWhatToDo) {
  ProgramResult result = Run({"trips", kVin});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.output, HasSubstr("vehicles add"));
  result = Run({"trips", "SHORT"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.output, HasSubstr("17 characters"));
  ASSERT_EQ(Run({"vehicles", "add", kVin}).exit_status, 0);
  result = Run({"history", kVin, "no_such_signal"});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr("no_such_signal"));
  result = Run({"summary", kVin, "engine_speed", "--step", "400d"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.output, HasSubstr("366 days"));
  EXPECT_EQ(Run({"summary", kVin, "engine_speed", "--step", "15"}).exit_status, 2) << "15 what?";
  server_.Kill();
  result = Run({"trips", kVin});
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_THAT(result.output, HasSubstr("is telltaled running"));
}

// Nobody asks, and the day is published, and restated after a kill.
TEST(Publisher, DaysAreRestatedWithoutBeingAskedAlsoAfterAKill) {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"--set", "advice.settle_after_s=0"};
  // Frames every 10 s from 2026-03-01T00:00:00Z on, at 36 km/h and 1,200 rpm, from one to another.
  const auto send = [](const RunningServer& server, int from, int to) {
    IngestStream stream(server.channel());
    stream.Hello({kSpeed, kEngineSpeed}, {kVin});
    stream.ReadHello();
    std::uint64_t sequence = 0;
    for (int i = from; i < to; i += 500) {
      std::vector<std::int64_t> times_ms;
      for (int k = i; k < std::min(i + 500, to); ++k) times_ms.push_back(1'772'323'200'000 + k * 10'000LL);
      ASSERT_TRUE(stream.Send(MakeBatch(++sequence, times_ms, {36 * 256, 1200 * 8})));
      ASSERT_EQ(stream.ReadAck().refusals_size(), 0);
    }
  };
  const auto wait_for = [](const RunningServer& server, const std::string& metric, double value) {
    return Within(std::chrono::seconds(30), [&] { return server.Metrics()[metric] >= value; });
  };
  {
    RunningServer server(folder.path(), settings);
    server.Register(kVin);
    send(server, 0, 1000);
    send(server, 1100, 11'100);  // into the second day
    EXPECT_TRUE(wait_for(server, "telltale_advice_days_published_total", 1));
    send(server, 1000, 1100);  // late
    server.Kill();
  }
  RunningServer server(folder.path(), settings);
  send(server, 11'100, 11'110);
  EXPECT_TRUE(wait_for(server, "telltale_advice_days_restated_total", 1));
  EXPECT_EQ(server.Metrics()["telltale_advice_marked_vehicles"], 0);
}

}  // namespace
}  // namespace telltale
