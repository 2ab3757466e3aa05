#include "storage/codec/block_codec.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/time.h"
#include "storage/codec/column_codec.h"
#include "storage/internal/record_coding.h"
#include "storage/internal/varint.h"

namespace telltale {
namespace {

using internal::PutVarint;
using internal::TakeVarint;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged block: {}", what)); }

void PutSized(const std::string& column, std::string& to) {
  PutVarint(to, column.size());
  to += column;
}

// The signals of frames [from, to), in the order of ids, and for each of the run's layouts where its signals go.
struct Columns {
  std::vector<SignalId> signals;
  std::vector<std::uint32_t> block_layout;  // by the run's layout index: the block's; or kUnused
  std::vector<std::uint32_t> used;          // by the block's layout index: the run's
  static constexpr std::uint32_t kUnused = 0xFFFFFFFF;
};

Columns ColumnsOf(const FrameRun& run, std::size_t from, std::size_t to) {
  Columns columns;
  columns.block_layout.assign(run.layouts().size(), Columns::kUnused);
  for (std::size_t i = from; i < to; ++i) {
    std::uint32_t& index = columns.block_layout[run.layout_index(i)];
    if (index != Columns::kUnused) continue;
    index = static_cast<std::uint32_t>(columns.used.size());
    columns.used.push_back(run.layout_index(i));
    const auto signals = run.layouts()[run.layout_index(i)]->signals();
    columns.signals.insert(columns.signals.end(), signals.begin(), signals.end());
  }
  std::sort(columns.signals.begin(), columns.signals.end());
  columns.signals.erase(std::unique(columns.signals.begin(), columns.signals.end()), columns.signals.end());
  return columns;
}

void EncodeTimes(const FrameRun& run, std::size_t from, std::size_t to, std::string& out) {
  PutVarint(out, static_cast<std::uint64_t>(run.time_ms(from)));
  if (to - from == 1) return;
  std::array<RawValue, BlockCodec::kMaxFrames> steps;
  for (std::size_t i = from + 1; i < to; ++i) {
    steps[i - from - 1] = static_cast<RawValue>(run.time_ms(i) - run.time_ms(i - 1));  // within a day: fits
  }
  std::string column;
  ColumnCodec::Encode({steps.data(), to - from - 1}, column);
  PutSized(column, out);
}

void EncodeLayouts(const FrameRun& run, std::size_t from, std::size_t to, const Columns& columns, std::string& out) {
  for (const std::uint32_t used : columns.used) {
    const Layout& layout = *run.layouts()[used];
    if (layout.size() == columns.signals.size()) {
      PutVarint(out, 0);
      continue;
    }
    PutVarint(out, layout.size());
    std::size_t next = 0;
    for (std::size_t column = 0; column < columns.signals.size(); ++column) {
      if (!layout.PositionOf(columns.signals[column])) continue;
      PutVarint(out, column - next);
      next = column + 1;
    }
  }
  if (columns.used.size() == 1) return;
  std::array<RawValue, BlockCodec::kMaxFrames> indices;
  for (std::size_t i = from; i < to; ++i) {
    indices[i - from] = static_cast<RawValue>(columns.block_layout[run.layout_index(i)]);
  }
  std::string column;
  ColumnCodec::Encode({indices.data(), to - from}, column);
  PutSized(column, out);
}

// Everything of a block before its columns.
struct Head {
  BlockCodec::Summary summary;
  std::size_t layout_count = 0;
  std::array<std::int64_t, BlockCodec::kMaxFrames> times;
  std::vector<SignalId> signals;
  std::vector<std::string_view> columns;
  std::vector<std::vector<std::uint32_t>> layouts;  // column indices
  std::array<RawValue, BlockCodec::kMaxFrames> layout_of_frame;
};

bool TakeSized(std::string_view& bytes, std::string_view& part) {
  std::uint64_t size = 0;
  if (!TakeVarint(bytes, size) || size > bytes.size()) return false;
  part = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

Status DecodeTimes(std::string_view& bytes, Head& head) {
  std::uint64_t first = 0;
  if (!TakeVarint(bytes, first) || first > (std::uint64_t{1} << 62)) return Damaged("the first time");
  head.summary.first_time_ms = static_cast<std::int64_t>(first);
  head.times[0] = head.summary.first_time_ms;
  if (head.summary.frame_count == 1) return OkStatus();
  std::string_view column;
  if (!TakeSized(bytes, column)) return Damaged("the times are cut short");
  std::array<RawValue, BlockCodec::kMaxFrames> steps;
  RETURN_IF_ERROR(ColumnCodec::Decode(column, {steps.data(), head.summary.frame_count - 1}));
  for (std::size_t i = 1; i < head.summary.frame_count; ++i) {
    if (steps[i - 1] <= 0) return Damaged("the times do not grow");
    head.times[i] = head.times[i - 1] + steps[i - 1];
  }
  return OkStatus();
}

Status DecodeDirectory(std::string_view& bytes, std::size_t column_count, std::vector<std::uint64_t>& sizes,
                       Head& head) {
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < column_count; ++i) {
    std::uint64_t step = 0;
    if (!TakeVarint(bytes, step) || step == 0 || step > 0xFFFF || (id += step) > 0xFFFF) return Damaged("the signals");
    head.signals.push_back(static_cast<SignalId>(id));
  }
  for (std::size_t i = 0; i < column_count; ++i) {
    if (!TakeVarint(bytes, sizes.emplace_back())) return Damaged("the column sizes");
  }
  return OkStatus();
}

Status DecodeLayouts(std::string_view& bytes, Head& head) {
  const std::size_t column_count = head.signals.size();
  for (std::size_t i = 0; i < head.layout_count; ++i) {
    std::vector<std::uint32_t>& columns = head.layouts.emplace_back();
    std::uint64_t count = 0;
    if (!TakeVarint(bytes, count) || count > column_count) return Damaged("a layout");
    std::uint64_t next = 0;
    for (std::uint64_t j = 0; j < (count == 0 ? column_count : count); ++j) {
      std::uint64_t step = 0;
      if (count > 0 && !TakeVarint(bytes, step)) return Damaged("a layout is cut short");
      if (step >= column_count || (next += step) >= column_count) return Damaged("a layout names no column");
      columns.push_back(static_cast<std::uint32_t>(next++));
    }
  }
  if (head.layout_count == 1) {
    std::fill_n(head.layout_of_frame.begin(), head.summary.frame_count, 0);
    return OkStatus();
  }
  std::string_view column;
  if (!TakeSized(bytes, column)) return Damaged("the frames' layouts are cut short");
  RETURN_IF_ERROR(ColumnCodec::Decode(column, {head.layout_of_frame.data(), head.summary.frame_count}));
  for (std::size_t i = 0; i < head.summary.frame_count; ++i) {
    if (head.layout_of_frame[i] < 0 || static_cast<std::size_t>(head.layout_of_frame[i]) >= head.layout_count) {
      return Damaged("a frame without layout");
    }
  }
  return OkStatus();
}

Status DecodeHead(std::string_view block, Head& head) {
  if (block.size() < kChecksumBytes) return Damaged("cut short");
  const std::string_view body = block.substr(0, block.size() - kChecksumBytes);
  internal::RecordReader checksum(block.substr(body.size()));
  if (checksum.Read<std::uint64_t>() != XXH3_64bits(body.data(), body.size())) return Damaged("wrong checksum");
  internal::RecordReader fixed(body);
  if (const auto version = fixed.Read<std::uint8_t>(); version != kVersion) {
    return absl::DataLossError(fmt::format("block version {}; this program reads {}", version, kVersion));
  }
  head.summary.vehicle = fixed.Read<std::uint32_t>();
  head.summary.sequence = fixed.Read<std::uint64_t>();
  if (!fixed.ok()) return Damaged("cut short");
  std::string_view bytes = body.substr(1 + 4 + 8);
  std::uint64_t frame_count = 0;
  std::uint64_t column_count = 0;
  std::uint64_t layout_count = 0;
  if (!TakeVarint(bytes, frame_count) || frame_count == 0 || frame_count > BlockCodec::kMaxFrames ||
      !TakeVarint(bytes, column_count) || column_count == 0 || column_count > 0xFFFF ||
      !TakeVarint(bytes, layout_count) || layout_count == 0 || layout_count > frame_count) {
    return Damaged("the counts");
  }
  head.summary.frame_count = frame_count;
  head.layout_count = layout_count;
  RETURN_IF_ERROR(DecodeTimes(bytes, head));
  std::vector<std::uint64_t> sizes;
  RETURN_IF_ERROR(DecodeDirectory(bytes, column_count, sizes, head));
  RETURN_IF_ERROR(DecodeLayouts(bytes, head));
  for (const std::uint64_t size : sizes) {
    if (size > bytes.size()) return Damaged("a column is cut short");
    head.columns.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return bytes.empty() ? OkStatus() : Damaged("bytes are left over");
}

}  // namespace

std::string BlockCodec::Encode(VehicleId vehicle, std::uint64_t sequence, const FrameRun& run, std::size_t from,
                               std::size_t to) {
  CHECK(from < to && to - from <= kMaxFrames && DayOf(run.time_ms(from)) == DayOf(run.time_ms(to - 1)));
  const Columns columns = ColumnsOf(run, from, to);
  std::string block;
  block.reserve((to - from) * columns.signals.size() / 2 + 4 * columns.signals.size() + 64);
  block.push_back(static_cast<char>(kVersion));
  internal::PutLittleEndian(block, vehicle);
  internal::PutLittleEndian(block, sequence);
  PutVarint(block, to - from);
  PutVarint(block, columns.signals.size());
  PutVarint(block, columns.used.size());
  EncodeTimes(run, from, to, block);
  SignalId last = 0;
  for (const SignalId signal : columns.signals) {
    PutVarint(block, static_cast<std::uint64_t>(signal - last));
    last = signal;
  }
  std::string packed;
  std::string sizes;
  std::array<RawValue, kMaxFrames> column;
  std::vector<std::optional<std::uint32_t>> position(run.layouts().size());
  for (const SignalId signal : columns.signals) {
    for (const std::uint32_t used : columns.used) position[used] = run.layouts()[used]->PositionOf(signal);
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) {
      if (const auto at = position[run.layout_index(i)]) column[count++] = run.values(i)[*at];
    }
    const std::size_t before = packed.size();
    ColumnCodec::Encode({column.data(), count}, packed);
    PutVarint(sizes, packed.size() - before);
  }
  block += sizes;
  EncodeLayouts(run, from, to, columns, block);
  block += packed;
  internal::PutLittleEndian(block, std::uint64_t{XXH3_64bits(block.data(), block.size())});
  return block;
}

StatusOr<BlockCodec::Summary> BlockCodec::Decode(std::string_view block, std::span<const SignalId> signals,
                                                 LayoutPool& layouts, FrameRun& run) {
  CHECK(run.empty());
  Head head;
  RETURN_IF_ERROR(DecodeHead(block, head));
  const std::size_t frame_count = head.summary.frame_count;

  // Which columns are wanted, and of each how many frames have it.
  std::vector<char> wanted(head.signals.size(), signals.empty() ? 1 : 0);
  for (std::size_t i = 0; i < head.signals.size() && !signals.empty(); ++i) {
    wanted[i] = std::binary_search(signals.begin(), signals.end(), head.signals[i]) ? 1 : 0;
  }
  std::vector<std::size_t> uses(head.layout_count);
  for (std::size_t i = 0; i < frame_count; ++i) ++uses[static_cast<std::size_t>(head.layout_of_frame[i])];
  std::vector<std::size_t> counts(head.signals.size());
  std::vector<std::shared_ptr<const Layout>> visible(head.layout_count);  // nullptr: nothing of it is wanted
  std::vector<SignalId> ids;
  for (std::size_t l = 0; l < head.layout_count; ++l) {
    ids.clear();
    std::erase_if(head.layouts[l], [&](std::uint32_t column) {
      if (wanted[column] == 0) return true;
      counts[column] += uses[l];
      ids.push_back(head.signals[column]);
      return false;
    });
    if (!ids.empty()) visible[l] = layouts.Get(ids);
  }

  std::vector<std::vector<RawValue>> columns(head.signals.size());
  for (std::size_t i = 0; i < head.signals.size(); ++i) {
    if (wanted[i] == 0) continue;
    if (counts[i] == 0) return Damaged("a column without frames");
    columns[i].resize(counts[i]);
    RETURN_IF_ERROR(ColumnCodec::Decode(head.columns[i], columns[i]));
  }
  std::vector<std::size_t> next(head.signals.size());
  std::vector<RawValue> values;
  for (std::size_t i = 0; i < frame_count; ++i) {
    const auto l = static_cast<std::size_t>(head.layout_of_frame[i]);
    if (visible[l] == nullptr) continue;
    values.clear();
    for (const std::uint32_t column : head.layouts[l]) values.push_back(columns[column][next[column]++]);
    run.Add(head.times[i], visible[l], values);
  }
  return head.summary;
}

}  // namespace telltale
