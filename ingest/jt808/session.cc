#include "ingest/jt808/session.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/vin.h"
#include "ingest/jt808/commands.h"
#include "ingest/jt808/framing.h"
#include "ingest/jt808/message_table.h"
#include "ingest/jt808/parameters.h"
#include "ingest/terminals/authentication_code.h"
#include "ingest/terminals/beijing_time.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale::jt808 {
namespace {

constexpr std::string_view kProtocol = "jt808";

// In 0x8100.
enum class RegistrationResult : std::uint8_t { kDone = 0, kNoVehicle = 2, kTerminalRegistered = 3, kNoTerminal = 4 };

Scratch& ScratchOfThread() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

void Session::Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) {
  if (!partial_.empty()) {
    // What is kept has no delimiter but perhaps its first byte, so only as much is added as a message may have.
    const std::size_t room = kEscapedBytesMax + 2 - partial_.size();
    const std::size_t old_size = partial_.size();
    const std::size_t taken = std::min(room, bytes.size());
    partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    const Piece piece = NextPiece(partial_);
    if (piece.escaped.empty()) {
      if (taken < bytes.size()) Close("message_too_long", out);
      return;
    }
    HandlePiece(piece.escaped, now_ms, out);
    bytes = bytes.subspan(piece.consumed - std::min(piece.consumed, old_size));
    partial_.clear();
  }
  while (!out.close) {
    const Piece piece = NextPiece(bytes);
    bytes = bytes.subspan(piece.consumed);
    if (piece.escaped.empty()) break;
    HandlePiece(piece.escaped, now_ms, out);
  }
  if (out.close) return;
  if (bytes.size() > kEscapedBytesMax) {
    Close("message_too_long", out);
  } else if (bytes.empty()) {
    partial_ = {};  // gives its memory back: most terminals send whole messages
  } else {
    partial_.assign(bytes.begin(), bytes.end());
  }
}

void Session::HandlePiece(std::span<const std::uint8_t> escaped, std::int64_t now_ms, SessionOutput& out) {
  if (escaped.size() > kEscapedBytesMax) {
    Close("message_too_long", out);
    return;
  }
  std::vector<std::uint8_t>& bytes = ScratchOfThread().message;
  if (!Unescape(escaped, bytes).ok()) {
    Refuse(NameOf(Fault::kEscape));
    return;
  }
  const MessageOrFault parsed = ParseMessage(bytes);
  const Header& header = parsed.message.header;
  if (parsed.fault) {
    Refuse(NameOf(*parsed.fault));
    // Who it is from is certain if the checksum holds, so the terminal gets to know.
    if (parsed.fault == Fault::kEncrypted) {
      Answer(header, Result::kUnsupported, out);
    } else if (parsed.fault == Fault::kLength || parsed.fault == Fault::kPacketNumber) {
      Answer(header, Result::kWrong, out);
    }
    return;
  }
  if (terminal_.empty()) terminal_ = header.terminal;
  edition_ = header.edition;
  version_ = header.version;
  if (terminal_ != header.terminal) {
    Refuse("another_terminal");
    Close("another_terminal", out);
    return;
  }
  if (!header.sub_packet) {
    HandleMessage(parsed.message, now_ms, out);
    return;
  }
  // Pictures and sound are not kept, and only a known terminal may make us hold memory.
  if (vehicle_.id == 0 || header.id == MessageId::kMultimedia) {
    Refuse(vehicle_.id == 0 ? "not_authenticated" : "unsupported");
    Answer(header, vehicle_.id == 0 ? Result::kFailed : Result::kUnsupported, out);
    return;
  }
  if (sub_packets_ == nullptr) sub_packets_ = std::make_unique<SubPackets>(shared_.options.sub_packets);
  bool refused = false;
  auto complete = sub_packets_->Add(parsed.message, now_ms, refused);
  if (refused) {
    Refuse("too_many_packets");
    Answer(header, Result::kUnsupported, out);
  }
  if (!complete) return;
  complete->header.sub_packet = false;
  // The answer to each packet is that to the whole.
  for (std::size_t i = 1; i < complete->serials.size(); ++i) {
    Header packet = complete->header;
    packet.serial = complete->serials[i];
    Answer(packet, Result::kDone, out);
  }
  HandleMessage({.header = complete->header, .body = complete->body}, now_ms, out);
}

