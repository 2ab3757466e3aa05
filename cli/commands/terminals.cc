#include <cctype>
#include <charconv>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "telltale/v1/terminals.grpc.pb.h"

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/text.h"

namespace telltale::cli {
namespace {

// How the command line names the protocols.
const std::map<std::string, v1::TerminalProtocol> kProtocols = {
    {"jt808", v1::TERMINAL_PROTOCOL_JT808},
    {"gb32960", v1::TERMINAL_PROTOCOL_GB32960},
    {"gb17691", v1::TERMINAL_PROTOCOL_GB17691},
    {"gb32960-platform", v1::TERMINAL_PROTOCOL_GB32960_PLATFORM}};

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
  if (terminal.protocol() == v1::TERMINAL_PROTOCOL_GB32960_PLATFORM) return "not connected";
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
    table.AddRow({terminal.number(), ProtocolText(terminal.protocol()),
                  terminal.vin().empty() ? kUnknown : terminal.vin(),
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

struct PlatformArguments {
  std::string user;
  bool new_password = false;
  bool revoke = false;
};

ExitCode PutPlatform(const PlatformArguments& arguments, Session& session) {
  v1::RegisterTerminalRequest request;
  request.mutable_terminal()->set_protocol(v1::TERMINAL_PROTOCOL_GB32960_PLATFORM);
  request.mutable_terminal()->set_number(arguments.user);
  request.mutable_terminal()->set_revoked(arguments.revoke);
  request.set_issue_code(arguments.new_password);
  v1::Terminal platform;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::RegisterTerminal, request, &platform);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(platform));
    return ExitCode::kOk;
  }
  session.PrintLine(fmt::format("Platform {} {}.", platform.number(), arguments.revoke ? "is revoked" : "may log in"));
  if (!platform.code().empty()) {
    session.PrintLine(fmt::format("Its password, which is not shown again: {}", platform.code()));
  }
  return ExitCode::kOk;
}

std::span<const std::uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void PrintFields(const google::protobuf::RepeatedPtrField<v1::ExplainedField>& fields, Session& session) {
  Table table({{"bytes", "", Align::kRight}, {"field"}, {"value"}});
  table.LimitWidth("value", 100);
  for (const v1::ExplainedField& field : fields) {
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
}

void PrintParameters(const v1::SendCommandResponse& response, Session& session) {
  Table table({{"parameter"}, {"value"}, {"meaning"}});
  table.LimitWidth("value", 60);
  for (const v1::TerminalParameter& parameter : response.parameters()) {
    const bool has_text = !parameter.text().empty() || parameter.value().empty();
    table.AddRow({fmt::format("{:#06x}", parameter.id()),
                  has_text ? parameter.text() : fmt::format("bytes {:02x}", fmt::join(AsBytes(parameter.value()), " ")),
                  parameter.name().empty() ? kUnknown : parameter.name()});
  }
  session.PrintTable(table, "The terminal named no parameter.");
}

// Asks the terminal, and prints what it says by `print`, once it has done it.
template <typename Print>
ExitCode Ask(const TerminalArguments& arguments, v1::SendCommandRequest request, Session& session, const Print& print) {
  request.set_protocol(kProtocols.at(arguments.protocol));
  request.set_number(arguments.number);
  v1::SendCommandResponse response;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::SendCommand, request, &response);
      !status.ok()) {
    return session.Fail(status);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
  } else if (response.result() == v1::COMMAND_RESULT_DONE) {
    print(response);
  }
  switch (response.result()) {
    case v1::COMMAND_RESULT_DONE:
      return ExitCode::kOk;
    case v1::COMMAND_RESULT_UNSUPPORTED:
      return session.Fail("the terminal cannot do that");
    case v1::COMMAND_RESULT_WRONG:
      return session.Fail("the terminal does not understand the message");
    default:
      return session.Fail("the terminal failed to do it");
  }
}

struct ParameterArguments {
  TerminalArguments terminal;
  std::vector<std::string> ids;
  std::vector<std::string> settings;
};

