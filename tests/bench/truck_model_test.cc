#include "bench/load/truck_model.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/vin.h"
#include "bench/model_signals.h"
#include "catalog/catalog.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kSignalCount = 420;

// A catalogue as large as ours, with every kind of range: 140 states, 150 bytes, 160 words, 40 counters, a place, and
// the well-known signals among them.
std::vector<ModelSignal> MakeCatalogue() {
  std::vector<ModelSignal> signals;
  const auto add = [&signals](SignalKind kind, RawValue raw_min, RawValue raw_max, std::uint32_t spn = 0,
                              double scale = 1.0, double offset = 0.0) {
    signals.push_back({.id = static_cast<SignalId>(signals.size() + 1),
                       .spn = spn,
                       .kind = kind,
                       .scale = scale,
                       .offset = offset,
                       .raw_min = raw_min,
                       .raw_max = raw_max});
  };
  for (int i = 0; i < 140; ++i) add(SignalKind::kState, 0, 1 + i % 3);
  for (int i = 0; i < 150; ++i) add(SignalKind::kContinuous, -10 * (i % 2), i == 0 ? 1 : 240);
  for (int i = 0; i < 160; ++i) add(SignalKind::kContinuous, -32'000, i == 0 ? 2'000'000'000 : 32'255);
  for (int i = 0; i < 38; ++i) add(SignalKind::kCounter, 0, i == 0 ? 250 : 2'105'540'607);
  add(SignalKind::kContinuous, 0, 64'255, 84, 1.0 / 256.0);  // speed
  add(SignalKind::kContinuous, 0, 64'255, 190, 0.125);       // engine speed
  add(SignalKind::kContinuous, 0, 250, 96, 0.4);             // fuel level
  add(SignalKind::kContinuous, 0, 250, 110, 1.0, -40.0);     // coolant
  add(SignalKind::kCounter, 0, 2'105'540'607, 245, 0.125);   // distance
  add(SignalKind::kCounter, 0, 2'105'540'607, 250, 0.5);     // fuel
  add(SignalKind::kPosition, -900'000'000, 900'000'000, 584, 1e-7);
  add(SignalKind::kPosition, -1'800'000'000, 1'800'000'000, 585, 1e-7);
  add(SignalKind::kPosition, -20'000, 40'000, 580, 0.125, -2500.0);
  return signals;
}

class TruckModelTest : public ::testing::Test {
 protected:
  static TruckModel Make(double parked_share = 0.0, std::uint64_t seed = 1, std::int64_t cadence_ms = 10'000) {
    auto model = TruckModel::Create(
        MakeCatalogue(),
        {.signal_count = kSignalCount, .seed = seed, .parked_share = parked_share, .cadence_ms = cadence_ms});
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }

  static TruckModel MakeInShifts() {
    auto model = TruckModel::Create(MakeCatalogue(), {.signal_count = kSignalCount, .shifts = true});
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }

  static std::vector<RawValue> Row(const TruckModel& model, std::uint32_t vehicle, std::uint64_t step) {
    std::vector<RawValue> row(model.layout().size());
    model.Fill(vehicle, step, row);
    return row;
  }

  // How many values change from step to step, on average of some vehicles.
  static double ChangesPerFrame(const TruckModel& model) {
    std::size_t changes = 0;
    for (std::uint32_t vehicle = 0; vehicle < 20; ++vehicle) {
      auto last = Row(model, vehicle, 0);
      for (std::uint64_t step = 1; step <= 200; ++step) {
        auto row = Row(model, vehicle, step);
        for (std::size_t i = 0; i < row.size(); ++i) changes += row[i] != last[i] ? 1 : 0;
        last = std::move(row);
      }
    }
    return static_cast<double>(changes) / (20.0 * 200.0);
  }

  static std::size_t PositionOf(const TruckModel& model, std::uint32_t spn) {
    for (const ModelSignal& signal : MakeCatalogue()) {
      if (signal.spn != spn) continue;
      const auto found = std::find(model.layout().begin(), model.layout().end(), signal.id);
      EXPECT_NE(found, model.layout().end()) << "SPN " << spn;
      return static_cast<std::size_t>(found - model.layout().begin());
    }
    ADD_FAILURE() << "SPN " << spn;
    return 0;
  }
};

TEST_F(TruckModelTest, TheLayoutIsOrderedAndHasEachSignalOnce) {
  const TruckModel model = Make();
  ASSERT_EQ(model.layout().size(), kSignalCount);
  EXPECT_TRUE(std::is_sorted(model.layout().begin(), model.layout().end()));
  EXPECT_EQ(std::set(model.layout().begin(), model.layout().end()).size(), kSignalCount);
}

TEST_F(TruckModelTest, HasTheRolesOfATruck) {
  // Of 400: 120, 80, 30, 60, 40, 30, 2; of 420 a twentieth more, rounded up; a place has two signals, so a word
  // stands in for the third.
  EXPECT_EQ(DescribeRoles(Make().roles()),
            "126 states, 84 slow bytes, 32 busy bytes, 64 slow words, 42 busy words, 32 counters, 2 positions, "
            "38 not available");
}

TEST_F(TruckModelTest, TheSameSeedGivesTheSameValues) {
  const TruckModel a = Make(0.3);
  const TruckModel b = Make(0.3);
  for (std::uint32_t vehicle = 0; vehicle < 50; ++vehicle) {
    EXPECT_EQ(Row(a, vehicle, 1'000'000 + vehicle), Row(b, vehicle, 1'000'000 + vehicle));
    EXPECT_EQ(a.TimeOffsetMs(vehicle), b.TimeOffsetMs(vehicle));
  }
}

TEST_F(TruckModelTest, AnotherSeedOrVehicleGivesOthers) {
  EXPECT_NE(Row(Make(0.0, 1), 1, 1), Row(Make(0.0, 2), 1, 1));
  EXPECT_NE(Row(Make(), 1, 1), Row(Make(), 2, 1));
}

TEST_F(TruckModelTest, EveryValueIsInsideItsRange) {
  std::map<SignalId, ModelSignal> catalogue;
  for (const ModelSignal& signal : MakeCatalogue()) catalogue[signal.id] = signal;
  const TruckModel model = Make(0.3);
  for (std::uint32_t vehicle = 0; vehicle < 300; ++vehicle) {
    // Around the tape's ends, and after years.
    for (const std::uint64_t step : {0ULL, 1ULL, 2047ULL, 2048ULL, 5000ULL + vehicle * 7, 20'000'000ULL}) {
      const auto row = Row(model, vehicle, step);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const ModelSignal& signal = catalogue.at(model.layout()[i]);
        if (model.roles()[i] == SignalRole::kNotAvailable) {
          ASSERT_EQ(row[i], kNotAvailable);
        } else {
          ASSERT_GE(row[i], signal.raw_min) << "signal " << signal.id;
          ASSERT_LE(row[i], signal.raw_max) << "signal " << signal.id;
        }
      }
    }
  }
}

TEST_F(TruckModelTest, DrivingChangesSome120Of400SignalsAFrame) {
  EXPECT_NEAR(ChangesPerFrame(Make()), 126.0, 20.0);  // 120 x 420 / 400
}

TEST_F(TruckModelTest, ParkedChangesAlmostNone) { EXPECT_LT(ChangesPerFrame(Make(1.0)), 2.0); }

TEST_F(TruckModelTest, TheParkedShareIsKept) {
  const TruckModel model = Make(0.25);
  int parked = 0;
  for (std::uint32_t vehicle = 0; vehicle < 10'000; ++vehicle) parked += model.IsParked(vehicle) ? 1 : 0;
  EXPECT_NEAR(parked, 2500, 200);
}

TEST_F(TruckModelTest, InShiftsDutiesHaveTheirSharesAndHours) {
  const TruckModel model = MakeInShifts();
  constexpr std::uint64_t kStepsPerHour = 360;
  std::array<int, kDutyCount> vehicles{};
  std::array<int, kDutyCount> driven_hours{};
  for (std::uint32_t vehicle = 0; vehicle < 2'000; ++vehicle) {
    const auto duty = static_cast<std::size_t>(model.DutyOf(vehicle));
    ++vehicles[duty];
    for (std::uint64_t hour = 0; hour < 24; ++hour) {
      driven_hours[duty] += model.IsDriving(vehicle, (480 + hour) * kStepsPerHour) ? 1 : 0;
    }
  }
  EXPECT_NEAR(vehicles[0], 800, 60);
  EXPECT_NEAR(vehicles[1], 600, 60);
  EXPECT_NEAR(vehicles[2], 200, 40);
  EXPECT_NEAR(vehicles[3], 400, 60);
  EXPECT_EQ(driven_hours[0], 9 * vehicles[0]);
  EXPECT_EQ(driven_hours[1], 8 * vehicles[1]);
  EXPECT_EQ(driven_hours[2], 12 * vehicles[2]);
  EXPECT_EQ(driven_hours[3], 0);
}

TEST_F(TruckModelTest, InShiftsCountersOnlyGrowAndPlacesDoNotJump) {
  const TruckModel model = MakeInShifts();
  const std::size_t latitude = PositionOf(model, 584);
  for (std::uint32_t vehicle = 0; vehicle < 4; ++vehicle) {
    auto last = Row(model, vehicle, 100);
    for (std::uint64_t step = 101; step < 2 * 8'640; ++step) {
      auto row = Row(model, vehicle, step);
      for (const std::uint32_t spn : {245U, 250U}) {
        const std::size_t i = PositionOf(model, spn);
        ASSERT_GE(row[i], last[i]) << "vehicle " << vehicle << " step " << step;
      }
      // 84 km/h for 10 s are 0.0021 degrees; SPN 584 counts 1e-7 degrees.
      ASSERT_LT(std::abs(row[latitude] - last[latitude]), 40'000) << "vehicle " << vehicle << " step " << step;
      last = std::move(row);
    }
  }
}

TEST_F(TruckModelTest, CountersOnlyGrow) {
  const TruckModel model = Make();
  for (const std::uint32_t vehicle : {0U, 1U, 2U}) {
    auto last = Row(model, vehicle, 100);
    for (std::uint64_t step = 101; step < 5000; ++step) {  // over the tape's end, twice
      auto row = Row(model, vehicle, step);
      for (const std::uint32_t spn : {245U, 250U}) {
        const std::size_t i = PositionOf(model, spn);
        ASSERT_GE(row[i], last[i]) << "step " << step;
      }
      last = std::move(row);
    }
  }
}

TEST_F(TruckModelTest, TheOdometerAgreesWithTheSpeed) {
  const TruckModel model = Make();
  const std::size_t speed = PositionOf(model, 84);
  const std::size_t distance = PositionOf(model, 245);
  double driven_km = 0.0;
  for (std::uint64_t step = 1; step <= 4096; ++step) {
    driven_km += Row(model, 3, step)[speed] / 256.0 * 10.0 / 3600.0;  // km/h for 10 s
  }
  const double counted_km = (Row(model, 3, 4096)[distance] - Row(model, 3, 0)[distance]) * 0.125;
  EXPECT_GT(counted_km, 100.0);  // 11 hours and more
  EXPECT_NEAR(counted_km, driven_km, 1.0);
}

TEST_F(TruckModelTest, AParkedTruckStands) {
  const TruckModel model = Make(1.0);
  EXPECT_EQ(Row(model, 1, 5)[PositionOf(model, 84)], 0);
  EXPECT_EQ(Row(model, 1, 5)[PositionOf(model, 190)], 0);
  EXPECT_EQ(Row(model, 1, 5)[PositionOf(model, 245)], Row(model, 1, 5000)[PositionOf(model, 245)]);
}

TEST_F(TruckModelTest, MeasuresInsideTheStep) {
  const TruckModel model = Make(0.0, 1, 7);
  for (std::uint32_t vehicle = 0; vehicle < 100; ++vehicle) {
    EXPECT_GE(model.TimeOffsetMs(vehicle), 0);
    EXPECT_LT(model.TimeOffsetMs(vehicle), 7);
  }
}

TEST_F(TruckModelTest, MakesDoWithAPoorCatalogue) {
  const std::vector<ModelSignal> three = {{.id = 5, .kind = SignalKind::kState, .raw_max = 1},
                                          {.id = 9, .kind = SignalKind::kContinuous, .raw_max = 0},
                                          {.id = 7, .kind = SignalKind::kCounter, .raw_max = 3}};
  const auto model = TruckModel::Create(three, {.signal_count = 3});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->layout(), (std::vector<SignalId>{5, 7, 9}));
  std::vector<RawValue> row(3);
  for (std::uint64_t step = 0; step < 5000; ++step) {
    model->Fill(1, step, row);
    ASSERT_LE(row[1], 3);  // the counter begins again
    ASSERT_EQ(row[2], 0);
  }
}

TEST_F(TruckModelTest, TakesSlowWordsForWhatTheCatalogueLacks) {
  std::vector<ModelSignal> catalogue;
  for (SignalId id = 1; id <= 500; ++id) {
    const bool state = id > 400;
    catalogue.push_back(
        {.id = id, .kind = state ? SignalKind::kState : SignalKind::kContinuous, .raw_max = state ? 3 : 64'255});
  }
  const auto model = TruckModel::Create(catalogue, {.signal_count = 400});
  ASSERT_TRUE(model.ok()) << model.status();
  // 100 of 120 states; no bytes (110), counters (30) nor place (2): 60 + 20 + 110 + 32 = 222 slow words.
  EXPECT_EQ(DescribeRoles(model->roles()), "100 states, 222 slow words, 40 busy words, 38 not available");
}

TEST_F(TruckModelTest, TakesABreakWithTheEngineOff) {
  const TruckModel model = Make();
  const std::size_t engine_speed = PositionOf(model, 190);
  int off = 0;
  for (std::uint64_t step = 0; step < TruckModel::kDrivingTapeRows; ++step) {
    off += Row(model, 1, step)[engine_speed] == 0 ? 1 : 0;
  }
  EXPECT_NEAR(off, 205, 2);  // a tenth of the tape
}

TEST_F(TruckModelTest, TheBuiltInCatalogueMakesATruck) {
  const auto catalog = Catalog::Load();
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  const auto model = TruckModel::Create(ModelSignalsOf(*catalog), {.signal_count = kSignalCount});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_NEAR(ChangesPerFrame(*model), 126.0, 20.0);
  const auto& layout = model->layout();
  // What trips, fuel and driver scores are made from.
  for (const std::uint32_t spn : {84U, 91U, 92U, 96U, 183U, 190U, 245U, 247U, 250U, 584U, 585U}) {
    const Signal* signal = catalog->FindBySpn(spn);
    ASSERT_NE(signal, nullptr) << "SPN " << spn;
    const auto position = std::find(layout.begin(), layout.end(), signal->id);
    ASSERT_NE(position, layout.end()) << signal->name;
    const auto role = model->roles()[static_cast<std::size_t>(position - layout.begin())];
    EXPECT_NE(role, SignalRole::kNotAvailable) << signal->name;
  }
}

TEST_F(TruckModelTest, RefusesWrongOptions) {
  const auto catalogue = MakeCatalogue();
  const auto create = [&catalogue](const TruckModelOptions& options) {
    return TruckModel::Create(catalogue, options).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(create({.signal_count = 0})));
  EXPECT_THAT(create({.signal_count = 5000}).ToString(), HasSubstr("5000 signals are asked for, the catalogue has"));
  EXPECT_TRUE(absl::IsInvalidArgument(create({.parked_share = 1.1})));
  EXPECT_TRUE(absl::IsInvalidArgument(create({.cadence_ms = 0})));
}

TEST(SyntheticVin, IsAValidVinAndDiffersByVehicleAndSeed) {
  std::set<std::string> vins;
  for (const std::uint64_t seed : {0ULL, 1ULL, 32ULL, 33ULL, 1'000'000ULL}) {
    for (const std::uint32_t vehicle : {0U, 1U, 2'181'335U, 999'999'999U}) {
      const std::string vin = SyntheticVin(seed, vehicle);
      EXPECT_TRUE(Vin::Parse(vin).ok()) << vin;
      vins.insert(vin);
    }
  }
  EXPECT_EQ(vins.size(), 20U);
}

}  // namespace
}  // namespace telltale
