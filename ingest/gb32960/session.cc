#include "ingest/gb32960/session.h"

#include <algorithm>

#include "ingest/terminals/beijing_time.h"
#include "ingest/terminals/sim_login.h"

namespace telltale::gb32960 {
namespace {

constexpr std::size_t kTimeBytes = 6;

struct Scratch {
  TerminalFrame frame;
  LayoutCache layouts;
  FrameBatch frames;
};

Scratch& ScratchOfThread() {
  thread_local Scratch scratch;
  return scratch;
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
    const Piece piece = NextPiece(bytes, shared_.options.data_bytes_max);
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
  const MessageOrFault parsed = ParseMessage(bytes);
  const Message& message = parsed.message;
  const Header& header = message.header;
  if (parsed.fault) {
    Refuse(NameOf(*parsed.fault));
    if (parsed.fault == Fault::kEncrypted) {
      AppendAnswer(header, Answer::kError, message.data.first(std::min(message.data.size(), kTimeBytes)), out.replies);
    }
    return parsed.fault != Fault::kChecksum;
  }
  if (header.answer != Answer::kCommand) return true;  // an answer is not answered
  shared_.counters.messages.Increment();
  if (header.command == Command::kLogin) {
    LogIn(message, out);
  } else {
    HandleCommand(message, now_ms, out);
  }
  return true;
}

void Session::HandleCommand(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  const Header& header = message.header;
  const std::span<const std::uint8_t> time = message.data.first(std::min(message.data.size(), kTimeBytes));
  if (vehicle_.id == 0 || header.vin != terminal_) {
    Refuse(vehicle_.id == 0 ? "not_logged_in" : "another_vehicle");
    AppendAnswer(header, Answer::kError, time, out.replies);
    return;
  }
  switch (header.command) {
    case Command::kRealTime:
    case Command::kReupload:
      AppendAnswer(header, TakeData(message, out), time, out.replies);
      return;
    case Command::kLogout:
      AppendAnswer(header, Answer::kDone, time, out.replies);
      out.close = true;
      out.close_reason = "logout";
      return;
    case Command::kHeartbeat:
      AppendAnswer(header, Answer::kDone, {}, out.replies);
      return;
    case Command::kTime: {
      const BeijingTime now = BeijingTime::FromUnixMs(now_ms);
      const std::array<std::uint8_t, kTimeBytes> bytes_now = now.ToBytes();
      AppendAnswer(header, Answer::kDone, bytes_now, out.replies);
      return;
    }
    default:
      Refuse("unsupported");
      AppendAnswer(header, Answer::kError, time, out.replies);
  }
}

void Session::LogIn(const Message& message, SessionOutput& out) {
  const Header& header = message.header;
  FieldReader data(message.data);
  const Login login = ReadLogin(data, header.edition);
  const auto refuse = [&](std::string_view reason) {
    Refuse(reason);
    AppendAnswer(header, Answer::kError, message.data.first(std::min(message.data.size(), kTimeBytes)), out.replies);
  };
  if (!data.ok()) return refuse("body");
  if (vehicle_.id != 0 && header.vin != terminal_) return refuse("another_vehicle");
  const SimLogin sim = LogInBySim(TerminalProtocol::kGb32960, header.vin, login.iccid,
                                  shared_.options.self_registration, shared_.vehicles, shared_.terminals);
  if (sim.not_written) {
    out.close = true;  // unanswered, so the terminal asks again
    out.close_reason = "not_written";
    return;
  }
  if (sim.vehicle.id == 0) return refuse(sim.refused);
  vehicle_ = sim.vehicle;
  terminal_ = sim.vin;
  gcj02_ = sim.gcj02;
  out.identified = true;
  AppendAnswer(header, Answer::kDone, message.data.first(kTimeBytes), out.replies);
}

Answer Session::TakeData(const Message& message, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  scratch.frame.Clear();
  scratch.frames.Clear();
  FieldReader data(message.data);
  const DataUnitReader::Result result = shared_.data_units.Read(data, message.header.edition, scratch.frame, gcj02_);
  if (!result.fault.empty()) Refuse("body");  // what came before the broken block is kept
  if (!result.measure_time_ms) Refuse("time");
  if (!result.measure_time_ms || (!result.fault.empty() && scratch.frame.empty())) return Answer::kError;
  const std::size_t refused_before = out.batch.refusal_count;
  scratch.frame.AddTo(vehicle_.id, *result.measure_time_ms, scratch.layouts, scratch.frames);
  shared_.pipeline.AddDecoded(vehicle_, scratch.frames, out.batch);
  return out.batch.refusal_count == refused_before ? Answer::kDone : Answer::kError;
}

StatusOr<std::string> Session::EncodeText(std::string_view /*text*/) {
  return absl::UnimplementedError("GB/T 32960 has no texts for drivers");
}

}  // namespace telltale::gb32960
