// What was found about a vehicle beside its trips: stops, events, silences, and what changed later.

#include <chrono>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "telltale/v1/trips.grpc.pb.h"

#include "base/file.h"
#include "cli/commands/commands.h"
#include "cli/commands/events.h"
#include "cli/commands/gap_report.h"
#include "cli/commands/totals.h"
#include "cli/format.h"
#include "cli/signal_book.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

struct ResultArguments {
  std::string vin;
  RangeArguments range;
  std::string as_known_at;
  std::string report_file;  // of gaps
};

// Asks for a list of a vehicle, page by page.
template <typename Request, typename Response, typename Item>
grpc::Status CollectList(grpc::Status (v1::TripService::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                         const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const,
                         const ResultArguments& arguments, Session& session, std::vector<Item>& all) {
  Request request;
  request.set_vin(arguments.vin);
  *request.mutable_range() = TimeRangeOf(arguments.range);
  if constexpr (requires { request.mutable_as_known_at(); }) {
    if (!arguments.as_known_at.empty()) *request.mutable_as_known_at() = TimestampOf(arguments.as_known_at);
  }
  return session.client().CollectPages(rpc, request, items, &all);
}

// Asks for it and shows it.
template <typename Request, typename Response, typename Item>
ExitCode ShowList(grpc::Status (v1::TripService::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                  const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const,
                  const ResultArguments& arguments, const std::string& if_empty, Session& session,
                  const std::function<Table(const std::vector<Item>&)>& table_of) {
  std::vector<Item> all;
  if (const auto status = CollectList(rpc, items, arguments, session, all); !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(all));
  } else {
    session.PrintTable(table_of(all), if_empty);
  }
  return ExitCode::kOk;
}

std::string LengthText(const google::protobuf::Timestamp& start, const google::protobuf::Timestamp& end) {
  return FormatDuration(std::chrono::milliseconds(ToMs(end) - ToMs(start)));
}

ExitCode ShowStops(const ResultArguments& arguments, Session& session) {
  const auto table_of = [](const std::vector<v1::Stop>& stops) {
    Table table({{"start", "UTC"},
                 {"end", "UTC"},
                 {"duration", "", Align::kRight},
                 {"idling", "", Align::kRight},
                 {"PTO work", "", Align::kRight},
                 {"fuel", "l", Align::kRight},
                 {"latitude, longitude", "WGS-84"}});
    for (const v1::Stop& stop : stops) {
      table.AddRow({TimeText(stop.start_time()), stop.open() ? "goes on" : TimeText(stop.end_time()),
                    LengthText(stop.start_time(), stop.end_time()), DurationText(stop.totals().idle_duration()),
                    DurationText(stop.totals().pto_duration()),
                    AmountText(stop.totals().fuel_used_l(), stop.totals().fuel_source()),
                    PositionText(stop.position(), stop.has_position())});
    }
    return table;
  };
  return ShowList<v1::ListStopsRequest, v1::ListStopsResponse, v1::Stop>(&v1::TripService::Stub::ListStops,
                                                                         &v1::ListStopsResponse::stops, arguments,
                                                                         "No stop in this time.", session, table_of);
}

ExitCode ShowEvents(const ResultArguments& arguments, Session& session) {
  SignalBook book;
  if (const auto status = book.Load(session.client()); !status.ok()) return session.Fail(status);
  const auto table_of = [&book](const std::vector<v1::Event>& events) {
    Table table({{"time", "UTC"},
                 {"event"},
                 {"value", "", Align::kRight},
                 {"lasted", "", Align::kRight},
                 {"speed", "km/h", Align::kRight},
                 {"latitude, longitude", "WGS-84"},
                 {"signal"}});
    for (const v1::Event& event : events) {
      table.AddRow({TimeText(event.start_time()), WordsOf(v1::EventKind_Name(event.kind()), "EVENT_KIND_"),
                    EventValueText(event), DurationText(event.duration()), FormatNumber(event.speed_kmh_at_start(), 0),
                    PositionText(event.position(), event.has_position()),
                    event.signal_id() == 0 ? "" : book.NameOf(event.signal_id())});
    }
    return table;
  };
  return ShowList<v1::ListEventsRequest, v1::ListEventsResponse, v1::Event>(
      &v1::TripService::Stub::ListEvents, &v1::ListEventsResponse::events, arguments, "Nothing happened in this time.",
      session, table_of);
}

ExitCode WriteGapReport(const ResultArguments& arguments, Session& session) {
  std::vector<v1::Gap> gaps;
  if (const auto status = CollectList<v1::ListGapsRequest>(&v1::TripService::Stub::ListGaps,
                                                           &v1::ListGapsResponse::gaps, arguments, session, gaps);
      !status.ok()) {
    return session.Fail(status, arguments.vin);
  }
  const std::string period =
      fmt::format("{} to {}{}", arguments.range.from.empty() ? "the first frame" : arguments.range.from,
                  arguments.range.to.empty() ? "the newest frame" : arguments.range.to,
                  arguments.as_known_at.empty() ? "" : ", as known at " + arguments.as_known_at);
  const std::string made_at = FormatTableTime(session.terminal().clock.NowMs());
  if (const Status status = WriteWholeFile(arguments.report_file, GapReport(arguments.vin, period, made_at, gaps));
      !status.ok()) {
    return session.Fail(MessageOf(status));
  }
  session.PrintLine(fmt::format("{} silences, written to {}", gaps.size(), arguments.report_file));
  return ExitCode::kOk;
}

ExitCode ShowGaps(const ResultArguments& arguments, Session& session) {
  if (!arguments.report_file.empty()) return WriteGapReport(arguments, session);
  const auto table_of = [](const std::vector<v1::Gap>& gaps) {
    Table table({{"from", "UTC"},
                 {"to", "UTC"},
                 {"silent", "", Align::kRight},
                 {"cause"},
                 {"sure", "%", Align::kRight},
                 {"driven", "km", Align::kRight},
                 {"evidence", "", Align::kLeft, 60}});
    for (const v1::Gap& gap : gaps) {
      std::string evidence;
      for (const std::string& sentence : gap.evidence()) evidence += (evidence.empty() ? "" : "; ") + sentence;
      const std::string cause =
          gap.cause() == v1::GAP_CAUSE_UNSPECIFIED ? kUnknown : WordsOf(v1::GapCause_Name(gap.cause()), "GAP_CAUSE_");
      table.AddRow({TimeText(gap.start_time()), TimeText(gap.end_time()), LengthText(gap.start_time(), gap.end_time()),
                    cause, FormatNumber(gap.confidence() * 100, 0), FormatNumber(gap.distance_km(), 1), evidence});
    }
    return table;
  };
  return ShowList<v1::ListGapsRequest, v1::ListGapsResponse, v1::Gap>(
      &v1::TripService::Stub::ListGaps, &v1::ListGapsResponse::gaps, arguments,
      "No silence of more than 200 s in this time.", session, table_of);
}

ExitCode ShowChanges(const ResultArguments& arguments, Session& session) {
  const auto table_of = [](const std::vector<v1::Change>& changes) {
    Table table({{"day", "UTC"},
                 {"changed", "UTC"},
                 {"because of"},
                 {"trips", "", Align::kRight},
                 {"distance", "km", Align::kRight},
                 {"driving", "", Align::kRight},
                 {"fuel", "l", Align::kRight}});
    for (const v1::Change& change : changes) {
      std::string reason = WordsOf(v1::ChangeReason_Name(change.reason()), "CHANGE_REASON_");
      if (change.has_first_late_frame()) {
        reason = fmt::format("{} {} from {} to {}", FormatCount(change.late_frame_count()), reason,
                             TimeText(change.first_late_frame()), TimeText(change.last_late_frame()));
      }
      const auto both = [&change](const auto& text_of) {
        return fmt::format("{} -> {}", change.has_before() ? text_of(change.before()) : kUnknown,
                           change.has_after() ? text_of(change.after()) : kUnknown);
      };
      table.AddRow({change.date(), TimeText(change.time()), reason,
                    both([](const v1::VehicleDay& day) { return std::to_string(day.trip_count()); }),
                    both([](const v1::VehicleDay& day) {
                      return AmountText(day.totals().distance_km(), day.totals().distance_source());
                    }),
                    both([](const v1::VehicleDay& day) { return DurationText(day.totals().driving_duration()); }),
                    both([](const v1::VehicleDay& day) {
                      return AmountText(day.totals().fuel_used_l(), day.totals().fuel_source());
                    })});
    }
    return table;
  };
  return ShowList<v1::ListChangesRequest, v1::ListChangesResponse, v1::Change>(
      &v1::TripService::Stub::ListChanges, &v1::ListChangesResponse::changes, arguments,
      "No day in this time was changed after it was over.", session, table_of);
}

}  // namespace

