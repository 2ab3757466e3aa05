// Column, block and journal codecs: round trips of every shape, every truncation, every flipped bit.

#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/codec/block_codec.h"
#include "storage/codec/column_codec.h"
#include "storage/codec/journal_codec.h"

namespace telltale {
namespace {

constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

std::vector<RawValue> RoundTrip(const std::vector<RawValue>& raw) {
  std::string bytes;
  ColumnCodec::Encode(raw, bytes);
  std::vector<RawValue> decoded(raw.size());
  const Status status = ColumnCodec::Decode(bytes, decoded);
  EXPECT_TRUE(status.ok()) << status;
  return decoded;
}

std::size_t EncodedSize(const std::vector<RawValue>& raw) {
  std::string bytes;
  ColumnCodec::Encode(raw, bytes);
  return bytes.size();
}

TEST(ColumnCodec, KeepsBoundaryValues) {
  const std::vector<RawValue> boundaries = {
      0, 1, -1, kRawLeast, kRawGreatest, kNotAvailable, kError, kRawLeast + 1, 65'535, -65'536, 1 << 30};
  for (const RawValue a : boundaries) {
    EXPECT_EQ(RoundTrip({a}), std::vector<RawValue>{a});
    for (const RawValue b : boundaries) {
      for (const std::size_t count : {2U, 3U, 64U}) {
        std::vector<RawValue> raw(count, a);
        raw.back() = b;
        EXPECT_EQ(RoundTrip(raw), raw) << a << " " << b << " " << count;
      }
    }
  }
}

TEST(ColumnCodec, KeepsRandomValuesOfEveryWidthAndShape) {
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    const std::size_t count = 1 + random() % (round % 10 == 0 ? ColumnCodec::kMaxCount : 200);
    const unsigned width = random() % 33;
    const std::uint32_t mask = width == 32 ? 0xFFFFFFFF : (1U << width) - 1;
    const unsigned shape = random() % 4;
    std::vector<RawValue> raw(count);
    std::uint32_t value = random();
    for (RawValue& out : raw) {
      if (shape == 0) value = random() & mask;                                                  // anything
      if (shape == 1) value += random() & mask;                                                 // walks
      if (shape == 2 && random() % 16 == 0) value = random() & mask;                            // rarely changes
      if (shape == 3) value = random() % 8 == 0 ? 0x80000000 + random() % 2 : random() & mask;  // with states
      out = static_cast<RawValue>(value);
      if (out == kAbsent) out = 0;
    }
    ASSERT_EQ(RoundTrip(raw), raw) << "round " << round;
  }
}

TEST(ColumnCodec, TakesTheSmallestForm) {
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, 7200)), 1U + 2);  // form, varint of zigzag 14400
  std::vector<RawValue> rising(128);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<RawValue>(1'000'000 + i);
  EXPECT_LE(EncodedSize(rising), 40U);  // 127 differences of 2 bits
  std::vector<RawValue> rare(128, 5);
  std::fill(rare.begin() + 64, rare.end(), 5000);
  EXPECT_LE(EncodedSize(rare), 24U);  // one change of 14 bits beside a bitmap of 16 bytes
  std::vector<RawValue> with_states(128, 5);
  std::fill(with_states.begin() + 64, with_states.end(), kNotAvailable);
  EXPECT_LE(EncodedSize(with_states), 28U);  // a state is a change of a small code, not of 31 bits
}

TEST(ColumnCodec, RefusesTruncatedAndRandomBytes) {
  std::mt19937 random(2);
  std::vector<RawValue> raw(100);
  for (RawValue& value : raw) value = static_cast<RawValue>(random() % 1000);
  std::string bytes;
  ColumnCodec::Encode(raw, bytes);
  std::vector<RawValue> decoded(raw.size());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ColumnCodec::Decode(std::string_view(bytes).substr(0, size), decoded).ok()) << size;
  }
  for (int round = 0; round < 20'000; ++round) {  // must neither crash nor read beyond: the sanitizers watch
    std::string garbage(random() % 40, '\0');
    for (char& c : garbage) c = static_cast<char>(random());
    if (!garbage.empty()) garbage[0] = static_cast<char>(random() % 6);
    (void)ColumnCodec::Decode(garbage, decoded);
  }
}

