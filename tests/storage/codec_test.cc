// Column and block codecs: round trips of every shape, every truncation, every flipped bit.

#include <algorithm>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/codec/block_codec.h"
#include "storage/codec/column_codec.h"
#include "storage/codec/column_kernels.h"
#include "tests/rounds.h"

namespace telltale {
namespace {

constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

std::vector<CodecPath> Paths() {
  std::vector<CodecPath> paths;
  for (const CodecPath path : {CodecPath::kScalar, CodecPath::kAvx2}) {
    if (ColumnKernels::Has(path)) paths.push_back(path);
  }
  return paths;
}

// Head and data of a column.
struct Packed {
  std::string head;
  std::string data;
  friend bool operator==(const Packed&, const Packed&) = default;
};

constexpr std::size_t kBefore = 16;

Packed Pack(const std::vector<RawValue>& raw, CodecPath path = CodecPath::kScalar) {
  std::vector<RawValue> column(kBefore + raw.size() + ColumnCodec::kSlack + ColumnKernels::kGroup, 77);
  std::ranges::copy(raw, column.begin() + kBefore);
  std::vector<std::uint8_t> head(ColumnCodec::kMaxHeadBytes);
  std::vector<std::uint8_t> data(ColumnCodec::MaxDataBytes(raw.size()) + ColumnCodec::kSlack);
  ColumnCodec::Sink sink{head.data(), data.data()};
  ColumnCodec::Encode(ColumnKernels::Of(path), column.data() + kBefore, raw.size(), sink);
  EXPECT_LE(sink.head, head.data() + head.size());
  EXPECT_LE(sink.data, data.data() + ColumnCodec::MaxDataBytes(raw.size()));
  return {std::string(head.data(), sink.head), std::string(data.data(), sink.data)};
}

// The bytes have nothing behind them, so the sanitizers see a read beyond their end.
bool Unpack(const Packed& packed, std::size_t count, std::vector<RawValue>& raw, CodecPath path = CodecPath::kScalar) {
  std::vector<std::uint8_t> head(packed.head.begin(), packed.head.end());
  head.resize(head.size() + 2);  // which may be read
  const std::vector<std::uint8_t> data(packed.data.begin(), packed.data.end());
  ColumnCodec::Source source{head.data(), head.data() + packed.head.size(), data.data(), data.data() + data.size(),
                             data.data() + data.size()};
  ColumnCodec::Source skipped = source;
  raw.resize(count + ColumnCodec::kSlack);
  const bool decoded = ColumnCodec::Decode(ColumnKernels::Of(path), source, count, {0, count}, raw.data());
  raw.resize(count);
  if (!decoded) return false;
  const auto expect_part = [&](std::size_t from, std::size_t to) {
    ColumnCodec::Source again = skipped;
    std::vector<RawValue> part(count + ColumnCodec::kSlack);
    EXPECT_TRUE(ColumnCodec::Decode(ColumnKernels::Of(path), again, count, {from, to}, part.data()));
    for (std::size_t i = from; i < to; ++i) EXPECT_EQ(part[i], raw[i]) << i << " of [" << from << ", " << to << ")";
    EXPECT_TRUE(again.head == source.head && again.data == source.data);
  };
  expect_part(0, count / 3 + 1);
  expect_part(count / 2, count);
  for (std::size_t i = 0; i < count; i += 1 + count / 50) expect_part(i, i + 1);
  expect_part(count - 1, count);
  EXPECT_TRUE(ColumnCodec::Skip(skipped, count));
  EXPECT_TRUE(skipped.head == source.head && skipped.data == source.data);
  return source.head == source.head_end && source.data == source.data_end;
}

// By every path, and by all to the same bytes.
std::vector<RawValue> RoundTrip(const std::vector<RawValue>& raw) {
  const Packed packed = Pack(raw);
  std::vector<RawValue> decoded;
  for (const CodecPath path : Paths()) {
    EXPECT_TRUE(Pack(raw, path) == packed) << "path " << static_cast<int>(path);
    decoded.assign(raw.size(), 0);
    EXPECT_TRUE(Unpack(packed, raw.size(), decoded, path));
    if (decoded != raw) return decoded;
  }
  return decoded;
}

std::size_t EncodedSize(const std::vector<RawValue>& raw) {
  const Packed packed = Pack(raw);
  return packed.head.size() + packed.data.size();
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
  for (int round = 0; round < Rounds(4000); ++round) {
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

TEST(ColumnCodec, KeepsEveryCountOfEveryShape) {
  std::mt19937 random(5);
  // Under a sanitizer the short ones, then one of 73, which meets every remainder of a group and the longest.
  const auto next = [](std::size_t count) { return count + (kSanitized && count >= 300 ? 73 : 1); };
  for (std::size_t count = 1; count <= ColumnCodec::kMaxCount; count = next(count)) {
    const unsigned width = 1 + count % 32;
    const unsigned rarity = 1U << (count % 7);
    std::vector<RawValue> raw(count);
    std::uint32_t value = random();
    for (RawValue& out : raw) {
      if (random() % rarity == 0) value += random() >> (32 - width);
      out = static_cast<RawValue>(value);
    }
    ASSERT_EQ(RoundTrip(raw), raw) << "count " << count;
  }
}

TEST(ColumnCodec, TakesTheSmallestForm) {
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, 0)), 1U);
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, kNotAvailable)), 1U);
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, 255)), 2U);
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, 7200)), 3U);
  EXPECT_EQ(EncodedSize(std::vector<RawValue>(128, -1)), 5U);
  std::vector<RawValue> rising(128);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<RawValue>(1'000'000 + i);
  EXPECT_EQ(EncodedSize(rising), 1U + 4 + 32);  // tag, base, 127 differences of 2 bits
  std::vector<RawValue> rare(128, 5);
  std::fill(rare.begin() + 64, rare.end(), 5000);
  EXPECT_EQ(EncodedSize(rare), 2U + 1 + 1 + 2);  // tag and number, base, a position of 7 bits, a change of 14
  std::vector<RawValue> often(128, 5);
  for (std::size_t i = 8; i < often.size(); i += 8) often[i] = often[i + 1] = static_cast<RawValue>(5 + i * 1000);
  EXPECT_EQ(EncodedSize(often), 3U + 4 + 16 + 68);  // a bitmap, then 15 changes there and 15 back of 18 bits
  std::vector<RawValue> with_states(128, 5);
  std::fill(with_states.begin() + 64, with_states.end(), kNotAvailable);
  EXPECT_EQ(EncodedSize(with_states), 1U + (2 + 1 + 1 + 1) + 2);  // a change of a small code, then a constant
}

