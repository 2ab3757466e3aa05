#include "cli/commands/gap_report.h"

#include <map>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/html_report.h"
#include "cli/session.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

std::string CauseText(v1::GapCause cause) {
  return cause == v1::GAP_CAUSE_UNSPECIFIED ? "not known" : WordsOf(v1::GapCause_Name(cause), "GAP_CAUSE_");
}

// What a cause means, for somebody who has not read docs/gaps.md.
std::string_view MeaningOf(v1::GapCause cause) {
  switch (cause) {
    case v1::GAP_CAUSE_ENGINE_OFF:
      return "The vehicle was parked, as it was before: terminals sleep then.";
    case v1::GAP_CAUSE_NO_COVERAGE:
      return "The vehicle drove on as usual, and nothing says that its terminal failed: the mobile network was not "
             "there.";
    case v1::GAP_CAUSE_TERMINAL_FAULT:
      return "The vehicle drove on as usual, and the terminal or its aerial was at fault.";
    case v1::GAP_CAUSE_POWER_CUT:
      return "The terminal lost its supply while the vehicle stood.";
    case v1::GAP_CAUSE_CLOCK_FAULT:
      return "Nothing happened in between: the terminal's clock jumped.";
    case v1::GAP_CAUSE_TAMPERING:
      return "The terminal lost its supply or its aerial while the vehicle drove, and it drove on. A worn connector "
             "does the same.";
    default:
      return "There is not enough evidence for any cause.";
  }
}

std::string PlaceText(const v1::Position& position, bool is_set) {
  return is_set ? fmt::format("{:.6f}, {:.6f}", position.latitude_deg(), position.longitude_deg()) : "not known";
}

std::int64_t LengthMs(const v1::Gap& gap) { return ToMs(gap.end_time()) - ToMs(gap.start_time()); }

}  // namespace

std::string GapReport(const std::string& vin, const std::string& period, const std::string& made_at,
                      const std::vector<v1::Gap>& gaps) {
  HtmlReport report("Silences of vehicle " + vin);
  report.AddFacts({{"Vehicle", vin}, {"Period", period}, {"Made at", made_at}, {"Times", "UTC"}, {"Places", "WGS-84"}});
  report.AddParagraph(
      "A silence is more than 200 seconds without any data of the vehicle. Its cause is judged from what the vehicle "
      "sent right before and right after, and from other vehicles at the place; how sure that is, is said with each. "
      "The rules are public (docs/gaps.md).");
  struct Sum {
    std::size_t count = 0;
    std::int64_t length_ms = 0;
  };
  std::map<v1::GapCause, Sum> sums;
  for (const v1::Gap& gap : gaps) {
    Sum& sum = sums[gap.cause()];
    ++sum.count;
    sum.length_ms += LengthMs(gap);
  }
  report.AddHeading("Summary");
  std::vector<std::vector<std::string>> rows;
  for (const auto& [cause, sum] : sums) {
    rows.push_back({CauseText(cause), std::to_string(sum.count),
                    FormatDuration(std::chrono::milliseconds(sum.length_ms)), std::string(MeaningOf(cause))});
  }
  if (rows.empty()) report.AddParagraph("There was no silence in this period.");
  if (!rows.empty()) report.AddTable({"cause", "silences", "together", "what it means"}, rows);
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const v1::Gap& gap = gaps[i];
    report.AddHeading(fmt::format("{}. {} to {}", i + 1, TimeText(gap.start_time()), TimeText(gap.end_time())));
    report.AddFacts({{"Silent for", FormatDuration(std::chrono::milliseconds(LengthMs(gap)))},
                     {"Cause", CauseText(gap.cause())},
                     {"Sure", fmt::format("{:.0f} %", gap.confidence() * 100)},
                     {"Last heard at", PlaceText(gap.start_position(), gap.has_start_position())},
                     {"Heard again at", PlaceText(gap.end_position(), gap.has_end_position())}});
    report.AddList({gap.evidence().begin(), gap.evidence().end()});
  }
  return report.Take();
}

}  // namespace telltale::cli
