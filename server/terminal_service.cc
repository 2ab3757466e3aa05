#include "server/terminal_service.h"

#include <limits>

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>

#include "ingest/jt808/parameters.h"
#include "ingest/terminals/authentication_code.h"
#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;
constexpr std::size_t kMaxMessageBytes = 65'536;
constexpr std::string_view kListKey = "terminals";
constexpr std::chrono::milliseconds kDefaultWait{20'000};
constexpr std::chrono::milliseconds kMaxWait{60'000};

static_assert(static_cast<int>(TerminalProtocol::kJt808) == v1::TERMINAL_PROTOCOL_JT808);
static_assert(static_cast<int>(TerminalProtocol::kGb32960) == v1::TERMINAL_PROTOCOL_GB32960);
static_assert(static_cast<int>(TerminalProtocol::kGb17691) == v1::TERMINAL_PROTOCOL_GB17691);
static_assert(static_cast<int>(TerminalProtocol::kGb32960Platform) == v1::TERMINAL_PROTOCOL_GB32960_PLATFORM);

RequestError ReadProtocol(v1::TerminalProtocol in, const std::string& field, TerminalProtocol* out) {
  if (in == v1::TERMINAL_PROTOCOL_UNSPECIFIED || !v1::TerminalProtocol_IsValid(in)) {
    return {absl::InvalidArgumentError("the terminal's protocol is needed, as in TERMINAL_PROTOCOL_JT808"),
            "INVALID_TERMINAL", field};
  }
  *out = static_cast<TerminalProtocol>(in);
  return {};
}

RequestError NoSuchTerminal(const std::string& number) {
  return {absl::NotFoundError(fmt::format("no terminal with the number '{}'", number)), "UNKNOWN_TERMINAL", "number"};
}

RequestError FindTerminal(const TerminalRegistry& terminals, v1::TerminalProtocol protocol, const std::string& number,
                          Terminal* out) {
  TerminalProtocol known{};
  if (RequestError error = ReadProtocol(protocol, "protocol", &known); !error.ok()) return error;
  auto terminal = terminals.Find(known, number);
  if (absl::IsNotFound(terminal.status())) {
    return NoSuchTerminal(number);
  }
  if (!terminal.ok()) return {terminal.status(), "UNKNOWN_TERMINAL", "number"};
  *out = *std::move(terminal);
  return {};
}

RequestError ReadCommand(const v1::SendCommandRequest& request, TerminalCommand* out) {
  switch (request.command_case()) {
    case v1::SendCommandRequest::kSetParameters: {
      SetParametersCommand command;
      for (const v1::TerminalParameter& parameter : request.set_parameters().parameters()) {
        TerminalParameter known{.id = parameter.id(), .value = parameter.value()};
        if (parameter.value().empty() && !parameter.text().empty()) {
          auto of_text = jt808::ParameterOf(parameter.id(), parameter.text());
          if (!of_text.ok()) return {of_text.status(), "INVALID_COMMAND", "set_parameters.parameters"};
          known = *std::move(of_text);
        }
        command.parameters.push_back(std::move(known));
      }
      *out = std::move(command);
      return {};
    }
    case v1::SendCommandRequest::kQueryParameters: {
      const auto& ids = request.query_parameters().ids();
      *out = QueryParametersCommand{.ids = {ids.begin(), ids.end()}};
      return {};
    }
    case v1::SendCommandRequest::kQueryProperties:
      *out = QueryPropertiesCommand{};
      return {};
    case v1::SendCommandRequest::kQueryPosition:
      *out = QueryPositionCommand{};
      return {};
    case v1::SendCommandRequest::kTrackPosition: {
      const v1::TrackPosition& track = request.track_position();
      if (track.interval_s() > std::numeric_limits<std::uint16_t>::max()) {
        return {absl::InvalidArgumentError(fmt::format("{} s; at most 65535", track.interval_s())), "INVALID_COMMAND",
                "track_position.interval_s"};
      }
      *out =
          TrackCommand{.interval_s = static_cast<std::uint16_t>(track.interval_s()), .duration_s = track.duration_s()};
      return {};
    }
    case v1::SendCommandRequest::kControl:
      *out = ControlCommand{.command = static_cast<std::uint8_t>(std::min(request.control().command(), 255U)),
                            .arguments = request.control().arguments()};
      return {};
    case v1::SendCommandRequest::COMMAND_NOT_SET:
      break;
  }
  return {absl::InvalidArgumentError("a command is needed, as in query_position"), "INVALID_COMMAND", "command"};
}

std::string ReasonOf(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_COMMAND";
    case absl::StatusCode::kUnavailable:
      return "TERMINAL_NOT_CONNECTED";
    case absl::StatusCode::kPermissionDenied:
      return "CONTROL_NOT_ALLOWED";
    default:
      return "TERMINAL_NOT_ASKED";
  }
}

void Fill(const ExplainedField& field, v1::ExplainedField& out) {
  out.set_first_byte(static_cast<std::uint32_t>(field.first_byte));
  out.set_byte_count(static_cast<std::uint32_t>(field.byte_count));
  out.set_depth(static_cast<std::uint32_t>(field.depth));
  out.set_name(field.name);
  out.set_value(field.value);
}

void Fill(const CommandAnswer& answer, v1::SendCommandResponse& out) {
  switch (answer.result) {
    case CommandAnswer::Result::kDone:
      out.set_result(v1::COMMAND_RESULT_DONE);
      break;
    case CommandAnswer::Result::kFailed:
      out.set_result(v1::COMMAND_RESULT_FAILED);
      break;
    case CommandAnswer::Result::kWrong:
      out.set_result(v1::COMMAND_RESULT_WRONG);
      break;
    case CommandAnswer::Result::kUnsupported:
      out.set_result(v1::COMMAND_RESULT_UNSUPPORTED);
      break;
  }
  for (const TerminalParameter& parameter : answer.parameters) {
    const jt808::ParameterKind* const kind = jt808::FindParameterKind(parameter.id);
    if (kind != nullptr && kind->type == jt808::ParameterKind::Type::kSecret) continue;
    v1::TerminalParameter& added = *out.add_parameters();
    added.set_id(parameter.id);
    added.set_value(parameter.value);
    added.set_text(jt808::TextOf(parameter));
    if (kind != nullptr) added.set_name(std::string(kind->name));
  }
  for (const ExplainedField& field : answer.fields) Fill(field, *out.add_fields());
  if (answer.measure_time_ms) SetTime(*answer.measure_time_ms, out.mutable_measure_time());
}

}  // namespace

