#include "storage/rocksdb/archive_frames.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

// Frames of groups of signals as frames of all of them: each has what the groups have of its time, or of its number
// in `times_ms`.
FrameRun JoinFrames(std::span<const FrameRun> groups, std::span<const std::int64_t> times_ms, LayoutPool& layouts) {
  FrameRun joined;
  std::vector<std::size_t> next(groups.size());
  std::vector<std::pair<SignalId, RawValue>> cells;
  std::vector<SignalId> signals;
  std::vector<RawValue> values;
  while (true) {
    std::int64_t time = std::numeric_limits<std::int64_t>::max();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (next[g] < groups[g].size()) time = std::min(time, groups[g].time_ms(next[g]));
    }
    if (time == std::numeric_limits<std::int64_t>::max()) return joined;
    cells.clear();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (next[g] == groups[g].size() || groups[g].time_ms(next[g]) != time) continue;
      const auto ids = groups[g].layout(next[g])->signals();
      const auto row = groups[g].values(next[g]);
      for (std::size_t i = 0; i < ids.size(); ++i) cells.emplace_back(ids[i], row[i]);
      ++next[g];
    }
    // Those of short retention come last, and belong between the others.
    const auto signal_of = &std::pair<SignalId, RawValue>::first;
    if (!std::ranges::is_sorted(cells, {}, signal_of)) std::ranges::stable_sort(cells, {}, signal_of);
    const auto same_signal = [](const auto& a, const auto& b) { return a.first == b.first; };
    cells.erase(std::unique(cells.begin(), cells.end(), same_signal), cells.end());
    signals.clear();
    values.clear();
    for (const auto& [signal, value] : cells) {
      signals.push_back(signal);
      values.push_back(value);
    }
    joined.Add(times_ms.empty() ? time : times_ms[static_cast<std::size_t>(time)], layouts.Get(signals), values);
  }
}

bool HasPrefix(const rocksdb::Iterator& it, const std::string& prefix) {
  return it.Valid() && it.key().starts_with(prefix);
}

}  // namespace

ArchiveFrames::ArchiveFrames(const TelemetryDatabase& database, VehicleId vehicle, std::span<const SignalId> signals,
                             TimeRange range, LayoutPool& layouts)
    : vehicle_(vehicle), signals_(signals), range_(range), layouts_(layouts), archive_(database) {}

Status ArchiveFrames::SeekDay(std::int64_t day) {
  day_ = day;
  next_ms_ = kNone;
  old_.clear();
  old_next_ = 0;
  blocks_.entries.clear();
  block_next_ = 0;
  const std::string prefix = BlockPrefix(day, vehicle_);
  bool is_old = false;
  for (rocksdb::Iterator* it : {archive_.kept.get(), archive_.short_lived.get()}) {
    if (it == nullptr) continue;
    it->Seek(prefix);
    is_old |= HasPrefix(*it, prefix) && it->key().size() == kOldArchiveKeyBytes;
  }
  RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
  if (is_old) return FindOld();
  if (!HasPrefix(*archive_.kept, prefix)) return OkStatus();
  RETURN_IF_ERROR(LoadSection(0));
  return SkipBlocks();
}

Status ArchiveFrames::LoadSection(std::uint32_t section) {
  const std::string key = ArchiveKey(day_, vehicle_, section, kSectionHead);
  blocks_.entries.clear();
  block_next_ = 0;
  section_ = section;
  if (!archive_.kept->Valid() || ViewOf(archive_.kept->key()) != key) archive_.kept->Seek(key);
  RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
  if (!HasPrefix(*archive_.kept, BlockPrefix(day_, vehicle_))) return OkStatus();
  if (ViewOf(archive_.kept->key()) != key) {
    return Damaged(day_ * kMsPerDay, absl::DataLossError(fmt::format("section {} has no head", section)));
  }
  head_.assign(archive_.kept->value().data(), archive_.kept->value().size());
  if (const Status read = blocks_.Read(head_); !read.ok()) return Damaged(day_ * kMsPerDay, read);
  if (blocks_.vehicle != vehicle_ || !std::ranges::all_of(blocks_.entries, &BlockList::Entry::has_first_time)) {
    return Damaged(day_ * kMsPerDay, absl::DataLossError("the head of a section is another's, or lacks a time"));
  }
  return OkStatus();
}

