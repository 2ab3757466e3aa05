// The thirteen questions of the Time Series Benchmark Suite's IoT use case, asked of the running server, against the
// same worked out from the points that were sent. docs/tsbs.md says which call answers which.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "tests/end_to_end/running_server.h"

namespace telltale {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::int64_t kStartMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kTickMs = 60'000;
constexpr int kTicks = 2 * 24 * 60;
constexpr int kTrucks = 12;
constexpr std::int64_t kBucketMs = 600'000;
constexpr std::int64_t kDayMs = 86'400'000;

// Of the catalogue, in the order of Point::values.
enum Field : std::size_t { kVelocity, kLatitude, kLongitude, kConsumption, kFuel, kLoad, kStatus, kFields };
constexpr std::array<std::uint32_t, kFields> kSignals = {2, 998, 999, 8, 25, 997, 931};

struct Tags {
  std::string fleet;
  std::string model;
  double load_capacity = 0.0;
  double nominal_consumption = 0.0;
};

struct Point {
  std::int64_t time_ms = 0;
  std::array<double, kFields> values{};
};

struct Truck {
  std::string vin;
  Tags tags;
  std::vector<Point> points;  // that were delivered, in order of time
};

// Random walks as the suite's, on the signals' grids.
std::vector<Truck> MakeTrucks(std::mt19937& random) {
  const std::array<Tags, 3> models = {Tags{{}, "F-150", 2000, 15}, Tags{{}, "G-2000", 5000, 19},
                                      Tags{{}, "H-2", 1500, 12}};
  const std::array<std::string, 4> fleets = {"East", "West", "North", "South"};
  const auto walk = [&random](double value, double step, double low, double high) {
    return std::clamp(value + std::uniform_real_distribution<double>(-step, step)(random), low, high);
  };
  const auto on_grid = [](double value, double grid) { return std::round(value / grid) * grid; };
  std::vector<Truck> trucks;
  for (int i = 0; i < kTrucks; ++i) {
    Truck& truck = trucks.emplace_back();
    truck.vin = fmt::format("WDB9630031L0001{:02}", i);
    truck.tags = models[static_cast<std::size_t>(i) % models.size()];
    truck.tags.fleet = fleets[static_cast<std::size_t>(i) % fleets.size()];
    std::array<double, kFields> now = {0, 31, 121, 20, 100, truck.tags.load_capacity / 2, 2};
    for (int tick = 0; tick < kTicks; ++tick) {
      // Some stand for hours, so that sessions end.
      const bool stands = (tick / 180 + i) % 4 == 0;
      now[kVelocity] = stands ? 0.0 : walk(now[kVelocity], 10, 0, 100);
      now[kLatitude] = walk(now[kLatitude], 0.005, -90, 90);
      now[kLongitude] = walk(now[kLongitude], 0.005, -180, 180);
      now[kConsumption] = walk(now[kConsumption], 5, 0, 50);
      now[kFuel] = std::max(0.0, now[kFuel] - 0.05);
      now[kLoad] = walk(now[kLoad], truck.tags.load_capacity / 20, 0, truck.tags.load_capacity);
      now[kStatus] = stands ? 0 : std::uniform_int_distribution<int>(0, 3)(random);
      if (std::uniform_int_distribution<int>(0, 9)(random) == 0) continue;  // missing
      Point& point = truck.points.emplace_back(Point{.time_ms = kStartMs + tick * kTickMs, .values = now});
      point.values[kVelocity] = on_grid(now[kVelocity], 1.0 / 256);
      point.values[kLatitude] = on_grid(now[kLatitude], 1e-7);
      point.values[kLongitude] = on_grid(now[kLongitude], 1e-7);
      point.values[kConsumption] = on_grid(now[kConsumption], 0.05);
      point.values[kFuel] = on_grid(now[kFuel], 0.4);
      point.values[kLoad] = on_grid(now[kLoad], 2.0);
    }
  }
  return trucks;
}

class TsbsTest : public ::testing::Test {
 protected:
  TsbsTest() {
    std::vector<std::string> vins;
    for (const Truck& truck : trucks_) {
      server_.Register(truck.vin);
      vins.push_back(truck.vin);
    }
    IngestStream stream(server_.channel());
    stream.Hello({}, vins);
    stream.ReadHello();
    std::uint64_t sequence = 0;
    for (std::uint32_t i = 0; i < kTrucks; ++i) {
      // Held back, and out of order.
      std::vector<Point> points = trucks_[i].points;
      for (std::size_t begin = 0; begin + 10 < points.size(); begin += 10) {
        std::shuffle(points.begin() + static_cast<std::ptrdiff_t>(begin),
                     points.begin() + static_cast<std::ptrdiff_t>(begin + 10), random_);
      }
      v1::FrameBatch batch;
      for (const Point& point : points) {
        v1::Frame& frame = *batch.add_frames();
        frame.set_vehicle_index(i);
        frame.set_measure_time_ms(point.time_ms);
        for (std::size_t field = 0; field < kFields; ++field) {
          v1::Sample& sample = *frame.add_samples();
          sample.set_signal_id(kSignals[field]);
          sample.set_physical(point.values[field]);
        }
      }
      batch.set_sequence(++sequence);
      stream.Send(batch);
      EXPECT_EQ(stream.ReadAck().refusals_size(), 0);
    }
  }

