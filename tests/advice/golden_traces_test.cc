// Drives told in words with what is expected of them: tests/data/traces/README.md.

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/advice/trace.h"

namespace telltale {
namespace {

constexpr double kMetresPerDegree = 111'194.9;  // of latitude, on a sphere of IUGG's mean radius

struct GoldenTrace {
  std::string where;  // file and line
  std::string sentence;
  std::vector<std::string> lines;
};

std::vector<GoldenTrace> ReadTraces() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TELLTALE_SOURCE_DIR "/tests/data/traces")) {
    if (entry.path().extension() == ".trace") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<GoldenTrace> traces;
  for (const auto& path : paths) {
    std::ifstream file(path);
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      line = line.substr(0, line.find('#'));
      if (line.find_first_not_of(' ') == std::string::npos) continue;
      if (line.starts_with("= ")) {
        traces.push_back({.where = fmt::format("{}:{}", path.filename().string(), number), .sentence = line.substr(2)});
      } else {
        traces.back().lines.push_back(line);
      }
    }
  }
  return traces;
}

// The vehicle of a trace.
class Driver {
 public:
  void Do(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    if (verb == "set") {
      std::string value;
      words >> name_ >> value;
      if (value == "off") {
        more_.erase(name_);
      } else {
        more_[name_] = value == "na" ? std::optional<double>() : std::stod(value);
      }
      return;
    }
    words >> a >> b >> c >> d;
    if (verb == "drive") {
      Frames(a, b, b, c);
    } else if (verb == "ramp") {
      Frames(a, b, c, d);
    } else if (verb == "quiet") {
      trace_.Quiet(std::llround(a * 1000));
    } else if (verb == "unseen") {
      Pass(a, b, 1000);
      trace_.Quiet(std::llround(a * 1000));
    } else if (verb == "every") {
      interval_s_ = a;
    } else if (verb == "place") {
      place_ = {.latitude_deg = a, .longitude_deg = b};
    } else if (verb == "carry") {
      carry_mps_ = a;
    } else if (verb == "odometer") {
      odometer_m_ = a * 1000;
    } else if (verb == "total") {
      total_l_ = a;
    } else if (verb == "burn") {
      burn_lph_ = a;
    } else if (verb == "level") {
      level_percent_ = a;
    } else if (verb == "leak") {
      leak_percent_ = a;
    } else if (verb == "gnss" || verb == "wheels") {
      speed_signal_ = verb == "gnss" ? "gnss_speed" : "wheel_based_vehicle_speed";
    } else {
      ADD_FAILURE() << "no such line: " << line;
    }
  }

  VehicleFold Fold() const { return trace_.Fold(); }

 private:
  void Pass(double seconds, double kmh, double rpm) {
    if (odometer_m_) *odometer_m_ += kmh / 3.6 * seconds;
    if (total_l_ && rpm > 0) *total_l_ += burn_lph_ / 3600 * seconds;
    if (level_percent_) *level_percent_ -= leak_percent_ / 60 * seconds;
    if (place_) place_->latitude_deg += (kmh / 3.6 + carry_mps_) * seconds / kMetresPerDegree;
  }

  void Frames(double seconds, double from_kmh, double to_kmh, double rpm) {
    const int count = static_cast<int>(std::lround(seconds / interval_s_));
    for (int i = 0; i < count; ++i) {
      const double kmh = from_kmh + (to_kmh - from_kmh) * i / count;
      // What the trace sets itself takes the place of ours.
      std::map<std::string, std::optional<double>> world = more_;
      world.emplace(speed_signal_, kmh);
      world.emplace("engine_speed", rpm);
      if (odometer_m_) world.emplace("total_vehicle_distance_high_resolution", *odometer_m_);
      if (total_l_) world.emplace("engine_total_fuel_used_high_resolution", *total_l_);
      if (level_percent_) world.emplace("fuel_level_1", *level_percent_);
      if (place_) world.emplace("latitude", place_->latitude_deg);
      if (place_) world.emplace("longitude", place_->longitude_deg);
      const std::vector<Trace::Value> values(world.begin(), world.end());
      trace_.Add(values, std::llround(interval_s_ * 1000));
      Pass(interval_s_, kmh, rpm);
    }
  }

  Trace trace_;
  double interval_s_ = 1;
  std::string speed_signal_ = "wheel_based_vehicle_speed";
  std::string name_;
  std::optional<Position> place_;
  double carry_mps_ = 0;
  std::optional<double> odometer_m_;
  std::optional<double> total_l_;
  double burn_lph_ = 0;
  std::optional<double> level_percent_;
  double leak_percent_ = 0;
  std::map<std::string, std::optional<double>> more_;
};

double Seconds(std::int64_t time_ms) { return static_cast<double>(time_ms - kMorningMs) * 1e-3; }

double FieldOf(const Totals& totals, const std::string& field) {
  if (field == "km") return totals.distance_km();
  if (field == "driving") return static_cast<double>(totals.driving_ms) * 1e-3;
  if (field == "idle") return static_cast<double>(totals.idle_ms) * 1e-3;
  if (field == "pto") return static_cast<double>(totals.pto_ms) * 1e-3;
  if (field == "engine") return static_cast<double>(totals.engine_ms) * 1e-3;
  if (field == "fuel") return totals.fuel_used_l();
  ADD_FAILURE() << "no such field: " << field;
  return NAN;
}

