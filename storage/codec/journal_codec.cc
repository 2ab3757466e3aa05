#include "storage/codec/journal_codec.h"

#include <bit>
#include <limits>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <lz4.h>
#include <xxhash.h>

#include "base/check.h"
#include "storage/internal/record_coding.h"
#include "storage/internal/varint.h"

namespace telltale {
namespace {

using internal::PutVarint;
using internal::TakeVarint;

static_assert(std::endian::native == std::endian::little, "values are stored as they stand in memory");

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
// A batch is bounded by the greatest message; this only keeps a damaged record from asking for all memory.
constexpr std::uint64_t kMaxValueCount = 1ULL << 28;

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged journal record: {}", what)); }

void PutValues(const FrameBatch& batch, std::string& to) {
  // The values of a batch stand one after the other in memory.
  const auto size = static_cast<int>(batch.sample_count() * sizeof(RawValue));
  std::string packed(static_cast<std::size_t>(LZ4_compressBound(size)), '\0');
  const int packed_size = LZ4_compress_default(reinterpret_cast<const char*>(batch[0].values.data()), packed.data(),
                                               size, static_cast<int>(packed.size()));
  CHECK(packed_size > 0);
  PutVarint(to, static_cast<std::uint64_t>(packed_size));
  to.append(packed.data(), static_cast<std::size_t>(packed_size));
}

Status TakeLayouts(std::string_view& bytes, std::vector<std::shared_ptr<const Layout>>& layouts) {
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, count) || count > bytes.size()) return Damaged("the layouts");
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t size = 0;
    if (!TakeVarint(bytes, size) || size > bytes.size()) return Damaged("a layout");
    std::vector<SignalId> signals;
    for (std::uint64_t j = 0; j < size; ++j) {
      std::uint64_t id = 0;
      if (!TakeVarint(bytes, id) || id > std::numeric_limits<SignalId>::max()) return Damaged("a signal");
      signals.push_back(static_cast<SignalId>(id));
    }
    ASSIGN_OR_RETURN(layouts.emplace_back(), Layout::Create(std::move(signals)));
  }
  return OkStatus();
}

}  // namespace

std::string JournalCodec::Encode(const FrameBatch& batch) {
  CHECK(!batch.empty() && batch.sample_count() <= kMaxValueCount);
  std::vector<const Layout*> layouts;
  std::string frames;
  PutVarint(frames, batch.size());
  std::int64_t last_time_ms = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Frame frame = batch[i];
    // Frames of one layout follow each other: look at the last ones first.
    std::size_t index = layouts.size();
    while (index > 0 && layouts[index - 1] != frame.layout) --index;
    if (index == 0) {
      layouts.push_back(frame.layout);
      index = layouts.size();
    }
    PutVarint(frames, frame.vehicle_id);
    PutVarint(frames, internal::ZigZag(frame.measure_time_ms - last_time_ms));
    PutVarint(frames, index - 1);
    last_time_ms = frame.measure_time_ms;
  }
  std::string record;
  record.push_back(static_cast<char>(kVersion));
  PutVarint(record, layouts.size());
  for (const Layout* layout : layouts) {
    PutVarint(record, layout->size());
    for (const SignalId id : layout->signals()) PutVarint(record, id);
  }
  record += frames;
  PutValues(batch, record);
  internal::PutLittleEndian(record, std::uint64_t{XXH3_64bits(record.data(), record.size())});
  return record;
}

StatusOr<FrameBatch> JournalCodec::Decode(std::string_view record) {
  if (record.size() < 1 + kChecksumBytes) return Damaged("cut short");
  std::string_view bytes = record.substr(0, record.size() - kChecksumBytes);
  internal::RecordReader checksum(record.substr(bytes.size()));
  if (checksum.Read<std::uint64_t>() != XXH3_64bits(bytes.data(), bytes.size())) return Damaged("wrong checksum");
  if (static_cast<unsigned char>(bytes[0]) != kVersion) return Damaged("unknown version");
  bytes.remove_prefix(1);
  std::vector<std::shared_ptr<const Layout>> layouts;
  RETURN_IF_ERROR(TakeLayouts(bytes, layouts));

  std::uint64_t frame_count = 0;
  if (!TakeVarint(bytes, frame_count) || frame_count == 0 || frame_count > bytes.size()) return Damaged("the frames");
  FrameBatch batch;
  std::int64_t time_ms = 0;
  std::uint64_t value_count = 0;
  for (std::uint64_t i = 0; i < frame_count; ++i) {
    std::uint64_t vehicle = 0;
    std::uint64_t step = 0;
    std::uint64_t layout = 0;
    if (!TakeVarint(bytes, vehicle) || vehicle > std::numeric_limits<VehicleId>::max() || !TakeVarint(bytes, step) ||
        !TakeVarint(bytes, layout) || layout >= layouts.size()) {
      return Damaged("a frame");
    }
    value_count += layouts[layout]->size();
    if (value_count > kMaxValueCount) return Damaged("too many values");
    time_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms) +
                                        static_cast<std::uint64_t>(internal::UnZigZag(step)));
    batch.AddUninitialized(static_cast<VehicleId>(vehicle), time_ms, layouts[layout]);
  }
  std::uint64_t packed_size = 0;
  if (!TakeVarint(bytes, packed_size) || packed_size != bytes.size()) return Damaged("the values are cut short");
  // LZ4 expands at most 255 times; a record that claims more is not one of ours.
  if (value_count * sizeof(RawValue) > bytes.size() * 255) return Damaged("the values do not fit");
  const auto size = static_cast<int>(value_count * sizeof(RawValue));
  if (LZ4_decompress_safe(bytes.data(), reinterpret_cast<char*>(batch.MutableValues().data()),
                          static_cast<int>(bytes.size()), size) != size) {
    return Damaged("the values");
  }
  return batch;
}

}  // namespace telltale
