#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ingest/j1939/can_frame.h"

namespace telltale {

// A message of 9 to 1785 bytes that came as several CAN frames.
struct TransportMessage {
  std::int64_t time_us = 0;  // of its last packet
  std::uint32_t pgn = 0;
  std::uint8_t source_address = 0;
  std::uint8_t destination_address = CanId::kToAll;
  std::span<const std::uint8_t> payload;
};

// A message that began and never came to its end.
struct BrokenTransfer {
  enum class Reason : std::uint8_t {
    kWrongSequence,  // a packet was lost, or came twice
    kTimedOut,
    kReplaced,  // the same sender announced another message before this one was complete
    kAborted,   // by sender or receiver
    kShortPacket,
    kCrowdedOut,  // too many at a time
    kLogEnded,
  };
  Reason reason = Reason::kWrongSequence;
  std::uint32_t pgn = 0;
  std::uint8_t source_address = 0;
  std::uint8_t destination_address = CanId::kToAll;
  std::uint32_t received_packets = 0;
  std::uint32_t packet_count = 0;
};

// In words, for messages: "a packet is missing or came twice".
std::string_view TextOf(BrokenTransfer::Reason reason);

// Puts the messages of the J1939 transport protocol (SAE J1939-21, 5.10) together again, as a logger hears them on the
// bus: to all (BAM) and between two (RTS, CTS). A sender has at most one message on its way to each destination; a new
// announcement replaces an old one. Not thread-safe.
class TransportReassembler {
 public:
  static constexpr std::uint32_t kPgnConnection = 0xEC00;    // TP.CM: announcements and flow control
  static constexpr std::uint32_t kPgnDataTransfer = 0xEB00;  // TP.DT: the packets
  static constexpr std::size_t kMinMessageBytes = 9;         // fewer fit one frame
  static constexpr std::size_t kMaxMessageBytes = 1785;      // 255 packets of 7 bytes
  static constexpr std::size_t kBytesPerPacket = 7;
  // A truck has five to fifteen senders, each with one message to all and seldom one to somebody.
  static constexpr std::size_t kMaxSessions = 64;
  // A receiver gives up 750 ms after a packet (T1). A logger that stamps late or in bursts would lose good messages by
  // that, and needs no buffer back soon; so all waits have the longest of the standard's times (T2, T3: 1,250 ms). Time
  // is that of the log; where it steps back, nothing times out.
  static constexpr std::chrono::microseconds kTimeout = std::chrono::milliseconds{1250};

  struct Counts {
    std::uint64_t complete = 0;
    std::uint64_t broken = 0;
    std::uint64_t malformed_announcements = 0;  // size, packet count or destination contradict the standard
    std::uint64_t stray_packets = 0;            // of no message that we saw the beginning of
  };

  static constexpr bool IsTransport(std::uint32_t pgn) { return pgn == kPgnConnection || pgn == kPgnDataTransfer; }

  // Takes a frame of either PGN; a message if this one completes it, whose payload is valid until the next call.
  std::optional<TransportMessage> Add(const CanFrame& frame);

  // Ends the log: every message that is still on its way is broken.
  void Finish();

  // What broke during the last call.
  std::span<const BrokenTransfer> broken() const { return broken_; }
  const Counts& counts() const { return counts_; }
  std::size_t session_count() const { return sessions_.size(); }

 private:
  struct Session {
    std::uint8_t source_address;
    std::uint8_t destination_address;
    std::uint8_t packet_count;
    std::uint8_t next_packet;  // from 1
    std::uint32_t pgn;
    std::int64_t time_us;  // of the last sign of life
    std::size_t size;
    std::vector<std::uint8_t> payload;  // in whole packets
  };
  using SessionIterator = std::vector<Session>::iterator;

  SessionIterator Find(std::uint8_t source_address, std::uint8_t destination_address);
  void Break(SessionIterator session, BrokenTransfer::Reason reason);
  void Announce(const CanFrame& frame, bool to_all);
  void ClearToSend(const CanFrame& frame);
  void Abort(const CanFrame& frame);
  std::optional<TransportMessage> AddPacket(const CanFrame& frame);

  std::vector<Session> sessions_;
  std::vector<std::uint8_t> complete_;  // the payload last handed out
  std::vector<BrokenTransfer> broken_;
  Counts counts_;
};

}  // namespace telltale
