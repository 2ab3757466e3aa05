#include "ingest/files/csv_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/built_in_catalog.h"
#include "tests/ingest/test_files.h"

namespace telltale {
namespace {

using testing::HasSubstr;

// What a cell becomes, in the signal's unit.
double Convert(std::string_view header, double cell) {
  const auto column = FindCsvColumn(BuiltInCatalog(), header);
  EXPECT_TRUE(column.ok()) << column.status();
  return column.ok() ? cell * column->factor + column->offset : 0.0;
}

std::string SignalOf(std::string_view header) {
  const auto column = FindCsvColumn(BuiltInCatalog(), header);
  return column.ok() ? column->signal->name : column.status().ToString();
}

TEST(CsvColumns, KnownNamesCarryTheirUnits) {
  EXPECT_EQ(SignalOf("speed_mph"), "wheel_based_vehicle_speed");
  EXPECT_DOUBLE_EQ(Convert("speed_mph", 60.0), 96.56064);  // 60 x 1.609344
  EXPECT_DOUBLE_EQ(Convert("speed_mps", 10.0), 36.0);
  EXPECT_DOUBLE_EQ(Convert("speed_kmh", 80.0), 80.0);
  EXPECT_DOUBLE_EQ(Convert("grade", 0.01), 1.0);  // 1 %
  EXPECT_EQ(SignalOf("fuel_flow_ccps"), "fuel_flow");
  EXPECT_DOUBLE_EQ(Convert("fuel_flow_ccps", 1.158), 1.158);
}

TEST(CsvColumns, PedalsOfObdAreNotThePedalOfATrucksBus) {
  EXPECT_EQ(SignalOf("pedal_d_pct"), "accelerator_pedal_d");
  EXPECT_EQ(SignalOf("Accelerator Pedal Position E [%]"), "accelerator_pedal_e");
}

TEST(CsvColumns, TakesTheNamesOfTheCatalogueInAnyCase) {
  EXPECT_EQ(SignalOf("engine_speed"), "engine_speed");
  EXPECT_EQ(SignalOf(" Engine_Speed [1/min] "), "engine_speed");
}

TEST(CsvColumns, ConvertsTheUnitInBrackets) {
  EXPECT_DOUBLE_EQ(Convert("engine_coolant_temperature [F]", 212.0), 100.0);
  EXPECT_DOUBLE_EQ(Convert("engine_coolant_temperature [\u00B0C]", 21.0), 21.0);
  EXPECT_DOUBLE_EQ(Convert("engine_coolant_temperature [K]", 373.15), 100.0);
  EXPECT_DOUBLE_EQ(Convert("wheel_based_vehicle_speed [mph]", 10.0), 16.09344);
  EXPECT_DOUBLE_EQ(Convert("barometric_pressure [mbar]", 1013.0), 101.3);
  EXPECT_NEAR(Convert("engine_fuel_rate [cm3/s]", 1.0), 3.6, 1e-12);
  EXPECT_NEAR(Convert("engine_fuel_rate [gal/h]", 1.0), 3.785411784, 1e-12);
  EXPECT_NEAR(Convert("mass_air_flow_rate [kg/h]", 36.0), 10.0, 1e-12);
}

TEST(CsvColumns, SaysWhyAColumnHasNoSignal) {
  EXPECT_THAT(SignalOf("driver_mood"), HasSubstr("NOT_FOUND"));
  EXPECT_THAT(SignalOf("engine_speed [furlong]"), HasSubstr("INVALID_ARGUMENT"));
  EXPECT_THAT(SignalOf("engine_speed [kPa]"),
              HasSubstr("'kPa' cannot be converted into the unit of engine_speed, 'rpm'"));
  EXPECT_THAT(SignalOf(""), HasSubstr("NOT_FOUND"));
  EXPECT_THAT(SignalOf("[km/h]"), HasSubstr("NOT_FOUND"));
}

TEST(CsvColumns, ConvertsEachUnitIntoItselfAndBack) {
  for (const auto& [from, to] : {std::pair("km/h", "mph"), std::pair("degC", "degF"), std::pair("kPa", "psi"),
                                 std::pair("l/h", "gal/h"), std::pair("km", "mi"), std::pair("h", "s")}) {
    const auto there = ConvertUnit(from, to);
    const auto back = ConvertUnit(to, from);
    ASSERT_TRUE(there && back);
    EXPECT_NEAR((123.0 * there->factor + there->offset) * back->factor + back->offset, 123.0, 1e-9) << from;
  }
  EXPECT_FALSE(ConvertUnit("km/h", "l/h"));
}

TEST(CsvColumns, AreAllInTheDocument) {
  const std::string document = ReadTestFile("../../docs/importing.md");
  std::size_t at = 0;
  const std::string names = KnownCsvColumns();
  while (at < names.size()) {
    const std::size_t end = std::min(names.find(", ", at), names.size());
    const std::string name = names.substr(at, end - at);
    EXPECT_THAT(document, HasSubstr("`" + name + "`"));
    EXPECT_THAT(document, HasSubstr("`" + SignalOf(name) + "`"));  // each is in the built-in catalogue
    at = end + 2;
  }
}

TEST(CsvColumns, KnowsTheTimes) {
  EXPECT_EQ(FindCsvTimeColumn("t_s"), CsvTimeColumn::kSecondsFromStart);
  EXPECT_EQ(FindCsvTimeColumn("Time"), CsvTimeColumn::kTime);
  EXPECT_EQ(FindCsvTimeColumn("timestamp"), CsvTimeColumn::kTime);
  EXPECT_EQ(FindCsvTimeColumn("tod"), std::nullopt);
}

}  // namespace
}  // namespace telltale
