#include "ingest/gb32960/message.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/terminals/byte_writer.h"

namespace telltale::gb32960 {
namespace {

constexpr std::uint8_t kStart2016 = 0x23;
constexpr std::uint8_t kStart2025 = 0x24;
constexpr std::uint8_t kStartHj1239 = 0x7E;
constexpr std::size_t kVinBytes = 17;
constexpr std::size_t kCheckedFrom = 2;

bool IsStart(std::span<const std::uint8_t> bytes, Family family) {
  const bool known = family == Family::kGb17691 ? bytes[0] == kStart2016 || bytes[0] == kStartHj1239
                                                : bytes[0] == kStart2016 || bytes[0] == kStart2025;
  return known && (bytes.size() < 2 || bytes[1] == bytes[0]);
}

Edition EditionOf(std::uint32_t start) {
  switch (start & 0xFF) {
    case kStart2025:
      return Edition::k2025;
    case kStartHj1239:
      return Edition::kHj1239;
    default:
      return Edition::k2016;
  }
}

std::uint32_t StartOf(Edition edition) {
  switch (edition) {
    case Edition::k2016:
      return kStart2016;
    case Edition::k2025:
      return kStart2025;
    case Edition::kHj1239:
      return kStartHj1239;
  }
  return kStart2016;
}

// Two bytes of garbage may look like a start, or one before it shift it by one; then the encryption, which has few
// values, is a letter of the VIN.
bool IsHeader(std::span<const std::uint8_t> bytes) {
  const std::uint8_t encryption = bytes[21];
  return (encryption >= 1 && encryption <= 5) || encryption >= 0xFE;
}

std::uint8_t Check(std::span<const std::uint8_t> bytes) {
  std::uint8_t check = 0;
  for (const std::uint8_t byte : bytes) check ^= byte;
  return check;
}

std::size_t DataSize(std::span<const std::uint8_t> bytes) {
  return static_cast<std::size_t>(bytes[22] << 8 | bytes[23]);
}

}  // namespace

std::string_view NameOf(Fault fault) {
  constexpr std::array<std::string_view, 4> kNames = {"too_short", "checksum", "length", "encrypted"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::string_view NameOf(Command command) {
  constexpr std::array<std::string_view, 12> kNames = {"",
                                                       "login",
                                                       "real-time data",
                                                       "re-uploaded data",
                                                       "logout",
                                                       "platform login",
                                                       "platform logout",
                                                       "heartbeat",
                                                       "question for the time",
                                                       "activation",
                                                       "answer to an activation",
                                                       "key exchange"};
  const auto number = static_cast<std::size_t>(command);
  return number < kNames.size() ? kNames[number] : std::string_view{};
}

// Of GB 17691 and HJ 1239.3.
static std::string_view EmissionNameOf(Command command) {
  switch (static_cast<std::uint8_t>(command)) {
    case 0x05:
      return "time of the terminal";
    case 0x06:
      return "terminal taken off the vehicle";
    case 0x07:
      return "activation";
    case 0x08:
      return "answer to an activation";
    default:
      return command < Command::kPlatformLogin ? NameOf(command) : std::string_view{};
  }
}

Piece NextPiece(std::span<const std::uint8_t> stream, std::size_t data_bytes_max, Family family) {
  if (stream.empty()) return {};
  if (IsStart(stream, family)) {
    if (stream.size() < kHeaderBytes) return {};
    if (const std::size_t size = DataSize(stream); IsHeader(stream) && size <= data_bytes_max) {
      if (stream.size() < kHeaderBytes + size + 1) return {};
      return {.kind = Piece::Kind::kMessage, .size = kHeaderBytes + size + 1};
    }
  }
  std::size_t garbage = 1;
  while (garbage < stream.size() && !IsStart(stream.subspan(garbage), family)) ++garbage;
  return {.kind = Piece::Kind::kGarbage, .size = garbage};
}

MessageOrFault ParseMessage(std::span<const std::uint8_t> bytes, Explanation* explanation, Family family) {
  MessageOrFault result;
  const auto fail = [&result](Fault fault, std::string why) {
    if (result.fault) return;
    result.fault = fault;
    result.why = std::move(why);
  };
  if (bytes.size() < kHeaderBytes + 1) {
    fail(Fault::kTooShort, fmt::format("{} bytes; header and check alone have {}", bytes.size(), kHeaderBytes + 1));
    return result;
  }
  FieldReader reader(bytes.first(bytes.size() - 1), explanation);
  Header& header = result.message.header;
  header.edition = EditionOf(reader.Bits(2, "start"));
  reader.Note(header.edition == Edition::kHj1239 ? "HJ 1239.3-2021"
              : family == Family::kGb17691       ? "GB 17691-2018"
              : header.edition == Edition::k2025 ? "edition of 2025"
                                                 : "edition of 2016");
  header.command = static_cast<Command>(reader.Bits(1, "command"));
  reader.Note(family == Family::kGb32960 ? NameOf(header.command) : EmissionNameOf(header.command));
  if (family == Family::kGb32960) {
    header.answer = static_cast<Answer>(reader.Bits(1, "answer flag"));
    reader.Note("fe asks for an answer, 01 done, 02 error, 03 VIN repeated");
  }
  header.vin = reader.Text(kVinBytes, "VIN");
  if (family == Family::kGb17691) header.software_version = reader.U8("version of the terminal's software");
  header.encryption = reader.U8("encryption");
  reader.Note("1 none, 2 RSA, 3 AES-128, 254 error, 255 not available");
  header.data_size = reader.U16("length of the data unit");
  result.message.data = bytes.subspan(kHeaderBytes, bytes.size() - kHeaderBytes - 1);
  const std::uint8_t expected = Check(bytes.subspan(kCheckedFrom, bytes.size() - kCheckedFrom - 1));
  if (header.data_size != result.message.data.size()) {
    fail(Fault::kLength,
         fmt::format("the header says {} bytes of data, there are {}", header.data_size, result.message.data.size()));
  }
  if (bytes.back() != expected) {
    fail(Fault::kChecksum, fmt::format("the check is {:02x}, of these bytes it is {:02x}", bytes.back(), expected));
  }
  if (header.encryption != 1) fail(Fault::kEncrypted, "the data unit is encrypted; send it without (encryption 01)");
  return result;
}

Explanation ExplainWith(std::span<const std::uint8_t> message, Family family,
                        const std::function<std::string(const Header& header, FieldReader& data)>& explain_data) {
  Explanation explanation;
  const auto note = [&explanation](std::string name, std::string value) {
    explanation.push_back(
        {.first_byte = 0, .byte_count = 0, .depth = 0, .name = std::move(name), .value = std::move(value)});
  };
  const MessageOrFault parsed = ParseMessage(message, &explanation, family);
  if (parsed.fault == Fault::kTooShort) {
    note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
    return explanation;
  }
  FieldReader data(parsed.message.data, &explanation, kHeaderBytes);
  std::string fault;
  if (parsed.message.header.encryption != 1) {
    data.Bytes(data.remaining(), "encrypted data");
  } else {
    fault = explain_data(parsed.message.header, data);
  }
  if (data.remaining() > 0) data.Bytes(data.remaining(), "the rest");
  explanation.push_back({.first_byte = message.size() - 1,
                         .byte_count = 1,
                         .depth = 0,
                         .name = "check",
                         .value = fmt::format("0x{:02x}", message.back())});
  if (!fault.empty()) note("fault: data", fault);
  if (parsed.fault) note(fmt::format("fault: {}", NameOf(*parsed.fault)), parsed.why);
  return explanation;
}

void AppendAnswer(const Header& to, Answer answer, std::span<const std::uint8_t> time, std::string& out,
                  Family family) {
  const std::size_t begin = out.size();
  ByteWriter writer(out);
  const std::uint32_t start = StartOf(to.edition);
  writer.U8(start);
  writer.U8(start);
  writer.U8(static_cast<std::uint32_t>(to.command));
  if (family == Family::kGb32960) writer.U8(static_cast<std::uint32_t>(answer));
  std::string vin = to.vin;
  vin.resize(kVinBytes, '\0');
  writer.Bytes(vin);
  if (family == Family::kGb17691) writer.U8(to.software_version);
  writer.U8(1);
  writer.U16(static_cast<std::uint32_t>(time.size()));
  for (const std::uint8_t byte : time) writer.U8(byte);
  const std::span<const std::uint8_t> written(reinterpret_cast<const std::uint8_t*>(out.data()) + begin,
                                              out.size() - begin);
  writer.U8(Check(written.subspan(kCheckedFrom)));
}

}  // namespace telltale::gb32960
