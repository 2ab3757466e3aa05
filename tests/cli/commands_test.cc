#include <gmock/gmock.h>

#include "canned_server.h"
#include "cli/json.h"

namespace telltale::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

v1::Signal MakeSignal(std::uint32_t id, const std::string& name, const std::string& unit, double scale,
                      const std::string& group) {
  v1::Signal signal;
  signal.set_id(id);
  signal.set_name(name);
  signal.set_unit(unit);
  signal.set_scale(scale);
  signal.set_group(group);
  signal.set_kind(v1::SIGNAL_KIND_CONTINUOUS);
  return signal;
}

std::vector<v1::Signal> SomeSignals() {
  return {MakeSignal(1, "engine_speed", "rpm", 0.125, "powertrain"),
          MakeSignal(2, "wheel_speed", "km/h", 1.0 / 256, "chassis"),
          MakeSignal(3, "coolant_temperature", "°C", 1, "powertrain")};
}

v1::Value MakeValue(std::uint32_t signal_id, v1::ValueState state, double physical, const std::string& time) {
  v1::Value value;
  value.set_signal_id(signal_id);
  value.set_state(state);
  value.set_physical(physical);
  *value.mutable_measure_time() = TimeAt(time);
  return value;
}

// --- latest, history, watch ---

CannedAnswers WithLatest() {
  CannedAnswers answers;
  answers.signals = SomeSignals();
  *answers.latest.add_values() = MakeValue(1, v1::VALUE_STATE_VALID, 900.125, "2026-03-01T11:59:48Z");
  *answers.latest.add_values() = MakeValue(2, v1::VALUE_STATE_NOT_AVAILABLE, 0, "2026-03-01T11:00:00Z");
  *answers.latest.add_values() = MakeValue(3, v1::VALUE_STATE_VALID, 86, "2026-02-27T12:00:00Z");
  return answers;
}

TEST(Latest, ShowsValuesByGroupWithUnitTimeAndAge) {
  const CannedServer server(WithLatest());
  const RunResult result = RunCli(server.address(), {"latest", kVin, "--all"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ("\n" + result.out, R"(
group       signal                       value  unit  measured (UTC)        age
──────────  ───────────────────  ─────────────  ────  ───────────────────  ────
powertrain  coolant_temperature             86  °C    2026-02-27 12:00:00   2 d
            engine_speed                 900.1  rpm   2026-03-01 11:59:48  12 s
chassis     wheel_speed          not available  km/h  2026-03-01 11:00:00   1 h
)");
}

TEST(Latest, AsksForValidValuesOfTheNamedSignals) {
  const CannedServer server(WithLatest());
  RunCli(server.address(), {"latest", kVin, "engine_speed", "84"});
  RunCli(server.address(), {"latest", kVin, "--all"});
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.get_latest.size(), 2u);
  EXPECT_TRUE(requests.get_latest[0].valid_only());
  EXPECT_THAT(requests.get_latest[0].signal_name(), ElementsAre("engine_speed"));
  EXPECT_THAT(requests.get_latest[0].signal_id(), ElementsAre(84u));
  EXPECT_FALSE(requests.get_latest[1].valid_only());
  EXPECT_FALSE(requests.any_deadline_missing);
}

TEST(Latest, NamesSignalsInJson) {
  const CannedServer server(WithLatest());
  const RunResult result = RunCli(server.address(), {"latest", kVin, "--json"});
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json["values"].size(), 3u);
  EXPECT_EQ(json["values"][0]["signal_name"], "engine_speed");
  EXPECT_EQ(json["values"][0]["unit"], "rpm");
  EXPECT_EQ(json["values"][0]["physical"], 900.125);
  EXPECT_EQ(json["values"][1]["state"], "VALUE_STATE_NOT_AVAILABLE");
}

TEST(Latest, SaysWhenThereIsNothing) {
  const CannedServer server({});
  EXPECT_EQ(RunCli(server.address(), {"latest", kVin}).out,
            "No valid value was received yet; --all shows the others, too.\n");
}

