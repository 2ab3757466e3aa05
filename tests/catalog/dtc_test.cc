#include "catalog/dtc.h"

#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(FmiText, KnowsTheStandardsFailureModes) {
  EXPECT_EQ(FmiText(3), "voltage above normal, or shorted high");
  EXPECT_EQ(FmiText(31), "condition exists");
  EXPECT_EQ(FmiText(22), "");  // reserved
  EXPECT_EQ(FmiText(32), "");
}

TEST(SourceName, KnowsThePreferredAddressesOfATruck) {
  EXPECT_EQ(SourceName(0), "Engine #1");
  EXPECT_EQ(SourceName(3), "Transmission #1");
  EXPECT_EQ(SourceName(11), "Brakes, system controller");
  EXPECT_EQ(SourceName(250), "Service tool #2");
  EXPECT_EQ(SourceName(200), "");
  EXPECT_EQ(SourceName(255), "");
}

}  // namespace
}  // namespace telltale
