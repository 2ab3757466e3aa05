// Frames in few bytes: they come back as they were, from C too, and damage is an error.

#include "ingest/packed_frames.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// docs/formats/packed_frames.c
extern "C" {
std::size_t packed_frame_bytes_max(std::size_t width);
std::size_t pack_frame(const std::int32_t* base, const std::int32_t* row, std::size_t width, std::int64_t time_step_ms,
                       std::uint8_t* out);
}

namespace telltale {
namespace {

using Row = std::vector<RawValue>;

struct TimedRow {
  std::int64_t time_ms = 0;
  Row row;
  bool operator==(const TimedRow&) const = default;
};

// Rows whose values change by little, by much or not at all, at times of any order.
std::vector<TimedRow> SomeRows(std::size_t width, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TimedRow> rows;
  TimedRow now{.time_ms = 1'772'323'200'000, .row = Row(width)};
  for (std::size_t i = 0; i < count; ++i) {
    now.time_ms += static_cast<std::int64_t>(random() % 20'000) - 5'000;
    for (RawValue& value : now.row) {
      if (random() % 4 != 0) continue;
      const std::uint32_t step = static_cast<std::uint32_t>(random()) >> (random() % 32);
      value = random() % 9 == 0 ? kNotAvailable : static_cast<RawValue>(static_cast<std::uint32_t>(value) + step);
    }
    rows.push_back(now);
  }
  return rows;
}

std::string Pack(const std::vector<TimedRow>& rows, const Row& base) {
  PackedFramesWriter writer;
  writer.Begin(base);
  for (const TimedRow& row : rows) writer.Add(row.time_ms, row.row);
  return writer.bytes();
}

// As packed_frames.c says a message is made.
std::string PackInC(const std::vector<TimedRow>& rows, const Row& base) {
  std::string message(1, base.empty() ? '\0' : '\1');
  const RawValue* last = base.empty() ? nullptr : base.data();
  std::int64_t last_time_ms = 0;
  for (const TimedRow& row : rows) {
    std::vector<std::uint8_t> frame(packed_frame_bytes_max(row.row.size()));
    const std::size_t size = pack_frame(last, row.row.data(), row.row.size(), row.time_ms - last_time_ms, frame.data());
    message.append(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
    last = row.row.data();
    last_time_ms = row.time_ms;
  }
  return message;
}

// What `bytes` hold before they end or are no frames.
std::vector<TimedRow> Unpack(std::string_view bytes, Row row, Status& status) {
  std::vector<TimedRow> rows;
  auto reader = PackedFramesReader::Open(bytes);
  status = reader.status();
  while (status.ok() && !reader->at_end()) {
    std::int64_t time_ms = 0;
    status = reader->Take(time_ms, row);
    if (status.ok()) rows.push_back({.time_ms = time_ms, .row = row});
  }
  return rows;
}

TEST(PackedFrames, ComeBackAsTheyWere) {
  for (const std::size_t width : {1U, 2U, 63U, 64U, 65U, 420U, 4096U}) {
    const std::vector<TimedRow> rows = SomeRows(width, 20, static_cast<unsigned>(width));
    const Row base = SomeRows(width, 1, 99).front().row;
    for (const bool has_base : {false, true}) {
      const std::string bytes = Pack(rows, has_base ? base : Row());
      EXPECT_EQ(PackedFramesReader::Open(bytes)->on_last_row(), has_base);
      Status status;
      EXPECT_EQ(Unpack(bytes, has_base ? base : Row(width), status), rows) << width;
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(PackInC(rows, has_base ? base : Row()), bytes) << width;
    }
  }
}

TEST(PackedFrames, AreAsTheirFormatSays) {
  const std::string bytes = Pack({{1000, {3, kNotAvailable}}, {2000, {4, kNotAvailable}}}, {});
  std::string hex;
  for (const char byte : bytes) {
    for (const int nibble : {static_cast<unsigned char>(byte) >> 4, byte & 0xF}) hex += "0123456789abcdef"[nibble];
  }
  EXPECT_EQ(hex,
            "00"
            "d00f"
            "0103"
            "f60cffffff0f"
            "d00f"
            "0101"
            "0200");
}

TEST(PackedFrames, CutShortAreAnErrorAfterTheFramesBefore) {
  const std::vector<TimedRow> rows = SomeRows(70, 4, 1);
  const std::string bytes = Pack(rows, {});
  std::size_t most = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    Status status;
    const std::vector<TimedRow> read = Unpack({cut.data(), cut.size()}, Row(70), status);
    EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
    ASSERT_LT(read.size(), rows.size());
    ASSERT_TRUE(std::ranges::equal(read, std::span(rows).first(read.size()))) << size;
    most = std::max(most, read.size());
  }
  EXPECT_EQ(most, 3U);
}

TEST(PackedFrames, OfAnotherFormAreAnError) {
  for (const std::string& bytes : {std::string(), std::string("\2"), std::string("frames")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PackedFramesReader::Open(bytes).status())) << bytes;
  }
}

}  // namespace
}  // namespace telltale
