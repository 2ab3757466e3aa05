#include "cli/json.h"

#include <gtest/gtest.h>

#include "telltale/v1/common.pb.h"

#include "canned_server.h"

namespace telltale::cli {
namespace {

TEST(JsonOf, KeepsTheContractsNamesAndPrintsZeros) {
  v1::Value value;
  value.set_signal_id(190);
  value.set_state(v1::VALUE_STATE_NOT_AVAILABLE);
  *value.mutable_measure_time() = TimeAt("2026-03-01T12:00:00.250Z");
  EXPECT_EQ(JsonText(JsonOf(value)), R"({"signal_id":190,"state":"VALUE_STATE_NOT_AVAILABLE","physical":0,"raw":0,)"
                                     R"("measure_time":"2026-03-01T12:00:00.250Z"})"
                                     "\n");
}

TEST(JsonText, PutsEachElementOnItsOwnLine) {
  v1::Position north;
  north.set_latitude_deg(0.5);
  v1::Position east;
  east.set_longitude_deg(0.25);
  EXPECT_EQ(JsonText(JsonArrayOf(std::vector<v1::Position>{north, east})),
            "[\n"
            "{\"latitude_deg\":0.5,\"longitude_deg\":0},\n"
            "{\"latitude_deg\":0,\"longitude_deg\":0.25}\n"
            "]\n");
  EXPECT_EQ(JsonText(JsonArrayOf(std::vector<v1::Position>{})), "[]\n");
}

}  // namespace
}  // namespace telltale::cli
