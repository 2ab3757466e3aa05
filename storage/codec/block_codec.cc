// The half of BlockCodec that reads. block_encoder.cc writes.

#include "storage/codec/block_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/varint.h"
#include "storage/record_coding.h"

namespace telltale {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kFixedBytes = 1 + 4 + 8;
constexpr std::size_t kTileColumns = 32;  // decoded, then made rows of: of 128 frames they fill half of the first cache

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged block: {}", what)); }

struct Counts {
  std::size_t columns = 0;
  std::size_t layouts = 0;
};

// Everything of a block before its columns of signals.
struct Head {
  BlockCodec::Summary summary;
  std::vector<SignalId> signals;
  std::vector<std::vector<std::uint32_t>> layouts;  // column indices; empty if there is one layout: all columns
  std::vector<std::uint32_t> layout_of_frame;       // empty if there is one layout
  std::vector<std::size_t> counts;                  // values of each column; empty if there is one layout
  ColumnCodec::Source columns{};

  std::size_t CountOf(std::size_t column) const { return counts.empty() ? summary.frame_count : counts[column]; }
};

Status TakeRuns(std::string_view& bytes, std::uint64_t run_count, std::size_t column_count,
                std::vector<SignalId>& signals) {
  std::uint64_t next = 1;
  for (; run_count > 0; --run_count) {
    std::uint64_t left_out = 0;
    std::uint64_t less_one = 0;
    if (!TakeVarint(bytes, left_out) || !TakeVarint(bytes, less_one) || left_out > 0xFFFF || less_one > 0xFFFF ||
        next + left_out + less_one > 0xFFFF || signals.size() + less_one >= column_count) {
      return Damaged("a run of signals");
    }
    next += left_out;
    for (const std::uint64_t end = next + less_one + 1; next < end; ++next) {
      signals.push_back(static_cast<SignalId>(next));
    }
  }
  return OkStatus();
}

Status TakeBitmap(std::string_view& bytes, std::size_t column_count, std::vector<SignalId>& signals) {
  std::uint64_t size = 0;
  if (!TakeVarint(bytes, size) || size > bytes.size() || size > 0x2000) return Damaged("the bitmap of signals");
  std::size_t set = 0;
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i, std::min<std::size_t>(8, size - i));
    const auto more = static_cast<std::size_t>(std::popcount(bits));
    if (more > column_count - set || (i == 0x1FF8 && bits >> 63 != 0)) return Damaged("the bitmap of signals");
    for (; bits != 0; bits &= bits - 1) {
      signals[set++] = static_cast<SignalId>(i * 8 + static_cast<std::size_t>(std::countr_zero(bits)) + 1);
    }
  }
  signals.resize(set);
  bytes.remove_prefix(size);
  return OkStatus();
}

Status TakeSignals(std::string_view& bytes, std::size_t column_count, std::vector<SignalId>& signals) {
  std::uint64_t run_count = 0;
  if (!TakeVarint(bytes, run_count)) return Damaged("the signals are cut short");
  if (run_count > 0) {
    signals.reserve(column_count);
    RETURN_IF_ERROR(TakeRuns(bytes, run_count, column_count, signals));
  } else {
    signals.resize(column_count);
    RETURN_IF_ERROR(TakeBitmap(bytes, column_count, signals));
  }
  return signals.size() == column_count ? OkStatus() : Damaged("the number of signals");
}

Status TakeLayouts(std::string_view& bytes, const Counts& counts, Head& head) {
  if (counts.layouts == 1) {
    // It has all columns: otherwise some would be without values.
    std::uint64_t size = 0;
    if (!TakeVarint(bytes, size) || (size != 0 && size != counts.columns)) return Damaged("a layout");
    for (; size > 0; --size) {
      std::uint64_t left_out = 0;
      if (!TakeVarint(bytes, left_out) || left_out != 0) return Damaged("a column of a layout");
    }
    return OkStatus();
  }
  head.layouts.resize(counts.layouts);
  for (std::vector<std::uint32_t>& layout : head.layouts) {
    std::uint64_t size = 0;
    if (!TakeVarint(bytes, size) || size > counts.columns) return Damaged("a layout");
    const bool all = size == 0;
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < (all ? counts.columns : size); ++i, ++next) {
      std::uint64_t left_out = 0;
      if (!all && !TakeVarint(bytes, left_out)) return Damaged("a layout is cut short");
      if (left_out >= counts.columns || next + left_out >= counts.columns) return Damaged("a column of a layout");
      next += left_out;
      layout.push_back(static_cast<std::uint32_t>(next));
    }
  }
  return OkStatus();
}