TEST(ColumnCodec, RefusesTruncatedAndRandomBytes) {
  std::mt19937 random(2);
  std::vector<RawValue> raw(100);
  for (RawValue& value : raw) value = static_cast<RawValue>(random() % 1000);
  const Packed packed = Pack(raw);
  std::vector<RawValue> decoded;
  for (std::size_t size = 0; size < packed.data.size(); ++size) {
    EXPECT_FALSE(Unpack({packed.head, packed.data.substr(0, size)}, raw.size(), decoded)) << size;
  }
  EXPECT_FALSE(Unpack({"", packed.data}, raw.size(), decoded));
  for (int round = 0; round < Rounds(40'000); ++round) {  // must neither crash nor read beyond: the sanitizers watch
    Packed garbage{std::string(random() % 8, '\0'), std::string(random() % 600, '\0')};
    for (char& c : garbage.head) c = static_cast<char>(random());
    for (char& c : garbage.data) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    if (!garbage.head.empty() && random() % 3 == 0) garbage.head[0] = static_cast<char>(random() % 14);
    for (const CodecPath path : Paths()) {
      (void)Unpack(garbage, 1 + random() % (round % 8 == 0 ? ColumnCodec::kMaxCount : 300), decoded, path);
    }
  }
}

// Columns that were packed one after the other, decoded together or one by one into places without room between them.
void ExpectBatchLikeEachAlone(const std::vector<Packed>& packed, std::size_t count, CodecPath path) {
  std::vector<std::uint8_t> heads;
  std::vector<std::uint8_t> data;
  for (const Packed& column : packed) {
    heads.insert(heads.end(), column.head.begin(), column.head.end());
    data.insert(data.end(), column.data.begin(), column.data.end());
  }
  const std::size_t heads_size = heads.size();
  heads.resize(heads_size + 2);
  const ColumnCodec::Source all{heads.data(), heads.data() + heads_size, data.data(), data.data() + data.size(),
                                data.data() + data.size()};
  const std::size_t stride = RoundUpToGroup(count);
  const ColumnKernels& kernels = ColumnKernels::Of(path);
  std::vector<RawValue> expected(packed.size() * stride + ColumnCodec::kSlack);
  std::vector<RawValue> together(expected.size());
  ColumnCodec::Source source = all;
  bool sound = true;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    sound &= ColumnCodec::Decode(kernels, source, count, {0, count}, expected.data() + i * stride);
  }
  source = all;
  ColumnCodec::Batch batch(kernels, count, {0, count});
  bool batch_sound = true;
  for (std::size_t i = 0; i < packed.size(); ++i) batch_sound &= batch.Add(source, together.data() + i * stride);
  batch_sound &= batch.Decode();
  ASSERT_EQ(batch_sound, sound);
  if (!sound) return;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (std::size_t k = 0; k < count; ++k) ASSERT_EQ(together[i * stride + k], expected[i * stride + k]) << i;
  }
  source = all;
  EXPECT_TRUE(batch.Skip(source, packed.size()));
  EXPECT_TRUE(source.head == all.head_end && source.data == all.data_end);
}