  // The newest values of a truck.
  std::array<double, kFields> Latest(const Truck& truck) {
    v1::GetLatestRequest request;
    request.set_vin(truck.vin);
    for (std::size_t field = 0; field < kFields; ++field) request.add_signal_id(kSignals[field]);
    v1::GetLatestResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(telemetry_->GetLatest(&context, request, &response).ok());
    std::array<double, kFields> values{};
    for (const v1::Value& value : response.values()) {
      for (std::size_t field = 0; field < kFields; ++field) {
        if (kSignals[field] == value.signal_id()) values[field] = value.physical();
      }
    }
    return values;
  }

  struct Bucket {
    double mean = 0.0;
    std::uint64_t count = 0;
    double sum = 0.0;
  };
  using Buckets = std::map<std::int64_t, Bucket>;  // by their begin

  Buckets Summary(const Truck& truck, Field field, std::int64_t from_ms, std::int64_t to_ms,
                  std::int64_t step_ms = kBucketMs) {
    v1::GetSummaryRequest request;
    request.set_vin(truck.vin);
    request.set_signal_id(kSignals[field]);
    *request.mutable_range()->mutable_from() = TimeUtil::MillisecondsToTimestamp(from_ms);
    *request.mutable_range()->mutable_to() = TimeUtil::MillisecondsToTimestamp(to_ms);
    *request.mutable_step() = TimeUtil::MillisecondsToDuration(step_ms);
    request.set_page_size(10'000);
    v1::GetSummaryResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(telemetry_->GetSummary(&context, request, &response).ok());
    Buckets buckets;
    for (const v1::SignalSummary& step : response.steps()) {
      buckets[TimeUtil::TimestampToMilliseconds(step.begin_time())] = {
          .mean = step.mean(), .count = step.count(), .sum = step.sum()};
    }
    return buckets;
  }
  Buckets All(const Truck& truck, Field field) { return Summary(truck, field, kStartMs, kEndMs); }

  // The same, of the points.
  static Buckets Worked(const Truck& truck, Field field, std::int64_t from_ms = kStartMs, std::int64_t to_ms = kEndMs) {
    Buckets buckets;
    for (const Point& point : truck.points) {
      if (point.time_ms < from_ms || point.time_ms >= to_ms) continue;
      Bucket& bucket = buckets[point.time_ms / kBucketMs * kBucketMs];
      bucket.sum += point.values[field];
      ++bucket.count;
      bucket.mean = bucket.sum / static_cast<double>(bucket.count);
    }
    return buckets;
  }

  template <typename Predicate>
  static int CountIf(const Buckets& buckets, const Predicate& predicate) {
    return static_cast<int>(
        std::ranges::count_if(buckets, [&](const auto& bucket) { return predicate(bucket.second); }));
  }

  static constexpr std::int64_t kEndMs = kStartMs + kTicks * kTickMs;

  TemporaryFolder folder_;
  RunningServer server_{folder_.path()};
  std::unique_ptr<v1::TelemetryService::Stub> telemetry_ = v1::TelemetryService::NewStub(server_.channel());
  std::mt19937 random_{1};
  std::vector<Truck> trucks_ = MakeTrucks(random_);
};

TEST_F(TsbsTest, QuestionsForTheNewestValues) {
  int low_fuel = 0;
  int high_load = 0;
  for (const Truck& truck : trucks_) {
    const std::array<double, kFields> latest = Latest(truck);
    const std::array<double, kFields>& sent = truck.points.back().values;
    // single-last-loc, last-loc
    EXPECT_NEAR(latest[kLatitude], sent[kLatitude], 1e-7);
    EXPECT_NEAR(latest[kLongitude], sent[kLongitude], 1e-7);
    // low-fuel, high-load
    EXPECT_EQ(latest[kFuel] / 100 < 0.1, sent[kFuel] / 100 < 0.1);
    EXPECT_EQ(latest[kLoad] / truck.tags.load_capacity > 0.9, sent[kLoad] / truck.tags.load_capacity > 0.9);
    low_fuel += latest[kFuel] / 100 < 0.1 ? 1 : 0;
    high_load += latest[kLoad] / truck.tags.load_capacity > 0.9 ? 1 : 0;
  }
  EXPECT_GT(low_fuel + high_load, 0) << "the trucks are worth the question";
}

TEST_F(TsbsTest, QuestionsForAWindow) {
  int stationary = 0;
  int long_sessions = 0;
  for (const Truck& truck : trucks_) {
    // stationary-trucks: ten minutes, mean velocity below 1
    const std::int64_t from_ms = kStartMs + 10 * 3'600'000;
    const Buckets window = Summary(truck, kVelocity, from_ms, from_ms + kBucketMs);
    const Buckets worked = Worked(truck, kVelocity, from_ms, from_ms + kBucketMs);
    ASSERT_EQ(window.size(), worked.size());
    const auto stands = [](const Bucket& bucket) { return bucket.mean < 1; };
    EXPECT_EQ(CountIf(window, stands), CountIf(worked, stands));
    stationary += CountIf(window, stands);
    // long-driving-sessions: more than 22 of 24 buckets; long-daily-sessions: more than 60 of 144
    const auto drives = [](const Bucket& bucket) { return bucket.mean > 1; };
    for (const auto& [hours, most] : {std::pair{4, 22}, std::pair{24, 60}}) {
      const std::int64_t to_ms = from_ms + hours * 3'600'000;
      const int driving = CountIf(Summary(truck, kVelocity, from_ms, to_ms), drives);
      EXPECT_EQ(driving, CountIf(Worked(truck, kVelocity, from_ms, to_ms), drives));
      long_sessions += driving > most ? 1 : 0;
    }
  }
  EXPECT_GT(stationary, 0);
  EXPECT_GT(long_sessions, 0);
}

TEST_F(TsbsTest, QuestionsForDaysAndFleets) {
  const auto drives = [](const Bucket& bucket) { return bucket.mean > 1; };
  std::map<std::string, std::pair<double, double>> load_by_model;      // sum of means, and worked out
  std::map<std::string, std::pair<double, double>> activity_by_fleet;  // rows of active buckets
  std::map<std::string, std::pair<int, int>> breakdowns_by_model;
  for (const Truck& truck : trucks_) {
    const Buckets velocity = All(truck, kVelocity);
    const Buckets worked = Worked(truck, kVelocity);
    ASSERT_EQ(velocity.size(), worked.size());
    for (const auto& [begin, bucket] : worked) EXPECT_NEAR(velocity.at(begin).mean, bucket.mean, 1e-9);
    // avg-daily-driving-duration
    EXPECT_EQ(CountIf(velocity, drives), CountIf(worked, drives));
    // avg-daily-driving-session: from where the mean rises above 5 to where it falls
    const auto sessions = [](const Buckets& buckets) {
      std::vector<std::int64_t> lengths;
      std::optional<bool> moved;
      std::optional<std::int64_t> since;
      for (const auto& [begin, bucket] : buckets) {
        const bool moves = bucket.mean > 5;
        if (moved && moves != *moved) {
          if (moves) since = begin;
          if (!moves && since) lengths.push_back(begin - *std::exchange(since, std::nullopt));
        }
        moved = moves;
      }
      return lengths;
    };
    EXPECT_EQ(sessions(velocity), sessions(worked));
    EXPECT_FALSE(sessions(worked).empty());
    // avg-load
    const Buckets load = Summary(truck, kLoad, kStartMs, kEndMs, kDayMs);
    Bucket of_all;
    for (const auto& [begin, bucket] : load) {
      of_all.sum += bucket.sum;
      of_all.count += bucket.count;
    }
    double sum = 0;
    for (const Point& point : truck.points) sum += point.values[kLoad];
    load_by_model[truck.tags.model].first += of_all.sum / static_cast<double>(of_all.count) / truck.tags.load_capacity;
    load_by_model[truck.tags.model].second += sum / static_cast<double>(truck.points.size()) / truck.tags.load_capacity;
    // daily-activity and breakdown-frequency
    const Buckets status = All(truck, kStatus);
    const auto rows = [](const Buckets& buckets) {
      double count = 0;
      for (const auto& [begin, bucket] : buckets) count += bucket.mean < 1 ? static_cast<double>(bucket.count) : 0.0;
      return count / 144;
    };
    activity_by_fleet[truck.tags.fleet].first += rows(status);
    activity_by_fleet[truck.tags.fleet].second += rows(Worked(truck, kStatus));
    const auto breakdowns = [](const Buckets& buckets) {
      int count = 0;
      bool before = true;
      for (const auto& [begin, bucket] : buckets) {
        const bool broken = bucket.mean < 0.5;
        count += broken && !before ? 1 : 0;
        before = broken;
      }
      return count;
    };
    breakdowns_by_model[truck.tags.model].first += breakdowns(status);
    breakdowns_by_model[truck.tags.model].second += breakdowns(Worked(truck, kStatus));
  }
  for (const auto& [model, load] : load_by_model) EXPECT_NEAR(load.first, load.second, 1e-9) << model;
  for (const auto& [fleet, activity] : activity_by_fleet) {
    EXPECT_DOUBLE_EQ(activity.first, activity.second) << fleet;
    EXPECT_GT(activity.second, 0);
  }
  for (const auto& [model, count] : breakdowns_by_model) EXPECT_EQ(count.first, count.second) << model;
}

// avg-vs-projected-fuel-consumption: the mean over readings with a velocity above 1, which are two signals of one
// frame.
TEST_F(TsbsTest, QuestionsForTwoSignalsOfOneReading) {
  for (const Truck& truck : {trucks_.front(), trucks_.back()}) {
    v1::GetHistoryRequest request;
    request.set_vin(truck.vin);
    request.add_signal_id(kSignals[kVelocity]);
    request.add_signal_id(kSignals[kConsumption]);
    request.set_page_size(10'000);
    v1::GetHistoryResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(telemetry_->GetHistory(&context, request, &response).ok());
    double sum = 0;
    std::size_t count = 0;
    for (const v1::HistoryRow& row : response.rows()) {
      if (row.cells(0).physical() <= 1) continue;
      sum += row.cells(1).physical();
      ++count;
    }
    double worked_sum = 0;
    std::size_t worked_count = 0;
    for (const Point& point : truck.points) {
      if (point.values[kVelocity] <= 1) continue;
      worked_sum += point.values[kConsumption];
      ++worked_count;
    }
    EXPECT_EQ(count, worked_count);
    EXPECT_NEAR(sum / static_cast<double>(count), worked_sum / static_cast<double>(worked_count), 1e-9);
  }
}

}  // namespace
}  // namespace telltale
