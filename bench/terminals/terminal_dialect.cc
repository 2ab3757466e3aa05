#include "bench/terminals/terminal_dialect.h"

#include <vector>

#include <fmt/format.h>

#include "ingest/gb32960/message.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message.h"
#include "ingest/terminals/beijing_time.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale {
namespace {

class Jt808Dialect final : public TerminalDialect {
 public:
  TerminalProtocol protocol() const override { return TerminalProtocol::kJt808; }
  std::string_view name() const override { return "JT/T 808"; }
  std::string_view stored_signal() const override { return "gnss_speed"; }
  std::string NumberOf(std::uint32_t index) const override { return fmt::format("{}", 13'000'000'000ULL + index); }

  void AppendLogin(Terminal& terminal, std::string& out) const override {
    const jt808::Addressee from{.edition = jt808::Edition::k2013, .terminal = terminal.number};
    if (!terminal.code.empty()) {
      jt808::AppendMessage(from, jt808::MessageId::kAuthentication, terminal.serial, terminal.code, out);
      return;
    }
    std::string body(4, '\0');
    body += "MAKERMODEL" + std::string(15, '\0') + "BOX0001";
    body.push_back(1);
    body += "A12345";
    jt808::AppendMessage(from, jt808::MessageId::kRegistration, terminal.serial, body, out);
  }

  std::uint16_t AppendReport(Terminal& terminal, std::int64_t time_ms, std::string& out) const override {
    const std::uint16_t serial = terminal.serial;
    std::string body;
    ByteWriter writer(body);
    writer.U32(0);
    writer.U32(3);  // ignition on, position valid
    writer.U32(31'000'000 + serial * 7U);
    writer.U32(121'000'000 + serial);
    writer.U16(4);
    writer.U16(300 + serial % 500U);
    writer.U16(serial % 360U);
    for (const std::uint8_t byte : BeijingTime::FromUnixMs(time_ms).ToBcd()) writer.U8(byte);
    writer.U8(0x01);
    writer.U8(4);
    writer.U32(100'000U + serial);
    writer.U8(0x30);
    writer.U8(1);
    writer.U8(25);
    writer.U8(0x31);
    writer.U8(1);
    writer.U8(12);
    jt808::AppendMessage({.edition = jt808::Edition::k2013, .terminal = terminal.number}, jt808::MessageId::kPosition,
                         terminal.serial, body, out);
    return serial;
  }

  Heard Hear(std::span<const std::uint8_t> stream, Terminal& terminal) const override {
    const jt808::Piece piece = jt808::NextPiece(stream);
    Heard heard{.consumed = piece.consumed};
    if (piece.escaped.empty()) return heard;
    thread_local std::vector<std::uint8_t> message;
    if (!jt808::Unescape(piece.escaped, message).ok()) return heard;
    const jt808::MessageOrFault parsed = jt808::ParseMessage(message);
    if (parsed.fault || parsed.message.body.size() < 3) return heard;
    const std::span<const std::uint8_t> body = parsed.message.body;
    if (parsed.message.header.id == jt808::MessageId::kRegistrationAnswer) {
      heard.said = body[2] == 0 ? Heard::Said::kLogInAgain : Heard::Said::kRefused;
      terminal.code.assign(body.begin() + 3, body.end());
      return heard;
    }
    if (parsed.message.header.id != jt808::MessageId::kPlatformAnswer || body.size() != 5) return heard;
    heard.number = static_cast<std::uint16_t>(body[0] << 8 | body[1]);
    const auto answered = static_cast<jt808::MessageId>(body[2] << 8 | body[3]);
    heard.said = body[4] != 0                                    ? Heard::Said::kRefused
                 : answered == jt808::MessageId::kAuthentication ? Heard::Said::kLoggedIn
                                                                 : Heard::Said::kDone;
    return heard;
  }

  // 0x8001 to the number 13000000000, answering serial number 0, done.
  std::string EchoAnswer() const override {
    std::string wire;
    jt808::AppendEscaped(std::string("\x80\x01\x00\x05\x01\x30\x00\x00\x00\x00\x00\x01\x00\x00\x02\x00\x00", 17), wire);
    return wire;
  }
};

class Gb32960Dialect final : public TerminalDialect {
 public:
  TerminalProtocol protocol() const override { return TerminalProtocol::kGb32960; }
  std::string_view name() const override { return "GB/T 32960"; }
  std::string_view stored_signal() const override { return "ev_vehicle_speed"; }
  std::string NumberOf(std::uint32_t index) const override { return VinOfTerminal(index); }

  void AppendLogin(Terminal& terminal, std::string& out) const override {
    terminal.answered = terminal.serial;
    std::string data;
    ByteWriter writer(data);
    AppendTime(kLoginTimeMs, writer);
    writer.U16(1);
    writer.Bytes(std::string(20, '8'));  // of the SIM
    writer.U8(0);
    writer.U8(0);
    AppendMessage(gb32960::Command::kLogin, terminal, data, out);
  }

  // Vehicle, a motor, position, extremes and alarms, as buses send them: 127 bytes.
  std::uint16_t AppendReport(Terminal& terminal, std::int64_t time_ms, std::string& out) const override {
    const std::uint32_t serial = terminal.serial++;
    std::string data;
    ByteWriter writer(data);
    AppendTime(time_ms, writer);
    writer.U8(0x01);
    for (const std::uint32_t state : {1U, 3U, 1U}) writer.U8(state);
    writer.U16(300 + serial % 500);
    writer.U32(1'000'000 + serial);
    writer.U16(5'600 + serial % 100);
    writer.U16(10'000 + serial % 1'000);
    writer.U8(80 - serial % 60);
    writer.U8(1);
    writer.U8(0x2E);
    writer.U16(2'000);
    writer.U8(serial % 100);
    writer.U8(0);
    writer.U8(0x02);
    writer.U8(1);
    writer.U8(1);
    writer.U8(1);
    writer.U8(90);
    writer.U16(21'000 + serial % 2'000);
    writer.U16(20'000 + serial % 3'000);
    writer.U8(95);
    writer.U16(5'600);
    writer.U16(10'500);
    writer.U8(0x05);
    writer.U8(0);
    writer.U32(121'000'000 + serial);
    writer.U32(31'000'000 + serial);
    writer.U8(0x06);
    for (const std::uint32_t cell : {12U, 77U}) {
      writer.U8(1);
      writer.U8(cell);
      writer.U16(3'300 + serial % 50);
    }
    for (const std::uint32_t probe : {3U, 9U}) {
      writer.U8(1);
      writer.U8(probe);
      writer.U8(65 + serial % 5);
    }
    writer.U8(0x07);
    writer.U8(0);
    writer.U32(0);
    for (int kind = 0; kind < 4; ++kind) writer.U8(0);
    AppendMessage(gb32960::Command::kRealTime, terminal, data, out);
    return static_cast<std::uint16_t>(serial);
  }

  Heard Hear(std::span<const std::uint8_t> stream, Terminal& terminal) const override {
    const gb32960::Piece piece = gb32960::NextPiece(stream, gb32960::kDataBytesMax);
    if (piece.kind == gb32960::Piece::Kind::kNeedMore) return {};
    Heard heard{.consumed = piece.size};
    if (piece.kind == gb32960::Piece::Kind::kGarbage) return heard;
    const gb32960::Header& header = gb32960::ParseMessage(stream.first(piece.size)).message.header;
    const bool done = header.answer == gb32960::Answer::kDone;
    if (header.command == gb32960::Command::kLogin) {
      heard.said = done ? Heard::Said::kLoggedIn : Heard::Said::kRefused;
    } else {
      heard.number = terminal.answered++;
      heard.said = done ? Heard::Said::kDone : Heard::Said::kRefused;
    }
    return heard;
  }

  std::string EchoAnswer() const override {
    std::string wire;
    const std::array<std::uint8_t, 6> time = BeijingTime::FromUnixMs(kLoginTimeMs).ToBytes();
    gb32960::AppendAnswer({.command = gb32960::Command::kRealTime, .vin = VinOfTerminal(0)}, gb32960::Answer::kDone,
                          time, wire);
    return wire;
  }

 private:
  static constexpr std::int64_t kLoginTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

  static void AppendTime(std::int64_t time_ms, ByteWriter& writer) {
    for (const std::uint8_t byte : BeijingTime::FromUnixMs(time_ms).ToBytes()) writer.U8(byte);
  }
  // A message that asks for an answer has the form of one.
  static void AppendMessage(gb32960::Command command, const Terminal& terminal, std::string_view data,
                            std::string& out) {
    gb32960::AppendAnswer({.command = command, .vin = terminal.number}, gb32960::Answer::kCommand,
                          {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()}, out);
  }
};

}  // namespace

std::unique_ptr<TerminalDialect> MakeTerminalDialect(std::string_view protocol) {
  if (protocol == "jt808") return std::make_unique<Jt808Dialect>();
  if (protocol == "gb32960") return std::make_unique<Gb32960Dialect>();
  return nullptr;
}

std::string VinOfTerminal(std::uint32_t index) { return fmt::format("LZYTERM00{:08}", index); }

}  // namespace telltale