void TerminalServiceImpl::Fill(const Terminal& terminal, v1::Terminal& out) const {
  out.set_protocol(static_cast<v1::TerminalProtocol>(terminal.protocol));
  out.set_number(terminal.number);
  if (const auto vehicle = vehicles_.Get(terminal.vehicle_id); vehicle.ok()) out.set_vin(vehicle->vin.text());
  out.set_revoked(terminal.revoked);
  out.set_gcj02(terminal.gcj02);
  // As the maker wrote it, which may be any bytes.
  std::string maker_id = terminal.maker_id;
  for (char& letter : maker_id) {
    if (letter < ' ' || letter > '~') letter = '.';
  }
  out.set_maker_id(maker_id);
  out.set_has_code(terminal.code_sha256.has_value());
  out.set_connected(ports_.IsConnected(terminal.protocol, terminal.number));
}

grpc::Status TerminalServiceImpl::RegisterTerminal(grpc::ServerContext* /*context*/,
                                                   const v1::RegisterTerminalRequest* request, v1::Terminal* response) {
  const v1::Terminal& in = request->terminal();
  Terminal terminal;
  RETURN_IF_REQUEST_ERROR(ReadProtocol(in.protocol(), "terminal.protocol", &terminal.protocol));
  if (terminal.protocol == TerminalProtocol::kGb32960Platform) return RegisterPlatform(*request, *response);
  if (request->issue_code()) {
    return RequestError(
               absl::InvalidArgumentError("only platforms get a password; terminals get a code when they register"),
               "INVALID_TERMINAL", "issue_code")
        .ToGrpc();
  }
  const auto number = ParseTerminalNumber(terminal.protocol, in.number());
  RETURN_IF_REQUEST_ERROR(RequestError(number.status(), "INVALID_TERMINAL", "terminal.number"));
  const auto vin = Vin::Parse(in.vin());
  RETURN_IF_REQUEST_ERROR(RequestError(vin.status(), "INVALID_VIN", "terminal.vin"));
  const auto vehicle = vehicles_.Get(*vin);
  RETURN_IF_REQUEST_ERROR(RequestError(vehicle.status(), "UNKNOWN_VEHICLE", "terminal.vin"));
  const auto known = terminals_.Find(terminal.protocol, *number);
  if (known.ok()) {
    terminal = *known;
  } else if (!absl::IsNotFound(known.status())) {
    return RequestError(known.status(), "UNKNOWN_TERMINAL", "terminal.number").ToGrpc();
  }
  terminal.number = *number;
  terminal.vehicle_id = vehicle->id;
  terminal.revoked = in.revoked();
  terminal.gcj02 = in.gcj02();
  if (request->forget_box()) {
    terminal.maker_id.clear();
    terminal.code_sha256.reset();
  }
  if (!known.ok() || *known != terminal) {
    RETURN_IF_REQUEST_ERROR(RequestError(terminals_.Put(terminal), "INVALID_TERMINAL", "terminal"));
    if (known.ok()) ports_.Disconnect(terminal.protocol, terminal.number);
  }
  Fill(terminal, *response);
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::RegisterPlatform(const v1::RegisterTerminalRequest& request, v1::Terminal& response) {
  constexpr auto kProtocol = TerminalProtocol::kGb32960Platform;
  const v1::Terminal& in = request.terminal();
  RETURN_IF_REQUEST_ERROR(
      RequestError(ParseTerminalNumber(kProtocol, in.number()).status(), "INVALID_TERMINAL", "terminal.number"));
  if (!in.vin().empty()) {
    return RequestError(absl::InvalidArgumentError("a platform is no vehicle's; leave the VIN out"), "INVALID_TERMINAL",
                        "terminal.vin")
        .ToGrpc();
  }
  Terminal platform{.protocol = kProtocol, .number = in.number()};
  const auto known = terminals_.Find(kProtocol, in.number());
  if (known.ok()) {
    platform = *known;
  } else if (!absl::IsNotFound(known.status())) {
    return RequestError(known.status(), "UNKNOWN_TERMINAL", "terminal.number").ToGrpc();
  }
  platform.revoked = in.revoked();
  std::string password;
  if (request.issue_code() || !platform.code_sha256) {
    password = NewPlatformPassword();
    platform.code_sha256 = HashOf(password);
  }
  if (!known.ok() || *known != platform) {
    RETURN_IF_REQUEST_ERROR(RequestError(terminals_.Put(platform), "INVALID_TERMINAL", "terminal"));
    if (known.ok()) ports_.Disconnect(kProtocol, platform.number);
  }
  Fill(platform, response);
  response.set_code(password);
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::GetTerminal(grpc::ServerContext* /*context*/, const v1::GetTerminalRequest* request,
                                              v1::Terminal* response) {
  Terminal terminal;
  RETURN_IF_REQUEST_ERROR(FindTerminal(terminals_, request->protocol(), request->number(), &terminal));
  Fill(terminal, *response);
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::ListTerminals(grpc::ServerContext* /*context*/,
                                                const v1::ListTerminalsRequest* request,
                                                v1::ListTerminalsResponse* response) {
  std::size_t page_size = 0;
  RETURN_IF_REQUEST_ERROR(ReadPageSize(request->page_size(), kDefaultPage, kMaxPage, &page_size));
  std::optional<Terminal> after;
  if (!request->page_token().empty()) {
    // The protocol's number, then the terminal's.
    const auto position = ReadPageToken(kListKey, request->page_token());
    RETURN_IF_REQUEST_ERROR(RequestError(position.status(), "INVALID_PAGE_TOKEN", "page_token"));
    after = Terminal{.protocol = static_cast<TerminalProtocol>(position->at(0)), .number = position->substr(1)};
  }
  const auto terminals = terminals_.List(after, page_size + 1);
  RETURN_IF_REQUEST_ERROR(RequestError(terminals.status(), "UNKNOWN_TERMINAL"));
  for (std::size_t i = 0; i < std::min(terminals->size(), page_size); ++i) {
    Fill((*terminals)[i], *response->add_terminals());
  }
  if (terminals->size() > page_size) {
    const Terminal& last = (*terminals)[page_size - 1];
    const std::string position = static_cast<char>(last.protocol) + last.number;
    response->set_next_page_token(MakePageToken(kListKey, std::string_view(position)));
  }
  return grpc::Status::OK;
}

template <typename Request>
RequestError TerminalServiceImpl::FindOwnTerminal(const grpc::ServerContext& context, const Request& request,
                                                  Terminal* out, Permit* permit) const {
  RequestError error = FindTerminal(terminals_, request.protocol(), request.number(), out);
  if (!error.ok()) return error;
  const auto seen = guard_.See(context, request, out->vehicle_id);
  if (!seen.ok()) return {seen.status(), "NOT_NOTED"};
  if (!seen->has_value()) return NoSuchTerminal(request.number());
  *permit = **seen;
  return {};
}

grpc::Status TerminalServiceImpl::SendText(grpc::ServerContext* context, const v1::SendTextRequest* request,
                                           v1::SendTextResponse* /*response*/) {
  Terminal terminal;
  Permit permit;
  RETURN_IF_REQUEST_ERROR(FindOwnTerminal(*context, *request, &terminal, &permit));
  if (request->text().empty()) {
    return RequestError(absl::InvalidArgumentError("the text is empty"), "INVALID_TEXT", "text").ToGrpc();
  }
  const Status sent = ports_.Send(terminal.protocol, terminal.number, TextCommand{request->text()});
  RETURN_IF_REQUEST_ERROR(
      RequestError(sent, absl::IsUnavailable(sent) ? "TERMINAL_NOT_CONNECTED" : "INVALID_TEXT", "text"));
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::SendCommand(grpc::ServerContext* context, const v1::SendCommandRequest* request,
                                              v1::SendCommandResponse* response) {
  Terminal terminal;
  Permit permit;
  RETURN_IF_REQUEST_ERROR(FindOwnTerminal(*context, *request, &terminal, &permit));
  if (request->has_control() && guard_.CallerOf(*context).role != Role::kOperator) {
    return RequestError(absl::PermissionDeniedError("only operators restart, reset or silence terminals"),
                        "CONTROL_NOT_ALLOWED", "control")
        .ToGrpc();
  }
  TerminalCommand command;
  RETURN_IF_REQUEST_ERROR(ReadCommand(*request, &command));
  if (request->timeout_ms() < 0) {
    return RequestError(absl::InvalidArgumentError("the time to wait is negative"), "INVALID_COMMAND", "timeout_ms")
        .ToGrpc();
  }
  const auto limit =
      request->timeout_ms() == 0 ? kDefaultWait : std::min(kMaxWait, std::chrono::milliseconds{request->timeout_ms()});
  const absl::Cleanup done = [this] { --waiting_; };
  if (++waiting_ > kWaitingMax) {
    return RequestError(absl::ResourceExhaustedError(
                            fmt::format("{} calls wait for terminals; try again in some seconds", kWaitingMax)),
                        "TOO_MANY_COMMANDS")
        .ToGrpc();
  }
  const auto answer = ports_.Ask(terminal.protocol, terminal.number, command, limit);
  RETURN_IF_REQUEST_ERROR(RequestError(answer.status(), ReasonOf(answer.status()), "command"));
  telltale::Fill(*answer, *response);
  LeaveOut(permit, *response);
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::ListUploads(grpc::ServerContext* context, const v1::ListUploadsRequest* request,
                                              v1::ListUploadsResponse* response) {
  std::optional<VisibleVehicle> vehicle;
  RETURN_IF_REQUEST_ERROR(guard_.FindVehicle(*context, *request, request->vin(), &vehicle));
  const auto uploads = uploads_.List(vehicle->id);
  RETURN_IF_REQUEST_ERROR(RequestError(uploads.status(), "DAMAGED_UPLOAD"));
  for (const Upload& upload : *uploads) {
    v1::Upload& out = *response->add_uploads();
    SetTime(upload.receive_time_ms, out.mutable_receive_time());
    out.set_message_id(upload.message_id);
    out.set_kind(upload.kind);
    out.set_content(upload.content);
  }
  return grpc::Status::OK;
}

grpc::Status TerminalServiceImpl::ExplainMessage(grpc::ServerContext* /*context*/,
                                                 const v1::ExplainMessageRequest* request,
                                                 v1::ExplainMessageResponse* response) {
  const std::string& message = request->message();
  if (message.empty() || message.size() > kMaxMessageBytes) {
    return RequestError(
               absl::InvalidArgumentError(fmt::format("{} bytes; send 1 to {}", message.size(), kMaxMessageBytes)),
               "INVALID_MESSAGE", "message")
        .ToGrpc();
  }
  std::optional<TerminalProtocol> protocol;
  if (request->protocol() != v1::TERMINAL_PROTOCOL_UNSPECIFIED) {
    RETURN_IF_REQUEST_ERROR(ReadProtocol(request->protocol(), "protocol", &protocol.emplace()));
  }
  const auto explained =
      ports_.Explain({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()}, protocol);
  RETURN_IF_REQUEST_ERROR(RequestError(explained.status(), "INVALID_MESSAGE", "message"));
  response->set_protocol(std::string(explained->protocol));
  for (const ExplainedField& field : explained->fields) telltale::Fill(field, *response->add_fields());
  return grpc::Status::OK;
}

}  // namespace telltale
