#include <memory>

#include <fmt/format.h>

#include "telltale/v1/driver.grpc.pb.h"
#include "telltale/v1/fuel.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/commands/totals.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct AdviceArguments {
  std::string vin;
  RangeArguments range;
};

// The bounds that dealers' score cards use: from 80 nothing is to do, below 50 somebody should talk to the driver.
Style ScoreStyle(double score) {
  if (score >= 80) return Style::kGreen;
  return score >= 50 ? Style::kYellow : Style::kRed;
}

// Figures of very different size stand in one column: "0.35", "12.4", "1250".
std::string MeasuredText(double measured) {
  if (measured == 0) return "0";
  const double size = measured < 0 ? -measured : measured;
  return FormatNumber(measured, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

Table DimensionTable(const v1::DriverScore& score) {
  Table table({{"part of the score"},
               {"score"},
               {"weight", "", Align::kRight},
               {"measured", "", Align::kRight},
               {"unit"},
               {"100 at", "", Align::kRight},
               {"0 at", "", Align::kRight}});
  for (const v1::ScoreDimension& dimension : score.dimensions()) {
    const std::string name = WordsOf(dimension.name(), "");
    if (!dimension.enough_data()) {
      table.AddRow({name, {"no data", Style::kFaint}});
      continue;
    }
    table.AddRow({name,
                  {FormatScore(dimension.score()), ScoreStyle(dimension.score())},
                  MeasuredText(dimension.weight()),
                  MeasuredText(dimension.measured()),
                  dimension.unit(),
                  MeasuredText(dimension.good()),
                  MeasuredText(dimension.bad())});
  }
  return table;
}

// "saves about 12.3 l (1.4 l/100 km), +5 points": what the advice would bring; empty if that is not known.
std::string EffectText(const v1::Advice& advice) {
  std::string text;
  if (advice.saving_l() > 0) text += fmt::format("saves about {:.1f} l", advice.saving_l());
  if (advice.saving_l_per_100km() > 0) {
    const std::string rate = fmt::format("{:.1f} l/100 km", advice.saving_l_per_100km());
    text += text.empty() ? "saves about " + rate : " (" + rate + ")";
  }
  if (advice.risk_points() > 0) text += fmt::format("{}+{:.0f} points", text.empty() ? "" : ", ", advice.risk_points());
  return text;
}

void PrintAdvice(const google::protobuf::RepeatedPtrField<v1::Advice>& all, Session& session) {
  constexpr std::size_t kTextWidth = 100;
  session.PrintLine("");
  if (all.empty()) {
    session.PrintLine("No advice: nothing in these trips calls for a change.");
    return;
  }
  session.PrintHeading("What to do, the greatest effect first");
  int number = 0;
  for (const v1::Advice& advice : all) {
    const std::string effect = EffectText(advice);
    session.PrintLine(fmt::format("{:>2}. {}{}", ++number,
                                  Styled(Printable(advice.title()), Style::kBold, session.colour()),
                                  effect.empty() ? "" : "  – " + effect));
    if (advice.evidence().empty()) continue;
    for (const std::string& line : WrapText(Printable(advice.evidence()), kTextWidth)) session.PrintLine("    " + line);
  }
}

ExitCode ShowDriverAdvice(const AdviceArguments& arguments, Session& session) {
  v1::GetDriverAdviceRequest request;
  request.set_vin(arguments.vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  v1::GetDriverAdviceResponse response;
  if (const auto status = session.client().Call(&v1::DriverService::Stub::GetDriverAdvice, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  const v1::DriverScore& score = response.score();
  const v1::Totals& totals = response.totals();
  session.PrintLine(
      fmt::format("{} {}, {} km, {} of driving", response.trip_count(), response.trip_count() == 1 ? "trip" : "trips",
                  AmountText(totals.distance_km(), totals.distance_source()), DurationText(totals.driving_duration())));
  if (score.enough_data()) {
    session.PrintLine("Driver score  " +
                      Styled(FormatScore(score.score()), ScoreStyle(score.score()), session.colour()) + " of 100");
  } else {
    session.PrintLine("No driver score: " + Printable(score.missing()));
  }
  if (!score.dimensions().empty()) {
    session.PrintLine("");
    session.PrintTable(DimensionTable(score), "");
  }
  PrintAdvice(response.advice(), session);
  return ExitCode::kOk;
}

void PrintFuelSummary(const v1::FuelSummary& summary, Session& session) {
  if (!summary.enough_data()) {
    session.PrintLine("No fuel figures: " + Printable(summary.missing()));
    return;
  }
  const std::string mark = summary.fuel_source() == v1::SOURCE_ESTIMATED ? "~" : "";
  const std::string source = summary.fuel_source() == v1::SOURCE_COUNTER      ? "by the vehicle's own counter"
                             : summary.fuel_source() == v1::SOURCE_INTEGRATED ? "fuel rate, added up over time"
                             : summary.fuel_source() == v1::SOURCE_ESTIMATED  ? "estimated from other signals"
                                                                              : kUnknown;
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"fuel used", fmt::format("{}{:.1f} l ({})", mark, summary.fuel_used_l(), source)},
      {"distance", fmt::format("{:.1f} km", summary.distance_km())},
      {"consumption",
       summary.fuel_l_per_100km() > 0 ? fmt::format("{}{:.1f} l/100 km", mark, summary.fuel_l_per_100km()) : kUnknown},
      {"idling", DurationText(summary.idle_duration())}};
  if (summary.idle_fuel_rate_lph() > 0) {
    pairs.back().second +=
        fmt::format(", {}{:.1f} l ({:.1f} l/h)", mark, summary.idle_fuel_l(), summary.idle_fuel_rate_lph());
  }
  if (summary.co2_kg() > 0)
    pairs.emplace_back("CO2", fmt::format("{}{:.1f} kg, tank to wheel", mark, summary.co2_kg()));
  session.terminal().out << RenderPairs(pairs);
}

ExitCode ShowFuelAdvice(const AdviceArguments& arguments, Session& session) {
  v1::GetFuelAdviceRequest request;
  request.set_vin(arguments.vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  v1::GetFuelAdviceResponse response;
  if (const auto status = session.client().Call(&v1::FuelService::Stub::GetFuelAdvice, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  PrintFuelSummary(response.summary(), session);
  PrintAdvice(response.advice(), session);
  return ExitCode::kOk;
}

}  // namespace

void AddAdviceCommands(CLI::App& program, Command& chosen) {
  CLI::App* advice = program.add_subcommand("advice", "What would make a vehicle's driving safer and cheaper");
  advice->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, ExitCode (*show)(const AdviceArguments&, Session&)) {
    CLI::App* command = advice->add_subcommand(name, description);
    auto arguments = std::make_shared<AdviceArguments>();
    AddVin(*command, arguments->vin);
    AddRange(*command, arguments->range);
    command->callback([&chosen, arguments, show] {
      chosen = [arguments, show](Session& session) { return show(*arguments, session); };
    });
  };
  add("driver", "The driver score, what it is made of, and what would raise it", ShowDriverAdvice);
  add("fuel", "The fuel used, and what would save some", ShowFuelAdvice);
}

}  // namespace telltale::cli
