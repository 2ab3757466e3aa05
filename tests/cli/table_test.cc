#include "cli/table.h"

#include <gtest/gtest.h>

namespace telltale::cli {
namespace {

TEST(Table, AlignsColumnsAndPutsUnitsInTheHeading) {
  Table table({{"signal"}, {"value", "", Align::kRight}, {"measured", "UTC"}});
  table.AddRow({"engine_speed", "900.1", "12:30:00"});
  table.AddRow({"oil", "4", "12:30"});
  EXPECT_EQ(table.Render(false),
            "signal        value  measured\n"
            "                     UTC\n"
            "────────────  ─────  ────────\n"
            "engine_speed  900.1  12:30:00\n"
            "oil               4  12:30\n");
}

TEST(Table, HasNoUnitLineWithoutUnits) {
  Table table({{"a"}, {"b"}});
  table.AddRow({"1", "2"});
  EXPECT_EQ(table.Render(false), "a  b\n─  ─\n1  2\n");
}

TEST(Table, AlignsByWhatTheTerminalShows) {
  Table table({{"name"}, {"km", "", Align::kRight}});
  table.AddRow({"货车", "1"});     // 4 columns, 6 bytes
  table.AddRow({"Müller", "22"});  // 6 columns, 7 bytes
  EXPECT_EQ(table.Render(false),
            "name    km\n"
            "──────  ──\n"
            "货车     1\n"
            "Müller  22\n");
}

TEST(Table, ContinuesLongTextBelow) {
  Table table({{"SPN"}, {"what"}, {"FMI"}});
  table.LimitWidth("what", 14);
  table.AddRow({"110", "Engine Coolant Temperature", "0"});
  EXPECT_EQ(table.Render(false),
            "SPN  what            FMI\n"
            "───  ──────────────  ───\n"
            "110  Engine Coolant  0\n"
            "     Temperature\n");
}

TEST(Table, ColoursOnlyWhenAsked) {
  Table table({{"lamp"}});
  table.AddRow({{"STOP", Style::kRed}});
  EXPECT_EQ(table.Render(false), "lamp\n────\nSTOP\n");
  EXPECT_EQ(table.Render(true), "\x1b[1mlamp\x1b[0m\n────\n\x1b[31mSTOP\x1b[0m\n");
}

TEST(Table, TakesControlCharactersOutOfCells) {
  Table table({{"name"}});
  table.AddRow({"\x1b[2Jgone"});
  EXPECT_EQ(table.Render(false), "name\n────────\n?[2Jgone\n");
}

TEST(RenderPairs, AlignsTheValues) {
  EXPECT_EQ(RenderPairs({{"VIN", "X"}, {"newest frame", "none"}}), "VIN           X\nnewest frame  none\n");
}

}  // namespace
}  // namespace telltale::cli
