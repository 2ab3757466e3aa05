#include "catalog/catalog.h"

#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kHeader =
    "id,name,description,unit,scale,offset,min,max,kind,group,spn,pgn,start_bit,bit_length,bus_offset,terminal_key\n";

const Catalog& BuiltIn() {
  static const auto* catalog = new Catalog(*Catalog::Load());
  return *catalog;
}

TEST(BuiltInSignals, AreAtLeast420) { EXPECT_GE(BuiltIn().signals().size(), 420U); }

TEST(BuiltInSignals, EachRowIsSound) {
  std::set<std::string> names;
  SignalId last_id = 0;
  for (const Signal& signal : BuiltIn().signals()) {
    SCOPED_TRACE(signal.name);
    EXPECT_GT(signal.id, last_id);
    EXPECT_LT(signal.id, 50'000) << "operators take ids from 50,000";
    last_id = signal.id;
    EXPECT_TRUE(names.insert(signal.name).second);
    EXPECT_FALSE(signal.description.empty());
    EXPECT_LT(signal.raw_min, signal.raw_max);
    EXPECT_TRUE(IsValue(signal.raw_min));
    EXPECT_TRUE(signal.j1939.has_value() || !signal.terminal_key.empty()) << "a source is given";
    EXPECT_TRUE(signal.kind != SignalKind::kState || signal.unit.empty());
    // The limits are on the grid: going there and back loses nothing that matters.
    EXPECT_NEAR(signal.ToPhysical(signal.raw_max), signal.max, signal.scale / 2 + 1e-9 * std::abs(signal.max));
    EXPECT_NEAR(signal.ToPhysical(signal.raw_min), signal.min, signal.scale / 2 + 1e-9 * std::abs(signal.min));
    if (signal.j1939) {
      EXPECT_GE(signal.j1939->bit_length, 1U);
      EXPECT_LE(signal.j1939->bit_length, 32U);
    }
  }
}

TEST(BuiltInSignals, KeepTheirIdsForever) {
  std::ifstream in(std::string(TELLTALE_SOURCE_DIR) + "/tests/catalog/signal_ids.golden");
  std::size_t listed = 0;
  unsigned id = 0;
  for (std::string name; in >> id >> name; ++listed) {
    const Signal* signal = BuiltIn().Find(static_cast<SignalId>(id));
    ASSERT_NE(signal, nullptr) << "signal " << id << " " << name << " is gone";
    EXPECT_EQ(signal->name, name) << "id " << id << " has changed its meaning";
  }
  EXPECT_EQ(listed, BuiltIn().signals().size()) << "add new signals to signal_ids.golden";
}

TEST(BuiltInSignals, ThoseThatCodeReliesOnHaveTheirSpn) {
  const std::vector<std::pair<std::string, std::uint32_t>> expected = {{"wheel_based_vehicle_speed", 84},
                                                                       {"engine_speed", 190},
                                                                       {"engine_fuel_rate", 183},
                                                                       {"engine_total_fuel_used", 250},
                                                                       {"total_vehicle_distance", 245},
                                                                       {"accelerator_pedal_position_1", 91},
                                                                       {"engine_coolant_temperature", 110},
                                                                       {"latitude", 584},
                                                                       {"longitude", 585},
                                                                       {"engine_total_fuel_used_high_resolution", 5054},
                                                                       {"total_vehicle_distance_high_resolution", 917}};
  for (const auto& [name, spn] : expected) {
    ASSERT_TRUE(BuiltIn().Get(name).j1939.has_value()) << name;
    EXPECT_EQ(BuiltIn().Get(name).j1939->spn, spn) << name;
    EXPECT_EQ(BuiltIn().FindBySpn(spn)->name, name);
  }
}

TEST(BuiltInSignals, EngineSpeedIsOneEighthRpmPerBit) {
  const Signal& speed = BuiltIn().Get("engine_speed");
  EXPECT_EQ(speed.j1939->pgn, 61444U);
  EXPECT_EQ(speed.j1939->start_bit, 24U);             // byte 4
  EXPECT_DOUBLE_EQ(speed.ToPhysical(0x1C20), 900.0);  // 7200 / 8
  EXPECT_EQ(*ToRaw(speed, 900.0), 0x1C20);
  EXPECT_EQ(speed.raw_max, 0xFAFF);
}

TEST(BuiltInSignals, LatitudeIsShiftedSoThatItFits32SignedBits) {
  const Signal& latitude = BuiltIn().Get("latitude");
  // The bus carries (latitude + 210) / 1e-7: 0 there is -210 degrees, -2100000000 on our grid.
  EXPECT_EQ(latitude.j1939->raw_shift, -2'100'000'000);
  EXPECT_EQ(*ToRaw(latitude, 31.2), 312'000'000);
  EXPECT_EQ(BuiltIn().Get("engine_speed").j1939->raw_shift, 0);
}

TEST(Catalog, FindsSignalsOfAPgnInTheOrderOfTheirBits) {
  const auto signals = BuiltIn().FindByPgn(61444);
  ASSERT_GE(signals.size(), 4U);
  for (std::size_t i = 1; i < signals.size(); ++i) {
    EXPECT_LE(signals[i - 1]->j1939->start_bit, signals[i]->j1939->start_bit);
  }
  EXPECT_TRUE(BuiltIn().FindByPgn(0x3FFFF).empty());
  EXPECT_EQ(BuiltIn().Find(0), nullptr);
  EXPECT_EQ(BuiltIn().Find(65'535), nullptr);
  EXPECT_EQ(BuiltIn().FindByName("no_such_signal"), nullptr);
}

TEST(Catalog, KeepsItsPointersWhenItMoves) {
  Catalog catalog = *Catalog::Load();
  const Signal* before = catalog.FindByPgn(61444)[0];
  const Catalog moved = std::move(catalog);
  EXPECT_EQ(moved.FindByPgn(61444)[0], before);
  EXPECT_EQ(moved.FindBySpn(190)->name, "engine_speed");
}

TEST(ToRaw, TakesTheLimitsAndNothingBeyond) {
  const Signal& coolant = BuiltIn().Get("engine_coolant_temperature");  // 1 degC a bit, from -40 to 210
  EXPECT_EQ(*ToRaw(coolant, -40.0), 0);
  EXPECT_EQ(*ToRaw(coolant, 210.0), 250);
  EXPECT_EQ(*ToRaw(coolant, 20.4), 60);
  EXPECT_TRUE(absl::IsOutOfRange(ToRaw(coolant, 210.6).status()));
  EXPECT_TRUE(absl::IsOutOfRange(ToRaw(coolant, -41.0).status()));
  EXPECT_TRUE(absl::IsOutOfRange(ToRaw(coolant, 1e300).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ToRaw(coolant, std::numeric_limits<double>::quiet_NaN()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ToRaw(coolant, std::numeric_limits<double>::infinity()).status()));
  EXPECT_THAT(ToRaw(coolant, 300).status().ToString(), HasSubstr("-40..210"));
}

TEST(Catalog, SaysWhatIsWrongWithARow) {
  const auto error = [](const std::string& rows) {
    const auto catalog = Catalog::FromCsv(std::string(kHeader) + rows, "extra.csv");
    EXPECT_TRUE(absl::IsInvalidArgument(catalog.status())) << rows;
    return catalog.status().ToString();
  };
  const std::string good = "1,a,A,V,1,0,0,10,continuous,electric,,,,,,telltale:a\n";
  EXPECT_TRUE(Catalog::FromCsv(std::string(kHeader) + good, "x").ok());
  EXPECT_THAT(error("0,a,A,V,1,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("extra.csv, row 2: column id"));
  EXPECT_THAT(error("1,Bad Name,A,V,1,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("column name"));
  EXPECT_THAT(error("1,a,,V,1,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("column description"));
  EXPECT_THAT(error("1,a,A,V,0,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("column scale"));
  EXPECT_THAT(error("1,a,A,V,nan,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("column scale"));
  EXPECT_THAT(error("1,a,A,V,1,0,10,10,continuous,electric,,,,,,k\n"), HasSubstr("column max"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,3e9,continuous,electric,,,,,,k\n"), HasSubstr("32 signed bits"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,10,sometimes,electric,,,,,,k\n"), HasSubstr("column kind"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,10,continuous,engines,,,,,,k\n"), HasSubstr("column group"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,10,continuous,electric,600000,1,0,8,,k\n"), HasSubstr("column spn"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,10,continuous,electric,1,1,0,33,,k\n"), HasSubstr("column bit_length"));
  EXPECT_THAT(error("1,a,A,V,1,0,0,10,continuous,electric,,1,0,8,,k\n"), HasSubstr("column spn"));
  EXPECT_THAT(error("1,a,A\n"), HasSubstr("3 fields instead of 16"));
  EXPECT_THAT(error(good + "1,b,B,V,1,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("row 3: id 1 is taken by a"));
  EXPECT_THAT(error(good + "2,a,B,V,1,0,0,10,continuous,electric,,,,,,k\n"), HasSubstr("row 3: name a is taken"));
  EXPECT_THAT(Catalog::FromCsv("id,name\n", "x.csv").status().ToString(), HasSubstr("the columns must be"));
}

TEST(Catalog, TakesAnOperatorsFileBesideTheBuiltInSignals) {
  const std::string path = ::testing::TempDir() + "/operator_signals.csv";
  std::ofstream(path)
      << kHeader << "50000,crane_boom_angle,Angle of the boom,deg,0.1,0,0,90,continuous,operator,,,,,,telltale:boom\n";
  const auto catalog = Catalog::Load({path});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->signals().size(), BuiltIn().signals().size() + 1);
  EXPECT_EQ(*ToRaw(*catalog->Find(50'000), 45.0), 450);
  EXPECT_TRUE(absl::IsNotFound(Catalog::Load({"/nonexistent/signals.csv"}).status()));
}

}  // namespace
}  // namespace telltale
