#include "ingest/jt808/message.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ingest/jt808/framing.h"
#include "ingest/jt808/message_table.h"
#include "ingest/terminals/byte_writer.h"

namespace telltale::jt808 {
namespace {

constexpr std::uint16_t kBit2019 = 1U << 14;
constexpr std::uint16_t kBitSubPacket = 1U << 13;
constexpr std::uint16_t kBodyBytesMask = 0x3FF;
constexpr std::size_t kBodyBytesMax = kBodyBytesMask;

std::size_t NumberBytes(Edition edition) { return edition == Edition::k2019 ? 10 : 6; }

std::string WithoutLeadingZeros(std::string digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return digits;
}

std::uint8_t DigitValue(char digit) { return static_cast<std::uint8_t>(digit >= 'a' ? digit - 'a' + 10 : digit - '0'); }

void AppendNumber(std::string_view digits, std::size_t bytes, ByteWriter& writer) {
  std::string padded(bytes * 2 - std::min(digits.size(), bytes * 2), '0');
  padded += digits.substr(digits.size() - std::min(digits.size(), bytes * 2));
  for (std::size_t i = 0; i < padded.size(); i += 2) {
    writer.U8(static_cast<std::uint32_t>(DigitValue(padded[i]) << 4 | DigitValue(padded[i + 1])));
  }
}

Header ReadHeader(FieldReader& reader) {
  Header header;
  header.id = static_cast<MessageId>(reader.Bits(2, "message id"));
  reader.Note(NameOf(header.id));
  const std::uint32_t properties = reader.Bits(2, "properties");
  header.edition = (properties & kBit2019) != 0 ? Edition::k2019 : Edition::k2013;
  header.sub_packet = (properties & kBitSubPacket) != 0;
  header.encryption = static_cast<std::uint8_t>((properties >> 10) & 7);
  header.body_size = properties & kBodyBytesMask;
  if (reader.explains()) {
    reader.Note(fmt::format("{} header, {}, {}, {} bytes of body",
                            header.edition == Edition::k2019 ? "2019" : "2011/2013",
                            header.sub_packet ? "one of several packets" : "a whole message",
                            header.encryption == 0 ? "not encrypted" : "encrypted", header.body_size));
  }
  if (header.edition == Edition::k2019) header.version = reader.U8("protocol version");
  header.terminal = WithoutLeadingZeros(reader.Bcd(NumberBytes(header.edition), "terminal number"));
  header.serial = reader.U16("serial number");
  if (header.sub_packet) {
    header.packet_count = reader.U16("number of packets");
    header.packet_number = reader.U16("number of this packet");
  }
  return header;
}

}  // namespace

std::string_view NameOf(Fault fault) {
  constexpr std::array<std::string_view, 6> kNames = {"escape", "too_short", "checksum",
                                                      "length", "encrypted", "packet_number"};
  return kNames[static_cast<std::size_t>(fault)];
}

MessageOrFault ParseMessage(std::span<const std::uint8_t> bytes, Explanation* explanation) {
  MessageOrFault result;
  constexpr std::size_t kShortest = 13;  // a header of 2013 and the checksum
  const auto fail = [&result](Fault fault, std::string why) {
    if (result.fault) return;
    result.fault = fault;
    result.why = std::move(why);
  };
  if (bytes.size() < kShortest) {
    fail(Fault::kTooShort, fmt::format("{} bytes; header and checksum alone have {}", bytes.size(), kShortest));
    return result;
  }
  FieldReader reader(bytes.first(bytes.size() - 1), explanation);
  Header& header = result.message.header;
  header = ReadHeader(reader);
  if (!reader.ok()) {
    fail(Fault::kTooShort, fmt::format("{} bytes, and the header goes on beyond", bytes.size()));
    return result;
  }
  const std::uint8_t expected = Checksum(bytes.first(bytes.size() - 1));
  if (bytes.back() != expected) {
    fail(Fault::kChecksum, fmt::format("the checksum is {:02x}, of these bytes it is {:02x}", bytes.back(), expected));
  }
  result.message.body_begin = reader.position();
  const std::size_t body_size = reader.remaining();
  result.message.body = bytes.subspan(result.message.body_begin, body_size);
  if (body_size != header.body_size) {
    fail(Fault::kLength, fmt::format("the header says {} bytes of body, there are {}", header.body_size, body_size));
  }
  if (header.encryption != 0) {
    fail(Fault::kEncrypted, "the body is encrypted (properties, bits 10 to 12); send it without");
  }
  if (header.sub_packet && (header.packet_number == 0 || header.packet_number > header.packet_count)) {
    fail(Fault::kPacketNumber, fmt::format("packet {} of {}", header.packet_number, header.packet_count));
  }
  return result;
}

void AppendMessage(const Addressee& to, MessageId id, std::uint16_t& serial, std::string_view body, std::string& out) {
  const std::size_t packet_count = std::max<std::size_t>(1, (body.size() + kBodyBytesMax - 1) / kBodyBytesMax);
  for (std::size_t packet = 0; packet < packet_count; ++packet) {
    const std::string_view part = body.substr(packet * kBodyBytesMax, kBodyBytesMax);
    std::string message;
    ByteWriter writer(message);
    writer.U16(static_cast<std::uint16_t>(id));
    writer.U16(static_cast<std::uint32_t>(part.size()) | (to.edition == Edition::k2019 ? kBit2019 : 0U) |
               (packet_count > 1 ? kBitSubPacket : 0U));
    if (to.edition == Edition::k2019) writer.U8(to.version);
    AppendNumber(to.terminal, NumberBytes(to.edition), writer);
    writer.U16(serial++);
    if (packet_count > 1) {
      writer.U16(static_cast<std::uint32_t>(packet_count));
      writer.U16(static_cast<std::uint32_t>(packet + 1));
    }
    writer.Bytes(part);
    AppendEscaped(message, out);
  }
}

}  // namespace telltale::jt808