template <typename Item>
double FieldOf(const Item& item, const std::string& field) {
  if (field == "start") return Seconds(item.start_time_ms);
  if (field == "end") return Seconds(item.end_time_ms);
  if constexpr (requires { item.totals; }) return FieldOf(item.totals, field);
  ADD_FAILURE() << "no such field: " << field;
  return NAN;
}

template <typename Item>
void ExpectFields(const std::vector<Item>& items, std::istringstream& words) {
  std::size_t number = 0;
  words >> number;
  ASSERT_GE(items.size(), number);
  std::string field;
  double value = 0;
  while (words >> field >> value) EXPECT_NEAR(FieldOf(items[number - 1], field), value, 0.002) << field;
}

const std::map<std::string, EventKind> kKinds = {{"harsh_brake", EventKind::kHarshBrake},
                                                 {"harsh_acceleration", EventKind::kHarshAcceleration},
                                                 {"overspeed", EventKind::kOverspeed},
                                                 {"long_idle", EventKind::kLongIdle},
                                                 {"gap", EventKind::kGap},
                                                 {"refuelling", EventKind::kRefuelling},
                                                 {"fuel_drop", EventKind::kFuelDrop},
                                                 {"carried", EventKind::kCarried},
                                                 {"counter_reset", EventKind::kCounterReset},
                                                 {"alarm", EventKind::kAlarm}};
const std::map<std::string, GapCause> kCauses = {
    {"unknown", GapCause::kUnknown},        {"engine_off", GapCause::kEngineOff},
    {"no_coverage", GapCause::kNoCoverage}, {"terminal_fault", GapCause::kTerminalFault},
    {"power_cut", GapCause::kPowerCut},     {"clock_fault", GapCause::kClockFault},
    {"tampering", GapCause::kTampering}};

void Expect(const VehicleFold& fold, const std::string& line) {
  SCOPED_TRACE(line);
  const std::vector<Trip> trips = AllTrips(fold);
  std::vector<Stop> stops = fold.results().stops;
  if (const auto open = fold.open_stop()) stops.push_back(*open);
  const std::vector<Gap>& gaps = fold.results().gaps;
  std::vector<Event> events = fold.results().events;
  for (const Event& event : fold.open_events()) events.push_back(event);
  for (const Trip& trip : trips) events.insert(events.end(), trip.events.begin(), trip.events.end());

  std::istringstream words(line.substr(1));
  std::string what;
  words >> what;
  std::size_t count = 0;
  if (what == "trips" || what == "stops" || what == "gaps") {
    words >> count;
    EXPECT_EQ(what == "trips" ? trips.size() : what == "stops" ? stops.size() : gaps.size(), count);
  } else if (what == "trip") {
    ExpectFields(trips, words);
  } else if (what == "stop") {
    ExpectFields(stops, words);
  } else if (what == "gap") {
    std::string field;
    std::string name;
    std::istringstream cause(words.str().substr(5));
    cause >> count >> field >> name;
    if (field != "cause") {
      ExpectFields(gaps, words);
      return;
    }
    ASSERT_GE(gaps.size(), count);
    EXPECT_EQ(Explain(gaps[count - 1]).cause, kCauses.at(name)) << static_cast<int>(Explain(gaps[count - 1]).cause);
  } else if (what == "event" || what == "no") {
    std::string kind;
    std::string at;
    double start = 0;
    double value = 0;
    words >> kind >> at >> start >> at >> value;
    std::string seen;
    bool found = false;
    for (const Event& event : events) {
      if (event.kind != kKinds.at(kind)) continue;
      seen += fmt::format(" at {} value {};", Seconds(event.start_time_ms), event.value);
      found |= std::abs(Seconds(event.start_time_ms) - start) < 0.5 && std::abs(event.value - value) <= 0.1 * value;
    }
    EXPECT_TRUE(what == "event" ? found : seen.empty()) << "seen:" << seen;
  } else if (what == "total") {
    std::string field;
    double value = 0;
    while (words >> field >> value) EXPECT_NEAR(FieldOf(SumOf(fold.days()), field), value, 0.002) << field;
  } else {
    ADD_FAILURE() << "no such expectation";
  }
}

TEST(GoldenTraces, AreFoldedAsWorkedByHand) {
  const std::vector<GoldenTrace> traces = ReadTraces();
  EXPECT_GE(traces.size(), 50U);
  for (const GoldenTrace& trace : traces) {
    SCOPED_TRACE(trace.where + " " + trace.sentence);
    Driver driver;
    for (const std::string& line : trace.lines) {
      if (!line.starts_with(">")) driver.Do(line);
    }
    const VehicleFold fold = driver.Fold();
    int expected = 0;
    for (const std::string& line : trace.lines) {
      if (!line.starts_with(">")) continue;
      ++expected;
      Expect(fold, line);
    }
    EXPECT_GT(expected, 0);
  }
}

}  // namespace
}  // namespace telltale
