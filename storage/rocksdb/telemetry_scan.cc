#include "storage/rocksdb/telemetry_scan.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kFramesPerDeadlineCheck = 1024;

// Frames of groups of signals as frames of all of them; nullopt: they are not the same frames, or have several layouts.
std::optional<FrameRun> JoinColumns(std::span<const FrameRun> groups, LayoutPool& layouts) {
  const FrameRun& first = groups.front();
  std::vector<SignalId> signals;
  std::vector<const RawValue*> rows;
  std::vector<std::size_t> widths;
  for (const FrameRun& group : groups) {
    if (group.size() != first.size() || group.empty()) return std::nullopt;
    rows.push_back(group.Rows(0, group.size()));
    if (rows.back() == nullptr) return std::nullopt;
    const auto ids = group.layout(0)->signals();
    signals.insert(signals.end(), ids.begin(), ids.end());
    widths.push_back(ids.size());
  }
  std::vector<std::int64_t> times_ms(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    times_ms[i] = first.time_ms(i);
    for (const FrameRun& group : groups) {
      if (group.time_ms(i) != times_ms[i]) return std::nullopt;
    }
  }
  FrameRun joined;
  if (std::ranges::is_sorted(signals)) {
    RawValue* to = joined.AddUninitialized(times_ms, layouts.Get(signals)).data();
    for (std::size_t i = 0; i < first.size(); ++i) {
      for (std::size_t g = 0; g < groups.size(); ++g) to = std::copy_n(rows[g] + i * widths[g], widths[g], to);
    }
    return joined;
  }
  // Those of short retention come last, and belong between the others.
  struct Place {
    SignalId signal;
    std::size_t group;
    std::size_t column;
  };
  std::vector<Place> places;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto ids = groups[g].layout(0)->signals();
    for (std::size_t c = 0; c < ids.size(); ++c) places.push_back({ids[c], g, c});
  }
  std::ranges::sort(places, {}, &Place::signal);
  std::ranges::transform(places, signals.begin(), &Place::signal);
  if (std::ranges::adjacent_find(signals) != signals.end()) return std::nullopt;
  RawValue* to = joined.AddUninitialized(times_ms, layouts.Get(signals)).data();
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (const Place& place : places) *to++ = rows[place.group][i * widths[place.group] + place.column];
  }
  return joined;
}

}  // namespace

TelemetryScan::TelemetryScan(const TelemetryDatabase& database, std::int64_t first_block_day, VehicleId vehicle,
                             std::span<const SignalId> signals, TimeRange range, const ScanOptions& options,
                             FrameRun head, LayoutPool& layouts, const TelemetryStore::FrameFunction& visit)
    : vehicle_(vehicle),
      signals_(signals),
      range_(range),
      options_(options),
      layouts_(layouts),
      visit_(visit),
      iterators_(database, first_block_day, vehicle, range),
      head_(std::move(head)) {}

Status TelemetryScan::Run() {
  const std::int64_t first_day = std::max<std::int64_t>(0, DayOf(std::max<std::int64_t>(range_.from_ms, 0)));
  const std::int64_t last_day = range_.to_ms <= 0 ? -1 : std::min(kDayEnd - 1, DayOf(range_.to_ms - 1));
  // From day to day: other vehicles' blocks of a day are skipped with one seek.
  for (std::int64_t day = first_day; day <= last_day && !over_; day = iterators_.NextDay(day))
    RETURN_IF_ERROR(ScanDay(day));
  if (!over_) over_ = !Emit(std::numeric_limits<std::int64_t>::max());
  return deadline_passed_ ? DeadlineExceeded() : OkStatus();
}

Status TelemetryScan::ScanDay(std::int64_t day) {
  const std::string prefix = BlockPrefix(day, vehicle_);
  iterators_.SeekBlocks(day);
  RETURN_IF_ERROR(FindArchived(day));
  while (true) {
    if (PastDeadline()) return DeadlineExceeded();
    constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
    std::int64_t block_ms = kNone;
    if (iterators_.blocks->Valid() && iterators_.blocks->key().starts_with(prefix)) {
      const auto parts = ParseBlockKey(ViewOf(iterators_.blocks->key()));
      if (!parts) return absl::DataLossError(fmt::format("a block of vehicle {} has a malformed key", vehicle_));
      if (parts->first_time_ms < range_.to_ms) block_ms = parts->first_time_ms;
    }
    RETURN_IF_ERROR(ToStatus(iterators_.blocks->status(), fmt::format("read blocks of vehicle {}", vehicle_)));
    const std::int64_t archived_ms =
        archived_next_ < archived_.size() ? archived_[archived_next_].first_time_ms : kNone;
    const std::int64_t next_ms = std::min(block_ms, archived_ms);
    if (next_ms == kNone) return OkStatus();
    // All that may overlap what is pending is in: it comes in the order of first times.
    if (!pending_.empty() && next_ms > pending_last_ms_ && !Emit(next_ms - 1)) {
      over_ = true;
      return OkStatus();
    }
    RETURN_IF_ERROR(archived_ms == next_ms ? ReadArchived() : ReadBlock());
  }
}