// "0x0029" or "41"; nullopt: neither.
std::optional<std::uint32_t> ParameterId(const std::string& text) {
  const bool hex = text.rfind("0x", 0) == 0;
  const char* const begin = text.data() + (hex ? 2 : 0);
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), id, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

ExitCode Parameters(const ParameterArguments& arguments, Session& session) {
  v1::SendCommandRequest request;
  const auto wrong = [&](const std::string& text) {
    return session.Fail(fmt::format("'{}' is no parameter's number, as in 0x0029", text), ExitCode::kUsage);
  };
  if (!arguments.settings.empty()) {
    if (!arguments.ids.empty()) return session.Fail("--set sets, ID reads; do one at a time", ExitCode::kUsage);
    for (const std::string& setting : arguments.settings) {
      const std::size_t equals = setting.find('=');
      const auto id = ParameterId(setting.substr(0, equals));
      if (!id || equals == std::string::npos) return wrong(setting);
      v1::TerminalParameter& parameter = *request.mutable_set_parameters()->add_parameters();
      parameter.set_id(*id);
      const std::string value = setting.substr(equals + 1);
      if (value.rfind("hex:", 0) != 0) {
        parameter.set_text(value);
      } else if (const auto bytes = BytesOfHex(value.substr(4))) {
        parameter.set_value(*bytes);
      } else {
        return session.Fail(fmt::format("'{}' is no hexadecimal bytes", value), ExitCode::kUsage);
      }
    }
    return Ask(arguments.terminal, request, session,
               [&](const v1::SendCommandResponse&) { session.PrintLine("Set."); });
  }
  request.mutable_query_parameters();
  for (const std::string& text : arguments.ids) {
    const auto id = ParameterId(text);
    if (!id) return wrong(text);
    request.mutable_query_parameters()->add_ids(*id);
  }
  return Ask(arguments.terminal, request, session,
             [&](const v1::SendCommandResponse& response) { PrintParameters(response, session); });
}

ExitCode Properties(const TerminalArguments& arguments, Session& session) {
  v1::SendCommandRequest request;
  request.mutable_query_properties();
  return Ask(arguments, request, session,
             [&](const v1::SendCommandResponse& response) { PrintFields(response.fields(), session); });
}

ExitCode Position(const TerminalArguments& arguments, Session& session) {
  v1::SendCommandRequest request;
  request.mutable_query_position();
  return Ask(arguments, request, session, [&](const v1::SendCommandResponse& response) {
    session.PrintHeading(TimeText(response.measure_time(), response.has_measure_time()));
    PrintFields(response.fields(), session);
  });
}

struct TrackArguments {
  TerminalArguments terminal;
  std::uint32_t every_s = 0;
  std::uint32_t duration_s = 0;
};

ExitCode Track(const TrackArguments& arguments, Session& session) {
  v1::SendCommandRequest request;
  request.mutable_track_position()->set_interval_s(arguments.every_s);
  request.mutable_track_position()->set_duration_s(arguments.duration_s);
  return Ask(arguments.terminal, request, session, [&](const v1::SendCommandResponse&) {
    session.PrintLine(arguments.every_s == 0 ? "The terminal reports as its settings say."
                                             : fmt::format("The terminal reports every {} s for {} s.",
                                                           arguments.every_s, arguments.duration_s));
  });
}

// By what the standard's numbers mean.
const std::map<std::string, std::uint32_t> kControls = {
    {"shutdown", 3}, {"restart", 4}, {"factory-settings", 5}, {"no-data", 6}, {"no-radio", 7}};

struct ControlArguments {
  TerminalArguments terminal;
  std::string what;
};

ExitCode Control(const ControlArguments& arguments, Session& session) {
  v1::SendCommandRequest request;
  request.mutable_control()->set_command(kControls.at(arguments.what));
  return Ask(arguments.terminal, request, session,
             [&](const v1::SendCommandResponse&) { session.PrintLine("The terminal does it."); });
}

