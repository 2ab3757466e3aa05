#include "storage/rocksdb/signal_scan.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"

namespace telltale::internal {

SignalScan::SignalScan(const TelemetryDatabase& database, std::int64_t first_block_day, VehicleId vehicle,
                       SignalId signal, TimeRange range, const ScanOptions& options, FrameRun head,
                       const TelemetryStore::RunFunction& visit)
    : database_(database),
      first_block_day_(first_block_day),
      vehicle_(vehicle),
      signal_(signal),
      range_(range),
      options_(options),
      visit_(visit),
      iterators_(database, first_block_day, vehicle, range),
      head_(std::move(head)) {}

Status SignalScan::Run() {
  const std::int64_t first_day = std::max<std::int64_t>(0, DayOf(std::max<std::int64_t>(range_.from_ms, 0)));
  const std::int64_t last_day = range_.to_ms <= 0 ? -1 : std::min(kDayEnd - 1, DayOf(range_.to_ms - 1));
  for (std::int64_t day = first_day; day <= last_day && !over_; day = iterators_.NextDay(day))
    RETURN_IF_ERROR(ScanDay(day));
  if (!over_) VisitHead(std::numeric_limits<std::int64_t>::max());
  return OkStatus();
}

Status SignalScan::ScanDay(std::int64_t day) {
  const std::string blocks_prefix = BlockPrefix(day, vehicle_);
  std::string archive_prefix = ArchivePrefix(day, vehicle_, GroupOf(signal_));
  from_ms_ = day * kMsPerDay;
  VisitHead(from_ms_);
  iterators_.SeekBlocks(day);
  const bool has_blocks = iterators_.blocks->Valid() && iterators_.blocks->key().starts_with(blocks_prefix);
  iterators_.SeekArchive(day, GroupOf(signal_));
  bool has_archive = iterators_.archive->Valid() && iterators_.archive->key().starts_with(archive_prefix);
  // Which of the two has it depends on what was set when the day was archived; the group may be there without it.
  if (iterators_.has_short_lived) {
    const std::string short_lived = ArchivePrefix(day, vehicle_, ShortLivedGroupOf(signal_));
    iterators_.SeekArchive(day, ShortLivedGroupOf(signal_));
    if (iterators_.archive->Valid() && iterators_.archive->key().starts_with(short_lived) &&
        HasSignal(iterators_.archive->value())) {
      has_archive = true;
      archive_prefix = short_lived;
    } else if (has_archive) {
      iterators_.SeekArchive(day, GroupOf(signal_));
    }
  }
  bool visited = !has_blocks || !has_archive;
  if (visited && has_blocks) {
    ASSIGN_OR_RETURN(visited, VisitColumns(*iterators_.blocks, blocks_prefix));
  } else if (visited && has_archive) {
    ASSIGN_OR_RETURN(visited, VisitColumns(*iterators_.archive, archive_prefix));
  }
  RETURN_IF_ERROR(ToStatus(iterators_.blocks->status(), fmt::format("read blocks of vehicle {}", vehicle_)));
  RETURN_IF_ERROR(ToStatus(iterators_.archive->status(), fmt::format("read the archive of vehicle {}", vehicle_)));
  return visited || over_ ? OkStatus() : VisitFrames(day);
}

// Whether the block has the signal; true if it is damaged, which shows when it is read.
bool SignalScan::HasSignal(const rocksdb::Slice& block) {
  const SignalId signals[] = {signal_};
  return !BlockCodec::DecodeColumns(ViewOf(block), signals, columns_).ok() || !columns_.signals().empty();
}

// Budget: 2.5 us for a block of 1,024 frames, from memory.
StatusOr<bool> SignalScan::VisitColumns(rocksdb::Iterator& it, std::string_view prefix) {
  while (it.Valid() && it.key().starts_with(SliceOf(prefix)) && !over_) {
    RETURN_IF_ERROR(CheckDeadline());
    const auto block = ParseBlockKey(ViewOf(it.key()));
    const auto archived = ParseArchiveKey(ViewOf(it.key()));
    if (!block && !archived) return absl::DataLossError(fmt::format("a key of vehicle {} is malformed", vehicle_));
    if (block && block->first_time_ms >= range_.to_ms) break;
    const SignalId signals[] = {signal_};
    const auto summary = BlockCodec::DecodeColumns(ViewOf(it.value()), signals, columns_);
    if (!summary.ok() || summary->vehicle != vehicle_) {
      return absl::DataLossError(fmt::format(
          "vehicle {}, block of {}: {}", vehicle_, FormatTime(block ? block->first_time_ms : archived->last_time_ms),
          summary.ok() ? fmt::format("is of vehicle {}", summary->vehicle) : MessageOf(summary.status())));
    }
    const bool is_last = archived && archived->last_time_ms >= range_.to_ms - 1;  // the next one need not be read
    if (!is_last) it.Next();
    if (block && it.Valid() && it.key().starts_with(SliceOf(prefix))) {
      const auto next = ParseBlockKey(ViewOf(it.key()));
      if (next && next->first_time_ms <= summary->last_time_ms) return false;
    }
    if (head_next_ < head_.size() && head_.time_ms(head_next_) <= summary->last_time_ms) return false;
    if (!columns_.signals().empty()) {
      const auto times_ms = columns_.times_ms();
      const auto values = columns_.column(0);
      if (std::ranges::find(values, kAbsent) == values.end()) {
        Visit(times_ms, values);
      } else {
        times_ms_.clear();
        values_.clear();
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (values[i] == kAbsent) continue;
          times_ms_.push_back(times_ms[i]);
          values_.push_back(values[i]);
        }
        Visit(times_ms_, values_);
      }
    }
    from_ms_ = summary->last_time_ms + 1;
    if (is_last) break;
  }
  return true;
}