Status TelemetryScan::FindArchived(std::int64_t day) {
  archived_.clear();
  archived_next_ = 0;
  const std::string prefix = BlockPrefix(day, vehicle_);
  if (signals_.empty()) {
    iterators_.archive->Seek(prefix);
    while (iterators_.archive->Valid() && iterators_.archive->key().starts_with(prefix)) {
      const auto parts = ParseArchiveKey(ViewOf(iterators_.archive->key()));
      if (!parts) return absl::DataLossError(fmt::format("an archive key of vehicle {} is malformed", vehicle_));
      RETURN_IF_ERROR(TakeArchivedGroup(day, parts->group));
      if (parts->group + 1 == kGroupEnd) break;
      iterators_.archive->Seek(ArchivePrefix(day, vehicle_, parts->group + 1));
    }
  } else {
    for (std::size_t i = 0; i < signals_.size(); ++i) {
      if (i > 0 && GroupOf(signals_[i]) == GroupOf(signals_[i - 1])) continue;
      RETURN_IF_ERROR(TakeArchivedGroup(day, GroupOf(signals_[i])));
      if (iterators_.has_short_lived) RETURN_IF_ERROR(TakeArchivedGroup(day, ShortLivedGroupOf(signals_[i])));
    }
    iterators_.archive->Seek(BlockPrefix(day, vehicle_ + 1));  // for NextDay
  }
  std::ranges::stable_sort(archived_, {}, &ArchivedBlock::first_time_ms);
  return ToStatus(iterators_.archive->status(), fmt::format("read the archive of vehicle {}", vehicle_));
}

Status TelemetryScan::TakeArchivedGroup(std::int64_t day, std::uint32_t group) {
  const std::string prefix = ArchivePrefix(day, vehicle_, group);
  rocksdb::Iterator& it = *iterators_.archive;
  for (iterators_.SeekArchive(day, group); it.Valid() && it.key().starts_with(prefix); it.Next()) {
    const auto parts = ParseArchiveKey(ViewOf(it.key()));
    if (!parts) return absl::DataLossError(fmt::format("an archive key of vehicle {} is malformed", vehicle_));
    const auto first_time_ms = BlockCodec::PeekFirstTime(ViewOf(it.value()));
    if (!first_time_ms.ok()) return Damaged(parts->last_time_ms, first_time_ms.status());
    if (*first_time_ms >= range_.to_ms) break;
    archived_.push_back({*first_time_ms, group, it.value().ToString()});
    if (parts->last_time_ms >= range_.to_ms - 1) break;  // the next one need not be read
  }
  return OkStatus();
}

Status TelemetryScan::ReadArchived() {
  const std::int64_t first_time_ms = archived_[archived_next_].first_time_ms;
  std::vector<FrameRun> groups;
  std::uint64_t sequence = 0;
  for (; archived_next_ < archived_.size() && archived_[archived_next_].first_time_ms == first_time_ms;
       ++archived_next_) {
    SortedRun run;
    RETURN_IF_ERROR(Decode(first_time_ms, archived_[archived_next_].bytes, run));
    archived_[archived_next_].bytes = {};
    sequence = run.sequence;
    if (!run.frames.empty()) groups.push_back(std::move(run.frames));
  }
  if (groups.empty()) return OkStatus();
  if (groups.size() > 1) {
    if (auto joined = JoinColumns(groups, layouts_)) {
      AddPending({sequence, *std::move(joined)});
      return OkStatus();
    }
  }
  for (FrameRun& group : groups) AddPending({sequence, std::move(group)});
  return OkStatus();
}

Status TelemetryScan::ReadBlock() {
  const auto parts = ParseBlockKey(ViewOf(iterators_.blocks->key()));
  SortedRun run;
  RETURN_IF_ERROR(Decode(parts->first_time_ms, ViewOf(iterators_.blocks->value()), run));
  iterators_.blocks->Next();
  if (!run.frames.empty()) AddPending(std::move(run));
  return OkStatus();
}

Status TelemetryScan::Decode(std::int64_t first_time_ms, std::string_view bytes, SortedRun& run) {
  if (first_time_ms < range_.from_ms) {
    const auto summary = BlockCodec::ReadSummary(bytes);
    if (!summary.ok()) return Damaged(first_time_ms, summary.status());
    if (summary->last_time_ms < range_.from_ms) return OkStatus();
  }
  const auto summary = BlockCodec::Decode(bytes, signals_, range_, layouts_, run.frames);
  if (!summary.ok()) return Damaged(first_time_ms, summary.status());
  if (summary->vehicle != vehicle_) {
    return absl::DataLossError(
        fmt::format("vehicle {}: a block of vehicle {} is in its place", vehicle_, summary->vehicle));
  }
  run.sequence = summary->sequence;
  return OkStatus();
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
