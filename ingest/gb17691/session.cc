#include "ingest/gb17691/session.h"

#include "ingest/gb32960/bodies.h"
#include "ingest/terminals/beijing_time.h"
#include "ingest/terminals/sim_login.h"

namespace telltale::gb17691 {
namespace {

using gb32960::Command;
using gb32960::Family;
using gb32960::Fault;
using gb32960::Message;
using gb32960::MessageOrFault;
using gb32960::ParseMessage;
using gb32960::Piece;

constexpr std::size_t kIccidBytes = 20;
// From here on annex Q and HJ 1239.3 have commands of their own.
constexpr auto kTerminalTime = static_cast<Command>(0x05);
constexpr auto kTerminalRemoved = static_cast<Command>(0x06);
constexpr auto kActivation = static_cast<Command>(0x07);
constexpr auto kActivationAnswer = static_cast<Command>(0x08);

struct Scratch {
  TerminalFrame frame;
  LayoutCache layouts;
  FrameBatch frames;
};

Scratch& ScratchOfThread() {
  thread_local Scratch scratch;
  return scratch;
}

const EmissionReader::Sink kNowhere{.on_frame = [](std::int64_t, const TerminalFrame&) {},
                                    .on_faults = [](const FaultReport&) {}};

std::string ReadIccid(FieldReader& data) {
  data.Bytes(6, "time");
  data.U16("number of the day's logins");
  return data.Text(kIccidBytes, "ICCID of the SIM");
}

}  // namespace

void Session::Receive(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) {
  std::vector<std::uint8_t> joined;
  if (!partial_.empty()) {
    joined.swap(partial_);
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    bytes = joined;
  }
  while (!out.close) {
    const Piece piece = gb32960::NextPiece(bytes, shared_.options.data_bytes_max, Family::kGb17691);
    if (piece.kind == Piece::Kind::kNeedMore) break;
    if (piece.kind == Piece::Kind::kGarbage) Refuse("garbage");
    std::size_t spent = piece.size;
    if (piece.kind == Piece::Kind::kMessage && !HandleMessage(bytes.first(piece.size), now_ms, out)) {
      spent = 1;  // its length may be what is wrong: the next message may begin inside
    }
    bytes = bytes.subspan(spent);
  }
  if (!out.close) partial_.assign(bytes.begin(), bytes.end());
}

bool Session::HandleMessage(std::span<const std::uint8_t> bytes, std::int64_t now_ms, SessionOutput& out) {
  const MessageOrFault parsed = ParseMessage(bytes, nullptr, Family::kGb17691);
  if (parsed.fault) {
    Refuse(NameOf(*parsed.fault));
    return parsed.fault != Fault::kChecksum;
  }
  shared_.counters.messages.Increment();
  const Message& message = parsed.message;
  if (message.header.command == Command::kLogin) {
    LogIn(message, out);
    return true;
  }
  if (vehicle_.id == 0 || message.header.vin != terminal_) {
    Refuse(vehicle_.id == 0 ? "not_logged_in" : "another_vehicle");
    Close("not_logged_in", out);
    return true;
  }
  switch (message.header.command) {
    case Command::kRealTime:
    case Command::kReupload:
      TakeData(message, out);
      break;
    case Command::kLogout:
      Close("logout", out);
      break;
    case kTerminalRemoved:
      TakeData(message, out);
      break;
    case kTerminalTime: {
      // How it is answered annex Q does not say: as it asks, with the time in Beijing, as the answers of GB/T 32960
      // are.
      const auto now = BeijingTime::FromUnixMs(now_ms).ToBytes();
      gb32960::AppendAnswer(message.header, gb32960::Answer::kDone, now, out.replies, Family::kGb17691);
      break;
    }
    default:
      Refuse("unsupported");
  }
  return true;
}

void Session::LogIn(const Message& message, SessionOutput& out) {
  FieldReader data(message.data);
  const std::string iccid = ReadIccid(data);
  const SimLogin login = !data.ok()
                             ? SimLogin{.vehicle = {}, .vin = {}, .refused = "body"}
                             : LogInBySim(TerminalProtocol::kGb17691, message.header.vin, iccid,
                                          shared_.options.self_registration, shared_.vehicles, shared_.terminals);
  if (login.vehicle.id == 0) {
    out.login_refused = !login.refused.empty();
    if (out.login_refused) Refuse(login.refused);
    Close(login.not_written ? "not_written" : "refused", out);
    return;
  }
  vehicle_ = login.vehicle;
  terminal_ = login.vin;
  gcj02_ = login.gcj02;
  out.identified = true;
}

void Session::TakeData(const Message& message, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  scratch.frames.Clear();
  FieldReader data(message.data);
  const EmissionReader::Sink sink{
      .on_frame =
          [&](std::int64_t measure_time_ms, const TerminalFrame& frame) {
            frame.AddTo(vehicle_.id, measure_time_ms, scratch.layouts, scratch.frames);
          },
      .on_faults = [&](FaultReport report) { shared_.pipeline.AddFault(vehicle_, 0, std::move(report), out.batch); }};
  const std::string fault = message.header.command == kTerminalRemoved
                                ? shared_.emissions.ReadRemoval(data, gcj02_, scratch.frame, sink)
                                : shared_.emissions.Read(data, message.header.edition, gcj02_, scratch.frame, sink);
  if (!fault.empty()) Refuse("body");  // what came before the broken block is kept
  shared_.pipeline.AddDecoded(vehicle_, scratch.frames, out.batch);
}

StatusOr<EncodedCommand> Session::Encode(const TerminalCommand& /*command*/) {
  return absl::UnimplementedError("GB 17691 has no texts for drivers, and no commands to vehicles");
}

void Session::Close(std::string_view reason, SessionOutput& out) {
  out.close = true;
  out.close_reason = reason;
}

namespace {

// HJ 1239.3, table 12: the security chip shows its public key, signed. Not checked: that is the national platform's.
void ExplainActivation(FieldReader& data) {
  gb32960::ReadTime(data, "time");
  data.Text(16, "security chip");
  data.Bytes(64, "public key");
  data.Text(17, "VIN");
  data.Bytes(data.U8("length of R"), "R");
  data.Bytes(data.U8("length of S"), "S");
}

// Gives what is wrong with it; empty: nothing.
std::string ExplainData(const gb32960::Header& header, const EmissionReader& reader, FieldReader& data) {
  TerminalFrame frame;
  switch (header.command) {
    case Command::kLogin:
      ReadIccid(data);
      return {};
    case Command::kRealTime:
    case Command::kReupload:
      return reader.Read(data, header.edition, /*gcj02=*/false, frame, kNowhere);
    case Command::kLogout:
      gb32960::ReadLogout(data);
      return {};
    case kTerminalTime:
      if (data.remaining() > 0) gb32960::ReadTime(data, "time");
      return {};
    case kTerminalRemoved:
      return reader.ReadRemoval(data, /*gcj02=*/false, frame, kNowhere);
    case kActivation:
      ExplainActivation(data);
      return {};
    case kActivationAnswer:
      data.U8("result");
      data.Note("1 activated, 2 not");
      data.U8("why");
      data.Note("0 done, 1 chip used already, 2 VIN wrong");
      return {};
    default:
      return {};
  }
}

}  // namespace

Explanation Explain(std::span<const std::uint8_t> message, const EmissionReader& reader) {
  return ExplainWith(message, Family::kGb17691, [&reader](const gb32960::Header& header, FieldReader& data) {
    return ExplainData(header, reader, data);
  });
}

}  // namespace telltale::gb17691
