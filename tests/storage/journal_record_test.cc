// Records of the journal: what is written comes back, and no damage passes.

#include "storage/codec/journal_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

constexpr std::int64_t kTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

struct Written {
  FrameBatch batch;
  std::string bytes;
  std::uint64_t last_sequence = 0;
};

// Frames of several vehicles and layouts, each packed against the one before it of its layout if there is one.
Written Write(std::size_t frame_count, std::size_t width) {
  std::vector<SignalId> ids(width);
  for (std::size_t i = 0; i < width; ++i) ids[i] = static_cast<SignalId>(10 + 3 * i);
  const auto wide = *Layout::Create(std::move(ids));
  const auto narrow = *Layout::Create({900, 2});
  Written written;
  for (std::size_t i = 0; i < frame_count; ++i) {
    const auto& layout = i % 5 == 4 ? narrow : wide;
    const std::span<RawValue> row =
        written.batch.AddUninitialized(static_cast<VehicleId>(i % 3 == 0 ? 0xFFFFFFFF : i),
                                       kTimeMs + static_cast<std::int64_t>(i * 7'000) - 60'000, layout);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = static_cast<RawValue>(i * j % 1000);
    if (i % 4 == 0) row[0] = kNotAvailable;
  }
  JournalGroupWriter writer;
  writer.Begin(5);
  std::uint64_t previous_sequence = 0;
  for (std::size_t i = 0; i < frame_count; ++i) {
    const Frame frame = written.batch[i];
    const bool same_layout = i > 0 && written.batch[i - 1].layout == frame.layout;
    previous_sequence = same_layout ? writer.Add(frame, written.batch[i - 1].values, previous_sequence).sequence
                                    : writer.Add(frame, {}, 0).sequence;
  }
  writer.End();
  written.bytes = writer.bytes();
  written.last_sequence = writer.last_sequence();
  return written;
}

TEST(JournalRecord, GivesBackEveryFrameOfAGroupOfRecords) {
  const Written written = Write(600, 300);
  EXPECT_GT(written.last_sequence, 6U);
  std::string_view rest = written.bytes;
  LayoutPool layouts;
  std::size_t next = 0;
  std::uint64_t sequence = 4;
  std::vector<RawValue> values;
  while (!rest.empty()) {
    const auto record = JournalRecord::Read(rest);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->sequence, ++sequence);
    EXPECT_EQ(record->first_of_group, next == 0);
    EXPECT_EQ(record->last_of_group, sequence == written.last_sequence);
    EXPECT_EQ(record->size_bytes % 8, 0U);
    JournalFrameReader reader(*record, layouts);
    JournalFrameReader::Head head;
    for (; !reader.at_end(); ++next) {
      ASSERT_TRUE(reader.TakeHead(head).ok());
      const Frame frame = written.batch[next];
      EXPECT_EQ(head.vehicle, frame.vehicle_id);
      EXPECT_EQ(head.measure_time_ms, frame.measure_time_ms);
      EXPECT_TRUE(*head.layout == *frame.layout);
      if (head.base == 0) values.assign(head.layout->size(), 0);
      ASSERT_EQ(values.size(), frame.values.size());
      ASSERT_TRUE(reader.TakeRow(values).ok());
      ASSERT_TRUE(std::ranges::equal(values, frame.values)) << next;
    }
    rest.remove_prefix(record->size_bytes);
  }
  EXPECT_EQ(next, written.batch.size());
}

TEST(JournalRecord, DetectsEveryFlippedBitAndEveryTruncation) {
  const std::string bytes = Write(6, 4).bytes;
  const auto record = JournalRecord::Read(bytes);
  ASSERT_TRUE(record.ok());
  const std::size_t size = JournalGroupWriter::kHeadBytes + record->frames.size();  // padding does not count
  for (std::size_t bit = 0; bit < size * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(JournalRecord::Read(damaged).status())) << "bit " << bit;
  }
  for (std::size_t cut = 0; cut < size; ++cut) {
    EXPECT_TRUE(absl::IsDataLoss(JournalRecord::Read(std::string_view(bytes).substr(0, cut)).status())) << cut;
  }
}

TEST(JournalRecord, FramesCutShortAreAnError) {
  const std::string bytes = Write(6, 4).bytes;
  const JournalRecord whole = *JournalRecord::Read(bytes);
  for (std::size_t size = 1; size < whole.frames.size(); ++size) {
    JournalRecord record = whole;
    // A copy of just these bytes, so that a sanitizer sees a read beyond them.
    const std::vector<char> fewer(whole.frames.begin(), whole.frames.begin() + static_cast<std::ptrdiff_t>(size));
    record.frames = {fewer.data(), fewer.size()};
    LayoutPool layouts;
    JournalFrameReader reader(record, layouts);
    JournalFrameReader::Head head;
    std::vector<RawValue> values;
    Status status;
    while (status.ok() && !reader.at_end()) {
      status = reader.TakeHead(head);
      if (!status.ok()) break;
      values.assign(head.layout->size(), 0);
      status = reader.TakeRow(values);
    }
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status));
  }
}

}  // namespace
}  // namespace telltale
