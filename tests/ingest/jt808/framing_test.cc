#include "ingest/jt808/framing.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/jt808/message.h"
#include "tests/ingest/hex_bytes.h"

namespace telltale::jt808 {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> PiecesOf(std::string_view hex) {
  const std::vector<std::uint8_t> bytes = HexBytes(hex);
  std::span<const std::uint8_t> stream = bytes;
  std::vector<std::string> pieces;
  while (true) {
    const Piece piece = NextPiece(stream);
    stream = stream.subspan(piece.consumed);
    if (piece.escaped.empty()) break;
    pieces.push_back(HexOf({reinterpret_cast<const char*>(piece.escaped.data()), piece.escaped.size()}));
  }
  pieces.push_back("rest " + HexOf({reinterpret_cast<const char*>(stream.data()), stream.size()}));
  return pieces;
}

TEST(NextPiece, TakesAStreamApartAtTheDelimiters) {
  EXPECT_THAT(PiecesOf("7e01027e7e03047e"), ElementsAre("0102", "0304", "rest "));
  EXPECT_THAT(PiecesOf("7e01027e03047e"), ElementsAre("0102", "0304", "rest ")) << "one delimiter between two";
  EXPECT_THAT(PiecesOf("7e01027eaabb7e03047e"), ElementsAre("0102", "aabb", "0304", "rest ")) << "garbage between";
  EXPECT_THAT(PiecesOf("7e01027e7e03"), ElementsAre("0102", "rest 03"));
  EXPECT_THAT(PiecesOf("7e7e7e"), ElementsAre("rest "));
  EXPECT_THAT(PiecesOf(""), ElementsAre("rest "));
}

// JT/T 808-2019, 4.4.2, gives this example: 30 7e 08 7d 55 is sent as 7e 30 7d 02 08 7d 01 55 7e. With a checksum:
// 30 ^ 7e ^ 08 ^ 7d ^ 55 = 6e.
TEST(AppendEscaped, WritesTheExampleOfTheStandard) {
  std::string wire;
  AppendEscaped("\x30\x7e\x08\x7d\x55", wire);
  EXPECT_EQ(HexOf(wire), "7e307d02087d01556e7e");
}

TEST(Unescape, UndoesWhatWasWritten) {
  std::mt19937 random(1);
  for (int round = 0; round < 1'000; ++round) {
    std::string message(random() % 60, '\0');
    for (char& byte : message) byte = static_cast<char>(random() % 4 == 0 ? 0x7d + random() % 2 : random());
    std::string wire;
    AppendEscaped(message, wire);
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
    const Piece piece = NextPiece(bytes);
    EXPECT_EQ(piece.consumed, wire.size());
    std::vector<std::uint8_t> unescaped;
    ASSERT_TRUE(Unescape(piece.escaped, unescaped).ok());
    EXPECT_EQ(Checksum(unescaped), 0) << "of all bytes and their checksum";
    unescaped.pop_back();
    EXPECT_EQ(std::string(unescaped.begin(), unescaped.end()), message);
  }
}

TEST(Unescape, NamesAWrongEscape) {
  std::vector<std::uint8_t> message;
  const Status status = Unescape(HexBytes("01027d0504"), message);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.ToString().find("byte 2"), std::string::npos) << status;
  EXPECT_EQ(message, HexBytes("01027d0504"));
  EXPECT_TRUE(absl::IsInvalidArgument(Unescape(HexBytes("01027d"), message)));
}

// 1,030 bytes are 1,023 and 7: two packets with serial numbers 65535 and 0.
TEST(AppendMessage, MakesPacketsOfALongBody) {
  std::string wire;
  std::uint16_t serial = 65'535;
  AppendMessage({.edition = Edition::k2019, .version = 1, .terminal = "13800138000"}, MessageId::kText, serial,
                std::string(1'030, 'a'), wire);
  EXPECT_EQ(serial, 1);
  std::span<const std::uint8_t> stream(reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
  for (int packet = 1; packet <= 2; ++packet) {
    const Piece piece = NextPiece(stream);
    stream = stream.subspan(piece.consumed);
    std::vector<std::uint8_t> bytes;
    ASSERT_TRUE(Unescape(piece.escaped, bytes).ok());
    const MessageOrFault parsed = ParseMessage(bytes);
    ASSERT_FALSE(parsed.fault) << parsed.why;
    EXPECT_EQ(parsed.message.header.packet_count, 2);
    EXPECT_EQ(parsed.message.header.packet_number, packet);
    EXPECT_EQ(parsed.message.header.serial, packet == 1 ? 65'535 : 0);
    EXPECT_EQ(parsed.message.header.terminal, "13800138000");
    EXPECT_EQ(parsed.message.body.size(), packet == 1 ? 1'023U : 7U);
  }
  EXPECT_TRUE(stream.empty());
}

}  // namespace
}  // namespace telltale::jt808