Status ArchiveFrames::SkipBlocks() {
  const std::int64_t day_ms = day_ * kMsPerDay;
  const std::vector<BlockList::Entry>& blocks = blocks_.entries;
  while (true) {
    if (block_next_ == blocks.size()) {
      next_ms_ = kNone;
      if (blocks.size() < kBlocksPerSection) return OkStatus();
      RETURN_IF_ERROR(LoadSection(section_ + 1));
      if (blocks.empty()) return OkStatus();
    }
    next_ms_ = day_ms + blocks[block_next_].first_time_ms;
    if (next_ms_ >= range_.to_ms) {
      next_ms_ = kNone;
      return OkStatus();
    }
    const bool is_last = block_next_ + 1 == blocks.size();
    if (is_last || day_ms + blocks[block_next_ + 1].first_time_ms > range_.from_ms) return OkStatus();
    ++block_next_;
  }
}

Status ArchiveFrames::Read(FrameRun& frames, std::uint64_t& sequence) {
  std::vector<FrameRun> groups;
  if (!old_.empty()) {
    RETURN_IF_ERROR(ReadOld(groups, sequence));
    frames = groups.size() == 1 ? std::move(groups.front()) : JoinFrames(groups, {}, layouts_);
    return OkStatus();
  }
  if (blocks_.entries[block_next_].form == BlockForm::kWhole) {
    RETURN_IF_ERROR(ReadWhole(frames, sequence));
    ++block_next_;
    return SkipBlocks();
  }
  RETURN_IF_ERROR(ReadTimes());
  const TimeRange wanted{std::ranges::lower_bound(times_ms_, range_.from_ms) - times_ms_.begin(),
                         std::ranges::lower_bound(times_ms_, range_.to_ms) - times_ms_.begin()};
  column_signals_.clear();
  columns_.clear();
  if (!wanted.empty()) {
    RETURN_IF_ERROR(TakeGroups(*archive_.kept, wanted, groups, sequence));
    if (archive_.short_lived != nullptr) RETURN_IF_ERROR(TakeGroups(*archive_.short_lived, wanted, groups, sequence));
  }
  if (!column_signals_.empty()) {
    frames = MakeRows(wanted);
  } else if (!groups.empty()) {
    frames = JoinFrames(groups, times_ms_, layouts_);
  }
  ++block_next_;
  return SkipBlocks();
}

Status ArchiveFrames::ReadWhole(FrameRun& frames, std::uint64_t& sequence) {
  std::vector<FrameRun> parts;
  RETURN_IF_ERROR(Decode(blocks_.entries[block_next_].block, range_, parts, sequence));
  if (archive_.short_lived != nullptr) {
    rocksdb::Iterator& it = *archive_.short_lived;
    const std::string key = ArchiveKey(day_, vehicle_, section_, kSectionHead);
    if (!it.Valid() || ViewOf(it.key()) != key) it.Seek(key);
    RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
    if (it.Valid() && ViewOf(it.key()) == key) {
      RETURN_IF_ERROR(ReadList(ViewOf(it.value())));
      if (block_next_ < list_.entries.size() && list_.entries[block_next_].form == BlockForm::kWhole) {
        RETURN_IF_ERROR(Decode(list_.entries[block_next_].block, range_, parts, sequence));
      }
    }
  }
  frames = parts.size() == 1 ? std::move(parts.front()) : JoinFrames(parts, {}, layouts_);
  return OkStatus();
}

Status ArchiveFrames::ReadTimes() {
  const BlockList::Entry& entry = blocks_.entries[block_next_];
  if (entry.form == BlockForm::kSteady) {
    entry.GetTimes(day_ * kMsPerDay, times_ms_);
    return OkStatus();
  }
  const auto summary = BlockCodec::DecodeColumns(entry.block, {}, times_);
  if (!summary.ok()) return Damaged(next_ms_, summary.status());
  times_ms_.assign(times_.times_ms().begin(), times_.times_ms().end());
  if (summary->vehicle != vehicle_ || times_ms_.size() != entry.frame_count) {
    return Damaged(next_ms_, absl::DataLossError("the times are another's"));
  }
  return OkStatus();
}

