#include <cctype>
#include <iterator>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "telltale/v1/terminals.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

// How the command line names the protocols.
const std::map<std::string, v1::TerminalProtocol> kProtocols = {{"jt808", v1::TERMINAL_PROTOCOL_JT808},
                                                                {"gb32960", v1::TERMINAL_PROTOCOL_GB32960},
                                                                {"gb17691", v1::TERMINAL_PROTOCOL_GB17691}};

std::string ProtocolText(v1::TerminalProtocol protocol) {
  for (const auto& [name, known] : kProtocols) {
    if (known == protocol) return name;
  }
  return kUnknown;
}

struct TerminalArguments {
  std::string protocol = "jt808";
  std::string number;
};

void AddTerminalArguments(CLI::App& app, TerminalArguments& arguments) {
  app.add_option("number", arguments.number,
                 "The terminal's number: of JT/T 808 without leading zeros, of the others the VIN")
      ->required()
      ->type_name("NUMBER");
  app.add_option("--protocol", arguments.protocol, "What it speaks: jt808 (default), gb32960 or gb17691")
      ->check(CLI::IsMember({"jt808", "gb32960", "gb17691"}).description(""))
      ->type_name("PROTOCOL");
}

struct BindArguments {
  TerminalArguments terminal;
  std::string vin;
  bool new_box = false;
  bool gcj02 = false;
};

struct TextArguments {
  TerminalArguments terminal;
  std::string text;
};

std::string StateText(const v1::Terminal& terminal) {
  if (terminal.revoked()) return "revoked";
  if (terminal.connected()) return "connected";
  return terminal.maker_id().empty() ? "never connected" : "not connected";
}

ExitCode ListTerminals(Session& session) {
  v1::ListTerminalsRequest request;
  request.set_page_size(1000);
  std::vector<v1::Terminal> terminals;
  if (const auto status = session.client().CollectPages(&v1::TerminalService::Stub::ListTerminals, request,
                                                        &v1::ListTerminalsResponse::terminals, &terminals);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonArrayOf(terminals));
    return ExitCode::kOk;
  }
  Table table({{"number"}, {"protocol"}, {"VIN"}, {"state"}, {"maker's number"}});
  for (const v1::Terminal& terminal : terminals) {
    table.AddRow({terminal.number(), ProtocolText(terminal.protocol()), terminal.vin(),
                  Cell(StateText(terminal), terminal.connected() ? Style::kGreen : Style::kPlain),
                  terminal.maker_id().empty() ? kUnknown : terminal.maker_id()});
  }
  session.PrintTable(table, "No terminal is bound to a vehicle yet; bind one with: telltale terminals add NUMBER VIN");
  return ExitCode::kOk;
}

ExitCode PutTerminal(const v1::RegisterTerminalRequest& request, const std::string& done, Session& session) {
  v1::Terminal terminal;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::RegisterTerminal, request, &terminal);
      !status.ok()) {
    return session.Fail(status, request.terminal().vin());
  }
  if (session.json()) {
    session.PrintJson(JsonOf(terminal));
  } else {
    session.PrintLine(fmt::format("Terminal {} {} {}.", terminal.number(), done, terminal.vin()));
  }
  return ExitCode::kOk;
}

ExitCode AddTerminal(const BindArguments& arguments, Session& session) {
  v1::RegisterTerminalRequest request;
  request.mutable_terminal()->set_protocol(kProtocols.at(arguments.terminal.protocol));
  request.mutable_terminal()->set_number(arguments.terminal.number);
  request.mutable_terminal()->set_vin(arguments.vin);
  request.mutable_terminal()->set_gcj02(arguments.gcj02);
  request.set_forget_box(arguments.new_box);
  return PutTerminal(request, "sends the frames of", session);
}

ExitCode RevokeTerminal(const TerminalArguments& arguments, Session& session) {
  v1::GetTerminalRequest get;
  get.set_protocol(kProtocols.at(arguments.protocol));
  get.set_number(arguments.number);
  v1::RegisterTerminalRequest request;
  if (const auto status =
          session.client().Call(&v1::TerminalService::Stub::GetTerminal, get, request.mutable_terminal());
      !status.ok()) {
    return session.Fail(status);
  }
  request.mutable_terminal()->set_revoked(true);
  return PutTerminal(request, "is revoked; it sent the frames of", session);
}

ExitCode SendText(const TextArguments& arguments, Session& session) {
  v1::SendTextRequest request;
  request.set_protocol(kProtocols.at(arguments.terminal.protocol));
  request.set_number(arguments.terminal.number);
  request.set_text(arguments.text);
  v1::SendTextResponse response;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::SendText, request, &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
  } else {
    session.PrintLine("The text is on its way.");
  }
  return ExitCode::kOk;
}