// Rows of engine_speed and coolant_temperature, a second apart from 2026-03-01T10:00:00Z on; the second is in every
// other.
CannedAnswers WithHistory(int row_count) {
  CannedAnswers answers;
  answers.signals = SomeSignals();
  answers.history_signal_ids = {1, 3};
  for (int i = 0; i < row_count; ++i) {
    v1::HistoryRow& row = answers.history.emplace_back();
    *row.mutable_measure_time() = TimeAt("2026-03-01T10:00:00Z");
    row.mutable_measure_time()->set_seconds(row.measure_time().seconds() + i);
    v1::HistoryCell& speed = *row.add_cells();
    speed.set_state(v1::VALUE_STATE_VALID);
    speed.set_physical(600 + i);
    v1::HistoryCell& temperature = *row.add_cells();
    if (i % 2 == 0) {
      temperature.set_state(v1::VALUE_STATE_VALID);
      temperature.set_physical(80);
    }
  }
  return answers;
}

TEST(History, ShowsOneColumnForEachSignal) {
  const CannedServer server(WithHistory(2));
  const RunResult result = RunCli(server.address(), {"history", kVin, "engine_speed", "coolant_temperature", "--from",
                                                     "2026-03-01", "--to", "2026-03-02T00:00:00Z"});
  EXPECT_EQ("\n" + result.out, R"(
measured             engine_speed  coolant_temperature
UTC                           rpm                   °C
───────────────────  ────────────  ───────────────────
2026-03-01 10:00:00         600.0                   80
2026-03-01 10:00:01         601.0
)");
  EXPECT_EQ(result.err, "");
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.get_history.size(), 1u);
  EXPECT_EQ(requests.get_history[0].range().from().seconds(), TimeAt("2026-03-01T00:00:00Z").seconds());
  EXPECT_EQ(requests.get_history[0].range().to().seconds(), TimeAt("2026-03-02T00:00:00Z").seconds());
}

TEST(History, FollowsThePagesToTheEnd) {
  CannedAnswers answers = WithHistory(25);
  answers.page_size_max = 10;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"history", kVin, "engine_speed", "--json"});
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["rows"].size(), 25u);
  EXPECT_EQ(json["rows"][24]["cells"][0]["physical"], 624.0);
  EXPECT_EQ(json["signal_name"], Json({"engine_speed", "coolant_temperature"}));
  EXPECT_EQ(json["cut"], false);
  EXPECT_EQ(server.requests().get_history.size(), 3u);
}

TEST(History, SaysWhereItWasCut) {
  CannedAnswers answers = WithHistory(25);
  answers.page_size_max = 10;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"history", kVin, "engine_speed", "--limit", "12"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("2026-03-01 10:00:11"), Not(HasSubstr("2026-03-01 10:00:12"))));
  EXPECT_EQ(result.err,
            "telltale: more rows follow these 12; see them with --from 2026-03-01T10:00:11.001Z, or take more at once "
            "with --limit\n");
}

TEST(History, IsNotCutWhenTheLimitIsJustEnough) {
  const CannedServer server(WithHistory(12));
  EXPECT_EQ(RunCli(server.address(), {"history", kVin, "1", "--limit", "12"}).err, "");
}

TEST(Watch, ShowsEachValueAsItComes) {
  CannedAnswers answers;
  answers.signals = SomeSignals();
  v1::WatchResponse& first = answers.watch.emplace_back();
  first.set_vin(kVin);
  *first.add_values() = MakeValue(1, v1::VALUE_STATE_VALID, 900.125, "2026-03-01T12:00:00.250Z");
  answers.watch.push_back(first);
  answers.watch.back().set_missed_frame_count(3);
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"watch", kVin, "engine_speed", "--count", "2"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::string line = "2026-03-01 12:00:00.250  engine_speed" + std::string(30 + 9, ' ') + "900.1 rpm\n";
  EXPECT_EQ(result.out, line + line);
  EXPECT_EQ(result.err, "telltale: too slow, 3 frames were left out\n");
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.watch.size(), 1u);
  EXPECT_THAT(requests.watch[0].vin(), ElementsAre(kVin));
}

