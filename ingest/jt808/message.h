#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/terminals/field_reader.h"

namespace telltale::jt808 {

enum class Edition : std::uint8_t { k2013, k2019 };  // of the header; 2011 has that of 2013

// The numbers of JT/T 808's tables of messages that are named in code; the others are in message_table.cc.
enum class MessageId : std::uint16_t {
  kTerminalAnswer = 0x0001,
  kHeartbeat = 0x0002,
  kLogout = 0x0003,
  kTimeQuery = 0x0004,
  kTerminalResendRequest = 0x0005,
  kRegistration = 0x0100,
  kLogoutOf2011 = 0x0101,  // of some terminals; the others say kLogout
  kAuthentication = 0x0102,
  kParameters = 0x0104,
  kProperties = 0x0107,
  kPosition = 0x0200,
  kPositionAnswer = 0x0201,
  kVehicleControlAnswer = 0x0500,
  kDriverIdentity = 0x0702,
  kPositions = 0x0704,
  kCanUpload = 0x0705,
  kMultimedia = 0x0801,
  kPassThrough = 0x0900,
  kCompressed = 0x0901,
  kPlatformAnswer = 0x8001,
  kResendRequest = 0x8003,
  kTimeAnswer = 0x8004,
  kRegistrationAnswer = 0x8100,
  kSetParameters = 0x8103,
  kQueryParameters = 0x8104,
  kTerminalControl = 0x8105,
  kQueryChosenParameters = 0x8106,
  kQueryProperties = 0x8107,
  kQueryPosition = 0x8201,
  kTrackPosition = 0x8202,
  kText = 0x8300,
};

// What the platform says to a message, in 0x8001; terminals use the first four in 0x0001.
enum class Result : std::uint8_t { kDone = 0, kFailed = 1, kWrong = 2, kUnsupported = 3, kAlarmConfirmed = 4 };

// The header of a message, JT/T 808, 4.4.3:
//
//     2013   id 2 | properties 2 | terminal number BCD 6 | serial 2 | packet count 2, packet number 2 if it is a
//     sub-packet 2019   id 2 | properties 2 | version 1 | terminal number BCD 10 | serial 2 | the same properties   bit
//     15 0 | bit 14 edition of 2019 | bit 13 sub-packet | bits 12-10 encryption | bits 9-0 body length
struct Header {
  MessageId id{};
  Edition edition = Edition::k2013;
  std::uint8_t version = 0;     // 2019: of the protocol in the terminal, 1 at first
  std::uint8_t encryption = 0;  // 0 none, 1 RSA
  std::string terminal;         // its number without leading zeros; "0" if there is nothing else
  std::uint16_t serial = 0;
  std::uint16_t packet_count = 1;
  std::uint16_t packet_number = 1;  // from 1
  std::uint16_t body_size = 0;
  bool sub_packet = false;
};

// Why a message is not understood; the names label telltale_terminal_refused_messages_total.
enum class Fault : std::uint8_t { kEscape, kTooShort, kChecksum, kLength, kEncrypted, kPacketNumber };
std::string_view NameOf(Fault fault);

struct Message {
  Header header;
  std::span<const std::uint8_t> body;  // of the bytes that were read
  std::size_t body_begin = 0;
};

struct MessageOrFault {
  Message message;
  std::optional<Fault> fault;
  std::string why;  // of a fault, for people; without the terminal's number
};

// Takes a message apart whose escapes are undone. The header is filled as far as it could be read, also with a fault.
// With an explanation every field is noted, that of a faulty message, too.
MessageOrFault ParseMessage(std::span<const std::uint8_t> bytes, Explanation* explanation = nullptr);

// What a message to a terminal begins with.
struct Addressee {
  Edition edition = Edition::k2013;
  std::uint8_t version = 1;
  std::string_view terminal;  // digits
};

// Adds a message to `out`, ready to be sent, as several packets if the body is longer than one holds. `serial` is that
// of the first packet and grows by one with each; it is moved on.
void AppendMessage(const Addressee& to, MessageId id, std::uint16_t& serial, std::string_view body, std::string& out);

}  // namespace telltale::jt808