// Of blocks of several layouts: whose frame is whose, and so how many values each column has.
Status TakeLayoutOfFrames(Head& head) {
  std::array<RawValue, BlockCodec::kMaxFrames + ColumnCodec::kSlack> indices;
  const std::size_t frame_count = head.summary.frame_count;
  if (!ColumnCodec::Decode(ColumnKernels::Get(), head.columns, frame_count, {0, frame_count}, indices.data())) {
    return Damaged("the layouts of the frames");
  }
  std::vector<std::size_t> uses(head.layouts.size());
  head.layout_of_frame.resize(frame_count);
  for (std::size_t i = 0; i < frame_count; ++i) {
    const auto layout = static_cast<std::uint32_t>(indices[i]);
    if (layout >= uses.size()) return Damaged("a frame without layout");
    head.layout_of_frame[i] = layout;
    ++uses[layout];
  }
  head.counts.resize(head.signals.size());
  for (std::size_t l = 0; l < uses.size(); ++l) {
    for (const std::uint32_t column : head.layouts[l]) head.counts[column] += uses[l];
  }
  for (const std::size_t count : head.counts) {
    if (count == 0) return Damaged("a column without frames");
  }
  return OkStatus();
}

// Checks the checksum; what the bytes then say is checked all the same, so that no writer's mistake leads beyond them.
Status VerifyChecksum(std::string_view block) {
  if (block.size() < kFixedBytes + kChecksumBytes) return Damaged("cut short");
  const std::size_t size = block.size() - kChecksumBytes;
  RecordReader checksum(block.substr(size));
  return checksum.Read<std::uint64_t>() == XXH3_64bits(block.data(), size) ? OkStatus() : Damaged("wrong checksum");
}

Status TakeSummary(std::string_view block, std::string_view& bytes, BlockCodec::Summary& summary, Counts& counts) {
  if (block.size() < kFixedBytes + kChecksumBytes) return Damaged("cut short");
  const std::string_view body = block.substr(0, block.size() - kChecksumBytes);
  RecordReader fixed(body);
  if (const auto version = fixed.Read<std::uint8_t>(); version != kVersion) {
    return absl::DataLossError(fmt::format("block version {}; this program reads {}", version, kVersion));
  }
  summary.vehicle = fixed.Read<std::uint32_t>();
  summary.sequence = fixed.Read<std::uint64_t>();
  bytes = body.substr(kFixedBytes);
  std::uint64_t frame_count = 0;
  std::uint64_t column_count = 0;
  std::uint64_t layout_count = 0;
  if (!TakeVarint(bytes, frame_count) || frame_count == 0 || frame_count > BlockCodec::kMaxFrames ||
      !TakeVarint(bytes, column_count) || column_count == 0 || column_count > Layout::kMaxSignals ||
      !TakeVarint(bytes, layout_count) || layout_count == 0 || layout_count > frame_count ||
      column_count > bytes.size()) {  // each has a head of a byte or more
    return Damaged("the counts");
  }
  std::uint64_t first = 0;
  std::uint64_t duration = 0;
  if (!TakeVarint(bytes, first) || first > (std::uint64_t{1} << 62) || !TakeVarint(bytes, duration) ||
      duration > static_cast<std::uint64_t>(std::numeric_limits<RawValue>::max())) {
    return Damaged("the times");
  }
  summary.frame_count = frame_count;
  summary.first_time_ms = static_cast<std::int64_t>(first);
  summary.last_time_ms = static_cast<std::int64_t>(first + duration);
  counts = {column_count, layout_count};
  return OkStatus();
}

