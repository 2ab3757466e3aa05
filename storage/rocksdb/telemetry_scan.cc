#include "storage/rocksdb/telemetry_scan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kFramesPerDeadlineCheck = 1024;

}  // namespace

TelemetryScan::TelemetryScan(const TelemetryDatabase& database, std::vector<std::int64_t> block_days, VehicleId vehicle,
                             std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
                             FrameRun head, LayoutPool& layouts, const TelemetryStore::FrameFunction& visit)
    : vehicle_(vehicle),
      signals_(signals),
      range_(range),
      options_(options),
      layouts_(layouts),
      visit_(visit),
      blocks_(database, std::move(block_days), vehicle, range),
      archive_(database, vehicle, signals, range, layouts),
      head_(std::move(head)) {}

Status TelemetryScan::Run() {
  const std::int64_t first_day = std::max<std::int64_t>(0, DayOf(std::max<std::int64_t>(range_.from_ms, 0)));
  const std::int64_t last_day = range_.to_ms <= 0 ? -1 : std::min(kDayEnd - 1, DayOf(range_.to_ms - 1));
  // From day to day: other vehicles' blocks of a day are skipped with one seek.
  for (std::int64_t day = first_day; day <= last_day && !over_;
       day = std::min(blocks_.NextDay(day), archive_.NextDay(day))) {
    RETURN_IF_ERROR(ScanDay(day));
  }
  if (!over_) over_ = !Emit(std::numeric_limits<std::int64_t>::max());
  return deadline_passed_ ? DeadlineExceeded() : OkStatus();
}

Status TelemetryScan::ScanDay(std::int64_t day) {
  RETURN_IF_ERROR(blocks_.Seek(day).status());
  RETURN_IF_ERROR(archive_.SeekDay(day));
  constexpr std::int64_t kNone = ArchiveFrames::kNone;
  while (true) {
    if (PastDeadline()) return DeadlineExceeded();
    const std::int64_t block_ms =
        blocks_.Valid() && blocks_.first_time_ms() < range_.to_ms ? blocks_.first_time_ms() : kNone;
    const std::int64_t next_ms = std::min(block_ms, archive_.next_ms());
    if (next_ms == kNone) return OkStatus();
    // All that may overlap what is pending is in: it comes in the order of first times.
    if (!pending_.empty() && next_ms > pending_last_ms_ && !Emit(next_ms - 1)) {
      over_ = true;
      return OkStatus();
    }
    RETURN_IF_ERROR(archive_.next_ms() == next_ms ? ReadArchived() : ReadBlock());
  }
}

Status TelemetryScan::ReadArchived() {
  SortedRun run;
  RETURN_IF_ERROR(archive_.Read(run.frames, run.sequence));
  if (!run.frames.empty()) AddPending(std::move(run));
  return OkStatus();
}

Status TelemetryScan::ReadBlock() {
  const std::int64_t first_time_ms = blocks_.first_time_ms();
  const std::string_view block = blocks_.value();
  // A vehicle's day has dozens of blocks, and mostly one is wanted: the others are not even looked through for damage.
  const auto peeked = BlockCodec::PeekSummary(block);
  if (!peeked.ok()) return Damaged(first_time_ms, peeked.status());
  if (peeked->last_time_ms >= range_.from_ms) {
    SortedRun run;
    const auto summary = BlockCodec::Decode(block, signals_, range_, layouts_, run.frames);
    if (!summary.ok()) return Damaged(first_time_ms, summary.status());
    if (summary->vehicle != vehicle_) {
      return absl::DataLossError(
          fmt::format("vehicle {}: a block of vehicle {} is in its place", vehicle_, summary->vehicle));
    }
    run.sequence = summary->sequence;
    if (!run.frames.empty()) AddPending(std::move(run));
  }
  return blocks_.Next();
}

Status TelemetryScan::Damaged(std::int64_t time_ms, const Status& status) const {
  return absl::DataLossError(
      fmt::format("vehicle {}, block of {}: {}", vehicle_, FormatTime(time_ms), MessageOf(status)));
}

void TelemetryScan::AddPending(SortedRun run) {
  const std::int64_t last_ms = run.frames.time_ms(run.frames.size() - 1);
  pending_last_ms_ = pending_.empty() ? last_ms : std::max(pending_last_ms_, last_ms);
  pending_.push_back(std::move(run));
}

Status TelemetryScan::DeadlineExceeded() const {
  return absl::DeadlineExceededError(fmt::format(
      "the scan was stopped at its deadline after {} frames; ask for less time or fewer signals", visited_count_));
}

bool TelemetryScan::PastDeadline() const {
  return options_.deadline && std::chrono::steady_clock::now() > *options_.deadline;
}

bool TelemetryScan::Visit(const Frame& frame) {
  if (visited_count_ >= options_.frame_limit) return false;
  ++visited_count_;
  if (visited_count_ % kFramesPerDeadlineCheck == 0 && PastDeadline()) {
    deadline_passed_ = true;
    return false;
  }
  return visit_(frame) && visited_count_ < options_.frame_limit;
}

bool TelemetryScan::Emit(std::int64_t last_ms) {
  // The later write first, so that of frames of one time it is the one that wins; the head was written after all
  // blocks.
  std::stable_sort(pending_.begin(), pending_.end(),
                   [](const SortedRun& a, const SortedRun& b) { return a.sequence > b.sequence; });
  std::vector<std::size_t> next(pending_.size());
  for (std::size_t r = 0; r < pending_.size(); ++r) next[r] = pending_[r].frames.LowerBound(range_.from_ms);
  const std::int64_t end_ms =
      std::min(last_ms == std::numeric_limits<std::int64_t>::max() ? last_ms : last_ms + 1, range_.to_ms);
  std::vector<RawValue> merged;
  std::vector<RawValue> scratch;
  while (true) {
    std::int64_t time_ms = end_ms;
    if (head_next_ < head_.size()) time_ms = std::min(time_ms, head_.time_ms(head_next_));
    for (std::size_t r = 0; r < pending_.size(); ++r) {
      if (next[r] < pending_[r].frames.size()) time_ms = std::min(time_ms, pending_[r].frames.time_ms(next[r]));
    }
    if (time_ms >= end_ms) break;
    std::shared_ptr<const Layout> layout;
    std::span<const RawValue> values;
    const auto take = [&](const FrameRun& frames, std::size_t& at) {
      if (at >= frames.size() || frames.time_ms(at) != time_ms) return;
      if (layout == nullptr) {
        layout = frames.layout(at);
        values = frames.values(at);
      } else {
        // Rare: the frame was written again after its first form was sealed.
        layout = MergeFrames(*frames.layout(at), frames.values(at), *layout, values, scratch);
        merged.swap(scratch);
        values = merged;
      }
      ++at;
    };
    take(head_, head_next_);
    for (std::size_t r = 0; r < pending_.size(); ++r) take(pending_[r].frames, next[r]);
    if (!Visit({vehicle_, time_ms, layout.get(), values})) return false;
  }
  pending_.clear();
  return true;
}

}  // namespace telltale::internal
