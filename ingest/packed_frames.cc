#include "ingest/packed_frames.h"

#include <array>

#include "base/varint.h"
#include "storage/codec/row_codec.h"

namespace telltale {
namespace {

constexpr char kOnZeros = 0;
constexpr char kOnLastRow = 1;
constexpr std::size_t kVarintBytesMax = 10;

}  // namespace

void PackedFramesWriter::Begin(std::span<const RawValue> base) {
  bytes_.assign(1, base.empty() ? kOnZeros : kOnLastRow);
  last_row_.assign(base.begin(), base.end());
  last_time_ms_ = 0;
}

void PackedFramesWriter::Add(std::int64_t measure_time_ms, std::span<const RawValue> row) {
  const std::size_t size = bytes_.size();
  bytes_.resize(size + kVarintBytesMax + RowCodec::MaxBytes(row.size()));
  char* end = PutVarint(bytes_.data() + size, ZigZag(measure_time_ms - last_time_ms_));
  end = RowCodec::Encode(last_row_, row, end);
  bytes_.resize(static_cast<std::size_t>(end - bytes_.data()));
  last_row_.assign(row.begin(), row.end());
  last_time_ms_ = measure_time_ms;
}

StatusOr<PackedFramesReader> PackedFramesReader::Open(std::string_view bytes) {
  if (bytes.empty() || (bytes.front() != kOnZeros && bytes.front() != kOnLastRow)) {
    return absl::InvalidArgumentError("the first byte is neither 0 nor 1");
  }
  PackedFramesReader reader;
  reader.on_last_row_ = bytes.front() == kOnLastRow;
  reader.rest_ = bytes.substr(1);
  return reader;
}

// Budget: 0.25 us for a row of 420 values of which 120 changed.
Status PackedFramesReader::Take(std::int64_t& measure_time_ms, std::span<RawValue> row) {
  std::uint64_t step = 0;
  if (!TakeVarint(rest_, step)) return absl::InvalidArgumentError("a time is cut short");
  time_ms_ =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms_) + static_cast<std::uint64_t>(UnZigZag(step)));
  measure_time_ms = time_ms_;
  if (!RowCodec::Decode(rest_, row)) return absl::InvalidArgumentError("a row is cut short, or of another layout");
  return OkStatus();
}

}  // namespace telltale
