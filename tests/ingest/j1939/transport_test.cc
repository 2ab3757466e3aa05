#include "ingest/j1939/transport.h"

#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Reason = BrokenTransfer::Reason;

constexpr std::uint8_t kEngine = 0x00;
constexpr std::uint8_t kBrakes = 0x0B;
constexpr std::uint8_t kTester = 0xF9;

CanFrame FrameOf(std::uint32_t pgn, std::uint8_t from, std::uint8_t to, std::array<std::uint8_t, 8> bytes,
                 std::int64_t time_ms) {
  return {.time_us = time_ms * 1000,
          .id = {.pgn = pgn, .priority = 7, .source_address = from, .destination_address = to},
          .size = 8,
          .bytes = bytes};
}

// PGN 65260 (vehicle identification), 0xFEEC, in every announcement.
CanFrame Bam(std::uint8_t from, std::uint16_t size, std::int64_t time_ms = 0) {
  return FrameOf(TransportReassembler::kPgnConnection, from, CanId::kToAll,
                 {32, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8),
                  static_cast<std::uint8_t>((size + 6) / 7), 0xFF, 0xEC, 0xFE, 0x00},
                 time_ms);
}

CanFrame Rts(std::uint8_t from, std::uint8_t to, std::uint16_t size, std::int64_t time_ms = 0) {
  CanFrame frame = Bam(from, size, time_ms);
  frame.id.destination_address = to;
  frame.bytes[0] = 16;
  return frame;
}

// From the receiver of the message to its sender.
CanFrame Cts(std::uint8_t from, std::uint8_t to, std::uint8_t packets, std::uint8_t next, std::int64_t time_ms = 0) {
  return FrameOf(TransportReassembler::kPgnConnection, from, to, {17, packets, next, 0xFF, 0xFF, 0xEC, 0xFE, 0x00},
                 time_ms);
}

CanFrame AbortOf(std::uint8_t from, std::uint8_t to) {
  return FrameOf(TransportReassembler::kPgnConnection, from, to, {255, 3, 0xFF, 0xFF, 0xFF, 0xEC, 0xFE, 0x00}, 0);
}

// The packet of a message whose bytes count 1, 2, 3, ...
CanFrame Packet(std::uint8_t from, std::uint8_t to, std::uint8_t number, std::int64_t time_ms = 0) {
  std::array<std::uint8_t, 8> bytes{number};
  for (std::size_t i = 1; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>((number - 1) * 7 + static_cast<int>(i));
  return FrameOf(TransportReassembler::kPgnDataTransfer, from, to, bytes, time_ms);
}

std::vector<std::uint8_t> Counting(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

std::vector<std::uint8_t> PayloadOf(const std::optional<TransportMessage>& message) {
  return message ? std::vector<std::uint8_t>(message->payload.begin(), message->payload.end())
                 : std::vector<std::uint8_t>();
}

TEST(TransportReassembler, PutsAMessageToAllTogether) {
  TransportReassembler transport;
  EXPECT_FALSE(transport.Add(Bam(kEngine, 18, 0)));
  EXPECT_FALSE(transport.Add(Packet(kEngine, CanId::kToAll, 1, 50)));
  EXPECT_FALSE(transport.Add(Packet(kEngine, CanId::kToAll, 2, 100)));
  const auto message = transport.Add(Packet(kEngine, CanId::kToAll, 3, 150));  // 18 = 7 + 7 + 4
  ASSERT_TRUE(message);
  EXPECT_EQ(message->pgn, 65260U);
  EXPECT_EQ(message->source_address, kEngine);
  EXPECT_EQ(message->destination_address, CanId::kToAll);
  EXPECT_EQ(message->time_us, 150'000);
  EXPECT_EQ(PayloadOf(message), Counting(18));
  EXPECT_EQ(transport.session_count(), 0U);
  EXPECT_EQ(transport.counts().complete, 1U);
}

TEST(TransportReassembler, TakesTheLeastAndTheGreatestSize) {
  for (const std::uint16_t size : {9, 14, 15, 1785}) {
    TransportReassembler transport;
    transport.Add(Bam(kEngine, size));
    const int packets = (size + 6) / 7;
    for (int number = 1; number < packets; ++number) {
      ASSERT_FALSE(transport.Add(Packet(kEngine, CanId::kToAll, static_cast<std::uint8_t>(number))));
    }
    const auto message = transport.Add(Packet(kEngine, CanId::kToAll, static_cast<std::uint8_t>(packets)));
    EXPECT_EQ(PayloadOf(message), Counting(size));
  }
}

TEST(TransportReassembler, RefusesAnAnnouncementThatContradictsTheStandard) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 8));     // fits one frame
  transport.Add(Bam(kEngine, 1786));  // more than 255 packets
  CanFrame packets = Bam(kEngine, 18);
  packets.bytes[3] = 4;  // 18 bytes are 3 packets
  transport.Add(packets);
  CanFrame destination = Bam(kEngine, 18);
  destination.id.destination_address = kTester;  // BAM is to all
  transport.Add(destination);
  transport.Add(Rts(kEngine, CanId::kToAll, 18));  // RTS is to one
  CanFrame pgn = Bam(kEngine, 18);
  pgn.bytes[7] = 4;  // a PGN has 18 bits
  transport.Add(pgn);
  CanFrame cut = Bam(kEngine, 18);
  cut.size = 7;
  transport.Add(cut);
  EXPECT_EQ(transport.counts().malformed_announcements, 7U);
  EXPECT_EQ(transport.session_count(), 0U);
}