ExitCode Uploads(const std::string& vin, Session& session) {
  v1::ListUploadsRequest request;
  request.set_vin(vin);
  v1::ListUploadsResponse response;
  if (const auto status = session.client().Call(&v1::TerminalService::Stub::ListUploads, request, &response);
      !status.ok()) {
    return session.Fail(status, vin);
  }
  if (session.json()) {
    session.PrintJson(JsonOf(response));
    return ExitCode::kOk;
  }
  Table table({{"received"}, {"message"}, {"kind"}, {"size", "bytes", Align::kRight}, {"content"}});
  table.LimitWidth("content", 60);
  for (const v1::Upload& upload : response.uploads()) {
    table.AddRow({TimeText(upload.receive_time()), fmt::format("{:#06x}", upload.message_id()),
                  fmt::format("{:#04x}", upload.kind()), std::to_string(upload.content().size()),
                  fmt::format("{:02x}", fmt::join(AsBytes(upload.content()), " "))});
  }
  session.PrintTable(table, "Its terminals have passed nothing through.");
  return ExitCode::kOk;
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
  PrintFields(response.fields(), session);
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

  CLI::App* platform =
      terminals->add_subcommand("platform", "Let a platform of GB/T 32960 pass the messages of its vehicles on");
  auto put = std::make_shared<PlatformArguments>();
  platform->add_option("user", put->user, "The name it logs in with, at most 12 letters and digits")
      ->required()
      ->type_name("USER");
  platform->add_flag("--new-password", put->new_password, "The one before ends");
  platform->add_flag("--revoke", put->revoke, "Take nothing more of it");
  platform->callback([&chosen, put] { chosen = [put](Session& session) { return PutPlatform(*put, session); }; });

  CLI::App* parameters =
      terminals->add_subcommand("parameters", "Ask a terminal for its settings (JT/T 808, table 12), or set them");
  auto asked = std::make_shared<ParameterArguments>();
  AddTerminalArguments(*parameters, asked->terminal);
  parameters->add_option("id", asked->ids, "Only these, as in 0x0029")->type_name("ID");
  parameters->add_option("--set", asked->settings, "Set it: 0x0029=30, 0x0013=example.org or 0x0110=hex:00ff")
      ->type_name("ID=VALUE");
  parameters->callback(
      [&chosen, asked] { chosen = [asked](Session& session) { return Parameters(*asked, session); }; });

  const auto add_question = [&](const char* name, const char* help,
                                ExitCode (*ask)(const TerminalArguments&, Session&)) {
    CLI::App* question = terminals->add_subcommand(name, help);
    auto terminal = std::make_shared<TerminalArguments>();
    AddTerminalArguments(*question, *terminal);
    question->callback(
        [&chosen, terminal, ask] { chosen = [terminal, ask](Session& session) { return ask(*terminal, session); }; });
  };
  add_question("properties", "Ask a terminal for its maker, model, SIM and versions", Properties);
  add_question("position", "Ask a terminal where it is now; the answer is stored, too", Position);

  CLI::App* track = terminals->add_subcommand("track", "Let a terminal report often for a while");
  auto tracked = std::make_shared<TrackArguments>();
  AddTerminalArguments(*track, tracked->terminal);
  track->add_option("--every", tracked->every_s, "Seconds between reports; 0 ends it")->required()->type_name("S");
  track->add_option("--for", tracked->duration_s, "For so many seconds")->type_name("S");
  track->callback([&chosen, tracked] { chosen = [tracked](Session& session) { return Track(*tracked, session); }; });

  CLI::App* control =
      terminals->add_subcommand("control", "Restart a terminal, or worse; if jt808.allow_control is set");
  auto controlled = std::make_shared<ControlArguments>();
  AddTerminalArguments(*control, controlled->terminal);
  control->add_option("what", controlled->what, "restart, shutdown, factory-settings, no-data or no-radio")
      ->required()
      ->check(CLI::IsMember(kControls).description(""))
      ->type_name("WHAT");
  control->callback(
      [&chosen, controlled] { chosen = [controlled](Session& session) { return Control(*controlled, session); }; });

  CLI::App* uploads =
      terminals->add_subcommand("uploads", "What a vehicle's terminals passed through (0x0900, 0x0901)");
  auto vin = std::make_shared<std::string>();
  AddVin(*uploads, *vin);
  uploads->callback([&chosen, vin] { chosen = [vin](Session& session) { return Uploads(*vin, session); }; });

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
