#include "storage/rocksdb/signal_scan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <rocksdb/perf_context.h>

#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/telemetry_keys.h"
#include "storage/rocksdb/telemetry_scan.h"

namespace telltale::internal {
namespace {

// By this thread, from files.
std::uint64_t BlocksRead() { return rocksdb::get_perf_context()->block_read_count; }

bool IsWhole(const BlockList::Entry& entry) { return entry.form == BlockForm::kWhole; }

bool HasTimesInHead(const BlockList::Entry& entry) {
  return entry.form == BlockForm::kTimed || entry.form == BlockForm::kNumbered;
}

}  // namespace

SignalScan::SignalScan(const TelemetryDatabase& database, std::vector<std::int64_t> block_days, VehicleId vehicle,
                       SignalId signal, TimeRange range, const ScanOptions& options, FrameRun head,
                       const TelemetryStore::RunFunction& visit)
    : database_(database),
      block_days_(std::move(block_days)),
      vehicle_(vehicle),
      signal_(signal),
      range_(range),
      options_(options),
      visit_(visit),
      blocks_(database, block_days_, vehicle, range),
      archive_(database),
      head_(std::move(head)) {}

Status SignalScan::Run() {
  const std::int64_t first_day = std::max<std::int64_t>(0, DayOf(std::max<std::int64_t>(range_.from_ms, 0)));
  const std::int64_t last_day = range_.to_ms <= 0 ? -1 : std::min(kDayEnd - 1, DayOf(range_.to_ms - 1));
  for (std::int64_t day = first_day; day <= last_day && !over_;
       day = std::min(blocks_.NextDay(day), archive_.NextDay(day))) {
    RETURN_IF_ERROR(CheckDeadline());
    const std::uint64_t read_before = BlocksRead();
    RETURN_IF_ERROR(ScanDay(day));
    if (BlocksRead() != read_before && day >= ahead_until_day_) ReadDaysAhead(day + 1, last_day);
  }
  if (!over_) VisitHead(std::numeric_limits<std::int64_t>::max());
  return OkStatus();
}

// The days that follow lie each somewhere else: one after the other they would take a disk's latency each.
void SignalScan::ReadDaysAhead(std::int64_t day, std::int64_t last_day) {
  std::vector<ReadAhead::Place> places;
  const auto add = [&](rocksdb::ColumnFamilyHandle* family, std::uint32_t section, std::uint32_t group) {
    places.push_back({family, ArchiveKey(day, vehicle_, section, group)});
  };
  // As many of each as the day before had.
  const std::uint32_t sections = std::min<std::uint32_t>(section_count_, kSectionsAheadMax);
  for (; day <= last_day && places.size() + 4 * sections <= ReadAhead::kPlacesMax; ++day) {
    for (std::uint32_t section = 0; section < sections; ++section) {
      add(database_.archive, section, GroupOf(signal_));
      if (archive_.short_lived != nullptr) add(database_.short_lived, section, GroupOf(signal_));
      if (!times_list_.entries.empty()) add(database_.archive, section, kSectionHead);
      if (!short_lived_whole_.entries.empty()) add(database_.short_lived, section, kSectionHead);
    }
  }
  ahead_until_day_ = day;
  if (places.size() > 1) database_.read_ahead->Read(*database_.db, places);
}

Status SignalScan::ScanDay(std::int64_t day) {
  from_ms_ = day * kMsPerDay;
  VisitHead(from_ms_);
  if (over_) return OkStatus();
  ASSIGN_OR_RETURN(const bool has_blocks, blocks_.Seek(day));
  ASSIGN_OR_RETURN(const Place archived, FindArchived(day));
  bool visited = archived == Place::kNowhere || (archived == Place::kSections && !has_blocks);
  if (visited && has_blocks) {
    ASSIGN_OR_RETURN(visited, VisitBlocks());
  } else if (visited && archived == Place::kSections) {
    ASSIGN_OR_RETURN(visited, VisitSections(day));
  }
  return visited || over_ ? OkStatus() : VisitFrames(day);
}

StatusOr<SignalScan::Place> SignalScan::FindArchived(std::int64_t day) {
  const std::string prefix = BlockPrefix(day, vehicle_);
  const auto place_of = [&](const rocksdb::Iterator& it) {
    if (!it.Valid() || !it.key().starts_with(prefix)) return Place::kNowhere;
    return it.key().size() == kOldArchiveKeyBytes ? Place::kOld : Place::kSections;
  };
  archive_.kept->Seek(ArchiveKey(day, vehicle_, 0, GroupOf(signal_)));
  Place place = place_of(*archive_.kept);
  if (place == Place::kNowhere) {
    archive_.kept->Seek(prefix);
    place = place_of(*archive_.kept);
  }
  if (archive_.short_lived != nullptr) {
    archive_.short_lived->Seek(prefix);
    if (place_of(*archive_.short_lived) == Place::kOld) place = Place::kOld;
  }
  RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
  return place;
}

// Budget: 7 us for a block of 128 frames of 420 signals, from memory.
StatusOr<bool> SignalScan::VisitBlocks() {
  while (blocks_.Valid() && !over_) {
    RETURN_IF_ERROR(CheckDeadline());
    const std::int64_t first_time_ms = blocks_.first_time_ms();
    if (first_time_ms >= range_.to_ms) break;
    ASSIGN_OR_RETURN(const BlockCodec::Summary summary, Decode(blocks_.value(), first_time_ms));
    RETURN_IF_ERROR(blocks_.Next());
    if (blocks_.Valid() && blocks_.first_time_ms() <= summary.last_time_ms) return false;
    if (!VisitColumn(columns_.times_ms())) return false;
  }
  return true;
}

StatusOr<bool> SignalScan::VisitSections(std::int64_t day) {
  const std::string prefix = BlockPrefix(day, vehicle_);
  for (std::uint32_t section = 0; !over_; ++section) {
    const std::string key = ArchiveKey(day, vehicle_, section, GroupOf(signal_));
    ASSIGN_OR_RETURN(const bool kept, FindList(*archive_.kept, key, kept_list_));
    const bool is_last = !archive_.kept->Valid() || !archive_.kept->key().starts_with(prefix);
    short_lived_list_.entries.clear();
    if (archive_.short_lived != nullptr) {
      RETURN_IF_ERROR(FindList(*archive_.short_lived, key, short_lived_list_).status());
    }
    ASSIGN_OR_RETURN(const bool visited, VisitSection(day, section));
    section_count_ = section + 1;
    if (!visited) return false;
    if (is_last || (kept && kept_list_.entries.size() < kBlocksPerSection)) break;
  }
  return true;
}

StatusOr<bool> SignalScan::FindList(rocksdb::Iterator& it, const std::string& key, BlockList& list) const {
  list.entries.clear();
  if (!it.Valid() || ViewOf(it.key()) != key) it.Seek(key);
  RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
  if (!it.Valid() || ViewOf(it.key()) != key) return false;
  if (const Status read = list.Read(ViewOf(it.value())); !read.ok()) return Damaged(from_ms_, read);
  if (list.vehicle != vehicle_) {
    return Damaged(from_ms_, absl::DataLossError(fmt::format("is of vehicle {}", list.vehicle)));
  }
  return true;
}

StatusOr<bool> SignalScan::VisitSection(std::int64_t day, std::uint32_t section) {
  times_list_.entries.clear();
  short_lived_whole_.entries.clear();
  if (NeedsHead()) {
    RETURN_IF_ERROR(ReadHead(*archive_.kept, day, section, kept_list_, section_head_, times_list_));
    if (archive_.short_lived != nullptr && std::ranges::any_of(times_list_.entries, IsWhole)) {
      RETURN_IF_ERROR(
          ReadHead(*archive_.short_lived, day, section, short_lived_list_, short_lived_head_, short_lived_whole_));
    }
  }
  const std::size_t count =
      std::max({kept_list_.entries.size(), short_lived_list_.entries.size(), times_list_.entries.size()});
  for (std::size_t i = 0; i < count && !over_; ++i) {
    if (i < times_list_.entries.size() && IsWhole(times_list_.entries[i])) {
      if (day * kMsPerDay + times_list_.entries[i].first_time_ms >= range_.to_ms) return true;
      if (IsBeforeRange(times_list_.entries, i, day)) continue;
      RETURN_IF_ERROR(CheckDeadline());
      ASSIGN_OR_RETURN(const bool visited, VisitWhole(i, day));
      if (!visited) return false;
      continue;
    }
    for (const BlockList* list : {&kept_list_, &short_lived_list_}) {
      if (i >= list->entries.size() || list->entries[i].form == BlockForm::kAbsent) continue;
      RETURN_IF_ERROR(CheckDeadline());
      const auto& timed = HasTimesInHead(list->entries[i]) ? times_list_.entries : list->entries;
      if (i >= timed.size() || !timed[i].has_first_time()) {
        return Damaged(day * kMsPerDay, absl::DataLossError("its section lacks times"));
      }
      if (day * kMsPerDay + timed[i].first_time_ms >= range_.to_ms) return true;
      if (IsBeforeRange(timed, i, day)) continue;
      ASSIGN_OR_RETURN(const bool visited, VisitBlockOf(list->entries[i], i, day));
      if (!visited) return false;
    }
  }
  return true;
}

// Budget: 1 us for a block of 1,024 frames, from memory.
StatusOr<bool> SignalScan::VisitBlockOf(const BlockList::Entry& entry, std::size_t number, std::int64_t day) {
  const std::int64_t day_ms = day * kMsPerDay;
  if (entry.form == BlockForm::kNumbered) {
    const std::int64_t first_ms = day_ms + times_list_.entries[number].first_time_ms;
    RETURN_IF_ERROR(Decode(entry.block, first_ms).status());
    if (columns_.signals().empty()) return true;
    RETURN_IF_ERROR(DecodeTimes(number, first_ms));
    const auto numbers = columns_.times_ms();
    if (numbers.back() >= static_cast<std::int64_t>(frame_times_ms_.size())) {
      return Damaged(first_ms, absl::DataLossError("has more frames than times"));
    }
    // Numbers grow, so none is needed once its place has another's time.
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      frame_times_ms_[i] = frame_times_ms_[static_cast<std::size_t>(numbers[i])];
    }
    return VisitColumn(std::span(frame_times_ms_).first(numbers.size()));
  }
  const std::int64_t first_ms = day_ms + entry.first_time_ms;
  const auto found = unpacker_.Unpack(entry.block, entry.frame_count, BitOf(signal_), {0, entry.frame_count});
  if (!found.ok()) return Damaged(first_ms, found.status());
  if (*found == 0) return true;
  if (entry.form == BlockForm::kSteady) {
    entry.GetTimes(day_ms, frame_times_ms_);
  } else {
    RETURN_IF_ERROR(DecodeTimes(number, first_ms));
    if (frame_times_ms_.size() != entry.frame_count) {
      return Damaged(first_ms, absl::DataLossError("is of other frames than the head of its section"));
    }
  }
  if (!IsBehindHead(frame_times_ms_.back())) return false;
  from_ms_ = frame_times_ms_.back() + 1;
  Visit(frame_times_ms_, {unpacker_.column(0), entry.frame_count});
  return true;
}