TEST(TransportReassembler, KeepsMessagesOfSeveralSendersApart) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 9));
  transport.Add(Bam(kBrakes, 9));
  transport.Add(Rts(kEngine, kTester, 9));
  EXPECT_EQ(transport.session_count(), 3U);
  transport.Add(Packet(kBrakes, CanId::kToAll, 1));
  transport.Add(Packet(kEngine, kTester, 1));
  transport.Add(Packet(kEngine, CanId::kToAll, 1));
  EXPECT_EQ(transport.Add(Packet(kEngine, kTester, 2))->destination_address, kTester);
  EXPECT_EQ(transport.Add(Packet(kEngine, CanId::kToAll, 2))->source_address, kEngine);
  EXPECT_EQ(transport.Add(Packet(kBrakes, CanId::kToAll, 2))->source_address, kBrakes);
}

TEST(TransportReassembler, DropsAMessageWithAPacketMissingTwiceOrOutOfOrder) {
  for (const std::uint8_t second : {std::uint8_t{3}, std::uint8_t{1}, std::uint8_t{0}}) {
    TransportReassembler transport;
    transport.Add(Bam(kEngine, 18));
    transport.Add(Packet(kEngine, CanId::kToAll, 1));
    EXPECT_FALSE(transport.Add(Packet(kEngine, CanId::kToAll, second)));
    ASSERT_THAT(transport.broken(), SizeIs(1));
    EXPECT_EQ(transport.broken()[0].reason, Reason::kWrongSequence);
    EXPECT_EQ(transport.broken()[0].received_packets, 1U);
    EXPECT_EQ(transport.broken()[0].packet_count, 3U);
    EXPECT_FALSE(transport.Add(Packet(kEngine, CanId::kToAll, 2)));
    EXPECT_THAT(transport.broken(), IsEmpty());
    EXPECT_EQ(transport.counts().stray_packets, 1U);
  }
}

TEST(TransportReassembler, TimesOutAfter1250MillisecondsOfTheLogsTime) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 9, 0));
  transport.Add(Packet(kEngine, CanId::kToAll, 1, 1250));
  EXPECT_TRUE(transport.Add(Packet(kEngine, CanId::kToAll, 2, 2500)));

  transport.Add(Bam(kEngine, 9, 3000));
  transport.Add(Packet(kEngine, CanId::kToAll, 1, 4251));
  ASSERT_THAT(transport.broken(), SizeIs(1));
  EXPECT_EQ(transport.broken()[0].reason, Reason::kTimedOut);
}

