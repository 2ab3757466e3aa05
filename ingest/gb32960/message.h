#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/terminals/field_reader.h"

namespace telltale::gb32960 {

// HJ 1239.3-2021 is the successor of GB 17691-2018, annex Q, not an edition of GB/T 32960, but its messages are of this
// form, too.
enum class Edition : std::uint8_t { k2016, k2025, kHj1239 };

// GB 17691-2018, annex Q, has the same message but for one byte: no answer flag before the VIN, but the version of the
// terminal's software behind it.
enum class Family : std::uint8_t { kGb32960, kGb17691 };

enum class Command : std::uint8_t {
  kLogin = 0x01,
  kRealTime = 0x02,
  kReupload = 0x03,
  kLogout = 0x04,
  kPlatformLogin = 0x05,
  kPlatformLogout = 0x06,
  kHeartbeat = 0x07,
  kTime = 0x08,
  kActivation = 0x09,  // from here on 2025
  kActivationAnswer = 0x0A,
  kKeyExchange = 0x0B,
};

// What an answer says; a message that asks for one has kCommand.
enum class Answer : std::uint8_t { kDone = 0x01, kError = 0x02, kVinRepeated = 0x03, kCommand = 0xFE };

// A message, GB/T 32960.3, 6.2:
//
//     2016 23 23, 2025 24 24 | command 1 | answer flag 1 | VIN 17 | encryption 1 | length 2 | data unit | check 1
//
// The check is the exclusive or of all bytes from the command to the last of the data unit. There are no delimiters and
// no escapes: where a message ends only its length says.
inline constexpr std::size_t kHeaderBytes = 24;
inline constexpr std::size_t kDataBytesMax = 65'531;

struct Header {
  Edition edition = Edition::k2016;
  Command command{};
  Answer answer = Answer::kCommand;
  std::string vin;                    // as sent, without zeros and blanks at its end
  std::uint8_t software_version = 0;  // GB 17691
  std::uint8_t encryption = 1;        // 1 none, 2 RSA, 3 AES-128
  std::size_t data_size = 0;
};

enum class Fault : std::uint8_t { kTooShort, kChecksum, kLength, kEncrypted };
std::string_view NameOf(Fault fault);
std::string_view NameOf(Command command);  // empty: reserved, or a platform's own

// What the beginning of a stream is.
struct Piece {
  enum class Kind : std::uint8_t {
    kMessage,  // `size` bytes, checks not looked at
    kGarbage,  // `size` bytes that are no beginning of a message
    kNeedMore,
  };
  Kind kind = Kind::kNeedMore;
  std::size_t size = 0;
};

// Messages longer than `data_bytes_max` are taken for garbage: their length is more likely wrong than meant. 7e 7e, the
// start of HJ 1239.3, is one only in the family of GB 17691.
Piece NextPiece(std::span<const std::uint8_t> stream, std::size_t data_bytes_max, Family family = Family::kGb32960);

struct Message {
  Header header;
  std::span<const std::uint8_t> data;
};

struct MessageOrFault {
  Message message;
  std::optional<Fault> fault;
  std::string why;  // of a fault, for people
};

// Takes a whole message apart; with an explanation every field of the header is noted, that of a faulty one, too.
MessageOrFault ParseMessage(std::span<const std::uint8_t> bytes, Explanation* explanation = nullptr,
                            Family family = Family::kGb32960);

// Explains a message of the family: its header, its data by `explain_data`, which gives what is wrong with them (empty:
// nothing), its check, and its faults.
Explanation ExplainWith(std::span<const std::uint8_t> message, Family family,
                        const std::function<std::string(const Header& header, FieldReader& data)>& explain_data);

// Adds the answer to a message to `out`: its header with another flag, and its time, or what time it is. In the family
// of GB 17691, which has no flag, the version of the software stands in its header as it was.
void AppendAnswer(const Header& to, Answer answer, std::span<const std::uint8_t> time, std::string& out,
                  Family family = Family::kGb32960);

}  // namespace telltale::gb32960