// Takes the column of steps, if there is one, and adds them up. `steady_step` is what lies between all of `times_ms`, 0
// if that is not known: blocks that follow each other may have the same times, as pages of rollups do.
Status TakeTimes(ColumnCodec::Source& columns, const BlockCodec::Summary& summary, std::vector<std::int64_t>& times_ms,
                 std::int64_t& steady_step) {
  const std::size_t step_count = summary.frame_count - 1;
  std::int64_t time_ms = summary.first_time_ms;
  if (step_count == 0) {
    steady_step = 0;
    times_ms.assign(1, time_ms);
    return OkStatus();
  }
  if (const auto step = ColumnCodec::TakeConstant(columns, step_count)) {
    if (*step <= 0) return Damaged("the times do not grow");
    if (*step == steady_step && times_ms.size() == summary.frame_count && times_ms[0] == time_ms) return OkStatus();
    steady_step = *step;
    times_ms.resize(summary.frame_count);
    for (std::int64_t& time : times_ms) {
      time = time_ms;
      time_ms += *step;
    }
    return OkStatus();
  }
  steady_step = 0;
  times_ms.resize(summary.frame_count);
  times_ms[0] = time_ms;
  std::array<RawValue, BlockCodec::kMaxFrames + ColumnCodec::kSlack> steps;
  if (!ColumnCodec::Decode(ColumnKernels::Get(), columns, step_count, {0, step_count}, steps.data())) {
    return Damaged("the times");
  }
  RawValue least = steps[0];
  for (std::size_t i = 0; i < step_count; ++i) {
    least = std::min(least, steps[i]);
    times_ms[i + 1] = time_ms += steps[i];
  }
  return least > 0 ? OkStatus() : Damaged("the times do not grow");
}

// Fills `times_ms` (as TakeTimes() does) and everything of `head`; its columns are then at the first signal.
Status TakeHead(std::string_view block, Head& head, std::vector<std::int64_t>& times_ms, std::int64_t& steady_step) {
  std::string_view bytes;
  Counts counts;
  RETURN_IF_ERROR(VerifyChecksum(block));
  RETURN_IF_ERROR(TakeSummary(block, bytes, head.summary, counts));
  RETURN_IF_ERROR(TakeSignals(bytes, counts.columns, head.signals));
  RETURN_IF_ERROR(TakeLayouts(bytes, counts, head));
  std::uint64_t heads_size = 0;
  if (!TakeVarint(bytes, heads_size) || heads_size > bytes.size()) return Damaged("the heads of the columns");
  const auto* heads = reinterpret_cast<const std::uint8_t*>(bytes.data());
  head.columns = {.head = heads,
                  .head_end = heads + heads_size,
                  .data = heads + heads_size,
                  .data_end = heads + bytes.size(),
                  .readable_end = heads + bytes.size() + kChecksumBytes};
  RETURN_IF_ERROR(TakeTimes(head.columns, head.summary, times_ms, steady_step));
  if (times_ms.back() != head.summary.last_time_ms) return Damaged("the last time");
  return counts.layouts == 1 ? OkStatus() : TakeLayoutOfFrames(head);
}

// The columns of `signals`, in their order.
std::vector<std::uint32_t> WantedColumns(const Head& head, std::span<const SignalId> signals) {
  std::vector<std::uint32_t> wanted;
  wanted.reserve(signals.empty() ? head.signals.size() : std::min(signals.size(), head.signals.size()));
  if (signals.empty()) {
    wanted.resize(head.signals.size());
    std::iota(wanted.begin(), wanted.end(), 0);
    return wanted;
  }
  auto at = head.signals.begin();
  for (const SignalId signal : signals) {
    at = std::lower_bound(at, head.signals.end(), signal);
    if (at == head.signals.end()) break;
    if (*at == signal) wanted.push_back(static_cast<std::uint32_t>(at - head.signals.begin()));
  }
  return wanted;
}

// Goes through the columns up to the last wanted one.
class ColumnReader {
 public:
  explicit ColumnReader(Head& head) : head_(head) {}

  // All values of a column, which is behind the one read before.
  Status Read(std::size_t column, RawValue* values) { return Read(column, {0, head_.CountOf(column)}, values); }
  Status Read(std::size_t column, ColumnCodec::Part part, RawValue* values) {
    if (!SkipTo(column)) return Damaged("a column");
    return ColumnCodec::Decode(kernels_, head_.columns, head_.CountOf(column), part, values) ? OkStatus()
                                                                                             : Damaged("a column");
  }

  // The wanted values of columns of a block of one layout, which are behind the one read before: of the first one at
  // `values`, of the next `stride` further on.
  Status ReadSome(std::span<const std::uint32_t> columns, ColumnCodec::Part part, RawValue* values,
                  std::size_t stride) {
    ColumnCodec::Batch batch(kernels_, head_.summary.frame_count, part);
    while (!columns.empty()) {
      const auto some = columns.first(std::min(columns.size(), ColumnCodec::Batch::kMaxColumns));
      for (const std::uint32_t column : some) {
        if (next_ < column && !batch.Skip(head_.columns, column - next_)) return Damaged("a column");
        if (!batch.Add(head_.columns, values)) return Damaged("a column");
        next_ = column + 1;
        values += stride;
      }
      if (!batch.Decode()) return Damaged("a column");
      columns = columns.subspan(some.size());
    }
    return OkStatus();
  }