Status ArchiveFrames::TakeGroups(rocksdb::Iterator& it, TimeRange wanted, std::vector<FrameRun>& groups,
                                 std::uint64_t& sequence) {
  if (signals_.empty()) {
    const std::string prefix = SectionPrefix(day_, vehicle_, section_);
    for (it.Seek(ArchiveKey(day_, vehicle_, section_, kSectionHead + 1)); HasPrefix(it, prefix); it.Next()) {
      RETURN_IF_ERROR(TakeGroup(ViewOf(it.key()), ViewOf(it.value()), wanted, groups, sequence));
    }
    return archive_.StatusOf(vehicle_);
  }
  std::uint32_t group_before = kSectionHead;
  for (const SignalId signal : signals_) {
    const std::uint32_t group = GroupOf(signal);
    if (group == group_before) continue;
    group_before = group;
    const std::string key = ArchiveKey(day_, vehicle_, section_, group);
    it.Seek(key);
    RETURN_IF_ERROR(archive_.StatusOf(vehicle_));
    if (it.Valid() && ViewOf(it.key()) == key) {
      RETURN_IF_ERROR(TakeGroup(key, ViewOf(it.value()), wanted, groups, sequence));
    }
  }
  return OkStatus();
}

Status ArchiveFrames::ReadList(std::string_view list) {
  if (const Status read = list_.Read(list); !read.ok()) return Damaged(next_ms_, read);
  if (list_.vehicle != vehicle_) {
    return Damaged(next_ms_, absl::DataLossError(fmt::format("is of vehicle {}", list_.vehicle)));
  }
  return OkStatus();
}

Status ArchiveFrames::TakeGroup(std::string_view key, std::string_view list, TimeRange wanted,
                                std::vector<FrameRun>& groups, std::uint64_t& sequence) {
  const auto parts = ParseArchiveKey(key);
  if (!parts) return Damaged(next_ms_, absl::DataLossError("an archive key is malformed"));
  RETURN_IF_ERROR(ReadList(list));
  if (block_next_ >= list_.entries.size()) return OkStatus();
  const BlockList::Entry& entry = list_.entries[block_next_];
  if (entry.form == BlockForm::kAbsent) return OkStatus();
  if (entry.form == BlockForm::kNumbered) return Decode(entry.block, wanted, groups, sequence);
  if (entry.form != blocks_.entries[block_next_].form || entry.frame_count != times_ms_.size()) {
    return Damaged(next_ms_, absl::DataLossError("is of other frames than the head of its section"));
  }
  const ColumnCodec::Part part{static_cast<std::size_t>(wanted.from_ms), static_cast<std::size_t>(wanted.to_ms)};
  const auto found = unpacker_.Unpack(entry.block, entry.frame_count, WantedOf(parts->group), part);
  if (!found.ok()) return Damaged(next_ms_, found.status());
  std::size_t i = 0;
  for (unsigned bits = *found; bits != 0; bits &= bits - 1, ++i) {
    const auto bit = static_cast<std::uint32_t>(std::countr_zero(bits));
    column_signals_.push_back(static_cast<SignalId>((parts->group - 1) * kSignalsPerGroup + bit));
    columns_.insert(columns_.end(), unpacker_.column(i), unpacker_.column(i) + (part.to - part.from));
  }
  sequence = list_.sequence;
  return OkStatus();
}

std::uint8_t ArchiveFrames::WantedOf(std::uint32_t group) const {
  if (signals_.empty()) return 0xFF;
  unsigned wanted = 0;
  for (auto it = std::ranges::lower_bound(signals_, (group - 1) * kSignalsPerGroup);
       it != signals_.end() && GroupOf(*it) == group; ++it) {
    wanted |= BitOf(*it);
  }
  return static_cast<std::uint8_t>(wanted);
}