void Session::HandleMessage(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  const Header& header = message.header;
  shared_.counters.messages.Increment();
  switch (header.id) {
    case MessageId::kRegistration:
      Register(message, out);
      return;
    case MessageId::kAuthentication:
      Authenticate(message, out);
      return;
    case MessageId::kTerminalAnswer:  // an answer is not answered
      TakeCommandAnswer(message, out);
      return;
    case MessageId::kTimeQuery: {
      std::string body;
      ByteWriter writer(body);
      // This one time of the protocol is UTC.
      const std::int64_t beijing_ms = std::chrono::milliseconds{BeijingTime::kAheadOfUtc}.count();
      for (const std::uint8_t byte : BeijingTime::FromUnixMs(now_ms - beijing_ms).ToBcd()) writer.U8(byte);
      Reply(MessageId::kTimeAnswer, body, out);
      return;
    }
    default:
      break;
  }
  if (vehicle_.id == 0 && !shared_.options.authentication) {
    if (const auto terminal = shared_.terminals.Find(TerminalProtocol::kJt808, terminal_); terminal.ok()) {
      Identify(*terminal, out);
    }
  }
  if (vehicle_.id == 0) {
    Refuse("not_authenticated");
    Answer(header, Result::kFailed, out);
    return;
  }
  switch (header.id) {
    case MessageId::kHeartbeat:
      Answer(header, Result::kDone, out);
      return;
    case MessageId::kLogout:
    case MessageId::kLogoutOf2011:
      Answer(header, Result::kDone, out);
      Close("logout", out);
      return;
    case MessageId::kPosition:
      Answer(header, TakePosition(message, 0, out), out);
      return;
    case MessageId::kPositionAnswer:
    case MessageId::kVehicleControlAnswer:
      TakePosition(message, 2, out);  // behind the serial number that it answers; is an answer itself
      TakeCommandAnswer(message, out);
      return;
    case MessageId::kPositions:
      Answer(header, TakePositions(message, out), out);
      return;
    case MessageId::kCanUpload:
      Answer(header, TakeCan(message, now_ms, out), out);
      return;
    case MessageId::kDriverIdentity:
      Answer(header, TakeDriver(message, now_ms, out), out);
      return;
    case MessageId::kPassThrough:
    case MessageId::kCompressed:
      Answer(header, TakeUpload(message, now_ms, out), out);
      return;
    case MessageId::kParameters:
    case MessageId::kProperties:
      TakeCommandAnswer(message, out);
      return;
    default:
      Refuse("unsupported");
      Answer(header, Result::kUnsupported, out);
  }
}

StatusOr<Terminal> Session::TerminalToRegister(const Registration& registration) {
  auto known = shared_.terminals.Find(TerminalProtocol::kJt808, terminal_);
  if (known.ok() || !absl::IsNotFound(known.status()) || !shared_.options.self_registration) return known;
  // Of an unplated vehicle the plate is the VIN.
  const auto vin = Vin::Parse(registration.plate);
  const VehicleRegistry::Entry vehicle = vin.ok() ? shared_.vehicles.Find(vin->text()) : VehicleRegistry::Entry{};
  return Terminal{.protocol = TerminalProtocol::kJt808, .number = terminal_, .vehicle_id = vehicle.id};
}

