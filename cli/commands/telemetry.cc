#include <algorithm>
#include <limits>
#include <memory>
#include <tuple>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "telltale/v1/telemetry.grpc.pb.h"

#include "base/time.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/signal_book.h"

namespace telltale::cli {
namespace {

struct LatestArguments {
  std::string vin;
  std::vector<std::string> signals;
  bool all = false;
};

struct HistoryArguments {
  std::string vin;
  std::vector<std::string> signals;
  RangeArguments range;
  std::uint64_t limit = 1000;  // 0: none
};

struct WatchArguments {
  std::string vin;
  std::vector<std::string> signals;
  std::uint64_t count = 0;  // 0: until it is ended
};

// Adds to the JSON of each value what the catalogue says of its signal.
Json WithNames(Json values, const SignalBook& book) {
  for (Json& value : values) {
    const auto signal_id = value["signal_id"].get<std::uint32_t>();
    value["signal_name"] = book.NameOf(signal_id);
    value["unit"] = book.UnitOf(signal_id);
  }
  return values;
}

Table LatestTable(std::vector<v1::Value> values, const SignalBook& book, const Session& session) {
  std::sort(values.begin(), values.end(), [&](const v1::Value& a, const v1::Value& b) {
    return std::make_tuple(book.GroupOrderOf(a.signal_id()), book.NameOf(a.signal_id())) <
           std::make_tuple(book.GroupOrderOf(b.signal_id()), book.NameOf(b.signal_id()));
  });
  Table table(
      {{"group"}, {"signal"}, {"value", "", Align::kRight}, {"unit"}, {"measured (UTC)"}, {"age", "", Align::kRight}});
  std::string group_above;
  for (const v1::Value& value : values) {
    const std::string group = book.GroupOf(value.signal_id());
    const Style style = value.state() == v1::VALUE_STATE_ERROR           ? Style::kRed
                        : value.state() == v1::VALUE_STATE_NOT_AVAILABLE ? Style::kFaint
                                                                         : Style::kPlain;
    table.AddRow({{group == group_above ? "" : group, Style::kBold},
                  book.NameOf(value.signal_id()),
                  {book.ValueText(value.signal_id(), value.state(), value.physical()), style},
                  book.UnitOf(value.signal_id()),
                  TimeText(value.measure_time(), value.has_measure_time()),
                  session.AgeOf(value.measure_time(), value.has_measure_time())});
    group_above = group;
  }
  return table;
}

ExitCode ShowLatest(const LatestArguments& arguments, Session& session) {
  v1::GetLatestRequest request;
  request.set_vin(arguments.vin);
  SetSignals(arguments.signals, request);
  request.set_valid_only(!arguments.all);
  v1::GetLatestResponse response;
  if (const auto status = session.client().Call(&v1::TelemetryService::Stub::GetLatest, request, &response);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  SignalBook book;
  if (const auto status = book.Load(session.client()); !status.ok()) return session.Fail(status);
  if (session.json()) {
    Json json = JsonOf(response);
    json["values"] = WithNames(std::move(json["values"]), book);
    session.PrintJson(json);
    return ExitCode::kOk;
  }
  session.PrintTable(LatestTable({response.values().begin(), response.values().end()}, book, session),
                     arguments.all ? "No such value was received yet."
                                   : "No valid value was received yet; --all shows the others, too.");
  return ExitCode::kOk;
}

// Reads pages until `limit` rows are there. The token that is left in `history` tells whether more follow.
grpc::Status ReadHistory(const HistoryArguments& arguments, const Client& client, v1::GetHistoryResponse& history) {
  constexpr std::uint64_t kPageRows = 1000;
  const std::uint64_t limit = arguments.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : arguments.limit;
  v1::GetHistoryRequest request;
  request.set_vin(arguments.vin);
  SetSignals(arguments.signals, request);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  request.set_page_size(static_cast<int>(std::min(limit, kPageRows)));
  const std::function<bool(v1::GetHistoryResponse&)> on_page = [&](v1::GetHistoryResponse& page) {
    *history.mutable_signal_id() = page.signal_id();
    *history.mutable_next_page_token() = page.next_page_token();
    for (v1::HistoryRow& row : *page.mutable_rows()) {
      if (static_cast<std::uint64_t>(history.rows_size()) == limit) {
        history.set_next_page_token("cut");  // the pages are all of one size, so the last may hold more than is wanted
        return false;
      }
      history.add_rows()->Swap(&row);
    }
    return static_cast<std::uint64_t>(history.rows_size()) < limit;
  };
  return client.CallPages(&v1::TelemetryService::Stub::GetHistory, request, on_page);
}

Json HistoryJson(const v1::GetHistoryResponse& history, const SignalBook& book) {
  Json names = Json::array();
  Json units = Json::array();
  for (const std::uint32_t signal_id : history.signal_id()) {
    names.push_back(book.NameOf(signal_id));
    units.push_back(book.UnitOf(signal_id));
  }
  Json json = JsonOf(history);
  json["signal_name"] = std::move(names);
  json["unit"] = std::move(units);
  json["cut"] = !history.next_page_token().empty();
  json.erase("next_page_token");  // it belongs to the calls in here
  return json;
}

Table HistoryTable(const v1::GetHistoryResponse& history, const SignalBook& book) {
  std::vector<Column> columns = {{"measured", "UTC"}};
  for (const std::uint32_t signal_id : history.signal_id()) {
    columns.push_back({book.NameOf(signal_id), book.UnitOf(signal_id), Align::kRight});
  }
  const bool with_ms = std::any_of(history.rows().begin(), history.rows().end(),
                                   [](const v1::HistoryRow& row) { return ToMs(row.measure_time()) % 1000 != 0; });
  Table table(std::move(columns));
  for (const v1::HistoryRow& row : history.rows()) {
    std::vector<Cell> cells = {FormatTableTime(ToMs(row.measure_time()), with_ms)};
    for (int i = 0; i < std::min(row.cells_size(), history.signal_id_size()); ++i) {
      const v1::HistoryCell& cell = row.cells(i);
      const std::string text = cell.state() == v1::VALUE_STATE_UNSPECIFIED
                                   ? ""  // this frame does not have the signal
                                   : book.ValueText(history.signal_id(i), cell.state(), cell.physical());
      cells.emplace_back(text, cell.state() == v1::VALUE_STATE_ERROR ? Style::kRed : Style::kPlain);
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

ExitCode ShowHistory(const HistoryArguments& arguments, Session& session) {
  v1::GetHistoryResponse history;
  if (const auto status = ReadHistory(arguments, session.client(), history); !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  SignalBook book;
  if (const auto status = book.Load(session.client()); !status.ok()) return session.Fail(status);
  if (session.json()) {
    session.PrintJson(HistoryJson(history, book));
    return ExitCode::kOk;
  }
  session.PrintTable(HistoryTable(history, book), "No frame in this time has these signals.");
  if (!history.next_page_token().empty() && history.rows_size() > 0) {
    const std::int64_t next_ms = ToMs(history.rows(history.rows_size() - 1).measure_time()) + 1;
    session.terminal().err << fmt::format(
        "telltale: more rows follow these {}; see them with --from {}, or take more at once with --limit\n",
        FormatCount(static_cast<std::uint64_t>(history.rows_size())), FormatTime(next_ms));
  }
  return ExitCode::kOk;
}

// One line for each value, in columns that are wide enough for most: a watch cannot wait for all rows to measure them.
void PrintWatched(const v1::WatchResponse& response, const SignalBook& book, Session& session) {
  constexpr int kNameWidth = 40;
  constexpr int kValueWidth = 14;
  for (const v1::Value& value : response.values()) {
    session.PrintLine(fmt::format("{}  {:<{}}  {:>{}} {}", FormatTableTime(ToMs(value.measure_time()), true),
                                  book.NameOf(value.signal_id()), kNameWidth,
                                  book.ValueText(value.signal_id(), value.state(), value.physical()), kValueWidth,
                                  book.UnitOf(value.signal_id())));
  }
  if (response.missed_frame_count() > 0) {
    session.terminal().err << fmt::format("telltale: too slow, {} frames were left out\n",
                                          FormatCount(response.missed_frame_count()));
  }
  session.terminal().out << std::flush;
}

ExitCode Watch(const WatchArguments& arguments, Session& session) {
  SignalBook book;
  if (const auto status = book.Load(session.client()); !status.ok()) return session.Fail(status);
  v1::WatchRequest request;
  request.add_vin(arguments.vin);
  SetSignals(arguments.signals, request);
  grpc::ClientContext context;
  const auto stream = v1::TelemetryService::Stub(session.client().channel()).Watch(&context, request);
  v1::WatchResponse response;
  std::uint64_t frame_count = 0;
  while (stream->Read(&response)) {
    if (session.json()) {
      Json json = JsonOf(response);
      json["values"] = WithNames(std::move(json["values"]), book);
      session.PrintJson(json);
      session.terminal().out << std::flush;
    } else {
      PrintWatched(response, book, session);
    }
    if (++frame_count == arguments.count || !session.terminal().out) {
      context.TryCancel();
      stream->Finish();  // with CANCELLED, as just asked for
      return ExitCode::kOk;
    }
  }
  const grpc::Status status = stream->Finish();
  if (status.ok()) return session.Fail("the server ended the watch");
  return session.Fail(status, arguments.vin, /*had_deadline=*/false);
}

}  // namespace

void AddTelemetryCommands(CLI::App& program, Command& chosen) {
  CLI::App* latest = program.add_subcommand("latest", "The newest value of each signal of a vehicle");
  auto latest_arguments = std::make_shared<LatestArguments>();
  AddVin(*latest, latest_arguments->vin);
  AddSignals(*latest, latest_arguments->signals);
  latest->add_flag("--all", latest_arguments->all, "Show signals that are not available or in error, too");
  latest->callback([&chosen, latest_arguments] {
    chosen = [latest_arguments](Session& session) { return ShowLatest(*latest_arguments, session); };
  });

  CLI::App* history = program.add_subcommand("history", "Values of some signals over time, oldest first");
  auto history_arguments = std::make_shared<HistoryArguments>();
  AddVin(*history, history_arguments->vin);
  AddSignals(*history, history_arguments->signals)->required();
  AddRange(*history, history_arguments->range);
  history->add_option("--limit", history_arguments->limit, "Most rows to show; 0 for all")
      ->type_name("N")
      ->capture_default_str();
  history->callback([&chosen, history_arguments] {
    chosen = [history_arguments](Session& session) { return ShowHistory(*history_arguments, session); };
  });

  CLI::App* watch = program.add_subcommand("watch", "Show values as they come in, until Ctrl-C");
  auto watch_arguments = std::make_shared<WatchArguments>();
  AddVin(*watch, watch_arguments->vin);
  AddSignals(*watch, watch_arguments->signals);
  watch->add_option("--count", watch_arguments->count, "End after this many frames")->type_name("N");
  watch->callback([&chosen, watch_arguments] {
    chosen = [watch_arguments](Session& session) { return Watch(*watch_arguments, session); };
  });
}

}  // namespace telltale::cli