// A run of frames with a few layouts that overlap.
FrameRun RandomRun(std::mt19937& random, std::size_t count) {
  std::vector<std::shared_ptr<const Layout>> layouts = {*Layout::Create({5, 3, 900}), *Layout::Create({3}),
                                                        *Layout::Create({1, 2, 3, 4, 5, 900, 1000})};
  FrameRun run;
  std::int64_t time_ms = kTimeMs;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& layout = layouts[random() % layouts.size()];
    std::vector<RawValue> values(layout->size());
    for (RawValue& value : values) {
      value = random() % 10 == 0 ? kNotAvailable + static_cast<RawValue>(random() % 2)
                                 : static_cast<RawValue>(random() % 300);
    }
    run.Add(time_ms += 1 + static_cast<std::int64_t>(random() % 20'000), layout, values);
  }
  return run;
}

TEST(BlockCodec, GivesBackEveryFrameAndEverySelection) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const FrameRun run = RandomRun(random, 1 + random() % 150);
    const std::string block = BlockCodec::Encode(77, 123'456'789'012, run, 0, run.size());
    for (const std::vector<SignalId>& wanted :
         std::vector<std::vector<SignalId>>{{}, {3}, {5, 900}, {1}, {42}, {1, 2, 3, 4, 5, 900, 1000}}) {
      LayoutPool layouts;
      FrameRun decoded;
      const auto summary = BlockCodec::Decode(block, wanted, layouts, decoded);
      ASSERT_TRUE(summary.ok()) << summary.status();
      EXPECT_EQ(summary->vehicle, 77U);
      EXPECT_EQ(summary->sequence, 123'456'789'012U);
      EXPECT_EQ(summary->frame_count, run.size());
      std::size_t next = 0;
      for (std::size_t i = 0; i < run.size(); ++i) {
        std::size_t expected_count = 0;
        for (const SignalId id : run.layout(i)->signals()) {
          expected_count += wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end() ? 1 : 0;
        }
        if (expected_count == 0) continue;
        ASSERT_LT(next, decoded.size());
        EXPECT_EQ(decoded.time_ms(next), run.time_ms(i));
        const Frame frame{77, decoded.time_ms(next), decoded.layout(next).get(), std::as_const(decoded).values(next)};
        const Frame original{77, run.time_ms(i), run.layout(i).get(), run.values(i)};
        EXPECT_EQ(frame.values.size(), expected_count);
        for (const SignalId id : frame.layout->signals()) EXPECT_EQ(frame.Get(id), original.Get(id));
        ++next;
      }
      EXPECT_EQ(next, decoded.size());
    }
  }
}

TEST(BlockCodec, DetectsEveryFlippedBitAndEveryTruncation) {
  std::mt19937 random(4);
  const FrameRun run = RandomRun(random, 20);
  const std::string block = BlockCodec::Encode(7, 1, run, 0, run.size());
  const auto decodes = [](const std::string& bytes) {
    LayoutPool layouts;
    FrameRun decoded;
    const auto summary = BlockCodec::Decode(bytes, {}, layouts, decoded);
    EXPECT_TRUE(summary.ok() || absl::IsDataLoss(summary.status()));
    return summary.ok();
  };
  ASSERT_TRUE(decodes(block));
  for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
    std::string damaged = block;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decodes(damaged)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < block.size(); ++size) EXPECT_FALSE(decodes(block.substr(0, size)));
}

TEST(JournalCodec, GivesBackTheBatchAndDetectsEveryFlippedBit) {
  const auto wide = *Layout::Create({1, 2, 3});
  const auto narrow = *Layout::Create({900});
  FrameBatch batch;
  batch.Add(7, kTimeMs, wide, std::vector<RawValue>{1, kNotAvailable, kRawGreatest});
  batch.Add(8, kTimeMs - 5000, narrow, std::vector<RawValue>{kError});
  batch.Add(0xFFFFFFFF, kTimeMs, wide, std::vector<RawValue>{kRawLeast, 0, -1});
  const std::string record = JournalCodec::Encode(batch);
  const auto decoded = JournalCodec::Decode(record);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_EQ(decoded->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*decoded)[i].vehicle_id, batch[i].vehicle_id);
    EXPECT_EQ((*decoded)[i].measure_time_ms, batch[i].measure_time_ms);
    EXPECT_TRUE(*(*decoded)[i].layout == *batch[i].layout);
    EXPECT_TRUE(std::ranges::equal((*decoded)[i].values, batch[i].values));
  }
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(JournalCodec::Decode(damaged).status())) << "bit " << bit;
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(JournalCodec::Decode(std::string_view(record).substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace telltale
