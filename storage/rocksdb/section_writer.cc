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
    head_.AddTimed(run.size(), first_time_ms, TimesOf(run));
    AddNumbered(run);
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

void SectionWriter::AddNumbered(FrameRun& run) {
  for (std::size_t i = 0; i < run.size(); ++i) run.SetTime(i, static_cast<std::int64_t>(i));
  std::map<std::uint32_t, std::vector<SignalId>> kept;
  std::map<std::uint32_t, std::vector<SignalId>> short_lived;
  for (const auto& layout : run.layouts()) {
    for (const SignalId signal : layout->signals()) {
      auto& groups = std::ranges::binary_search(day_.short_lived, signal) ? short_lived : kept;
      std::vector<SignalId>& signals = groups[GroupOf(signal)];
      if (std::ranges::find(signals, signal) == signals.end()) signals.push_back(signal);
    }
  }
  const auto add = [&](auto& groups, Lists& lists) {
    for (auto& [group, signals] : groups) {
      std::ranges::sort(signals);
      const FrameRun part = Select(run, signals, {}, layouts_);
      block_.clear();
      BlockCodec::Append(day_.vehicle, day_.sequence, part, 0, part.size(), block_);
      BlockListWriter& list = lists[group];
      list.FillUp(head_.count() - 1);
      list.AddNumbered(block_);
    }
  };
  add(kept, kept_);
  add(short_lived, short_lived_);
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