TEST(ColumnCodec, DecodesColumnsTogetherLikeEachAlone) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const std::size_t count = 2 + random() % (round % 10 == 0 ? 1000 : 140);
    std::vector<Packed> packed(1 + random() % ColumnCodec::Batch::kMaxColumns);
    for (Packed& column : packed) {
      const unsigned rarity = 1U << (random() % 8);
      const unsigned width = 1 + random() % 32;
      std::vector<RawValue> raw(count);
      std::uint32_t value = random() % 2 == 0 ? random() % 256 : random();
      for (RawValue& out : raw) {
        if (random() % rarity == 0) value += random() >> (32 - width);
        out = static_cast<RawValue>(value);
        if (random() % 500 == 0) out = kNotAvailable;
        if (out == kAbsent) out = 0;
      }
      column = Pack(raw);
    }
    for (const CodecPath path : Paths()) ExpectBatchLikeEachAlone(packed, count, path);
  }
}

// By hand: 16 values, first 5, two changes by 1 (zigzag 2, of 2 bits) at positions of 4 bits.
TEST(ColumnCodec, RefusesPositionsThatDoNotGrowByEveryPath) {
  const std::string head = {static_cast<char>(64 + 3 * 48 + 0 * 16 + 2 - 1), 1};
  const auto decodes = [&](unsigned first, unsigned second, CodecPath path) {
    std::vector<RawValue> raw;
    const std::string data = {5, static_cast<char>(first | second << 4), 0b1010};
    const bool decoded = Unpack({head, data}, 16, raw, path);
    if (decoded) {
      EXPECT_EQ(raw[first - 1], 5);
      EXPECT_EQ(raw[first], 6);
      EXPECT_EQ(raw[second], 7);
      EXPECT_EQ(raw[15], 7);
    }
    return decoded;
  };
  for (const CodecPath path : Paths()) {
    for (unsigned first = 0; first < 16; ++first) {
      for (unsigned second = 0; second < 16; ++second) {
        EXPECT_EQ(decodes(first, second, path), first > 0 && second > first) << first << " " << second;
      }
    }
  }
}

// Of each kernel alone, as the codec does not choose every width for every count.
TEST(ColumnKernels, PackAndUnpackEveryWidthAndCountAlike) {
  std::mt19937 random(6);
  const std::size_t slack = ColumnKernels::kSlack;
  const ColumnKernels& scalar = ColumnKernels::Of(CodecPath::kScalar);
  for (std::size_t count = 1; count <= ColumnCodec::kMaxCount; count += count < 300 ? 1 : 97) {
    for (unsigned width = 1; width <= 32; ++width) {
      const auto least = static_cast<std::uint32_t>(random());
      std::vector<std::uint32_t> values(count + slack);
      for (std::uint32_t& value : values) {
        value = least +
                static_cast<std::uint32_t>(random() % 4 == 0 ? 0xFFFFFFFF >> (32 - width) : random() >> (32 - width));
      }
      const std::size_t bits = count * width;
      std::vector<std::uint8_t> expected(bits / 8 + 1 + slack);
      scalar.pack(values.data(), least, count, width, expected.data());
      for (const CodecPath path : Paths()) {
        const ColumnKernels& kernels = ColumnKernels::Of(path);
        std::vector<std::uint8_t> packed(bits / 8 + 1 + slack);
        kernels.pack(values.data(), least, count, width, packed.data());
        ASSERT_TRUE(
            std::equal(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(bits / 8), expected.begin()));
        ASSERT_EQ((packed[bits / 8] ^ expected[bits / 8]) & ((1U << bits % 8) - 1), 0U);
        std::vector<std::uint32_t> unpacked(RoundUpToGroup(count));
        kernels.unpack(packed.data(), least, count, width, unpacked.data());
        ASSERT_TRUE(std::equal(unpacked.begin(), unpacked.begin() + static_cast<std::ptrdiff_t>(count), values.begin()))
            << "count " << count << ", width " << width << ", path " << static_cast<int>(path);
      }
    }
  }
}

