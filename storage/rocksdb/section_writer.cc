#include "storage/rocksdb/section_writer.h"

#include <algorithm>
#include <vector>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/frame_merge.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

// Long enough that what a block needs besides its values is less than a hundredth, short enough that one frame is
// found in a block's time: a frame of 420 signals is in 53 of them.
constexpr std::size_t kFramesPerBlock = 1'024;
constexpr std::size_t kValuesPerBlock = kFramesPerBlock * 64;

// By groups, frames of several layouts may take an eighth more than whole: one signal is then read without the others.
constexpr std::size_t kGroupsMayCost = 8;
constexpr std::size_t kBytesPerList = 32;  // about: its key and what is before its directory
constexpr std::size_t kBytesPerBlock = 2;  // in the directory

}  // namespace

SectionWriter::SectionWriter(TelemetryDatabase& database, const Day& day, rocksdb::WriteBatch& batch)
    : database_(database), day_(day), batch_(batch), times_layout_(*Layout::Create({kTimesSignal})) {}

bool SectionWriter::IsFull(const FrameRun& run) {
  return run.size() == BlockCodec::kMaxFrames ||
         (run.size() >= kFramesPerBlock && run.value_count() >= kValuesPerBlock);
}

void SectionWriter::Add(FrameRun& run) {
  const std::int64_t day_ms = day_.day * kMsPerDay;
  const std::int64_t first_time_ms = run.time_ms(0) - day_ms;
  if (run.Rows(0, run.size()) != nullptr) {
    std::vector<std::int64_t> times_ms(run.size());
    for (std::size_t i = 0; i < run.size(); ++i) times_ms[i] = run.time_ms(i);
    const std::vector<Pace> paces = PacesOf(times_ms, day_ms);
    if (paces.empty()) {
      head_.AddTimed(run.size(), first_time_ms, TimesOf(run));
    } else {
      head_.AddSteady(paces, {});
    }
    AddColumns(run, paces, first_time_ms);
  } else {
    AddMixed(run, first_time_ms);
  }
  run.Clear();
  if (head_.count() == kBlocksPerSection) Finish();
}

void SectionWriter::AddColumns(const FrameRun& run, std::span<const Pace> paces, std::int64_t first_time_ms) {
  const auto signals = run.layout(0)->signals();
  const RawValue* rows = run.Rows(0, run.size());
  for (std::size_t from = 0; from < signals.size();) {
    const std::uint32_t group = GroupOf(signals[from]);
    std::uint8_t all = 0;
    std::uint8_t short_lived = 0;
    std::size_t to = from;
    for (; to < signals.size() && GroupOf(signals[to]) == group; ++to) {
      all = static_cast<std::uint8_t>(all | BitOf(signals[to]));
      if (std::ranges::binary_search(day_.short_lived, signals[to])) {
        short_lived = static_cast<std::uint8_t>(short_lived | BitOf(signals[to]));
      }
    }
    const auto add = [&](std::uint8_t packed, Lists& lists) {
      if (packed == 0) return;
      block_.clear();
      packer_.Append(rows + from, signals.size(), run.size(), all, packed, block_);
      BlockListWriter& list = lists[group];
      list.FillUp(head_.count() - 1);
      if (paces.empty()) {
        list.AddTimed(run.size(), first_time_ms, block_);
      } else {
        list.AddSteady(paces, block_);
      }
    };
    add(static_cast<std::uint8_t>(all & ~short_lived), kept_);
    add(short_lived, short_lived_);
    from = to;
  }
}

