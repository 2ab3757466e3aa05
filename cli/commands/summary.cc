#include <algorithm>
#include <limits>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "base/time.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/signal_book.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct SummaryArguments {
  std::string vin;
  std::string signal;
  std::int64_t step_ms = 3'600'000;
  RangeArguments range;
  std::uint64_t limit = 1000;  // 0: none
};

Table SummaryTable(const v1::GetSummaryResponse& summary, const SignalBook& book) {
  const std::string unit = book.UnitOf(summary.signal_id());
  Table table({{"from", "UTC"},
               {"values", "", Align::kRight},
               {"least", unit, Align::kRight},
               {"mean", unit, Align::kRight},
               {"greatest", unit, Align::kRight},
               {"last", unit, Align::kRight}});
  const auto text = [&](double physical) {
    return book.ValueText(summary.signal_id(), v1::VALUE_STATE_VALID, physical);
  };
  for (const v1::SignalSummary& step : summary.steps()) {
    table.AddRow({TimeText(step.begin_time()), FormatCount(step.count()), text(step.min()), text(step.mean()),
                  text(step.max()), text(step.last())});
  }
  return table;
}

ExitCode ShowSummary(const SummaryArguments& arguments, Session& session) {
  constexpr std::uint64_t kPageSteps = 1000;
  const std::uint64_t limit = arguments.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : arguments.limit;
  v1::GetSummaryRequest request;
  request.set_vin(arguments.vin);
  if (IsSignalId(arguments.signal)) {
    request.set_signal_id(static_cast<std::uint32_t>(std::stoul(arguments.signal)));
  } else {
    request.set_signal_name(arguments.signal);
  }
  *request.mutable_range() = TimeRangeOf(arguments.range);
  *request.mutable_step() = google::protobuf::util::TimeUtil::MillisecondsToDuration(arguments.step_ms);
  request.set_page_size(static_cast<int>(std::min(limit, kPageSteps)));
  v1::GetSummaryResponse summary;
  const std::function<bool(v1::GetSummaryResponse&)> on_page = [&](v1::GetSummaryResponse& page) {
    summary.set_signal_id(page.signal_id());
    summary.set_next_page_token(page.next_page_token());
    for (v1::SignalSummary& step : *page.mutable_steps()) {
      if (static_cast<std::uint64_t>(summary.steps_size()) == limit) {
        summary.set_next_page_token("cut");
        return false;
      }
      summary.add_steps()->Swap(&step);
    }
    return static_cast<std::uint64_t>(summary.steps_size()) < limit;
  };
  if (const auto status = session.client().CallPages(&v1::TelemetryService::Stub::GetSummary, request, on_page);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  SignalBook book;
  if (const auto status = book.Load(session.client()); !status.ok()) return session.Fail(status);
  const bool cut = !summary.next_page_token().empty();
  if (session.json()) {
    Json json = JsonOf(summary);
    json["signal_name"] = book.NameOf(summary.signal_id());
    json["unit"] = book.UnitOf(summary.signal_id());
    json["cut"] = cut;
    json.erase("next_page_token");  // it belongs to the calls in here
    session.PrintJson(json);
    return ExitCode::kOk;
  }
  session.PrintTable(SummaryTable(summary, book), "The signal has no valid value in this time.");
  if (cut && summary.steps_size() > 0) {
    const std::int64_t next_ms = ToMs(summary.steps(summary.steps_size() - 1).begin_time()) + arguments.step_ms;
    session.terminal().err << fmt::format(
        "telltale: more steps follow these {}; see them with --from {}, or take more at once with --limit\n",
        FormatCount(static_cast<std::uint64_t>(summary.steps_size())), FormatTime(next_ms));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddSummaryCommand(CLI::App& program, Command& chosen) {
  CLI::App* summary = program.add_subcommand("summary", "One signal summed up in steps of time, oldest first");
  auto arguments = std::make_shared<SummaryArguments>();
  AddVin(*summary, arguments->vin);
  summary->add_option("SIGNAL", arguments->signal, "Name or id of a signal, as `telltale signals` lists them")
      ->required()
      ->check(Utf8Argument())
      ->type_name("");
  const std::map<std::string, std::int64_t> units = {{"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", kMsPerDay}};
  summary->add_option("--step", arguments->step_ms, "How long a step is: 30s, 15min, 1h, 1d; 1h without it")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->type_name("STEP");
  AddRange(*summary, arguments->range);
  summary->add_option("--limit", arguments->limit, "Most steps to show; 0 for all")
      ->type_name("N")
      ->capture_default_str();
  summary->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return ShowSummary(*arguments, session); }; });
}

}  // namespace telltale::cli