void AddResultCommands(CLI::App& program, Command& chosen) {
  using Show = ExitCode (*)(const ResultArguments&, Session&);
  const auto add = [&](const char* name, const char* what, Show show, bool can_look_back) {
    CLI::App* command = program.add_subcommand(name, what);
    auto arguments = std::make_shared<ResultArguments>();
    AddVin(*command, arguments->vin);
    AddRange(*command, arguments->range);
    if (can_look_back) {
      command
          ->add_option("--as-known-at", arguments->as_known_at,
                       "As it was known at this time, before later frames changed it")
          ->check(TimeArgument())
          ->type_name("TIME");
    }
    if (show == &ShowGaps) {
      command
          ->add_option("--report", arguments->report_file, "Write them with their evidence to a page that prints well")
          ->type_name("FILE.html");
    }
    command->callback([&chosen, arguments, show] {
      chosen = [arguments, show](Session& session) { return show(*arguments, session); };
    });
  };
  add("stops", "The stands of a vehicle between its trips, oldest first", ShowStops, true);
  add("events", "What happened to a vehicle: driving, fuel, alarms, resets", ShowEvents, true);
  add("gaps", "When nothing was heard of a vehicle, and why", ShowGaps, true);
  add("changes", "Days of a vehicle that were changed after they were over, and why", ShowChanges, false);
}

}  // namespace telltale::cli
