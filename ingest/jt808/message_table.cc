#include "ingest/jt808/message_table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/time.h"
#include "ingest/jt808/bodies.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/parameters.h"

namespace telltale::jt808 {
namespace {

void Nothing(FieldReader& /*body*/, const Header& /*header*/) {}

void AckSerial(FieldReader& body) { body.U16("serial number of the message that is answered"); }

// A list of numbers after its length.
void Ids(FieldReader& body, std::size_t count, std::string_view name) {
  for (std::size_t i = 0; i < count && body.ok(); ++i) body.U32(name);
}

void ResendRequest(FieldReader& body, const Header& header) {
  body.U16("serial number of the first packet");
  const std::size_t count = header.edition == Edition::k2019 && body.remaining() % 2 == 0
                                ? body.U16("number of packets")
                                : body.U8("number of packets");
  for (std::size_t i = 0; i < count && body.ok(); ++i) body.U16("packet");
}

void RegistrationAnswer(FieldReader& body, const Header& /*header*/) {
  AckSerial(body);
  body.U8("result");
  body.Note(
      "0 done, 1 vehicle already registered, 2 no such vehicle, 3 terminal already registered, 4 no such terminal");
  body.Group(body.remaining(), "authentication code (not shown)");
}

void Text(FieldReader& body, const Header& header) {
  body.Bits(1, "flags");
  if (header.edition == Edition::k2019) body.U8("kind");
  body.Text(body.remaining(), "text, GBK");
}

void Properties(FieldReader& body, const Header& header) {
  const bool of_2019 = header.edition == Edition::k2019;
  body.Bits(2, "kinds of vehicle and functions");
  body.Text(of_2019 ? 11 : 5, "maker");
  body.Text(of_2019 ? 30 : 20, "model");
  body.Text(of_2019 ? 30 : 7, "terminal id");
  body.Bcd(10, "ICCID of the SIM");
  body.Text(body.U8("length of the hardware version"), "hardware version");
  body.Text(body.U8("length of the firmware version"), "firmware version");
  body.Bits(1, "satellite systems");
  body.Bits(1, "mobile networks");
}

void CompressedUpload(FieldReader& body, const Header& /*header*/) {
  body.U32("length");
  body.Bytes(body.remaining(), "gzip");
}

void MultimediaEvent(FieldReader& body, const Header& /*header*/) {
  body.U32("multimedia id");
  body.U8("kind");
  body.Note("0 picture, 1 sound, 2 video");
  body.U8("coding");
  body.U8("event");
  body.U8("channel");
}

struct Kind {
  std::uint16_t id;
  std::string_view name;
  void (*explain)(FieldReader& body, const Header& header);  // nullptr: name alone
};

// In the order of ids. Positions, which need the catalogue, are explained by ExplainBody().
constexpr Kind kKinds[] = {
    {0x0001, "general answer of the terminal",
     [](FieldReader& body, const Header& /*header*/) { ReadTerminalAnswer(body); }},
    {0x0002, "heartbeat", Nothing},
    {0x0003, "logout", Nothing},
    {0x0004, "question for the time", Nothing},
    {0x0005, "request to send packets again", ResendRequest},
    {0x0100, "registration", [](FieldReader& body, const Header& header) { ReadRegistration(body, header.edition); }},
    {0x0101, "logout", Nothing},
    {0x0102, "authentication",
     [](FieldReader& body, const Header& header) { ReadAuthentication(body, header.edition); }},
    {0x0104, "parameters of the terminal",
     [](FieldReader& body, const Header& /*header*/) {
       AckSerial(body);
       ReadParameters(body, body.U8("number of parameters"));
     }},
    {0x0107, "properties of the terminal", Properties},
    {0x0108, "result of an upgrade",
     [](FieldReader& body, const Header& /*header*/) {
       body.U8("kind");
       body.U8("result");
     }},
    {0x0200, "position", nullptr},
    {0x0201, "answer to a question for the position", nullptr},
    {0x0301, "event", [](FieldReader& body, const Header& /*header*/) { body.U8("event"); }},
    {0x0302, "answer to a question",
     [](FieldReader& body, const Header& /*header*/) {
       AckSerial(body);
       body.U8("answer");
     }},
    {0x0303, "information asked for, or no longer",
     [](FieldReader& body, const Header& /*header*/) {
       body.U8("kind of information");
       body.U8("1 asked for, 0 no longer");
     }},
    {0x0500, "answer to a vehicle control", nullptr},
    {0x0700, "upload of the driving recorder", nullptr},
    {0x0701, "electronic waybill",
     [](FieldReader& body, const Header& /*header*/) { body.Text(body.U32("length"), "waybill"); }},
    {0x0702, "driver identity",
     [](FieldReader& body, const Header& header) { ReadDriverIdentity(body, header.edition); }},
    {0x0704, "batch of positions", nullptr},
    {0x0705, "CAN frames", [](FieldReader& body, const Header& /*header*/) { ReadCanUpload(body); }},
    {0x0800, "multimedia event", MultimediaEvent},
    {0x0801, "multimedia upload", nullptr},
    {0x0802, "answer to a search for multimedia", nullptr},
    {0x0805, "answer to a command to the camera", nullptr},
    {0x0900, "pass-through upload",
     [](FieldReader& body, const Header& /*header*/) {
       body.Bits(1, "kind");
       body.Bytes(body.remaining(), "content");
     }},
    {0x0901, "compressed upload", CompressedUpload},
    {0x0A00, "RSA key of the terminal", nullptr},
    {0x8001, "general answer of the platform",
     [](FieldReader& body, const Header& /*header*/) { ReadTerminalAnswer(body); }},
    {0x8003, "request to send packets again", ResendRequest},
    {0x8004, "answer with the time", [](FieldReader& body, const Header& /*header*/) { body.Bcd(6, "time, UTC"); }},
    {0x8100, "answer to a registration", RegistrationAnswer},
    {0x8103, "setting of parameters",
     [](FieldReader& body, const Header& /*header*/) { ReadParameters(body, body.U8("number of parameters")); }},
    {0x8104, "question for all parameters", Nothing},
    {0x8105, "control of the terminal",
     [](FieldReader& body, const Header& /*header*/) {
       body.U8("command");
       body.Text(body.remaining(), "parameters");
     }},
    {0x8106, "question for chosen parameters",
     [](FieldReader& body, const Header& /*header*/) { Ids(body, body.U8("number of parameters"), "parameter"); }},
    {0x8107, "question for the properties", Nothing},
    {0x8108, "upgrade of the terminal", nullptr},
    {0x8201, "question for the position", Nothing},
    {0x8202, "tracking",
     [](FieldReader& body, const Header& /*header*/) {
       body.U16("interval", {.name = "s"});
       if (body.remaining() > 0) body.U32("for how long", {.name = "s"});
     }},
    {0x8203, "confirmation of alarms by a person",
     [](FieldReader& body, const Header& /*header*/) {
       body.U16("serial number of the alarm");
       body.Bits(4, "kinds of alarm");
     }},
    {0x8300, "text", Text},
    {0x8301, "setting of events", nullptr},
    {0x8302, "question to the driver", nullptr},
    {0x8303, "setting of information menus", nullptr},
    {0x8304, "information", nullptr},
    {0x8400, "call back",
     [](FieldReader& body, const Header& /*header*/) {
       body.U8("0 call, 1 listen in");
       body.Text(body.remaining(), "telephone number");
     }},
    {0x8401, "setting of the telephone book", nullptr},
    {0x8500, "vehicle control", nullptr},
    {0x8600, "setting of circular areas", nullptr},
    {0x8601, "deletion of circular areas",
     [](FieldReader& body, const Header& /*header*/) { Ids(body, body.U8("number of areas"), "area"); }},
    {0x8602, "setting of rectangular areas", nullptr},
    {0x8603, "deletion of rectangular areas",
     [](FieldReader& body, const Header& /*header*/) { Ids(body, body.U8("number of areas"), "area"); }},
    {0x8604, "setting of polygons", nullptr},
    {0x8605, "deletion of polygons",
     [](FieldReader& body, const Header& /*header*/) { Ids(body, body.U8("number of areas"), "area"); }},
    {0x8606, "setting of routes", nullptr},
    {0x8607, "deletion of routes",
     [](FieldReader& body, const Header& /*header*/) { Ids(body, body.U8("number of routes"), "route"); }},
    {0x8608, "question for areas or routes", nullptr},
    {0x8700, "command to the driving recorder", nullptr},
    {0x8701, "parameters for the driving recorder", nullptr},
    {0x8702, "question for the driver's identity", Nothing},
    {0x8800, "answer to a multimedia upload", nullptr},
    {0x8801, "command to the camera", nullptr},
    {0x8802, "search for multimedia", nullptr},
    {0x8803, "command to upload multimedia", nullptr},
    {0x8804, "command to record sound", nullptr},
    {0x8805, "command to upload one multimedia item", nullptr},
    {0x8900, "pass-through to the terminal",
     [](FieldReader& body, const Header& /*header*/) {
       body.Bits(1, "kind");
       body.Bytes(body.remaining(), "content");
     }},
    {0x8A00, "RSA key of the platform", nullptr},
};

const Kind* Find(MessageId id) {
  const auto number = static_cast<std::uint16_t>(id);
  const auto* const at = std::ranges::lower_bound(kKinds, number, {}, &Kind::id);
  return at != std::end(kKinds) && at->id == number ? at : nullptr;
}

}  // namespace

std::string_view NameOf(MessageId id) {
  const Kind* const kind = Find(id);
  return kind != nullptr ? kind->name : std::string_view{};
}

void ExplainBody(const Header& header, const PositionReader& positions, FieldReader& body) {
  TerminalFrame frame;
  switch (header.id) {
    case MessageId::kPositionAnswer:
    case MessageId::kVehicleControlAnswer:
      AckSerial(body);
      positions.Read(body, frame);
      break;
    case MessageId::kPosition:
      positions.Read(body, frame);
      break;
    case MessageId::kPositions: {
      const std::size_t count = body.U16("number of positions");
      body.U8("kind");
      body.Note("0 ordinary, 1 from where there was no coverage");
      for (std::size_t i = 0; i < count && body.ok() && body.remaining() > 0; ++i) {
        FieldReader report = body.Group(body.U16("length"), fmt::format("position {}", i + 1));
        frame.Clear();
        positions.Read(report, frame);
      }
      break;
    }
    default:
      if (const Kind* kind = Find(header.id); kind != nullptr && kind->explain != nullptr) kind->explain(body, header);
  }
  if (body.remaining() > 0) body.Bytes(body.remaining(), "the rest");
}

Explanation Explain(std::span<const std::uint8_t> wire, const PositionReader& positions) {
  Explanation explanation;
  const auto note = [&explanation](std::string name, std::string value) {
    explanation.push_back(
        {.first_byte = 0, .byte_count = 0, .depth = 0, .name = std::move(name), .value = std::move(value)});
  };
  while (!wire.empty() && wire.front() == kDelimiter) wire = wire.subspan(1);
  while (!wire.empty() && wire.back() == kDelimiter) wire = wire.first(wire.size() - 1);
  std::vector<std::uint8_t> bytes;
  if (const Status status = Unescape(wire, bytes); !status.ok()) note("wrong escape", MessageOf(status));
  const MessageOrFault parsed = ParseMessage(bytes, &explanation);
  const Message& message = parsed.message;
  if (!message.body.empty()) {
    FieldReader body(message.body, &explanation, message.body_begin);
    if (message.header.sub_packet || message.header.encryption != 0) {
      body.Bytes(body.remaining(), message.header.sub_packet ? "a part of the body" : "encrypted body");
    } else {
      ExplainBody(message.header, positions, body);
    }
  }
  // Of what is shorter than any message not even the header was read.
  const auto has_bytes = [](const ExplainedField& field) { return field.byte_count > 0; };
  if (std::ranges::any_of(explanation, has_bytes)) {
    explanation.push_back({.first_byte = bytes.size() - 1,
                           .byte_count = 1,
                           .depth = 0,
                           .name = "checksum",
                           .value = fmt::format("0x{:02x}", bytes.back())});
  }
  if (parsed.fault) note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
  return explanation;
}

}  // namespace telltale::jt808
