#include "ingest/jt808/sub_packets.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale::jt808 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SubPacketsTest : public ::testing::Test {
 protected:
  // Packet `number` of `count` of a message whose first packet has `first_serial`; its body is one byte, its number.
  std::optional<SubPackets::Complete> Add(std::uint16_t first_serial, std::uint16_t number, std::uint16_t count,
                                          std::int64_t now_ms = 0) {
    const std::uint8_t body = static_cast<std::uint8_t>(number);
    const Message message{.header = {.id = MessageId::kPositions,
                                     .terminal = "1",
                                     .serial = static_cast<std::uint16_t>(first_serial + number - 1),
                                     .packet_count = count,
                                     .packet_number = number,
                                     .body_size = 1,
                                     .sub_packet = true},
                          .body = {&body, 1}};
    return packets_.Add(message, now_ms, refused_);
  }

  SubPackets packets_{SubPackets::Options{.packets_max = 8, .messages_max = 2}};
  bool refused_ = false;
};

TEST_F(SubPacketsTest, AnyOrderAndRepeatsGiveTheMessageOnce) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const auto count = static_cast<std::uint16_t>(1 + random() % 8);
    const auto first_serial = static_cast<std::uint16_t>(65'530 + round);  // over the end of the numbers, too
    std::vector<std::uint16_t> order;
    for (std::uint16_t number = 1; number <= count; ++number) order.push_back(number);
    for (int repeat = 0; repeat < 3; ++repeat) order.push_back(static_cast<std::uint16_t>(1 + random() % count));
    std::ranges::shuffle(order, random);
    // The message is whole with the last of the packets that comes for the first time; what is repeated afterwards
    // begins it anew.
    std::vector<bool> seen(count + 1U);
    std::size_t distinct = 0;
    for (const std::uint16_t number : order) {
      if (!seen[number]) ++distinct;
      seen[number] = true;
      const auto complete = Add(first_serial, number, count);
      ASSERT_EQ(complete.has_value(), distinct == count);
      if (!complete) continue;
      ASSERT_EQ(complete->body.size(), count);
      for (std::uint16_t i = 0; i < count; ++i) {
        EXPECT_EQ(complete->body[i], i + 1);
        EXPECT_EQ(complete->serials[i], static_cast<std::uint16_t>(first_serial + i));
      }
      break;
    }
    EXPECT_EQ(packets_.message_count(), 0U);
  }
}

TEST_F(SubPacketsTest, WhatIsMissingIsAskedForThreeTimesAndThenGivenUp) {
  Add(100, 2, 4, 1'000);
  Add(100, 4, 4, 2'000);
  EXPECT_THAT(packets_.AskFor(6'999), IsEmpty());
  for (int asked = 0; asked < 3; ++asked) {
    const auto missing = packets_.AskFor(7'000 + asked * 5'000);
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].first_serial, 100);
    EXPECT_THAT(missing[0].packets, ElementsAre(1, 3));
  }
  EXPECT_THAT(packets_.AskFor(22'000), IsEmpty());
  EXPECT_EQ(packets_.message_count(), 0U);
  EXPECT_EQ(packets_.given_up_count(), 1U);
}

TEST_F(SubPacketsTest, TheOldestMakesRoomAndTooLongOnesAreRefused) {
  Add(100, 1, 2);
  Add(200, 1, 2);
  Add(300, 1, 2);
  EXPECT_EQ(packets_.message_count(), 2U);
  EXPECT_FALSE(Add(100, 2, 2)) << "its first packet was given up";
  EXPECT_TRUE(Add(300, 2, 2));
  Add(400, 1, 9);
  EXPECT_TRUE(refused_);
}

}  // namespace
}  // namespace telltale::jt808
