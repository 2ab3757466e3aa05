#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/frame.h"
#include "storage/codec/frame_run.h"

namespace telltale {

// Frames of the journal. What is made durable together is a group of records; each record is checked by itself, so that
// a damaged one takes few frames with it. A record, which begins at a multiple of 8 bytes:
//
//     size       uint32   bytes of the frames
//     place      uint32   in its group: 1 the last record, 2 the first, 3 both, 0 neither
//     sequence   uint64   1, 2, 3, ...
//     checksum   uint64   XXH3-64 of the 16 bytes before and of the frames
//     frames     each:
//       vehicle  varint
//       time     zigzag varint, milliseconds since 1970, less the time of the frame before; before the first: 0
//       layout   varint n: the n-th layout of the record; n one greater than any before: a new one follows, as varint
//                count, then each signal as zigzag varint of its difference to the one before
//       base     varint: 0 for zeros, else 1 + this record's sequence less that of the record with the vehicle's newest
//                frame, which is of the same layout: the row is a difference to its values
//       row      RowCodec
//     padding    zeros, to the next multiple of 8
//
// Integers are little-endian. docs/formats/journal.md works an example. Not thread-safe.
class JournalGroupWriter {
 public:
  static constexpr std::size_t kHeadBytes = 24;
  static constexpr std::size_t kRecordBytesMin = 64 << 10;  // a longer record is ended

  // Begins an empty group whose first record has this sequence.
  void Begin(std::uint64_t sequence);

  // Appends a frame. `base` is empty for zeros; else the values of the vehicle's newest frame, which is in the record
  // `base_sequence`.
  struct Added {
    std::uint64_t sequence = 0;  // of the record that the frame is in
    std::size_t row_begin = 0;   // where the packed row stands in bytes()
    std::size_t row_size = 0;
  };
  Added Add(const Frame& frame, std::span<const RawValue> base, std::uint64_t base_sequence);

  // Ends the last record. bytes() is then what belongs into the file.
  void End();

  std::string_view bytes() const { return {buffer_.data(), size_}; }
  std::uint64_t last_sequence() const { return sequence_; }

 private:
  void BeginRecord();
  void EndRecord(bool last);
  void Reserve(std::size_t more);

  std::vector<char> buffer_;  // only grows
  std::size_t size_ = 0;
  std::size_t record_begin_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t sequence_ = 0;
  std::int64_t last_time_ms_ = 0;
  std::vector<const Layout*> layouts_;  // of the record
};

// One record as it was read from a file.
struct JournalRecord {
  // No journal gets so far: a greater one is damage.
  static constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 62;

  std::uint64_t sequence = 0;
  bool first_of_group = false;  // in segments that tell: see Journal
  bool last_of_group = false;
  bool old_rows = false;  // OldRowCodec packed them; the segment tells
  std::string_view frames;
  std::size_t size_bytes = 0;  // in the file, padding included

  // The record at the front of `bytes`. Errors: DATA_LOSS there is none, or it is damaged.
  static StatusOr<JournalRecord> Read(std::string_view bytes);
};

// Takes the frames of a record one after the other.
class JournalFrameReader {
 public:
  // What refers to something outlives the reader.
  JournalFrameReader(const JournalRecord& record, LayoutPool& layouts)
      : rest_(record.frames), old_rows_(record.old_rows), pool_(layouts) {}

  struct Head {
    VehicleId vehicle = 0;
    std::int64_t measure_time_ms = 0;
    std::shared_ptr<const Layout> layout;
    std::uint64_t base = 0;  // as in the record
  };

  bool at_end() const { return rest_.empty(); }

  // The next frame; then its row. Errors: DATA_LOSS.
  Status TakeHead(Head& head);
  // `row` holds the base's values and becomes the frame's.
  Status TakeRow(std::span<RawValue> row);
  // The row as it is packed, of the frame whose head was taken.
  StatusOr<std::string_view> TakePackedRow(std::size_t count);

 private:
  Status TakeLayout();

  std::string_view rest_;
  const bool old_rows_;
  LayoutPool& pool_;
  std::int64_t time_ms_ = 0;
  std::vector<std::shared_ptr<const Layout>> layouts_;
};

}  // namespace telltale
