#include "storage/rocksdb/telemetry_scan.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kFramesPerDeadlineCheck = 1024;

}  // namespace

TelemetryScan::TelemetryScan(const TelemetryDatabase& database, VehicleId vehicle, std::span<const SignalId> signals,
                             TimeRange range, const ScanOptions& options, FrameRun head, LayoutPool& layouts,
                             const TelemetryStore::FrameFunction& visit)
    : database_(database),
      vehicle_(vehicle),
      signals_(signals),
      range_(range),
      options_(options),
      layouts_(layouts),
      visit_(visit),
      head_(std::move(head)) {}

Status TelemetryScan::Run() {
  const auto deadline_exceeded = [this] {
    return absl::DeadlineExceededError(fmt::format(
        "the scan was stopped at its deadline after {} frames; ask for less time or fewer signals", visited_count_));
  };
  std::int64_t day = std::max<std::int64_t>(0, DayOf(std::max<std::int64_t>(range_.from_ms, 0)));
  const std::int64_t last_day = range_.to_ms <= 0 ? -1 : std::min(kDayEnd - 1, DayOf(range_.to_ms - 1));
  rocksdb::ReadOptions read_options;
  read_options.fill_cache = true;
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(read_options, database_.blocks));
  // From day to day: other vehicles' blocks of a day are skipped with one seek.
  while (day <= last_day) {
    const std::string prefix = BlockPrefix(day, vehicle_);
    it->Seek(prefix);
    for (; it->Valid() && it->key().starts_with(prefix); it->Next()) {
      if (PastDeadline()) return deadline_exceeded();
      const auto parts = ParseBlockKey(ViewOf(it->key()));
      if (!parts) return absl::DataLossError(fmt::format("a block of vehicle {} has a malformed key", vehicle_));
      if (parts->first_time_ms >= range_.to_ms) break;
      // All blocks that may overlap what is pending are in: they come in the order of their first times.
      if (!pending_.empty() && parts->first_time_ms > pending_last_ms_ && !Emit(parts->first_time_ms - 1)) {
        return deadline_passed_ ? deadline_exceeded() : OkStatus();
      }
      RETURN_IF_ERROR(Read(ViewOf(it->key()), ViewOf(it->value())));
    }
    if (!it->Valid()) break;
    const auto parts = ParseBlockKey(ViewOf(it->key()));
    day = parts && parts->day > day && parts->vehicle <= vehicle_ ? parts->day
                                                                  : std::max(day + 1, parts ? parts->day : 0);
  }
  RETURN_IF_ERROR(ToStatus(it->status(), fmt::format("read blocks of vehicle {}", vehicle_)));
  if (!Emit(std::numeric_limits<std::int64_t>::max()) && deadline_passed_) return deadline_exceeded();
  return OkStatus();
}

Status TelemetryScan::Read(std::string_view key, std::string_view value) {
  FrameRun all;
  const auto summary = BlockCodec::Decode(value, signals_, layouts_, all);
  if (!summary.ok()) {
    const auto parts = ParseBlockKey(key);
    return absl::DataLossError(fmt::format("vehicle {}, block of {}: {}", vehicle_, FormatTime(parts->first_time_ms),
                                           MessageOf(summary.status())));
  }
  if (summary->vehicle != vehicle_) {
    return absl::DataLossError(
        fmt::format("vehicle {}: a block of vehicle {} is in its place", vehicle_, summary->vehicle));
  }
  if (all.empty()) return OkStatus();
  const std::int64_t last_ms = all.time_ms(all.size() - 1);
  if (last_ms < range_.from_ms) return OkStatus();
  pending_last_ms_ = pending_.empty() ? last_ms : std::max(pending_last_ms_, last_ms);
  pending_.push_back({summary->sequence, std::move(all)});
  return OkStatus();
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