Status SignalScan::VisitFrames(std::int64_t day) {
  const TimeRange rest{std::max(from_ms_, range_.from_ms), std::min((day + 1) * kMsPerDay, range_.to_ms)};
  LayoutPool layouts;
  times_ms_.clear();
  values_.clear();
  const SignalId signals[] = {signal_};
  const TelemetryStore::FrameFunction add = [this](const Frame& frame) {
    times_ms_.push_back(frame.measure_time_ms);
    values_.push_back(frame.values[0]);
    return true;
  };
  const ScanOptions options{.deadline = options_.deadline};
  RETURN_IF_ERROR(TelemetryScan(database_, first_block_day_, vehicle_, signals, rest, options,
                                Select(head_, {}, rest, layouts), layouts, add)
                      .Run());
  while (head_next_ < head_.size() && head_.time_ms(head_next_) < rest.to_ms) ++head_next_;
  Visit(times_ms_, values_);
  return OkStatus();
}

void SignalScan::VisitHead(std::int64_t until_ms) {
  if (head_next_ >= head_.size() || head_.time_ms(head_next_) >= until_ms) return;
  times_ms_.clear();
  values_.clear();
  for (; head_next_ < head_.size() && head_.time_ms(head_next_) < until_ms; ++head_next_) {
    times_ms_.push_back(head_.time_ms(head_next_));
    values_.push_back(head_.values(head_next_)[0]);
  }
  Visit(times_ms_, values_);
}

void SignalScan::Visit(std::span<const std::int64_t> times_ms, std::span<const RawValue> values) {
  const auto from = static_cast<std::size_t>(std::ranges::lower_bound(times_ms, range_.from_ms) - times_ms.begin());
  const auto to = static_cast<std::size_t>(std::ranges::lower_bound(times_ms, range_.to_ms) - times_ms.begin());
  if (from >= to) return;
  const std::size_t count = std::min(to - from, options_.frame_limit - visited_count_);
  visited_count_ += count;
  over_ =
      !visit_({times_ms.subspan(from, count), values.subspan(from, count)}) || visited_count_ >= options_.frame_limit;
}

Status SignalScan::CheckDeadline() const {
  if (!options_.deadline || std::chrono::steady_clock::now() <= *options_.deadline) return OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("the scan was stopped at its deadline after {} values; ask for less time", visited_count_));
}

}  // namespace telltale::internal