  // After the last column nothing is left over.
  Status Finish() const {
    const bool left_over = next_ == head_.signals.size() && (head_.columns.head != head_.columns.head_end ||
                                                             head_.columns.data != head_.columns.data_end);
    return left_over ? Damaged("bytes are left over") : OkStatus();
  }

  const ColumnKernels& kernels() const { return kernels_; }

 private:
  // Then the column is taken next.
  bool SkipTo(std::size_t column) {
    for (; next_ < column; ++next_) {
      if (!ColumnCodec::Skip(head_.columns, head_.CountOf(next_))) return false;
    }
    ++next_;
    return true;
  }

  const ColumnKernels& kernels_ = ColumnKernels::Get();
  Head& head_;
  std::size_t next_ = 0;
};

std::vector<SignalId> SignalsOf(const Head& head, const std::vector<std::uint32_t>& columns) {
  std::vector<SignalId> signals;
  signals.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) signals[i] = head.signals[columns[i]];
  return signals;
}

// Room for a tile of columns. The thread keeps it: for a long block it is so large that malloc() would ask the system.
RawValue* Tile(std::size_t stride) {
  thread_local std::vector<RawValue> tile;
  constexpr std::size_t kLineBytes = 64;  // begins with one: a stored vector that lies across two takes twice as long
  const std::size_t size = kTileColumns * stride + kLineBytes / sizeof(RawValue);
  if (tile.size() < size) tile.resize(size);
  const std::size_t into_line = reinterpret_cast<std::uintptr_t>(tile.data()) % kLineBytes;
  return tile.data() + (kLineBytes - into_line) / sizeof(RawValue);
}

// Frames [from, to) of one layout: a tile of columns is decoded, then transposed into rows.
Status ReadTiles(Head& head, std::span<const std::int64_t> times_ms, std::size_t from, std::size_t to,
                 const std::vector<std::uint32_t>& wanted, LayoutPool& layouts, FrameRun& run) {
  const std::span<RawValue> rows =
      run.AddUninitialized(times_ms.subspan(from, to - from), layouts.Get(SignalsOf(head, wanted)));
  const std::size_t stride = RoundUpToGroup(times_ms.size()) + ColumnCodec::kSlack;
  RawValue* const tile = Tile(stride);
  ColumnReader reader(head);
  for (std::size_t first = 0; first < wanted.size(); first += kTileColumns) {
    const std::size_t columns = std::min(kTileColumns, wanted.size() - first);
    RETURN_IF_ERROR(reader.ReadSome(std::span(wanted).subspan(first, columns), {from, to}, tile, stride));
    reader.kernels().transpose(tile + from, stride, columns, to - from, rows.data() + first, wanted.size());
  }
  return reader.Finish();
}

// Rows of whatever layouts: each takes the next value of its columns.
Status ReadScattered(Head& head, std::span<const std::int64_t> times_ms, std::size_t from, std::size_t to,
                     const std::vector<std::uint32_t>& wanted, LayoutPool& layouts, FrameRun& run) {
  std::vector<std::size_t> next(head.signals.size());  // of the wanted columns: where their next value is
  std::vector<char> is_wanted(head.signals.size());
  std::size_t size = 0;
  for (const std::uint32_t column : wanted) {
    is_wanted[column] = 1;
    next[column] = size;
    size += RoundUpToGroup(head.counts[column]);
  }
  const auto values = std::make_unique_for_overwrite<RawValue[]>(size + ColumnCodec::kSlack);
  ColumnReader reader(head);
  for (const std::uint32_t column : wanted) {
    RETURN_IF_ERROR(reader.Read(column, values.get() + next[column]));
  }
  RETURN_IF_ERROR(reader.Finish());
  std::vector<std::shared_ptr<const Layout>> visible(head.layouts.size());  // nullptr: nothing of it is wanted
  for (std::size_t l = 0; l < visible.size(); ++l) {
    std::erase_if(head.layouts[l], [&](std::uint32_t column) { return is_wanted[column] == 0; });
    if (!head.layouts[l].empty()) visible[l] = layouts.Get(SignalsOf(head, head.layouts[l]));
  }
  for (std::size_t i = 0; i < to; ++i) {
    const std::uint32_t l = head.layout_of_frame[i];
    if (visible[l] == nullptr) continue;
    if (i < from) {
      for (const std::uint32_t column : head.layouts[l]) ++next[column];
      continue;
    }
    RawValue* row = run.AddUninitialized(times_ms[i], visible[l]).data();
    for (const std::uint32_t column : head.layouts[l]) *row++ = values[next[column]++];
  }
  return OkStatus();
}