// A list without a block at some place, or no list at all, may mean that the block is whole.
bool SignalScan::NeedsHead() const {
  const auto& kept = kept_list_.entries;
  const auto& short_lived = short_lived_list_.entries;
  if (kept.empty() && short_lived.empty()) return true;
  for (std::size_t i = 0; i < std::max(kept.size(), short_lived.size()); ++i) {
    const bool is_kept = i < kept.size() && kept[i].form != BlockForm::kAbsent;
    const bool is_short_lived = i < short_lived.size() && short_lived[i].form != BlockForm::kAbsent;
    if ((!is_kept && !is_short_lived) || (is_kept && HasTimesInHead(kept[i])) ||
        (is_short_lived && HasTimesInHead(short_lived[i]))) {
      return true;
    }
  }
  return false;
}

bool SignalScan::IsBeforeRange(std::span<const BlockList::Entry> blocks, std::size_t number, std::int64_t day) const {
  return number + 1 < blocks.size() && blocks[number + 1].has_first_time() &&
         day * kMsPerDay + blocks[number + 1].first_time_ms <= range_.from_ms;
}

StatusOr<bool> SignalScan::VisitWhole(std::size_t number, std::int64_t day) {
  for (const BlockList* head : {&times_list_, &short_lived_whole_}) {
    if (number >= head->entries.size() || !IsWhole(head->entries[number])) continue;
    const BlockList::Entry& entry = head->entries[number];
    RETURN_IF_ERROR(Decode(entry.block, day * kMsPerDay + entry.first_time_ms).status());
    if (!columns_.signals().empty()) return VisitColumn(columns_.times_ms());
  }
  return true;
}

