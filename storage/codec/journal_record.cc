#include "storage/codec/journal_record.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include <xxhash.h>

#include "base/varint.h"
#include "storage/codec/old_row_codec.h"
#include "storage/codec/row_codec.h"

namespace telltale {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are written as they stand in memory");

constexpr std::size_t kAlignment = 8;
constexpr std::uint32_t kLast = 1;
constexpr std::uint32_t kFirst = 2;
constexpr std::size_t kCheckedHeadBytes = 16;
constexpr std::size_t kMaxFrameHeadBytes = 40;  // four varints

// A record is at most one frame longer than kRecordBytesMin; this only keeps damage from asking for more.
constexpr std::size_t kMaxRecordBytes = std::size_t{4} << 20;

std::uint64_t Checksum(const char* record, std::size_t frames_size) {
  // Of two parts, the second seeded by the first: the checksum itself stands between them.
  const std::uint64_t head = XXH3_64bits(record, kCheckedHeadBytes);
  return XXH3_64bits_withSeed(record + JournalGroupWriter::kHeadBytes, frames_size, head);
}

Status Damaged(const char* what) { return absl::DataLossError(what); }

}  // namespace

void JournalGroupWriter::Reserve(std::size_t more) {
  if (buffer_.size() < size_ + more) buffer_.resize(std::max(2 * buffer_.size(), size_ + more));
}

void JournalGroupWriter::Begin(std::uint64_t sequence) {
  size_ = 0;
  first_sequence_ = sequence;
  sequence_ = sequence;
  BeginRecord();
}

void JournalGroupWriter::BeginRecord() {
  record_begin_ = size_;
  Reserve(kHeadBytes);
  size_ += kHeadBytes;
  last_time_ms_ = 0;
  layouts_.clear();
}

void JournalGroupWriter::EndRecord(bool last) {
  const std::size_t frames_size = size_ - record_begin_ - kHeadBytes;
  const std::size_t padding = (kAlignment - size_ % kAlignment) % kAlignment;
  Reserve(padding);
  std::memset(buffer_.data() + size_, 0, padding);
  size_ += padding;
  char* const record = buffer_.data() + record_begin_;
  const std::uint32_t place = (last ? kLast : 0) | (sequence_ == first_sequence_ ? kFirst : 0);
  const std::array<std::uint32_t, 2> words = {static_cast<std::uint32_t>(frames_size), place};
  std::memcpy(record, words.data(), 8);
  std::memcpy(record + 8, &sequence_, 8);
  const std::uint64_t checksum = Checksum(record, frames_size);
  std::memcpy(record + kCheckedHeadBytes, &checksum, 8);
}

void JournalGroupWriter::End() { EndRecord(true); }

// Budget: 0.05 us beyond RowCodec.
JournalGroupWriter::Added JournalGroupWriter::Add(const Frame& frame, std::span<const RawValue> base,
                                                  std::uint64_t base_sequence) {
  if (size_ - record_begin_ > kRecordBytesMin) {
    EndRecord(false);
    ++sequence_;
    BeginRecord();
  }
  // Frames of one layout follow each other: the last ones first.
  std::size_t layout = layouts_.size();
  while (layout > 0 && layouts_[layout - 1] != frame.layout) --layout;
  const bool is_new = layout == 0;
  if (is_new) {
    layouts_.push_back(frame.layout);
    layout = layouts_.size();
  }
  Reserve(kMaxFrameHeadBytes + (is_new ? 10 + 4 * frame.layout->size() : 0) + RowCodec::MaxBytes(frame.layout->size()));
  char* end = buffer_.data() + size_;
  end = PutVarint(end, frame.vehicle_id);
  end = PutVarint(end, ZigZag(frame.measure_time_ms - last_time_ms_));
  last_time_ms_ = frame.measure_time_ms;
  end = PutVarint(end, layout - 1);
  if (is_new) {
    end = PutVarint(end, frame.layout->size());
    std::int64_t last_signal = 0;
    for (const SignalId signal : frame.layout->signals()) {
      end = PutVarint(end, ZigZag(signal - last_signal));
      last_signal = signal;
    }
  }
  end = PutVarint(end, base.empty() ? 0 : 1 + sequence_ - base_sequence);
  char* const row_end = RowCodec::Encode(base, frame.values, end);
  size_ = static_cast<std::size_t>(row_end - buffer_.data());
  return {.sequence = sequence_,
          .row_begin = static_cast<std::size_t>(end - buffer_.data()),
          .row_size = static_cast<std::size_t>(row_end - end)};
}