TEST(Watch, PrintsOneJsonObjectALine) {
  CannedAnswers answers;
  answers.watch.emplace_back().set_vin(kVin);
  answers.watch.emplace_back().set_vin(kVin);
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"watch", kVin, "--json", "--count", "2"});
  std::istringstream lines(result.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(Json::parse(line)["vin"], kVin);
  EXPECT_EQ(count, 2);
}

TEST(Watch, SaysWhenTheServerEndsIt) {
  const CannedServer server({});
  const RunResult result = RunCli(server.address(), {"watch", kVin});
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_EQ(result.err, "telltale: the server ended the watch\n");
}

// --- vehicles ---

CannedAnswers WithVehicle() {
  CannedAnswers answers;
  v1::Vehicle& vehicle = answers.vehicles.emplace_back();
  vehicle.set_vin(kVin);
  vehicle.set_display_name("Truck 7");
  vehicle.set_vehicle_class(v1::VEHICLE_CLASS_HEAVY_TRUCK);
  vehicle.set_fuel_type(v1::FUEL_TYPE_DIESEL);
  vehicle.set_engine_displacement_l(12.8);
  *vehicle.mutable_built_time() = TimeAt("2021-06-01");
  *vehicle.mutable_frames()->mutable_newest_measure_time() = TimeAt("2026-03-01T11:00:00Z");
  return answers;
}

TEST(Vehicles, ListsThem) {
  CannedAnswers answers = WithVehicle();
  answers.vehicles.emplace_back().set_vin("YV2RT40A8HB828781");
  answers.page_size_max = 1;
  const CannedServer server(answers);
  EXPECT_EQ("\n" + RunCli(server.address(), {"vehicles", "list"}).out, R"(
VIN                name     class        fuel    displacement  built       newest frame         age
                                                            l              UTC
─────────────────  ───────  ───────────  ──────  ────────────  ──────────  ───────────────────  ───
WDB96340310123456  Truck 7  heavy truck  diesel          12.8  2021-06-01  2026-03-01 11:00:00  1 h
YV2RT40A8HB828781           –            –                  –  –           –                      –
)");
}

TEST(Vehicles, ShowsOne) {
  const CannedServer server(WithVehicle());
  EXPECT_EQ("\n" + RunCli(server.address(), {"vehicles", "show", kVin}).out, R"(
VIN           WDB96340310123456
name          Truck 7
class         heavy truck
fuel          diesel
displacement  12.8 l
built         2021-06-01
newest frame  2026-03-01 11:00:00 UTC (1 h ago)
)");
}

TEST(Vehicles, AddsANewOne) {
  const CannedServer server({});
  const RunResult result =
      RunCli(server.address(), {"vehicles", "add", "wdb96340310123456", "--name", "Truck 7", "--class", "medium-truck",
                                "--fuel", "gas", "--displacement", "7.7", "--built", "2021-06-01"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, StartsWith("Registered:\n"));
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.register_vehicle.size(), 1u);
  const v1::Vehicle& vehicle = requests.register_vehicle[0].vehicle();
  EXPECT_EQ(vehicle.vin(), kVin);
  EXPECT_EQ(vehicle.display_name(), "Truck 7");
  EXPECT_EQ(vehicle.vehicle_class(), v1::VEHICLE_CLASS_MEDIUM_TRUCK);
  EXPECT_EQ(vehicle.fuel_type(), v1::FUEL_TYPE_GAS);
  EXPECT_EQ(vehicle.engine_displacement_l(), 7.7);
  EXPECT_EQ(vehicle.built_time().seconds(), TimeAt("2021-06-01").seconds());
}

TEST(Vehicles, AddKeepsWhatItDoesNotName) {
  const CannedServer server(WithVehicle());
  const RunResult result = RunCli(server.address(), {"vehicles", "add", kVin, "--name", "Truck 8"});
  EXPECT_THAT(result.out, StartsWith("Was registered before"));
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.register_vehicle.size(), 1u);
  EXPECT_EQ(requests.register_vehicle[0].vehicle().display_name(), "Truck 8");
  EXPECT_EQ(requests.register_vehicle[0].vehicle().engine_displacement_l(), 12.8);
}