FrameRun ArchiveFrames::MakeRows(TimeRange wanted) {
  const auto from = static_cast<std::size_t>(wanted.from_ms);
  const auto row_count = static_cast<std::size_t>(wanted.to_ms) - from;
  const std::size_t width = column_signals_.size();
  // Those of short retention come last, and belong between the others.
  std::vector<std::uint32_t> order(width);
  std::iota(order.begin(), order.end(), 0);
  const auto signal_of = [this](std::uint32_t column) { return column_signals_[column]; };
  const bool in_order = std::ranges::is_sorted(column_signals_);
  if (!in_order) std::ranges::stable_sort(order, {}, signal_of);
  const auto same_signal = [&](std::uint32_t a, std::uint32_t b) { return signal_of(a) == signal_of(b); };
  order.erase(std::unique(order.begin(), order.end(), same_signal), order.end());
  std::vector<SignalId> signals(order.size());
  std::ranges::transform(order, signals.begin(), signal_of);
  FrameRun frames;
  const std::span<RawValue> rows =
      frames.AddUninitialized(std::span(times_ms_).subspan(from, row_count), layouts_.Get(signals));
  if (row_count == 1) {
    for (std::size_t c = 0; c < order.size(); ++c) rows[c] = columns_[order[c]];
    return frames;
  }
  columns_.resize(columns_.size() + ColumnKernels::kSlack);
  if (in_order && order.size() == width) {
    ColumnKernels::Get().transpose(columns_.data(), row_count, width, row_count, rows.data(), width);
    return frames;
  }
  for (std::size_t c = 0; c < order.size(); ++c) {
    const RawValue* column = columns_.data() + order[c] * row_count;
    for (std::size_t r = 0; r < row_count; ++r) rows[r * order.size() + c] = column[r];
  }
  return frames;
}

Status ArchiveFrames::Decode(std::string_view block, TimeRange range, std::vector<FrameRun>& groups,
                             std::uint64_t& sequence) {
  FrameRun run;
  const auto summary = BlockCodec::Decode(block, signals_, range, layouts_, run);
  if (!summary.ok()) return Damaged(next_ms_, summary.status());
  if (summary->vehicle != vehicle_) {
    return Damaged(next_ms_, absl::DataLossError(fmt::format("is of vehicle {}", summary->vehicle)));
  }
  sequence = summary->sequence;
  if (!run.empty()) groups.push_back(std::move(run));
  return OkStatus();
}

Status ArchiveFrames::FindOld() {
  const std::string prefix = BlockPrefix(day_, vehicle_);
  RETURN_IF_ERROR(TakeOld(*archive_.kept, prefix));
  if (archive_.short_lived != nullptr) RETURN_IF_ERROR(TakeOld(*archive_.short_lived, prefix));
  std::ranges::stable_sort(old_, {}, &OldBlock::first_time_ms);
  next_ms_ = old_.empty() ? kNone : old_.front().first_time_ms;
  return OkStatus();
}

Status ArchiveFrames::TakeOld(rocksdb::Iterator& it, const std::string& prefix) {
  for (; HasPrefix(it, prefix); it.Next()) {
    const auto parts = ParseOldArchiveKey(ViewOf(it.key()));
    if (!parts) return Damaged(day_ * kMsPerDay, absl::DataLossError("an archive key is malformed"));
    const SignalId first = parts->first_signal();
    if (parts->last_time_ms < range_.from_ms || !IsWanted(first, first + (kOldSignalsPerGroup - 1))) continue;
    const auto first_time_ms = BlockCodec::PeekFirstTime(ViewOf(it.value()));
    if (!first_time_ms.ok()) return Damaged(parts->last_time_ms, first_time_ms.status());
    if (*first_time_ms < range_.to_ms) old_.push_back({*first_time_ms, it.value().ToString()});
  }
  return archive_.StatusOf(vehicle_);
}

Status ArchiveFrames::ReadOld(std::vector<FrameRun>& groups, std::uint64_t& sequence) {
  const std::int64_t first_time_ms = next_ms_;
  for (; old_next_ < old_.size() && old_[old_next_].first_time_ms == first_time_ms; ++old_next_) {
    RETURN_IF_ERROR(Decode(old_[old_next_].bytes, range_, groups, sequence));
    old_[old_next_].bytes = {};
  }
  next_ms_ = old_next_ < old_.size() ? old_[old_next_].first_time_ms : kNone;
  return OkStatus();
}

bool ArchiveFrames::IsWanted(SignalId from, SignalId to) const {
  if (signals_.empty()) return true;
  const auto first = std::ranges::lower_bound(signals_, from);
  return first != signals_.end() && *first <= to;
}

Status ArchiveFrames::Damaged(std::int64_t time_ms, const Status& status) const {
  return absl::DataLossError(
      fmt::format("vehicle {}, block of {}: {}", vehicle_, FormatTime(time_ms), MessageOf(status)));
}

}  // namespace telltale::internal
