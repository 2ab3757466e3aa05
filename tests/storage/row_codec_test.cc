// Rows as differences: every shape, the same bytes on every processor, and damage.

#include "storage/codec/row_codec.h"

#include <limits>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/codec/old_row_codec.h"
#include "storage/codec/row_codec_avx2.h"

namespace telltale {
namespace {

using Row = std::vector<RawValue>;

std::string Encode(const Row& base, const Row& row, bool portably) {
  std::string bytes(RowCodec::MaxBytes(row.size()), 'x');
  const char* const end =
      portably ? RowCodec::EncodePortably(base, row, bytes.data()) : RowCodec::Encode(base, row, bytes.data());
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
  return bytes;
}

// Rows of many widths whose changes have many shares and sizes.
template <typename Visit>
void ForEachShape(const Visit& visit) {
  std::mt19937 random(7);
  for (std::size_t count = 1; count <= 700; count += count < 140 ? 1 : 63) {
    for (const unsigned share : {0U, 1U, 30U, 100U}) {
      Row base(count);
      for (RawValue& value : base) value = static_cast<RawValue>(random());
      Row row = base;
      for (RawValue& value : row) {
        if (random() % 100 >= share) continue;
        const std::uint32_t difference = static_cast<std::uint32_t>(random()) >> (random() % 32);
        value = static_cast<RawValue>(static_cast<std::uint32_t>(value) +
                                      (random() % 2 == 0 ? difference : 0 - difference));
      }
      visit(base, row);
    }
  }
  const RawValue least = std::numeric_limits<RawValue>::min();
  const RawValue greatest = std::numeric_limits<RawValue>::max();
  visit(Row{least, greatest, 0, -1}, Row{greatest, least, least, greatest});
}

TEST(RowCodec, GivesBackEveryRowAndLeavesWhatFollows) {
  ForEachShape([](const Row& base, const Row& row) {
    const std::string bytes = Encode(base, row, false) + "rest";
    std::string_view rest = bytes;
    Row decoded = base;
    ASSERT_TRUE(RowCodec::Decode(rest, decoded));
    ASSERT_EQ(decoded, row);
    ASSERT_EQ(rest, "rest");
  });
}

TEST(RowCodec, WithoutABasePacksAgainstZeros) {
  ForEachShape([](const Row& base, const Row& row) {
    ASSERT_EQ(Encode({}, row, false), Encode(Row(base.size()), row, false));
    ASSERT_EQ(Encode({}, row, true), Encode(Row(base.size()), row, true));
  });
}

TEST(RowCodec, GivesTheSameBytesAndRowsOnEveryProcessor) {
  if (!internal::HasRowAvx2()) GTEST_SKIP() << "this processor has no AVX2";
  ForEachShape([](const Row& base, const Row& row) {
    const std::string bytes = Encode(base, row, true);
    ASSERT_EQ(bytes, Encode(base, row, false));
    std::string_view rest = bytes;
    Row decoded = base;
    ASSERT_TRUE(RowCodec::DecodePortably(rest, decoded));
    ASSERT_EQ(decoded, row);
  });
}

TEST(RowCodec, SaysWhenBytesAreMissing) {
  const Row base(130);
  Row row(130, 1000);
  row[5] = 0;
  const std::string bytes = Encode(base, row, false);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    for (const bool portably : {false, true}) {
      // A copy of just these bytes, so that a sanitizer sees a read beyond them.
      const std::vector<char> fewer(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      std::string_view rest(fewer.data(), fewer.size());
      Row decoded = base;
      EXPECT_FALSE(portably ? RowCodec::DecodePortably(rest, decoded) : RowCodec::Decode(rest, decoded)) << size;
    }
  }
}

TEST(RowCodec, TakesAnyBytesWithoutHarm) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<char> bytes(random() % 120);
    for (char& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 4));
    std::string_view portable(bytes.data(), bytes.size());
    std::string_view fast = portable;
    Row a(1 + random() % 150);
    Row b = a;
    const bool taken = RowCodec::DecodePortably(portable, a);
    ASSERT_EQ(taken, RowCodec::Decode(fast, b)) << "round " << round;
    if (taken) {
      ASSERT_EQ(a, b);
      ASSERT_EQ(portable.size(), fast.size());
    }
  }
}

// 3 and the least value against zeros; 6 zigzagged in one byte, ffffffff in four.
TEST(OldRowCodec, ReadsWhatEarlierProgramsPacked) {
  const std::string bytes("\x01\x03\0\0\0\0\0\0\0\x0c\x06\xff\xff\xff\xff", 15);
  std::string_view rest = bytes;
  Row row(2);
  ASSERT_TRUE(OldRowCodec::Decode(rest, row));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(row, (Row{3, std::numeric_limits<RawValue>::min()}));
  EXPECT_EQ(OldRowCodec::PackedSize(bytes + "rest", 2), bytes.size());
  EXPECT_EQ(OldRowCodec::PackedSize(bytes, 1), std::nullopt);  // the second value is beyond the row
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    std::string_view cut_rest(cut.data(), cut.size());
    EXPECT_FALSE(OldRowCodec::Decode(cut_rest, row)) << size;
    EXPECT_EQ(OldRowCodec::PackedSize({cut.data(), cut.size()}, 2), std::nullopt) << size;
  }
}

}  // namespace
}  // namespace telltale