TEST(TransportReassembler, DoesNotTimeOutWhereTheClockStepsBack) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 9, 10'000));
  transport.Add(Packet(kEngine, CanId::kToAll, 1, 4'000));
  EXPECT_TRUE(transport.Add(Packet(kEngine, CanId::kToAll, 2, 4'050)));
}

TEST(TransportReassembler, ReplacesAMessageWhenItsSenderAnnouncesAnother) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 18));
  transport.Add(Packet(kEngine, CanId::kToAll, 1));
  transport.Add(Bam(kEngine, 9));
  ASSERT_THAT(transport.broken(), SizeIs(1));
  EXPECT_EQ(transport.broken()[0].reason, Reason::kReplaced);
  transport.Add(Packet(kEngine, CanId::kToAll, 1));
  EXPECT_EQ(PayloadOf(transport.Add(Packet(kEngine, CanId::kToAll, 2))), Counting(9));
}

TEST(TransportReassembler, TakesARequestThatIsRepeatedForTheSameMessage) {
  TransportReassembler transport;
  transport.Add(Rts(kEngine, kTester, 9, 0));
  transport.Add(Rts(kEngine, kTester, 9, 1250));
  EXPECT_THAT(transport.broken(), IsEmpty());
  transport.Add(Packet(kEngine, kTester, 1, 2500));
  EXPECT_TRUE(transport.Add(Packet(kEngine, kTester, 2, 2550)));
}

TEST(TransportReassembler, FollowsAReceiverThatWantsPacketsAgain) {
  TransportReassembler transport;
  transport.Add(Rts(kEngine, kTester, 21));
  transport.Add(Cts(kTester, kEngine, 3, 1));
  transport.Add(Packet(kEngine, kTester, 1));
  transport.Add(Packet(kEngine, kTester, 2));
  transport.Add(Cts(kTester, kEngine, 2, 2));  // the receiver missed the second
  transport.Add(Packet(kEngine, kTester, 2));
  EXPECT_EQ(PayloadOf(transport.Add(Packet(kEngine, kTester, 3))), Counting(21));
}

TEST(TransportReassembler, AReceiverThatAsksToWaitKeepsTheMessageAlive) {
  TransportReassembler transport;
  transport.Add(Rts(kEngine, kTester, 9, 0));
  transport.Add(Packet(kEngine, kTester, 1, 100));
  transport.Add(Cts(kTester, kEngine, 0, 0xFF, 1000));
  transport.Add(Cts(kTester, kEngine, 0, 0xFF, 2000));
  EXPECT_TRUE(transport.Add(Packet(kEngine, kTester, 2, 3000)));
}

TEST(TransportReassembler, DropsWhatEitherSideAborts) {
  for (const bool by_sender : {true, false}) {
    TransportReassembler transport;
    transport.Add(Rts(kEngine, kTester, 9));
    transport.Add(by_sender ? AbortOf(kEngine, kTester) : AbortOf(kTester, kEngine));
    ASSERT_THAT(transport.broken(), SizeIs(1));
    EXPECT_EQ(transport.broken()[0].reason, Reason::kAborted);
  }
}

TEST(TransportReassembler, TakesAShortLastPacketButNoShorterThanItsBytes) {
  for (const std::uint8_t size : {std::uint8_t{3}, std::uint8_t{2}}) {
    TransportReassembler transport;
    transport.Add(Bam(kEngine, 9));
    transport.Add(Packet(kEngine, CanId::kToAll, 1));
    CanFrame last = Packet(kEngine, CanId::kToAll, 2);
    last.size = size;  // the number, and the 2 bytes that are left of 9
    EXPECT_EQ(transport.Add(last).has_value(), size == 3);
    EXPECT_EQ(transport.counts().broken, size == 3 ? 0U : 1U);
  }
}

TEST(TransportReassembler, CrowdsTheOldestOutAtTheLimit) {
  TransportReassembler transport;
  for (std::size_t i = 0; i <= TransportReassembler::kMaxSessions; ++i) {
    EXPECT_THAT(transport.broken(), IsEmpty());
    transport.Add(Bam(static_cast<std::uint8_t>(i), 9, static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(transport.session_count(), TransportReassembler::kMaxSessions);
  ASSERT_THAT(transport.broken(), SizeIs(1));
  EXPECT_EQ(transport.broken()[0].reason, Reason::kCrowdedOut);
  EXPECT_EQ(transport.broken()[0].source_address, 0);
}

TEST(TransportReassembler, SaysWhatWasOnItsWayWhenTheLogEnds) {
  TransportReassembler transport;
  transport.Add(Bam(kEngine, 9));
  transport.Add(Bam(kBrakes, 9));
  transport.Finish();
  EXPECT_THAT(transport.broken(), SizeIs(2));
  EXPECT_EQ(transport.broken()[1].reason, Reason::kLogEnded);
  EXPECT_EQ(transport.session_count(), 0U);
}

}  // namespace
}  // namespace telltale