// Puts the values of a column at the frames that have it.
void Spread(const Head& head, std::uint32_t column, const RawValue* values, RawValue* spread) {
  std::vector<char> has(head.layouts.size());
  for (std::size_t l = 0; l < has.size(); ++l) has[l] = std::ranges::binary_search(head.layouts[l], column) ? 1 : 0;
  for (const std::uint32_t layout : head.layout_of_frame) *spread++ = has[layout] != 0 ? *values++ : kAbsent;
}

}  // namespace

RawValue* BlockColumns::Prepare(std::size_t column_count) {
  stride_ = RoundUpToGroup(times_ms_.size());
  constexpr std::size_t kLineValues = std::tuple_size_v<decltype(CacheLine::values)>;
  const std::size_t line_count = (stride_ * column_count + ColumnCodec::kSlack + kLineValues - 1) / kLineValues;
  if (line_count_ < line_count) {
    lines_ = std::make_unique_for_overwrite<CacheLine[]>(line_count);
    line_count_ = line_count;
  }
  return lines_[0].values.data();
}

StatusOr<std::int64_t> BlockCodec::PeekFirstTime(std::string_view block) {
  std::string_view bytes;
  Summary summary;
  Counts counts;
  RETURN_IF_ERROR(TakeSummary(block, bytes, summary, counts));
  return summary.first_time_ms;
}

StatusOr<BlockCodec::Summary> BlockCodec::PeekSummary(std::string_view block) {
  std::string_view bytes;
  Summary summary;
  Counts counts;
  RETURN_IF_ERROR(TakeSummary(block, bytes, summary, counts));
  return summary;
}

StatusOr<BlockCodec::Summary> BlockCodec::ReadSummary(std::string_view block) {
  std::string_view bytes;
  Summary summary;
  Counts counts;
  RETURN_IF_ERROR(VerifyChecksum(block));
  RETURN_IF_ERROR(TakeSummary(block, bytes, summary, counts));
  return summary;
}

StatusOr<BlockCodec::Summary> BlockCodec::Decode(std::string_view block, std::span<const SignalId> signals,
                                                 TimeRange range, LayoutPool& layouts, FrameRun& run) {
  CHECK(run.empty());
  Head head;
  std::vector<std::int64_t> times_ms;
  std::int64_t steady_step = 0;
  RETURN_IF_ERROR(TakeHead(block, head, times_ms, steady_step));
  const std::vector<std::uint32_t> wanted = WantedColumns(head, signals);
  const auto from = static_cast<std::size_t>(std::ranges::lower_bound(times_ms, range.from_ms) - times_ms.begin());
  const auto to = static_cast<std::size_t>(std::ranges::lower_bound(times_ms, range.to_ms) - times_ms.begin());
  if (wanted.empty() || from >= to) return head.summary;
  const Status status = head.layouts.empty() ? ReadTiles(head, times_ms, from, to, wanted, layouts, run)
                                             : ReadScattered(head, times_ms, from, to, wanted, layouts, run);
  if (!status.ok()) {
    run.Clear();
    return status;
  }
  return head.summary;
}

// Budget: 1.5 times as long as copying the values; 26 us for 128 frames of 420 signals that drive (codec_bench).
StatusOr<BlockCodec::Summary> BlockCodec::DecodeColumns(std::string_view block, std::span<const SignalId> signals,
                                                        BlockColumns& columns) {
  Head head;
  RETURN_IF_ERROR(TakeHead(block, head, columns.times_ms_, columns.steady_step_));
  const std::vector<std::uint32_t> wanted = WantedColumns(head, signals);
  columns.signals_ = wanted.size() == head.signals.size() ? head.signals : SignalsOf(head, wanted);
  RawValue* values = columns.Prepare(wanted.size());
  ColumnReader reader(head);
  if (head.layouts.empty()) {
    RETURN_IF_ERROR(reader.ReadSome(wanted, {0, head.summary.frame_count}, values, columns.stride_));
  } else {
    std::array<RawValue, kMaxFrames + ColumnCodec::kSlack> dense;
    for (const std::uint32_t column : wanted) {
      RETURN_IF_ERROR(reader.Read(column, dense.data()));
      Spread(head, column, dense.data(), values);
      values += columns.stride_;
    }
  }
  RETURN_IF_ERROR(reader.Finish());
  return head.summary;
}

}  // namespace telltale
