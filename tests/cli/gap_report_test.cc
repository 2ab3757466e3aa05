// A page to print of a vehicle's silences.

#include "cli/commands/gap_report.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

namespace telltale::cli {
namespace {

using google::protobuf::util::TimeUtil;
using testing::HasSubstr;
using testing::Not;

v1::Gap GapOf(std::int64_t start_ms, std::int64_t end_ms, v1::GapCause cause, double confidence,
              const std::string& evidence) {
  v1::Gap gap;
  *gap.mutable_start_time() = TimeUtil::MillisecondsToTimestamp(start_ms);
  *gap.mutable_end_time() = TimeUtil::MillisecondsToTimestamp(end_ms);
  gap.set_cause(cause);
  gap.set_confidence(confidence);
  gap.add_evidence(evidence);
  return gap;
}

TEST(GapReport, SaysEachSilenceWithItsEvidenceAndSumsThemUp) {
  v1::Gap tunnel = GapOf(1'772'323'200'000, 1'772'323'800'000, v1::GAP_CAUSE_NO_COVERAGE, 0.9,
                         "within 2 km 4 other vehicles fell silent while moving, 0 were heard");
  tunnel.mutable_start_position()->set_latitude_deg(31.2);
  tunnel.mutable_start_position()->set_longitude_deg(121.5);
  const std::string page = GapReport(
      "WDB9630031L000001", "2026-03-01 to 2026-03-02", "2026-03-03 12:00:00",
      {tunnel, GapOf(1'772'330'000'000, 1'772'331'000'000, v1::GAP_CAUSE_NO_COVERAGE, 0.5, "silent for 1000 s"),
       GapOf(1'772'340'000'000, 1'772'341'000'000, v1::GAP_CAUSE_UNSPECIFIED, 0, "the odometer is not known")});
  EXPECT_THAT(page, HasSubstr("WDB9630031L000001"));
  EXPECT_THAT(page, HasSubstr("2026-03-01 to 2026-03-02"));
  EXPECT_THAT(page, HasSubstr("<td>no coverage</td><td>2</td>"));
  EXPECT_THAT(page, HasSubstr("<dd>90 %</dd>"));
  EXPECT_THAT(page, HasSubstr("<dd>31.200000, 121.500000</dd>"));
  EXPECT_THAT(page, HasSubstr("<li>within 2 km 4 other vehicles fell silent while moving, 0 were heard</li>"));
  EXPECT_THAT(page, HasSubstr("not known"));
  EXPECT_THAT(page, testing::EndsWith("</body></html>\n"));
}

TEST(GapReport, WhatComesFromElsewhereIsText) {
  const std::string page = GapReport("V", "a <b> & \"c\"", "now",
                                     {GapOf(0, 1, v1::GAP_CAUSE_ENGINE_OFF, 1, "<script>alert(1)</script>\x1b[31m")});
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;"));
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
}

TEST(GapReport, AnEmptyPeriodIsSaidToBeOne) {
  EXPECT_THAT(GapReport("V", "p", "now", {}), HasSubstr("There was no silence in this period."));
}

}  // namespace
}  // namespace telltale::cli
