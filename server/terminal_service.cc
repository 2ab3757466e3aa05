#include "server/terminal_service.h"

#include <fmt/format.h>

#include "server/page_token.h"
#include "server/request.h"

namespace telltale {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kMaxPage = 1'000;
constexpr std::size_t kMaxMessageBytes = 65'536;
constexpr std::string_view kListKey = "terminals";

static_assert(static_cast<int>(TerminalProtocol::kJt808) == v1::TERMINAL_PROTOCOL_JT808);
static_assert(static_cast<int>(TerminalProtocol::kGb32960) == v1::TERMINAL_PROTOCOL_GB32960);
static_assert(static_cast<int>(TerminalProtocol::kGb17691) == v1::TERMINAL_PROTOCOL_GB17691);

RequestError ReadProtocol(v1::TerminalProtocol in, const std::string& field, TerminalProtocol* out) {
  if (in == v1::TERMINAL_PROTOCOL_UNSPECIFIED || !v1::TerminalProtocol_IsValid(in)) {
    return {absl::InvalidArgumentError("the terminal's protocol is needed, as in TERMINAL_PROTOCOL_JT808"),
            "INVALID_TERMINAL", field};
  }
  *out = static_cast<TerminalProtocol>(in);
  return {};
}

RequestError FindTerminal(const TerminalRegistry& terminals, v1::TerminalProtocol protocol, const std::string& number,
                          Terminal* out) {
  TerminalProtocol known{};
  if (RequestError error = ReadProtocol(protocol, "protocol", &known); !error.ok()) return error;
  auto terminal = terminals.Find(known, number);
  if (absl::IsNotFound(terminal.status())) {
    return {absl::NotFoundError(fmt::format("no terminal with the number '{}'", number)), "UNKNOWN_TERMINAL", "number"};
  }
  if (!terminal.ok()) return {terminal.status(), "UNKNOWN_TERMINAL", "number"};
  *out = *std::move(terminal);
  return {};
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
  RETURN_IF_REQUEST_ERROR(
      RequestError(CheckTerminalNumber(terminal.protocol, in.number()), "INVALID_TERMINAL", "terminal.number"));
  const auto vin = Vin::Parse(in.vin());
  RETURN_IF_REQUEST_ERROR(RequestError(vin.status(), "INVALID_VIN", "terminal.vin"));
  const auto vehicle = vehicles_.Get(*vin);
  RETURN_IF_REQUEST_ERROR(RequestError(vehicle.status(), "UNKNOWN_VEHICLE", "terminal.vin"));
  const auto known = terminals_.Find(terminal.protocol, in.number());
  if (known.ok()) {
    terminal = *known;
  } else if (!absl::IsNotFound(known.status())) {
    return RequestError(known.status(), "UNKNOWN_TERMINAL", "terminal.number").ToGrpc();
  }
  terminal.number = in.number();
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

grpc::Status TerminalServiceImpl::SendText(grpc::ServerContext* /*context*/, const v1::SendTextRequest* request,
                                           v1::SendTextResponse* /*response*/) {
  Terminal terminal;
  RETURN_IF_REQUEST_ERROR(FindTerminal(terminals_, request->protocol(), request->number(), &terminal));
  if (request->text().empty()) {
    return RequestError(absl::InvalidArgumentError("the text is empty"), "INVALID_TEXT", "text").ToGrpc();
  }
  const Status sent = ports_.SendText(terminal.protocol, terminal.number, request->text());
  RETURN_IF_REQUEST_ERROR(
      RequestError(sent, absl::IsUnavailable(sent) ? "TERMINAL_NOT_CONNECTED" : "INVALID_TEXT", "text"));
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
  for (const ExplainedField& field : explained->fields) {
    v1::ExplainedField& out = *response->add_fields();
    out.set_first_byte(static_cast<std::uint32_t>(field.first_byte));
    out.set_byte_count(static_cast<std::uint32_t>(field.byte_count));
    out.set_depth(static_cast<std::uint32_t>(field.depth));
    out.set_name(field.name);
    out.set_value(field.value);
  }
  return grpc::Status::OK;
}

}  // namespace telltale
