// Where vehicles were heard, and where they fell silent: against all notes, one by one.

#include "storage/place_log.h"

#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

constexpr double kMetresPerDegree = 111'195.0;

class PlaceLogTest : public testing::Test {
 protected:
  void Put(VehicleId vehicle, std::int64_t day, const std::vector<PlaceNote>& notes) {
    std::vector<DocumentWrite> writes;
    PlaceLog::AddWrites(vehicle, day, notes_[{vehicle, day}], notes, writes);
    EXPECT_TRUE(writes.empty() || documents_.Write(writes).ok());
    notes_[{vehicle, day}] = notes;
  }

  PlaceLog::Counts Around(double latitude_deg, double longitude_deg, std::int64_t from_day = 0,
                          std::int64_t to_day = 100'000, VehicleId except = 0) const {
    const auto counts = log_.Around(latitude_deg, longitude_deg, 2'000.0, from_day, to_day, except);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.value_or(PlaceLog::Counts{});
  }

  MemoryDocumentStore documents_;
  PlaceLog log_{documents_};
  std::map<std::pair<VehicleId, std::int64_t>, std::vector<PlaceNote>> notes_;
};

TEST_F(PlaceLogTest, CountsVehiclesNotNotesAndNotTheOneThatAsks) {
  Put(1, 20'000, {{31.0, 121.0, true}});
  Put(2, 20'000, {{31.001, 121.001, true}, {31.002, 121.0, false}});
  Put(2, 20'001, {{31.001, 121.001, true}});
  Put(3, 20'001, {{31.0, 121.002, false}});
  Put(4, 20'001, {{31.5, 121.0, true}});
  EXPECT_EQ(Around(31.0, 121.0), (PlaceLog::Counts{.silent = 2, .heard = 1}));
  EXPECT_EQ(Around(31.0, 121.0, 0, 100'000, 1), (PlaceLog::Counts{.silent = 1, .heard = 1}));
  EXPECT_EQ(Around(31.0, 121.0, 20'001, 20'002), (PlaceLog::Counts{.silent = 1, .heard = 1}));
  EXPECT_EQ(Around(31.0, 121.0, 20'002), (PlaceLog::Counts{}));
}

TEST_F(PlaceLogTest, ADayThatIsPublishedAnewLeavesNothingBehind) {
  Put(1, 20'000, {{31.0, 121.0, true}, {32.0, 121.0, false}});
  Put(1, 20'000, {{32.0, 121.0, false}});
  EXPECT_EQ(Around(31.0, 121.0), (PlaceLog::Counts{}));
  EXPECT_EQ(Around(32.0, 121.0), (PlaceLog::Counts{.silent = 0, .heard = 1}));
  Put(1, 20'000, {});
  EXPECT_EQ(Around(32.0, 121.0), (PlaceLog::Counts{}));
}

TEST_F(PlaceLogTest, TheDateLineAndTheNorthAreNoEdges) {
  Put(1, 20'000, {{65.0, 179.995, true}});
  Put(2, 20'000, {{65.0, -179.995, false}});
  EXPECT_EQ(Around(65.0, 179.999), (PlaceLog::Counts{.silent = 1, .heard = 1}));
  Put(3, 20'000, {{78.2, 15.66, false}});  // 1.5 km away
  EXPECT_EQ(Around(78.2, 15.6), (PlaceLog::Counts{.silent = 0, .heard = 1}));
}

TEST_F(PlaceLogTest, EqualsACountOfAllNotes) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> latitude(30.95, 31.05);
  std::uniform_real_distribution<double> longitude(120.95, 121.05);
  for (VehicleId vehicle = 1; vehicle <= 60; ++vehicle) {
    for (std::int64_t day = 20'000; day < 20'004; ++day) {
      // One of each kind, so that none shares its cell with another.
      Put(vehicle, day, {{latitude(random), longitude(random), true}});
      if (day % 2 == 0) Put(vehicle, day, {{latitude(random), longitude(random), false}});
    }
  }
  for (int round = 0; round < 50; ++round) {
    const double at_latitude = latitude(random);
    const double at_longitude = longitude(random);
    std::set<VehicleId> silent;
    std::set<VehicleId> heard;
    for (const auto& [key, notes] : notes_) {
      if (key.second < 20'001 || key.second >= 20'003 || key.first == 7) continue;
      for (const PlaceNote& note : notes) {
        const double east =
            (note.longitude_deg - at_longitude) * std::cos(at_latitude * std::numbers::pi / 180.0) * kMetresPerDegree;
        const double north = (note.latitude_deg - at_latitude) * kMetresPerDegree;
        if (std::hypot(east, north) <= 2'000.0) (note.silent ? silent : heard).insert(key.first);
      }
    }
    for (const VehicleId vehicle : silent) heard.erase(vehicle);
    EXPECT_EQ(Around(at_latitude, at_longitude, 20'001, 20'003, 7),
              (PlaceLog::Counts{.silent = static_cast<std::uint32_t>(silent.size()),
                                .heard = static_cast<std::uint32_t>(heard.size())}))
        << round;
  }
}

}  // namespace
}  // namespace telltale
