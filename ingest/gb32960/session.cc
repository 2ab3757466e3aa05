#include "ingest/gb32960/session.h"

#include <algorithm>

#include "ingest/gb32960/bodies.h"
#include "ingest/terminals/authentication_code.h"
#include "ingest/terminals/beijing_time.h"
#include "ingest/terminals/sim_login.h"

namespace telltale::gb32960 {
namespace {

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
  switch (header.command) {
    case Command::kLogin:
      LogIn(message, out);
      break;
    case Command::kPlatformLogin:
      LogInPlatform(message, out);
      break;
    default:
      HandleCommand(message, now_ms, out);
  }
  return true;
}

void Session::Reply(const Message& message, Answer answer, SessionOutput& out) {
  AppendAnswer(message.header, answer, message.data.first(std::min(message.data.size(), kTimeBytes)), out.replies);
}

// Unanswered, so that the other side tries again.
void Session::CloseNotWritten(SessionOutput& out) {
  out.close = true;
  out.close_reason = "not_written";
}

void Session::Forget(std::string_view vin) {
  if (platform_) platform_->erase(std::string(vin));
}

void Session::HandleCommand(const Message& message, std::int64_t now_ms, SessionOutput& out) {
  const Header& header = message.header;
  if (vehicle_.id == 0 && !platform_) {
    Refuse("not_logged_in");
    Reply(message, Answer::kError, out);
    return;
  }
  switch (header.command) {
    case Command::kRealTime:
    case Command::kReupload:
      if (Member member; FindMember(message, member, out)) Reply(message, TakeData(message, member, out), out);
      return;
    case Command::kLogout:
    case Command::kPlatformLogout:
      LogOut(message, out);
      return;
    case Command::kHeartbeat:
      AppendAnswer(header, Answer::kDone, {}, out.replies);
      return;
    case Command::kTime: {
      const std::array<std::uint8_t, kTimeBytes> now = BeijingTime::FromUnixMs(now_ms).ToBytes();
      AppendAnswer(header, Answer::kDone, now, out.replies);
      return;
    }
    default:
      Refuse("unsupported");
      Reply(message, Answer::kError, out);
  }
}

void Session::LogIn(const Message& message, SessionOutput& out) {
  const Header& header = message.header;
  FieldReader data(message.data);
  const gb32960::Login login = ReadLogin(data, header.edition);
  const auto refuse = [&](std::string_view reason) {
    out.login_refused = !platform_;  // a platform has proved who it is: it does not guess
    Refuse(reason);
    Reply(message, Answer::kError, out);
  };
  if (!data.ok()) return refuse("body");
  if (vehicle_.id != 0 && header.vin != terminal_) return refuse("another_vehicle");
  if (platform_ && platform_->size() >= shared_.options.vehicles_per_platform_max && !platform_->contains(header.vin)) {
    return refuse("too_many_vehicles");
  }
  const SimLogin sim = LogInBySim(TerminalProtocol::kGb32960, header.vin, login.iccid,
                                  shared_.options.self_registration, shared_.vehicles, shared_.terminals);
  if (sim.not_written) return CloseNotWritten(out);
  if (sim.vehicle.id == 0) return refuse(sim.refused);
  if (platform_) {
    (*platform_)[sim.vin] = {.vehicle = sim.vehicle, .gcj02 = sim.gcj02};
  } else {
    vehicle_ = sim.vehicle;
    terminal_ = sim.vin;
    gcj02_ = sim.gcj02;
    out.identified = true;
  }
  Reply(message, Answer::kDone, out);
}

void Session::LogInPlatform(const Message& message, SessionOutput& out) {
  FieldReader data(message.data);
  const PlatformLogin login = ReadPlatformLogin(data);
  const auto platform = shared_.terminals.Find(TerminalProtocol::kGb32960Platform, login.user);
  std::string_view reason;
  if (!data.ok()) {
    reason = "body";
  } else if (vehicle_.id != 0 || (platform_ && terminal_ != login.user)) {
    reason = "another_platform";
  } else if (!platform.ok() || platform->revoked) {
    reason = "unknown_platform";
  } else if (!platform->code_sha256 || !SameHash(*platform->code_sha256, HashOf(login.password))) {
    reason = "wrong_code";
  }
  if (!reason.empty()) {
    out.login_refused = true;
    Refuse(reason);
    Reply(message, Answer::kError, out);
    out.close = true;  // a password is not tried twice on one connection
    out.close_reason = "refused";
    return;
  }
  if (!platform_) platform_ = std::make_unique<Platform>();
  terminal_ = login.user;
  out.identified = true;
  Reply(message, Answer::kDone, out);
}

void Session::LogOut(const Message& message, SessionOutput& out) {
  Reply(message, Answer::kDone, out);
  if (platform_ && message.header.command == Command::kLogout) {
    platform_->erase(message.header.vin);
    return;
  }
  out.close = true;
  out.close_reason = "logout";
}

bool Session::FindMember(const Message& message, Member& member, SessionOutput& out) {
  const std::string& vin = message.header.vin;
  const auto refuse = [&](std::string_view reason) {
    Refuse(reason);
    Reply(message, Answer::kError, out);
    return false;
  };
  if (!platform_) {
    if (vin != terminal_) return refuse("another_vehicle");
    member = {.vehicle = vehicle_, .gcj02 = gcj02_};
    return true;
  }
  if (const auto known = platform_->find(vin); known != platform_->end()) {
    member = known->second;
    return true;
  }
  // The vehicle has logged in at its platform, perhaps before this connection was.
  if (platform_->size() >= shared_.options.vehicles_per_platform_max) return refuse("too_many_vehicles");
  const SimLogin sim = LogInBySim(TerminalProtocol::kGb32960, vin, std::nullopt, shared_.options.self_registration,
                                  shared_.vehicles, shared_.terminals);
  if (sim.not_written) {
    CloseNotWritten(out);
    return false;
  }
  if (sim.vehicle.id == 0) return refuse(sim.refused);
  member = (*platform_)[sim.vin] = {.vehicle = sim.vehicle, .gcj02 = sim.gcj02};
  return true;
}

Answer Session::TakeData(const Message& message, const Member& member, SessionOutput& out) {
  Scratch& scratch = ScratchOfThread();
  scratch.frame.Clear();
  scratch.frames.Clear();
  FieldReader data(message.data);
  const DataUnitReader::Result result =
      shared_.data_units.Read(data, message.header.edition, scratch.frame, member.gcj02);
  if (!result.fault.empty()) Refuse("body");  // what came before the broken block is kept
  if (result.left_out > 0) Refuse("left_out");
  if (result.unread_bytes > 0) Refuse("makers_block");
  if (!result.measure_time_ms) Refuse("time");
  if (!result.measure_time_ms || (!result.fault.empty() && scratch.frame.empty())) return Answer::kError;
  const std::size_t refused_before = out.batch.refusal_count;
  scratch.frame.AddTo(member.vehicle.id, *result.measure_time_ms, scratch.layouts, scratch.frames);
  shared_.pipeline.AddDecoded(member.vehicle, scratch.frames, out.batch);
  return out.batch.refusal_count == refused_before ? Answer::kDone : Answer::kError;
}

StatusOr<EncodedCommand> Session::Encode(const TerminalCommand& /*command*/) {
  return absl::UnimplementedError("GB/T 32960 has no texts for drivers, and no commands to vehicles");
}

}  // namespace telltale::gb32960
