#include "ingest/j1939/transport.h"

#include <algorithm>

namespace telltale {
namespace {

// Control bytes of TP.CM; 19, the end of message acknowledgement, tells a listener nothing.
constexpr std::uint8_t kRequestToSend = 16;
constexpr std::uint8_t kClearToSend = 17;
constexpr std::uint8_t kBroadcastAnnounce = 32;
constexpr std::uint8_t kAbort = 255;

// Bytes 6 to 8 of every TP.CM: the PGN that is carried.
std::uint32_t CarriedPgn(const CanFrame& frame) {
  return frame.bytes[5] | static_cast<std::uint32_t>(frame.bytes[6]) << 8 |
         static_cast<std::uint32_t>(frame.bytes[7]) << 16;
}

}  // namespace

std::string_view TextOf(BrokenTransfer::Reason reason) {
  switch (reason) {
    case BrokenTransfer::Reason::kWrongSequence:
      return "a packet is missing or came twice";
    case BrokenTransfer::Reason::kTimedOut:
      return "the next packet came too late";
    case BrokenTransfer::Reason::kReplaced:
      return "its sender began another one";
    case BrokenTransfer::Reason::kAborted:
      return "it was aborted on the bus";
    case BrokenTransfer::Reason::kShortPacket:
      return "a packet is too short";
    case BrokenTransfer::Reason::kCrowdedOut:
      return "too many are on their way at once";
    case BrokenTransfer::Reason::kLogEnded:
      return "the log ends inside it";
  }
  return "";
}

TransportReassembler::SessionIterator TransportReassembler::Find(std::uint8_t source_address,
                                                                 std::uint8_t destination_address) {
  return std::find_if(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    return session.source_address == source_address && session.destination_address == destination_address;
  });
}

void TransportReassembler::Break(SessionIterator session, BrokenTransfer::Reason reason) {
  ++counts_.broken;
  broken_.push_back({.reason = reason,
                     .pgn = session->pgn,
                     .source_address = session->source_address,
                     .destination_address = session->destination_address,
                     .received_packets = session->next_packet - 1U,
                     .packet_count = session->packet_count});
  sessions_.erase(session);
}

std::optional<TransportMessage> TransportReassembler::Add(const CanFrame& frame) {
  broken_.clear();
  if (frame.id.pgn == kPgnDataTransfer) return AddPacket(frame);
  if (frame.size < 8) {
    ++counts_.malformed_announcements;
    return std::nullopt;
  }
  switch (frame.bytes[0]) {
    case kBroadcastAnnounce:
      Announce(frame, true);
      break;
    case kRequestToSend:
      Announce(frame, false);
      break;
    case kClearToSend:
      ClearToSend(frame);
      break;
    case kAbort:
      Abort(frame);
      break;
    default:
      break;
  }
  return std::nullopt;
}

void TransportReassembler::Announce(const CanFrame& frame, bool to_all) {
  const std::size_t size = frame.bytes[1] | static_cast<std::size_t>(frame.bytes[2]) << 8;
  const std::size_t packet_count = frame.bytes[3];
  const std::uint32_t pgn = CarriedPgn(frame);
  if (size < kMinMessageBytes || size > kMaxMessageBytes || pgn > 0x3FFFF ||
      packet_count != (size + kBytesPerPacket - 1) / kBytesPerPacket ||
      to_all != (frame.id.destination_address == CanId::kToAll)) {
    ++counts_.malformed_announcements;
    return;
  }
  if (const auto old = Find(frame.id.source_address, frame.id.destination_address); old != sessions_.end()) {
    if (old->next_packet == 1 && old->pgn == pgn && old->size == size) {
      old->time_us = frame.time_us;  // an RTS that was not answered is sent again; nothing is lost
      return;
    }
    const bool late = frame.time_us - old->time_us > kTimeout.count();
    Break(old, late ? BrokenTransfer::Reason::kTimedOut : BrokenTransfer::Reason::kReplaced);
  }
  if (sessions_.size() == kMaxSessions) {
    Break(std::ranges::min_element(sessions_, {}, &Session::time_us), BrokenTransfer::Reason::kCrowdedOut);
  }
  sessions_.push_back({.source_address = frame.id.source_address,
                       .destination_address = frame.id.destination_address,
                       .packet_count = static_cast<std::uint8_t>(packet_count),
                       .next_packet = 1,
                       .pgn = pgn,
                       .time_us = frame.time_us,
                       .size = size,
                       .payload = std::vector<std::uint8_t>(packet_count * kBytesPerPacket)});
}

void TransportReassembler::ClearToSend(const CanFrame& frame) {
  // The receiver answers, so its destination is the sender of the message.
  const auto session = Find(frame.id.destination_address, frame.id.source_address);
  if (session == sessions_.end() || session->pgn != CarriedPgn(frame)) return;
  const std::uint8_t packets_wanted = frame.bytes[1];
  const std::uint8_t first_wanted = frame.bytes[2];
  if (packets_wanted > 0 && first_wanted >= 1 && first_wanted < session->next_packet) {
    session->next_packet = first_wanted;  // the receiver missed something that we have: it will come again
  }
  session->time_us = frame.time_us;
}

void TransportReassembler::Abort(const CanFrame& frame) {
  for (const bool by_sender : {true, false}) {
    const auto session = by_sender ? Find(frame.id.source_address, frame.id.destination_address)
                                   : Find(frame.id.destination_address, frame.id.source_address);
    if (session != sessions_.end() && session->pgn == CarriedPgn(frame)) {
      Break(session, BrokenTransfer::Reason::kAborted);
    }
  }
}

std::optional<TransportMessage> TransportReassembler::AddPacket(const CanFrame& frame) {
  const auto session = Find(frame.id.source_address, frame.id.destination_address);
  if (session == sessions_.end() || frame.size == 0) {
    ++counts_.stray_packets;
    return std::nullopt;
  }
  if (frame.time_us - session->time_us > kTimeout.count()) {
    ++counts_.stray_packets;
    Break(session, BrokenTransfer::Reason::kTimedOut);
    return std::nullopt;
  }
  if (frame.bytes[0] != session->next_packet) {
    Break(session, BrokenTransfer::Reason::kWrongSequence);
    return std::nullopt;
  }
  const std::size_t at = (session->next_packet - 1U) * kBytesPerPacket;
  const std::size_t wanted = std::min(kBytesPerPacket, session->size - at);
  if (frame.size - 1U < wanted) {  // the last packet is padded to 8 bytes, but not by everybody
    Break(session, BrokenTransfer::Reason::kShortPacket);
    return std::nullopt;
  }
  std::copy_n(frame.bytes.begin() + 1, wanted, session->payload.begin() + static_cast<std::ptrdiff_t>(at));
  session->time_us = frame.time_us;
  if (session->next_packet != session->packet_count) {
    ++session->next_packet;
    return std::nullopt;
  }
  ++counts_.complete;
  complete_ = std::move(session->payload);
  complete_.resize(session->size);
  const TransportMessage message{.time_us = frame.time_us,
                                 .pgn = session->pgn,
                                 .source_address = session->source_address,
                                 .destination_address = session->destination_address,
                                 .payload = complete_};
  sessions_.erase(session);
  return message;
}

void TransportReassembler::Finish() {
  broken_.clear();
  while (!sessions_.empty()) Break(sessions_.begin(), BrokenTransfer::Reason::kLogEnded);
}

}  // namespace telltale