TEST(Vehicles, SaysHowToRegisterAnUnknownOne) {
  const CannedServer server({});
  const RunResult result = RunCli(server.address(), {"vehicles", "show", kVin});
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_EQ(result.err,
            "telltale: no vehicle WDB96340310123456\n"
            "  if the VIN is right, register the vehicle: telltale vehicles add WDB96340310123456\n"
            "  where keys are needed, your organisation may have no grant for it\n");
}

// --- trips, days ---

v1::Trip SomeTrip() {
  v1::Trip trip;
  *trip.mutable_start_time() = TimeAt("2026-03-01T08:00:00Z");
  *trip.mutable_end_time() = TimeAt("2026-03-01T09:05:00Z");
  v1::Totals& totals = *trip.mutable_totals();
  totals.set_distance_km(80);
  totals.set_distance_source(v1::SOURCE_COUNTER);
  totals.mutable_driving_duration()->set_seconds(3600);
  totals.mutable_idle_duration()->set_seconds(300);
  totals.set_fuel_used_l(20);
  totals.set_fuel_source(v1::SOURCE_ESTIMATED);
  totals.set_speed_kmh_max(88.6);
  v1::Event& event = *trip.add_events();
  event.set_kind(v1::EVENT_KIND_HARSH_BRAKE);
  *event.mutable_start_time() = TimeAt("2026-03-01T08:30:00Z");
  event.mutable_duration()->set_seconds(2);
  event.set_value(3.25);
  event.set_speed_kmh_at_start(71.5);
  event.mutable_position()->set_latitude_deg(48.5);
  event.mutable_position()->set_longitude_deg(-9.25);
  return trip;
}

TEST(Trips, ShowsEachTripAndTheirSum) {
  CannedAnswers answers;
  answers.trips = {SomeTrip(), SomeTrip()};
  answers.trips[1].set_open(true);
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"trips", kVin, "--events"});
  // 20 l over 80 km are 25 l/100 km.
  EXPECT_EQ("\n" + result.out, R"(
trip  start                end                    duration  distance     driving  idling   fuel  consumption  top speed  events  driver
      UTC                  UTC                                    km                          l     l/100 km       km/h
────  ───────────────────  ───────────────────  ──────────  ────────  ──────────  ──────  ─────  ───────────  ─────────  ──────  ──────
   1  2026-03-01 08:00:00  2026-03-01 09:05:00  1 h 05 min      80.0  1 h 00 min   5 min  ~20.0        ~25.0         89       1  –
   2  2026-03-01 08:00:00  may go on            1 h 05 min      80.0  1 h 00 min   5 min  ~20.0        ~25.0         89       1  –
2 trips: 160.0 km, 2 h 00 min of driving, 40.0 l   (~ estimated from other signals)

trip  time                 event           value  lasted  speed  latitude, longitude
      UTC                                                  km/h  WGS-84
────  ───────────────────  ───────────  ────────  ──────  ─────  ───────────────────
   1  2026-03-01 08:30:00  harsh brake  3.2 m/s²     2 s     72  48.50000, -9.25000
   2  2026-03-01 08:30:00  harsh brake  3.2 m/s²     2 s     72  48.50000, -9.25000
)");
}

TEST(Trips, FollowsThePagesToTheEndIntoOneArray) {
  CannedAnswers answers;
  answers.trips.assign(7, SomeTrip());
  answers.page_size_max = 3;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"trips", kVin, "--json", "--from", "2026-03-01"});
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json.size(), 7u);
  EXPECT_EQ(json[6]["totals"]["distance_km"], 80.0);
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.list_trips.size(), 3u);
  EXPECT_EQ(requests.list_trips[2].page_token(), "6");
  EXPECT_EQ(requests.list_trips[2].vin(), kVin);
  EXPECT_TRUE(requests.list_trips[2].range().has_from());
  EXPECT_FALSE(requests.list_trips[2].range().has_to());
}

