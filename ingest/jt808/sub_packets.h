#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ingest/jt808/message.h"

namespace telltale::jt808 {

// Puts a terminal's messages of several packets together. Packets may come twice and in any order. Not thread-safe.
class SubPackets {
 public:
  struct Options {
    std::size_t packets_max = 64;                // of a message: 64 KiB; longer ones are refused at their first packet
    std::size_t messages_max = 4;                // on their way at a time; the oldest is given up for another
    std::chrono::milliseconds ask_after{5'000};  // without a packet: those that are missing are asked for
    int asked_max = 3;                           // then the message is given up
  };

  struct Complete {
    Header header;                       // of the first packet
    std::vector<std::uint8_t> body;      // of the whole message
    std::vector<std::uint16_t> serials;  // of its packets: each is answered
  };

  explicit SubPackets(const Options& options) : options_(options) {}

  // Takes a packet; the message if this one completes it. nullopt and `refused`: there are more than packets_max.
  std::optional<Complete> Add(const Message& packet, std::int64_t now_ms, bool& refused);

  struct Missing {
    std::uint16_t first_serial = 0;      // of the message's first packet
    std::vector<std::uint16_t> packets;  // from 1
  };

  // What is to be asked for again by now (0x8003). Gives up what was asked for often enough.
  std::vector<Missing> AskFor(std::int64_t now_ms);

  std::size_t message_count() const { return messages_.size(); }
  std::uint64_t given_up_count() const { return given_up_count_; }

 private:
  struct Part {
    std::vector<std::uint8_t> body;
    std::uint16_t serial = 0;
    bool there = false;
  };
  struct Assembly {
    Header header;
    std::uint16_t first_serial = 0;
    std::vector<Part> parts;
    std::size_t there_count = 0;
    std::int64_t last_packet_ms = 0;
    int asked = 0;
  };

  const Options options_;
  std::vector<Assembly> messages_;  // the oldest first
  std::uint64_t given_up_count_ = 0;
};

}  // namespace telltale::jt808