Status SignalScan::ReadHead(rocksdb::Iterator& it, std::int64_t day, std::uint32_t section, BlockList& list,
                            std::string& bytes, BlockList& head) const {
  ASSIGN_OR_RETURN(const bool found, FindList(it, ArchiveKey(day, vehicle_, section, kSectionHead), head));
  if (list.entries.empty()) return OkStatus();  // the iterator may stay
  if (found) {
    bytes.assign(it.value().data(), it.value().size());
    RETURN_IF_ERROR(head.Read(bytes));
  }
  return FindList(it, ArchiveKey(day, vehicle_, section, GroupOf(signal_)), list).status();
}

StatusOr<BlockCodec::Summary> SignalScan::Decode(std::string_view block, std::int64_t time_ms) {
  const SignalId signals[] = {signal_};
  auto summary = BlockCodec::DecodeColumns(block, signals, columns_);
  if (!summary.ok()) return Damaged(time_ms, summary.status());
  if (summary->vehicle != vehicle_) {
    return Damaged(time_ms, absl::DataLossError(fmt::format("is of vehicle {}", summary->vehicle)));
  }
  return summary;
}

Status SignalScan::DecodeTimes(std::size_t number, std::int64_t time_ms) {
  const auto summary = BlockCodec::DecodeColumns(times_list_.entries[number].block, {}, times_);
  if (!summary.ok()) return Damaged(time_ms, summary.status());
  if (summary->vehicle != vehicle_) return Damaged(time_ms, absl::DataLossError("has the times of another vehicle"));
  frame_times_ms_.assign(times_.times_ms().begin(), times_.times_ms().end());
  return OkStatus();
}