// Pairs of hexadecimal digits, with or without anything between; nullopt: something else is in it.
std::optional<std::string> BytesOfHex(const std::string& text) {
  std::string digits;
  for (const char letter : text) {
    if (std::isxdigit(static_cast<unsigned char>(letter)) != 0) {
      digits += letter;
    } else if (std::isspace(static_cast<unsigned char>(letter)) == 0 && letter != ':' && letter != '-') {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

struct ExplainArguments {
  std::string hex;
  std::string protocol;
};

ExitCode Explain(const ExplainArguments& arguments, Session& session) {
  std::string hex = arguments.hex;
  if (hex == "-") hex.assign(std::istreambuf_iterator<char>(session.terminal().in), {});
  const auto bytes = BytesOfHex(hex);
  if (!bytes) {
    return session.Fail("the message must be pairs of hexadecimal digits, as in 7e0002000001380013800000...7e",
                        ExitCode::kUsage);
  }
  v1::ExplainMessageRequest request;
  request.set_message(*bytes);
  if (!arguments.protocol.empty()) request.set_protocol(kProtocols.at(arguments.protocol));
  v1::ExplainMessageResponse response;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::ExplainMessage, request, &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  session.PrintHeading(response.protocol());
  Table table({{"bytes", "", Align::kRight}, {"field"}, {"value"}});
  table.LimitWidth("value", 100);
  for (const v1::ExplainedField& field : response.fields()) {
    std::string range;
    if (field.byte_count() == 1) range = fmt::format("{}", field.first_byte());
    if (field.byte_count() > 1) {
      range = fmt::format("{}-{}", field.first_byte(), field.first_byte() + field.byte_count() - 1);
    }
    const bool fault = field.name().rfind("fault", 0) == 0 || field.name() == "wrong escape";
    table.AddRow({range, Cell(std::string(2 * field.depth(), ' ') + field.name(), fault ? Style::kRed : Style::kPlain),
                  field.value()});
  }
  session.PrintTable(table, "There is nothing in it.");
  return ExitCode::kOk;
}

}  // namespace

void AddTerminalCommands(CLI::App& program, Command& chosen) {
  CLI::App* terminals =
      program.add_subcommand("terminals", "The boxes in vehicles that speak JT/T 808, GB/T 32960 or GB 17691");
  terminals->require_subcommand(1);
  terminals->add_subcommand("list", "List all terminals, and which of them are connected")->callback([&chosen] {
    chosen = ListTerminals;
  });

  CLI::App* add = terminals->add_subcommand("add", "Bind a terminal to the vehicle whose frames it sends");
  auto added = std::make_shared<BindArguments>();
  AddTerminalArguments(*add, added->terminal);
  AddVin(*add, added->vin);
  add->add_flag("--new-box", added->new_box, "Another box has the number now: let it register");
  add->add_flag("--gcj02", added->gcj02, "Its places are shifted as China's maps are");
  add->callback([&chosen, added] { chosen = [added](Session& session) { return AddTerminal(*added, session); }; });

  CLI::App* revoke = terminals->add_subcommand("revoke", "Take nothing more of a terminal");
  auto revoked = std::make_shared<TerminalArguments>();
  AddTerminalArguments(*revoke, *revoked);
  revoke->callback(
      [&chosen, revoked] { chosen = [revoked](Session& session) { return RevokeTerminal(*revoked, session); }; });

  CLI::App* text = terminals->add_subcommand("text", "Send a text to the driver's cab");
  auto sent = std::make_shared<TextArguments>();
  AddTerminalArguments(*text, sent->terminal);
  text->add_option("text", sent->text, "What the driver is to read")
      ->required()
      ->check(Utf8Argument())
      ->type_name("TEXT");
  text->callback([&chosen, sent] { chosen = [sent](Session& session) { return SendText(*sent, session); }; });

  CLI::App* explain = program.add_subcommand("explain", "Take a terminal's message apart, field by field");
  auto explained = std::make_shared<ExplainArguments>();
  explain->add_option("--protocol", explained->protocol, "jt808, gb32960 or gb17691; without it, as the message begins")
      ->check(CLI::IsMember({"jt808", "gb32960", "gb17691"}).description(""))
      ->type_name("PROTOCOL");
  explain->add_option("message", explained->hex, "The message as it was on the wire, in hexadecimal digits; - reads it")
      ->required()
      ->type_name("HEX");
  explain->callback(
      [&chosen, explained] { chosen = [explained](Session& session) { return Explain(*explained, session); }; });
}

}  // namespace telltale::cli