void Session::Register(const Message& message, SessionOutput& out) {
  FieldReader body(message.body);
  const Registration registration = ReadRegistration(body, message.header.edition);
  if (!body.ok()) {
    Refuse("body");
    Answer(message.header, Result::kWrong, out);
    return;
  }
  RegistrationResult result = RegistrationResult::kDone;
  std::string code;
  auto terminal = TerminalToRegister(registration);
  const std::string maker_id = registration.terminal_id.substr(0, TerminalRegistry::kMaxMakerIdBytes);
  if (!terminal.ok() || terminal->revoked) {
    result = RegistrationResult::kNoTerminal;
  } else if (terminal->vehicle_id == 0) {
    result = RegistrationResult::kNoVehicle;
  } else if (!terminal->maker_id.empty() && terminal->maker_id != maker_id) {
    // Another box with this number: it gets no code, or anybody could take a terminal's place.
    result = RegistrationResult::kTerminalRegistered;
  } else {
    code = NewAuthenticationCode();
    terminal->maker_id = maker_id;
    terminal->code_sha256 = HashOf(code);
    if (const Status status = shared_.terminals.Put(*terminal); !status.ok()) {
      spdlog::warn("registration not written protocol={} error=\"{}\"", kProtocol, status.ToString());
      Close("not_written", out);  // unanswered, so the terminal asks again
      return;
    }
  }
  if (result != RegistrationResult::kDone) {
    out.login_refused = true;
    Refuse(result == RegistrationResult::kNoTerminal  ? "unknown_terminal"
           : result == RegistrationResult::kNoVehicle ? "unknown_vehicle"
                                                      : "another_box");
  }
  std::string reply;
  ByteWriter writer(reply);
  writer.U16(message.header.serial);
  writer.U8(static_cast<std::uint32_t>(result));
  writer.Bytes(code);
  Reply(MessageId::kRegistrationAnswer, reply, out);
}

void Session::Authenticate(const Message& message, SessionOutput& out) {
  FieldReader body(message.body);
  const Authentication shown = ReadAuthentication(body, message.header.edition);
  const auto terminal = shared_.terminals.Find(TerminalProtocol::kJt808, terminal_);
  if (!body.ok() || !terminal.ok() || !terminal->code_sha256 || !SameHash(*terminal->code_sha256, HashOf(shown.code)) ||
      !Identify(*terminal, out)) {
    Refuse(!body.ok() ? "body" : !terminal.ok() ? "unknown_terminal" : "wrong_code");
    out.login_refused = true;
    Answer(message.header, Result::kFailed, out);
    return;
  }
  Answer(message.header, Result::kDone, out);
}

bool Session::Identify(const Terminal& terminal, SessionOutput& out) {
  if (terminal.revoked) return false;
  const auto vehicle = shared_.vehicles.Get(terminal.vehicle_id);
  if (vehicle.ok()) vehicle_ = shared_.vehicles.Find(vehicle->vin.text());
  gcj02_ = terminal.gcj02;
  out.identified = vehicle_.id != 0;
  return out.identified;
}

// An alarm of an instant stands in one report: it falls in the next, so that the same again is seen to rise.
void Session::EndAlarms(const PositionReader::Report& report) {
  shared_.positions.EndAlarms(instants_, ScratchOfThread().frame);
  instants_ = report.instants;
}

Result Session::AddFrame(const PositionReader::Report& report, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  const std::size_t refused_before = out.batch.refusal_count;
  if (!report.measure_time_ms) {
    Refuse("time");
    return Result::kWrong;
  }
  EndAlarms(report);
  scratch.frames.Clear();
  scratch.frame.AddTo(vehicle_.id, *report.measure_time_ms, scratch.layouts, scratch.frames);
  shared_.pipeline.AddDecoded(vehicle_, scratch.frames, out.batch);
  return out.batch.refusal_count == refused_before ? Result::kDone : Result::kWrong;
}

Result Session::TakePosition(const Message& message, std::size_t body_begin, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  scratch.frame.Clear();
  FieldReader body(message.body.subspan(std::min(body_begin, message.body.size())));
  const PositionReader::Report report = shared_.positions.Read(body, scratch.frame, gcj02_);
  if (scratch.frame.empty()) {
    Refuse("body");
    return Result::kWrong;
  }
  if (!report.complete) Refuse("items");  // what came before the broken item is kept
  return AddFrame(report, out);
}