TEST(ColumnKernels, TransposeTouchesOnlyWhatItIsAsked) {
  for (const CodecPath path : Paths()) {
    for (std::size_t rows = 1; rows <= 35; ++rows) {
      for (std::size_t columns = 1; columns <= 35; ++columns) {
        std::vector<RawValue> from(rows * columns);
        for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<RawValue>(i);
        const std::size_t stride = rows + 3;
        std::vector<RawValue> to(columns * stride, -1);
        ColumnKernels::Of(path).transpose(from.data(), columns, rows, columns, to.data(), stride);
        for (std::size_t i = 0; i < to.size(); ++i) {
          const std::size_t row = i % stride;
          ASSERT_EQ(to[i], row < rows ? from[row * columns + i / stride] : -1);
        }
      }
    }
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
      TimeRange range;
      if (round % 2 == 1) {
        range.from_ms = run.time_ms(random() % run.size());
        range.to_ms = run.time_ms(random() % run.size()) + 1;
      }
      const auto summary = BlockCodec::Decode(block, wanted, range, layouts, decoded);
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
        if (expected_count == 0 || !range.contains(run.time_ms(i))) continue;
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

// One layout, also with ids out of order, and counts that are no multiple of anything.
TEST(BlockCodec, GivesTheSameBytesByEveryPathAndTheValuesBack) {
  std::mt19937 random(8);
  for (int round = 0; round < Rounds(300); ++round) {
    std::vector<SignalId> ids;
    for (SignalId id = 1; id <= 200; ++id) {
      if (random() % (1 + static_cast<unsigned>(round) % 9) == 0) ids.push_back(round % 4 == 0 ? 65'535 - id : id);
    }
    if (ids.empty()) ids.push_back(65'535);
    if (round % 3 == 0) std::ranges::shuffle(ids, random);
    const auto layout = *Layout::Create(ids);
    FrameRun run;
    std::vector<RawValue> row(ids.size());
    const std::size_t count = 1 + random() % 300;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < row.size(); ++k) {
        if (random() % (1 + k % 30) == 0) row[k] = static_cast<RawValue>(random() >> (k % 32));
        if (row[k] == kAbsent) row[k] = 0;
      }
      run.Add(kTimeMs + static_cast<std::int64_t>(i) * 1000 + random() % 900, layout, row);
    }
    const std::size_t from = random() % count;
    ColumnKernels::ForceForTest(CodecPath::kScalar);
    const std::string block = BlockCodec::Encode(9, 1, run, from, count);
    for (const CodecPath path : Paths()) {
      ColumnKernels::ForceForTest(path);
      std::string appended = "before";
      BlockCodec::Append(9, 1, run, from, count, appended);
      ASSERT_EQ(appended.substr(6), block);
      LayoutPool layouts;
      FrameRun decoded;
      ASSERT_TRUE(BlockCodec::Decode(block, {}, {}, layouts, decoded).ok());
      BlockColumns columns;
      const auto summary = BlockCodec::DecodeColumns(block, {}, columns);
      ASSERT_TRUE(summary.ok()) << summary.status();
      EXPECT_EQ(summary->first_time_ms, run.time_ms(from));
      EXPECT_EQ(summary->last_time_ms, run.time_ms(count - 1));
      ASSERT_EQ(decoded.size(), count - from);
      ASSERT_EQ(columns.times_ms().size(), count - from);
      ASSERT_EQ(columns.signals().size(), ids.size());
      for (std::size_t i = from; i < count; ++i) {
        ASSERT_EQ(decoded.time_ms(i - from), run.time_ms(i));
        ASSERT_EQ(columns.times_ms()[i - from], run.time_ms(i));
        for (std::size_t c = 0; c < ids.size(); ++c) {
          const RawValue expected = run.values(i)[*layout->PositionOf(columns.signals()[c])];
          ASSERT_EQ(columns.column(c)[i - from], expected);
          ASSERT_EQ(decoded.values(i - from)[c], expected);
        }
      }
      // Some signals only, some of which the block does not have.
      const std::vector<SignalId> wanted = {2, 3, 50, 65'400, 65'535};
      ASSERT_TRUE(BlockCodec::DecodeColumns(block, wanted, columns).ok());
      for (std::size_t c = 0; c < columns.signals().size(); ++c) {
        const std::uint32_t position = *layout->PositionOf(columns.signals()[c]);
        for (std::size_t i = from; i < count; ++i) ASSERT_EQ(columns.column(c)[i - from], run.values(i)[position]);
      }
      EXPECT_EQ(columns.signals().size(),
                std::ranges::count_if(wanted, [&](SignalId id) { return layout->PositionOf(id).has_value(); }));
    }
    ColumnKernels::ForceForTest(ColumnKernels::Fastest());
  }
}

TEST(BlockCodec, ColumnsOfSeveralLayoutsAreAbsentWhereAFrameDoesNotHaveThem) {
  std::mt19937 random(9);
  const FrameRun run = RandomRun(random, 100);
  const std::string block = BlockCodec::Encode(9, 1, run, 0, run.size());
  BlockColumns columns;
  const std::vector<SignalId> wanted = {3, 4, 5, 7};
  ASSERT_TRUE(BlockCodec::DecodeColumns(block, wanted, columns).ok());
  EXPECT_THAT(columns.signals(), testing::ElementsAre(3, 4, 5));
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      const Frame frame{9, run.time_ms(i), run.layout(i).get(), run.values(i)};
      ASSERT_EQ(columns.column(c)[i], frame.Get(columns.signals()[c]));
    }
  }
}

