// The worked examples of docs/formats are what the codecs write.

#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/codec/block_codec.h"
#include "storage/codec/column_codec.h"
#include "storage/codec/journal_record.h"
#include "storage/rocksdb/block_list.h"
#include "storage/rocksdb/packed_columns.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale {
namespace {

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string HexWithoutChecksum(const std::string& bytes) {
  return Hex(std::string_view(bytes).substr(0, bytes.size() - 8));
}

TEST(FormatExamples, Column) {
  std::array<RawValue, 128> column = {0, 7200, 7200, 7208, 7208};  // a place before the values, and room behind them
  std::array<std::uint8_t, ColumnCodec::kMaxHeadBytes> head;
  std::array<std::uint8_t, ColumnCodec::MaxDataBytes(4) + ColumnCodec::kSlack> data;
  ColumnCodec::Sink sink{head.data(), data.data()};
  ColumnCodec::Encode(ColumnKernels::Get(), column.data() + 1, 4, sink);
  EXPECT_EQ(Hex(std::string(head.data(), sink.head)), "53");
  EXPECT_EQ(Hex(std::string(data.data(), sink.data)), "201c0088");
}

TEST(FormatExamples, Block) {
  FrameRun run;
  const auto layout = *Layout::Create({2, 9});
  run.Add(1000, layout, std::vector<RawValue>{3, 5});
  run.Add(2000, layout, std::vector<RawValue>{3, 6});
  EXPECT_EQ(HexWithoutChecksum(BlockCodec::Encode(7, 1, run, 0, 2)),
            "01"
            "07000000"
            "0100000000000000"
            "020201"
            "e807e807"
            "00020201"
            "00"
            "03030240"
            "e803"
            "03"
            "0502");
}

TEST(FormatExamples, Journal) {
  FrameBatch batch;
  const auto layout = *Layout::Create({2, 9});
  batch.Add(7, 1000, layout, std::vector<RawValue>{3, kNotAvailable});
  batch.Add(7, 2000, layout, std::vector<RawValue>{4, kNotAvailable});
  JournalGroupWriter writer;
  writer.Begin(1);
  writer.Add(batch[0], {}, 0);
  writer.Add(batch[1], batch[0].values, 1);
  writer.End();
  EXPECT_EQ(Hex(writer.bytes().substr(0, 16)),
            "19000000"
            "03000000"
            "0100000000000000");
  EXPECT_EQ(Hex(writer.bytes().substr(JournalGroupWriter::kHeadBytes)),
            "07d00f"
            "0002040e"
            "00"
            "0103"
            "f60cffffff0f"
            "07d00f0001"
            "0101"
            "0200"
            "00000000000000");
}

TEST(FormatExamples, Archive) {
  const std::vector<RawValue> rows = {3, 5, 3, 6};  // of signals 2 and 9
  const std::vector<internal::Pace> paces = internal::PacesOf(std::vector<std::int64_t>{1000, 2000}, 0);
  internal::ColumnPacker packer;
  std::string first;
  std::string second;
  packer.Append(rows.data(), 2, 2, internal::BitOf(2), internal::BitOf(2), first);
  packer.Append(rows.data() + 1, 2, 2, internal::BitOf(9), internal::BitOf(9), second);
  EXPECT_EQ(HexWithoutChecksum(first), "04010203");
  EXPECT_EQ(HexWithoutChecksum(second), "0201400502");
  internal::BlockListWriter writer;
  writer.AddSteady(paces, {});
  const std::string head = writer.Take(7, 1);
  EXPECT_EQ(Hex(head.substr(0, head.size() - 4)),
            "07000000"
            "0101"
            "01"
            "01e807e80701");
  writer.AddSteady(paces, first);
  const std::string list = writer.Take(7, 1);
  EXPECT_EQ(Hex(list.substr(0, 13)),
            "07000000"
            "0101"
            "3d"
            "01e807e80701");
}

TEST(FormatExamples, BlockKey) {
  EXPECT_EQ(Hex(internal::BlockKey(7, 1'772'323'210'000, 258)),
            "5021"
            "00000007"
            "00002710"
            "0000000000000102");
}

}  // namespace
}  // namespace telltale