// What the head has from before the block's end belongs between its values.
bool SignalScan::IsBehindHead(std::int64_t last_time_ms) const {
  return head_next_ == head_.size() || head_.time_ms(head_next_) > last_time_ms;
}

bool SignalScan::VisitColumn(std::span<const std::int64_t> times_ms) {
  if (!IsBehindHead(times_ms.back())) return false;
  from_ms_ = times_ms.back() + 1;
  if (columns_.signals().empty()) return true;
  const auto values = columns_.column(0);
  if (std::ranges::find(values, kAbsent) == values.end()) {
    Visit(times_ms, values);
    return true;
  }
  times_ms_.clear();
  values_.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == kAbsent) continue;
    times_ms_.push_back(times_ms[i]);
    values_.push_back(values[i]);
  }
  Visit(times_ms_, values_);
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
  RETURN_IF_ERROR(TelemetryScan(database_, block_days_, vehicle_, signals, rest, options,
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

Status SignalScan::Damaged(std::int64_t time_ms, const Status& status) const {
  return absl::DataLossError(
      fmt::format("vehicle {}, block of {}: {}", vehicle_, FormatTime(time_ms), MessageOf(status)));
}

Status SignalScan::CheckDeadline() const {
  if (!options_.deadline || std::chrono::steady_clock::now() <= *options_.deadline) return OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("the scan was stopped at its deadline after {} values; ask for less time", visited_count_));
}

}  // namespace telltale::internal