TEST(BlockCodec, KeepsTimesOfASteadyPaceAndOfOneThatChangesAtTheEnd) {
  const auto layout = *Layout::Create({3});
  BlockColumns columns;  // whose times may be those of the block before
  for (const std::int64_t step : {1, 250, 1'000, 20'000}) {
    for (const std::size_t count : {1U, 2U, 3U, 9U, 4096U}) {
      for (const std::int64_t last_step : {step, step + 1}) {
        FrameRun run;
        std::vector<std::int64_t> times = {kTimeMs};
        while (times.size() < count) times.push_back(times.back() + (times.size() + 1 == count ? last_step : step));
        for (const std::int64_t time_ms : times) run.Add(time_ms, layout, std::vector<RawValue>{5});
        const std::string block = BlockCodec::Encode(7, 1, run, 0, run.size());
        for (int again = 0; again < 2; ++again) {
          ASSERT_TRUE(BlockCodec::DecodeColumns(block, {}, columns).ok());
          EXPECT_TRUE(std::ranges::equal(columns.times_ms(), times)) << count << " frames, step " << step;
        }
      }
    }
  }
}

TEST(BlockCodec, SummaryTellsTheTimesWithoutTheColumns) {
  std::mt19937 random(10);
  const FrameRun run = RandomRun(random, 20);
  const auto summary = BlockCodec::ReadSummary(BlockCodec::Encode(9, 5, run, 3, 17));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->vehicle, 9U);
  EXPECT_EQ(summary->sequence, 5U);
  EXPECT_EQ(summary->frame_count, 14U);
  EXPECT_EQ(summary->first_time_ms, run.time_ms(3));
  EXPECT_EQ(summary->last_time_ms, run.time_ms(16));
}

TEST(BlockCodec, DetectsEveryFlippedBitAndEveryTruncation) {
  std::mt19937 random(4);
  const FrameRun run = RandomRun(random, 20);
  const std::string block = BlockCodec::Encode(7, 1, run, 0, run.size());
  const auto decodes = [](const std::string& bytes) {
    LayoutPool layouts;
    FrameRun decoded;
    const auto summary = BlockCodec::Decode(bytes, {}, {}, layouts, decoded);
    EXPECT_TRUE(summary.ok() || absl::IsDataLoss(summary.status()));
    BlockColumns columns;
    EXPECT_EQ(BlockCodec::DecodeColumns(bytes, {}, columns).ok(), summary.ok());
    EXPECT_EQ(BlockCodec::ReadSummary(bytes).ok(), summary.ok());
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

}  // namespace
}  // namespace telltale
