#include "ingest/jt808/sub_packets.h"

#include <algorithm>

namespace telltale::jt808 {

std::optional<SubPackets::Complete> SubPackets::Add(const Message& packet, std::int64_t now_ms, bool& refused) {
  const Header& header = packet.header;
  refused = header.packet_count > options_.packets_max;
  if (refused) return std::nullopt;
  // Serial numbers of a message's packets follow each other, also over 65535.
  const auto first_serial = static_cast<std::uint16_t>(header.serial - (header.packet_number - 1));
  auto at = std::ranges::find_if(messages_, [&](const Assembly& message) {
    return message.header.id == header.id && message.first_serial == first_serial &&
           message.parts.size() == header.packet_count;
  });
  if (at == messages_.end()) {
    if (messages_.size() == options_.messages_max) {
      messages_.erase(messages_.begin());
      ++given_up_count_;
    }
    messages_.push_back({.header = header, .first_serial = first_serial, .parts = {}});
    at = messages_.end() - 1;
    at->parts.resize(header.packet_count);
  }
  at->last_packet_ms = now_ms;
  Part& part = at->parts[header.packet_number - 1U];
  if (!part.there) {
    part = {.body = {packet.body.begin(), packet.body.end()}, .serial = header.serial, .there = true};
    ++at->there_count;
  }
  if (at->there_count < at->parts.size()) return std::nullopt;
  Complete complete{.header = at->header, .body = {}, .serials = {}};
  for (const Part& whole : at->parts) {
    complete.body.insert(complete.body.end(), whole.body.begin(), whole.body.end());
    complete.serials.push_back(whole.serial);
  }
  complete.header.serial = first_serial;
  messages_.erase(at);
  return complete;
}

std::vector<SubPackets::Missing> SubPackets::AskFor(std::int64_t now_ms) {
  std::vector<Missing> missing;
  given_up_count_ += std::erase_if(messages_, [&](Assembly& message) {
    if (now_ms - message.last_packet_ms < options_.ask_after.count()) return false;
    if (message.asked == options_.asked_max) return true;
    ++message.asked;
    message.last_packet_ms = now_ms;
    Missing& of_message = missing.emplace_back();
    of_message.first_serial = message.first_serial;
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
      if (!message.parts[i].there) of_message.packets.push_back(static_cast<std::uint16_t>(i + 1));
    }
    return false;
  });
  return missing;
}

}  // namespace telltale::jt808