StatusOr<JournalRecord> JournalRecord::Read(std::string_view bytes) {
  if (bytes.size() < JournalGroupWriter::kHeadBytes) return Damaged("the record is cut short");
  std::array<std::uint32_t, 2> words{};
  std::memcpy(words.data(), bytes.data(), 8);
  JournalRecord record{.first_of_group = (words[1] & kFirst) != 0, .last_of_group = (words[1] & kLast) != 0};
  std::memcpy(&record.sequence, bytes.data() + 8, 8);
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + kCheckedHeadBytes, 8);
  const std::size_t frames_size = words[0];
  if (frames_size > kMaxRecordBytes || words[1] > (kFirst | kLast) || record.sequence > kMaxSequence)
    return Damaged("the record's head is damaged");
  if (bytes.size() < JournalGroupWriter::kHeadBytes + frames_size) return Damaged("the record is cut short");
  if (Checksum(bytes.data(), frames_size) != checksum) return Damaged("the record has a wrong checksum");
  record.frames = bytes.substr(JournalGroupWriter::kHeadBytes, frames_size);
  const std::size_t size = JournalGroupWriter::kHeadBytes + frames_size;
  record.size_bytes = (size + kAlignment - 1) / kAlignment * kAlignment;
  return record;
}

Status JournalFrameReader::TakeLayout() {
  std::uint64_t count = 0;
  if (!TakeVarint(rest_, count) || count == 0 || count > rest_.size()) return Damaged("a layout is cut short");
  std::vector<SignalId> signals;
  std::int64_t signal = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t step = 0;
    if (!TakeVarint(rest_, step)) return Damaged("a layout is cut short");
    const std::int64_t difference = UnZigZag(step);
    if (difference < -0xFFFF || difference > 0xFFFF) return Damaged("a signal of a layout");
    signal += difference;
    if (signal < 0 || signal > std::numeric_limits<SignalId>::max()) return Damaged("a signal of a layout");
    signals.push_back(static_cast<SignalId>(signal));
  }
  std::vector<SignalId> sorted = signals;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) return Damaged("a layout names a signal twice");
  layouts_.push_back(pool_.Get(signals));
  return OkStatus();
}

Status JournalFrameReader::TakeHead(Head& head) {
  std::uint64_t vehicle = 0;
  std::uint64_t step = 0;
  std::uint64_t layout = 0;
  if (!TakeVarint(rest_, vehicle) || vehicle > std::numeric_limits<VehicleId>::max() || !TakeVarint(rest_, step) ||
      !TakeVarint(rest_, layout) || layout > layouts_.size()) {
    return Damaged("a frame of the record");
  }
  if (layout == layouts_.size()) RETURN_IF_ERROR(TakeLayout());
  if (!TakeVarint(rest_, head.base)) return Damaged("a frame of the record");
  time_ms_ =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms_) + static_cast<std::uint64_t>(UnZigZag(step)));
  head.vehicle = static_cast<VehicleId>(vehicle);
  head.measure_time_ms = time_ms_;
  head.layout = layouts_[layout];
  return OkStatus();
}

StatusOr<std::string_view> JournalFrameReader::TakePackedRow(std::size_t count) {
  const auto size = old_rows_ ? OldRowCodec::PackedSize(rest_, count) : RowCodec::PackedSize(rest_, count);
  if (!size) return Damaged("a row of the record");
  const std::string_view row = rest_.substr(0, *size);
  rest_.remove_prefix(*size);
  return row;
}

Status JournalFrameReader::TakeRow(std::span<RawValue> row) {
  const bool taken = old_rows_ ? OldRowCodec::Decode(rest_, row) : RowCodec::Decode(rest_, row);
  return taken ? OkStatus() : Damaged("a row of the record");
}

}  // namespace telltale
