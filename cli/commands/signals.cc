#include <cctype>
#include <memory>

#include <fmt/format.h>

#include "telltale/v1/catalog.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

constexpr std::string_view kKindPrefix = "SIGNAL_KIND_";

struct SignalArguments {
  std::string text;
  std::string group;
  std::string kind;
  std::vector<std::uint32_t> spns;
};

v1::SignalFilter FilterOf(const SignalArguments& arguments) {
  v1::SignalFilter filter;
  filter.set_text(arguments.text);
  filter.set_group(arguments.group);
  if (!arguments.kind.empty()) {
    std::string name(kKindPrefix);
    for (const char letter : arguments.kind)
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    v1::SignalKind kind = v1::SIGNAL_KIND_UNSPECIFIED;
    v1::SignalKind_Parse(name, &kind);
    filter.set_kind(kind);
  }
  for (const std::uint32_t spn : arguments.spns) filter.add_spn(spn);
  return filter;
}

Table SignalTable(const std::vector<v1::Signal>& signals) {
  Table table({{"id", "", Align::kRight},
               {"signal"},
               {"unit"},
               {"least", "", Align::kRight},
               {"greatest", "", Align::kRight},
               {"kind"},
               {"group"},
               {"SPN", "", Align::kRight},
               {"PGN", "", Align::kRight},
               {"description"}});
  table.LimitWidth("description", 60);
  for (const v1::Signal& signal : signals) {
    const int decimals = DecimalsOf(signal.scale());
    table.AddRow({std::to_string(signal.id()), signal.name(), signal.unit(), FormatNumber(signal.min(), decimals),
                  FormatNumber(signal.max(), decimals), WordsOf(v1::SignalKind_Name(signal.kind()), kKindPrefix),
                  signal.group(), signal.has_j1939() ? std::to_string(signal.j1939().spn()) : "",
                  signal.has_j1939() ? std::to_string(signal.j1939().pgn()) : "", signal.description()});
  }
  return table;
}

ExitCode ListSignals(const SignalArguments& arguments, Session& session) {
  v1::ListSignalsRequest request;
  *request.mutable_filter() = FilterOf(arguments);
  request.set_page_size(1000);
  std::vector<v1::Signal> signals;
  if (const auto status = session.client().CollectPages(&v1::CatalogService::Stub::ListSignals, request,
                                                        &v1::ListSignalsResponse::signals, &signals);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(signals));
    return ExitCode::kOk;
  }
  session.PrintTable(SignalTable(signals), "No signal meets these conditions.");
  if (!signals.empty()) {
    session.PrintLine(fmt::format("{} {}", FormatCount(signals.size()), signals.size() == 1 ? "signal" : "signals"));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddSignalCommand(CLI::App& program, Command& chosen) {
  CLI::App* signals = program.add_subcommand("signals", "What can be measured: the server's catalogue");
  auto arguments = std::make_shared<SignalArguments>();
  signals->add_option("--text", arguments->text, "Part of the name or description")
      ->check(Utf8Argument())
      ->type_name("TEXT");
  signals->add_option("--group", arguments->group, "For example powertrain")->check(Utf8Argument())->type_name("GROUP");
  signals->add_option("--kind", arguments->kind, "continuous, counter, state or position")
      ->check(CLI::IsMember({"continuous", "counter", "state", "position"}).description(""))
      ->type_name("KIND");
  signals->add_option("--spn", arguments->spns, "SAE J1939 suspect parameter numbers")->type_name("SPN");
  signals->callback(
      [&chosen, arguments] { chosen = [arguments](Session& session) { return ListSignals(*arguments, session); }; });
}

}  // namespace telltale::cli