Result Session::TakePositions(const Message& message, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  FieldReader body(message.body);
  const std::size_t count = body.U16("number of positions");
  body.U8("kind");
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count && body.ok(); ++i) {
    FieldReader item = body.Group(body.U16("length"), "position");
    if (!body.ok()) break;
    scratch.frame.Clear();
    const PositionReader::Report report = shared_.positions.Read(item, scratch.frame, gcj02_);
    if (scratch.frame.empty()) {
      Refuse("body");
      continue;
    }
    if (!report.complete) Refuse("items");
    if (AddFrame(report, out) == Result::kDone) ++taken;
  }
  if (!body.ok()) Refuse("body");
  // Told that the message is wrong, a terminal sends all of it again, and again.
  return taken > 0 ? Result::kDone : Result::kWrong;
}

Result Session::TakeCan(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  FieldReader body(message.body);
  const CanUpload upload = ReadCanUpload(body);
  if (!body.ok() || !upload.time_of_day_ms) Refuse("body");
  if (!upload.time_of_day_ms) return Result::kWrong;
  Scratch& scratch = ScratchOfThread();
  scratch.frames.Clear();
  scratch.faults.clear();
  scratch.drivers.clear();
  if (bus_ == nullptr) {
    bus_ = std::make_unique<J1939BusDecoder>(shared_.pipeline.catalog(), shared_.j1939, vehicle_.id);
  }
  // The upload has one time, that of its first frame. A group that comes again is a millisecond later, so that its
  // values follow each other instead of replacing each other.
  const std::int64_t time_ms = NearestInstant(*upload.time_of_day_ms, now_ms);
  std::map<std::uint32_t, std::int64_t> repeats;
  std::int64_t last_ms = time_ms;
  for (const CanUpload::Item& item : upload.items) {
    if (!item.extended) continue;  // 11 bits of identifier are not J1939
    const CanId id = CanId::FromBits(item.id);
    const bool transport = TransportReassembler::IsTransport(id.pgn);
    if (!transport) last_ms = std::max(last_ms, time_ms + repeats[item.id]++);
    bus_->Add({.time_us = last_ms * 1000, .id = id, .size = 8, .bytes = item.bytes},
              {.frames = scratch.frames, .faults = scratch.faults, .drivers = scratch.drivers});
  }
  bus_->Flush(scratch.frames);
  const std::size_t refused_before = out.batch.refusal_count;
  shared_.pipeline.AddDecoded(vehicle_, scratch.frames, out.batch);
  for (FaultReport& fault : scratch.faults) shared_.pipeline.AddFault(vehicle_, 0, std::move(fault), out.batch);
  for (DriverChange& change : scratch.drivers) shared_.pipeline.AddDriver(vehicle_, std::move(change), out.batch);
  return out.batch.refusal_count == refused_before && body.ok() ? Result::kDone : Result::kWrong;
}

Result Session::TakeDriver(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  FieldReader body(message.body);
  const DriverIdentity identity = ReadDriverIdentity(body, message.header.edition);
  // The layout of 2011 has no time: it counts from its reception.
  const std::optional<std::int64_t> time_ms = identity.of_2011 ? now_ms : identity.time_ms;
  if (!body.ok() || !time_ms) {
    Refuse(body.ok() ? "time" : "body");
    return Result::kWrong;
  }
  // A card that could not be read is in all the same: somebody drives, and nobody knows who.
  DriverChange change{.time_ms = *time_ms, .source = DriverSource::kTerminal};
  if (identity.inserted && identity.result == 0) change.driver_id = identity.licence;
  if (!DriverLog::Check(change).ok()) {
    Refuse("driver");
    return Result::kWrong;
  }
  return shared_.pipeline.AddDriver(vehicle_, std::move(change), out.batch) ? Result::kDone : Result::kWrong;
}