TEST(Trips, DoesNotGoRoundInCircles) {
  CannedAnswers answers;
  answers.trips = {SomeTrip()};
  answers.repeats_token = true;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"trips", kVin});
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_THAT(result.err, HasSubstr("the server gave the same page twice"));
}

TEST(Trips, ShowsADashForWhatIsNotKnown) {
  CannedAnswers answers;
  answers.trips.emplace_back(SomeTrip()).mutable_totals()->set_fuel_source(v1::SOURCE_UNSPECIFIED);
  const CannedServer server(answers);
  EXPECT_THAT(RunCli(server.address(), {"trips", kVin}).out, HasSubstr("     –            –         89"));
}

TEST(Trips, SaysWhenThereAreNone) {
  const CannedServer server({});
  EXPECT_EQ(RunCli(server.address(), {"trips", kVin}).out, "No trip starts in this time.\n");
  EXPECT_EQ(RunCli(server.address(), {"trips", kVin, "--json"}).out, "[]\n");
}

TEST(Days, ShowsEachDay) {
  CannedAnswers answers;
  v1::VehicleDay& day = answers.days.emplace_back();
  day.set_date("2026-03-01");
  *day.mutable_totals() = SomeTrip().totals();
  day.mutable_totals()->set_harsh_brake_count(2);
  day.set_trip_count(3);
  const CannedServer server(answers);
  EXPECT_THAT(
      RunCli(server.address(), {"days", kVin}).out,
      HasSubstr("2026-03-01      3      80.0  1 h 00 min   5 min       0 s        0 s  ~20.0        ~25.0         89"
                "               2                    0\n"));
}

// --- advice ---

void AddSomeAdvice(google::protobuf::RepeatedPtrField<v1::Advice>& all) {
  v1::Advice& advice = *all.Add();
  advice.set_title("Switch the engine off when standing");
  advice.set_evidence("The engine ran 2 h 10 min at standstill.");
  advice.set_saving_l(5.25);
  advice.set_saving_l_per_100km(0.5);
  advice.set_risk_points(3);
}

TEST(DriverAdvice, ShowsTheScoreItsPartsAndTheAdvice) {
  CannedAnswers answers;
  v1::DriverScore& score = *answers.driver_advice.mutable_score();
  score.set_enough_data(true);
  score.set_score(71.6);
  v1::ScoreDimension& braking = *score.add_dimensions();
  braking.set_name("harsh_braking");
  braking.set_enough_data(true);
  braking.set_score(40);
  braking.set_weight(0.25);
  braking.set_measured(12.34);
  braking.set_unit("events/100 km");
  braking.set_bad(20);
  score.add_dimensions()->set_name("engine_map");
  AddSomeAdvice(*answers.driver_advice.mutable_advice());
  *answers.driver_advice.mutable_totals() = SomeTrip().totals();
  answers.driver_advice.set_trip_count(1);
  const CannedServer server(answers);
  EXPECT_EQ("\n" + RunCli(server.address(), {"advice", "driver", kVin}).out, R"(
1 trip, 80.0 km, 1 h 00 min of driving
Driver score  ███████░░░  72 of 100

part of the score  score           weight  measured  unit           100 at  0 at
─────────────────  ──────────────  ──────  ────────  ─────────────  ──────  ────
harsh braking      ████░░░░░░  40    0.25      12.3  events/100 km       0  20.0
engine map         no data

What to do, the greatest effect first
 1. Switch the engine off when standing  – saves about 5.2 l (0.5 l/100 km), +3 points
    The engine ran 2 h 10 min at standstill.
)");
}

TEST(DriverAdvice, SaysWhatIsMissingForAScore) {
  CannedAnswers answers;
  answers.driver_advice.mutable_score()->set_missing("less than 10 km driven");
  const CannedServer server(answers);
  EXPECT_THAT(RunCli(server.address(), {"advice", "driver", kVin}).out,
              AllOf(HasSubstr("No driver score: less than 10 km driven\n"), HasSubstr("No advice")));
}