void SectionWriter::AddMixed(FrameRun& run, std::int64_t first_time_ms) {
  const SplitSignals signals = SignalsOf(run);
  const std::string times = TimesOf(run);
  const std::string whole = PackWhole(run, signals.kept);
  const std::string short_lived = PackWhole(run, signals.short_lived);
  const std::vector<GroupBlock> groups = PackNumbered(run, signals);
  std::size_t grouped_bytes = times.size();
  for (const GroupBlock& block : groups) {
    const bool is_first = (*block.lists)[block.group].count() == 0;
    grouped_bytes += block.bytes.size() + kBytesPerBlock + (is_first ? kBytesPerList : 0);
  }
  const std::size_t whole_bytes = whole.size() + short_lived.size();
  if (!whole.empty() && grouped_bytes > whole_bytes + whole_bytes / kGroupsMayCost) {
    head_.AddWhole(run.size(), first_time_ms, whole);
    if (short_lived.empty()) return;
    BlockListWriter& list = short_lived_[kSectionHead];
    list.FillUp(head_.count() - 1);
    list.AddWhole(run.size(), first_time_ms, short_lived);
    return;
  }
  head_.AddTimed(run.size(), first_time_ms, times);
  for (const GroupBlock& block : groups) {
    BlockListWriter& list = (*block.lists)[block.group];
    list.FillUp(head_.count() - 1);
    list.AddNumbered(block.bytes);
  }
}

SectionWriter::SplitSignals SectionWriter::SignalsOf(const FrameRun& run) const {
  SplitSignals signals;
  for (const auto& layout : run.layouts()) {
    for (const SignalId signal : layout->signals()) {
      const bool is_short_lived = std::ranges::binary_search(day_.short_lived, signal);
      (is_short_lived ? signals.short_lived : signals.kept).push_back(signal);
    }
  }
  for (std::vector<SignalId>* part : {&signals.kept, &signals.short_lived}) {
    std::ranges::sort(*part);
    part->erase(std::unique(part->begin(), part->end()), part->end());
  }
  return signals;
}

// Empty if there are no signals.
std::string SectionWriter::PackWhole(const FrameRun& run, std::span<const SignalId> signals) {
  if (signals.empty()) return {};
  const FrameRun part = Select(run, signals, {}, layouts_);
  return BlockCodec::Encode(day_.vehicle, day_.sequence, part, 0, part.size());
}

std::vector<SectionWriter::GroupBlock> SectionWriter::PackNumbered(FrameRun& run, const SplitSignals& signals) {
  for (std::size_t i = 0; i < run.size(); ++i) run.SetTime(i, static_cast<std::int64_t>(i));
  std::vector<GroupBlock> blocks;
  const auto pack = [&](std::span<const SignalId> rest, Lists& lists) {
    while (!rest.empty()) {
      const std::uint32_t group = GroupOf(rest.front());
      const auto end = std::ranges::find_if(rest, [group](SignalId signal) { return GroupOf(signal) != group; });
      const auto count = static_cast<std::size_t>(end - rest.begin());
      const FrameRun part = Select(run, rest.first(count), {}, layouts_);
      blocks.push_back({&lists, group, BlockCodec::Encode(day_.vehicle, day_.sequence, part, 0, part.size())});
      rest = rest.subspan(count);
    }
  };
  pack(signals.kept, kept_);
  pack(signals.short_lived, short_lived_);
  return blocks;
}

std::string SectionWriter::TimesOf(const FrameRun& run) const {
  FrameRun times;
  times.Reserve(run.size(), run.size());
  const RawValue nothing[] = {0};
  for (std::size_t i = 0; i < run.size(); ++i) times.Add(run.time_ms(i), times_layout_, nothing);
  return BlockCodec::Encode(day_.vehicle, day_.sequence, times, 0, times.size());
}

void SectionWriter::Finish() {
  if (head_.count() == 0) return;
  PutLists(database_.archive, kept_);
  PutLists(database_.short_lived, short_lived_);
  batch_.Put(database_.archive, ArchiveKey(day_.day, day_.vehicle, section_, kSectionHead),
             head_.Take(day_.vehicle, day_.sequence));
  ++section_;
}

void SectionWriter::PutLists(rocksdb::ColumnFamilyHandle* family, Lists& lists) {
  for (auto& [group, list] : lists) {
    if (list.count() == 0) continue;
    list.FillUp(head_.count());
    batch_.Put(family, ArchiveKey(day_.day, day_.vehicle, section_, group), list.Take(day_.vehicle, day_.sequence));
    if (family == database_.short_lived) database_.has_short_lived = true;
  }
}

}  // namespace telltale::internal