Result Session::TakeUpload(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  FieldReader body(message.body);
  Upload upload{.receive_time_ms = now_ms, .message_id = static_cast<std::uint16_t>(message.header.id)};
  if (message.header.id == MessageId::kPassThrough) {
    upload.kind = body.U8("kind");
  } else {
    const std::uint32_t size = body.U32("length");
    if (size != body.remaining()) {
      Refuse("body");
      return Result::kWrong;
    }
  }
  const std::span<const std::uint8_t> content = body.Bytes(body.remaining(), "content");
  if (!body.ok()) {
    Refuse("body");
    return Result::kWrong;
  }
  upload.content.assign(content.begin(), content.end());
  out.batch.records.uploads.push_back({.vehicle_id = vehicle_.id, .upload = std::move(upload)});
  return Result::kDone;
}

void Session::Tick(std::int64_t now_ms, SessionOutput& out) {
  if (sub_packets_ == nullptr) return;
  for (const SubPackets::Missing& missing : sub_packets_->AskFor(now_ms)) {
    std::string body;
    ByteWriter writer(body);
    writer.U16(missing.first_serial);
    if (edition_ == Edition::k2019) {
      writer.U16(static_cast<std::uint32_t>(missing.packets.size()));
    } else {
      writer.U8(static_cast<std::uint32_t>(missing.packets.size()));
    }
    for (const std::uint16_t packet : missing.packets) writer.U16(packet);
    Reply(MessageId::kResendRequest, body, out);
  }
  if (sub_packets_->message_count() == 0) sub_packets_.reset();
}

StatusOr<EncodedCommand> Session::Encode(const TerminalCommand& command) {
  if (vehicle_.id == 0) return absl::FailedPreconditionError("the terminal has not proved who it is");
  ASSIGN_OR_RETURN(const CommandBody encoded, EncodeCommand(command, edition_));
  EncodedCommand out{.serial = serial_};
  if (encoded.id == MessageId::kQueryProperties) properties_serial_ = serial_;
  AppendMessage({.edition = edition_, .version = version_, .terminal = terminal_}, encoded.id, serial_, encoded.body,
                out.bytes);
  return out;
}

void Session::TakeCommandAnswer(const Message& message, SessionOutput& out) {
  CommandAnswer answer;
  FieldReader body(message.body);
  switch (message.header.id) {
    case MessageId::kTerminalAnswer: {
      const TerminalAnswer general = ReadTerminalAnswer(body);
      answer.serial = general.serial;
      answer.result = ResultOf(general.result);
      break;
    }
    case MessageId::kParameters:
      answer.serial = body.U16("");
      answer.parameters = ReadParameters(body, body.U8(""));
      break;
    case MessageId::kProperties:
      if (!properties_serial_) return;
      answer.serial = *std::exchange(properties_serial_, std::nullopt);
      break;
    default:  // a position
      answer.serial = body.U16("");
      if (body.ok()) {
        TerminalFrame unkept;
        answer.measure_time_ms = shared_.positions.Read(body, unkept, gcj02_).measure_time_ms;
      }
  }
  if (!body.ok()) {
    Refuse("body");
    return;
  }
  FieldReader explained(message.body, &answer.fields);
  ExplainBody(message.header, shared_.positions, explained);
  out.command_answers.push_back(std::move(answer));
}

void Session::Answer(const Header& header, Result result, SessionOutput& out) {
  std::string body;
  ByteWriter writer(body);
  writer.U16(header.serial);
  writer.U16(static_cast<std::uint32_t>(header.id));
  writer.U8(static_cast<std::uint32_t>(result));
  AppendMessage({.edition = header.edition, .version = header.version, .terminal = header.terminal},
                MessageId::kPlatformAnswer, serial_, body, out.replies);
}

void Session::Reply(MessageId id, std::string_view body, SessionOutput& out) {
  AppendMessage({.edition = edition_, .version = version_, .terminal = terminal_}, id, serial_, body, out.replies);
}

void Session::Refuse(std::string_view reason) { shared_.metrics.CountRefused(kProtocol, reason); }

void Session::Close(std::string_view reason, SessionOutput& out) {
  out.close = true;
  out.close_reason = reason;
}

}  // namespace telltale::jt808