TEST(FuelAdvice, ShowsTheSummaryAndTheAdvice) {
  CannedAnswers answers;
  v1::FuelSummary& summary = *answers.fuel_advice.mutable_summary();
  summary.set_enough_data(true);
  summary.set_fuel_used_l(120.5);
  summary.set_fuel_source(v1::SOURCE_COUNTER);
  summary.set_distance_km(400);
  summary.set_fuel_l_per_100km(30.125);
  summary.mutable_idle_duration()->set_seconds(7800);
  summary.set_idle_fuel_l(5.5);
  summary.set_idle_fuel_rate_lph(2.54);
  summary.set_co2_kg(318.12);
  AddSomeAdvice(*answers.fuel_advice.mutable_advice());
  const CannedServer server(answers);
  EXPECT_EQ("\n" + RunCli(server.address(), {"advice", "fuel", kVin}).out, R"(
fuel used    120.5 l (by the vehicle's own counter)
distance     400.0 km
consumption  30.1 l/100 km
idling       2 h 10 min, 5.5 l (2.5 l/h)
CO2          318.1 kg, tank to wheel

What to do, the greatest effect first
 1. Switch the engine off when standing  – saves about 5.2 l (0.5 l/100 km), +3 points
    The engine ran 2 h 10 min at standstill.
)");
}

TEST(FuelAdvice, PrintsTheMessageAsJson) {
  CannedAnswers answers;
  answers.fuel_advice.mutable_summary()->set_missing("no fuel signal");
  const CannedServer server(answers);
  const Json json = Json::parse(RunCli(server.address(), {"--json", "advice", "fuel", kVin}).out);
  EXPECT_EQ(json["summary"]["missing"], "no fuel signal");
  EXPECT_EQ(json["summary"]["enough_data"], false);
}

// --- faults, signals ---

TEST(Faults, ShowsLampCodesMeaningAndController) {
  CannedAnswers answers;
  v1::Fault& fault = answers.faults.emplace_back();
  fault.set_active(true);
  fault.mutable_lamps()->set_red_stop(v1::LAMP_STATUS_ON);
  fault.mutable_lamps()->set_amber_warning(v1::LAMP_STATUS_ON);
  fault.mutable_dtc()->set_spn(110);
  fault.mutable_dtc()->set_fmi(0);
  fault.mutable_dtc()->set_occurrence_count(3);
  fault.set_spn_name("Engine Coolant Temperature");
  fault.set_fmi_text("Above normal, most severe");
  fault.set_source_name("Engine #1");
  *fault.mutable_first_seen_time() = TimeAt("2026-03-01T08:00:00Z");
  *fault.mutable_last_seen_time() = TimeAt("2026-03-01T09:00:00Z");
  v1::Fault& unknown = answers.faults.emplace_back();
  unknown.mutable_dtc()->set_spn(520'192);
  unknown.mutable_dtc()->set_fmi(31);
  unknown.mutable_dtc()->set_occurrence_count(127);
  unknown.set_source_address(200);
  const CannedServer server(answers);
  EXPECT_EQ("\n" + RunCli(server.address(), {"faults", kVin}).out, R"(
state    lamp           SPN  what                        FMI  how                        controller     count  first seen           last seen
                                                                                                               UTC                  UTC
───────  ──────────  ──────  ──────────────────────────  ───  ─────────────────────────  ─────────────  ─────  ───────────────────  ───────────────────
active   STOP (red)     110  Engine Coolant Temperature    0  Above normal, most severe  Engine #1 (0)      3  2026-03-01 08:00:00  2026-03-01 09:00:00
earlier  off         520192  –                            31  –                          address 200        –  –                    –
)");
}

TEST(Faults, AsksForActiveOnesOnly) {
  const CannedServer server({});
  EXPECT_EQ(RunCli(server.address(), {"faults", kVin, "--active"}).out, "No active faults.\n");
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.list_faults.size(), 1u);
  EXPECT_TRUE(requests.list_faults[0].active_only());
}

TEST(Signals, ListsAllPages) {
  CannedAnswers answers;
  answers.signals = SomeSignals();
  answers.signals[0].mutable_j1939()->set_spn(190);
  answers.signals[0].mutable_j1939()->set_pgn(61'444);
  answers.page_size_max = 2;
  const CannedServer server(answers);
  const RunResult result = RunCli(server.address(), {"signals"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("engine_speed"), HasSubstr("190  61444"), HasSubstr("coolant_temperature"),
                                HasSubstr("\n3 signals\n")));
  EXPECT_EQ(server.requests().list_signals.size(), 2u);
}

TEST(Signals, PassesTheFilter) {
  const CannedServer server({});
  RunCli(server.address(),
         {"signals", "--text", "temp", "--group", "powertrain", "--kind", "counter", "--spn", "110", "190"});
  const CannedRequests requests = server.requests();
  ASSERT_EQ(requests.list_signals.size(), 1u);
  const v1::SignalFilter& filter = requests.list_signals[0].filter();
  EXPECT_EQ(filter.text(), "temp");
  EXPECT_EQ(filter.group(), "powertrain");
  EXPECT_EQ(filter.kind(), v1::SIGNAL_KIND_COUNTER);
  EXPECT_THAT(filter.spn(), ElementsAre(110u, 190u));
}

// --- all commands ---

TEST(AnyCommand, ShowsTheServersErrorAndEndsWithOne) {
  CannedAnswers answers;
  v1::ErrorDetail detail;
  v1::FieldViolation& violation = *detail.add_field_violations();
  violation.set_field("range.from");
  violation.set_description("is not before range.to");
  answers.status = StatusWithDetail(grpc::StatusCode::INVALID_ARGUMENT, "the range is empty", detail);
  const CannedServer server(answers);
  const std::vector<std::vector<std::string>> commands = {
      {"vehicles", "list"},      {"vehicles", "show", kVin},
      {"vehicles", "add", kVin}, {"latest", kVin},
      {"history", kVin, "rpm"},  {"watch", kVin, "rpm"},
      {"trips", kVin},           {"days", kVin},
      {"advice", "fuel", kVin},  {"advice", "driver", kVin},
      {"faults", kVin},          {"signals"},
      {"trips", kVin, "--json"}, {"import", "-", "--register", "--vin", kVin}};
  for (const std::vector<std::string>& command : commands) {
    const RunResult result = RunCli(server.address(), command);
    EXPECT_EQ(result.code, ExitCode::kFailed) << testing::PrintToString(command);
    EXPECT_EQ(result.out, "") << testing::PrintToString(command);
    EXPECT_EQ(result.err,
              "telltale: the server did not understand the request: the range is empty\n"
              "  range.from: is not before range.to\n")
        << testing::PrintToString(command);
  }
}

TEST(AnyCommand, ColoursOnlyOnATerminal) {
  CannedAnswers answers;
  answers.faults.emplace_back().mutable_lamps()->set_red_stop(v1::LAMP_STATUS_ON);
  const CannedServer server(answers);
  const auto out_of = [&](std::vector<std::string> arguments, bool on_terminal) {
    return RunCli(server.address(), std::move(arguments), "", on_terminal).out;
  };
  EXPECT_THAT(out_of({"faults", kVin}, true), HasSubstr("\x1b[31mSTOP (red)\x1b[0m"));
  EXPECT_THAT(out_of({"faults", kVin}, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out_of({"faults", kVin, "--no-color"}, true), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out_of({"faults", kVin, "--json"}, true), Not(HasSubstr("\x1b")));
}

TEST(AnyCommand, HasADeadline) {
  CannedAnswers answers = WithHistory(1);
  answers.trips = {SomeTrip()};
  const CannedServer server(answers);
  RunCli(server.address(), {"history", kVin, "engine_speed"});
  RunCli(server.address(), {"trips", kVin});
  RunCli(server.address(), {"faults", kVin});
  RunCli(server.address(), {"vehicles", "add", kVin});
  EXPECT_FALSE(server.requests().any_deadline_missing);
}

}  // namespace
}  // namespace telltale::cli
