#include "storage/rocksdb/journal_replay.h"

#include <algorithm>
#include <future>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "storage/codec/old_row_codec.h"
#include "storage/codec/row_codec.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

// More would wait for the memory, and for the thread that reads the file.
constexpr unsigned kThreadsMax = 8;
// Of some 64 KiB each: what is read of them at a time takes at most some 100 MB, also where frames have few bytes.
constexpr std::size_t kRecordsAtOnce = 128;
// Neighbours have a thread in common: the states of some share a cache line.
constexpr VehicleId kNeighbours = 64;

// Calls task(0), task(1) and so on at the same time and returns when all have returned.
template <typename Task>
void RunAtOnce(std::size_t count, const Task& task) {
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < count; ++i) others.push_back(std::async(std::launch::async, [&task, i] { task(i); }));
  task(std::size_t{0});
  for (std::future<void>& other : others) other.get();
}

}  // namespace

JournalReplay::JournalReplay(HeadSet& heads, Journal& journal) : heads_(heads), journal_(journal) {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  readers_.resize(threads);
  adders_.resize(threads);
  for (Reader& reader : readers_) reader.frames.resize(threads);
}

std::uint64_t JournalReplay::frame_count() const {
  return std::accumulate(adders_.begin(), adders_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Adder& adder) { return sum + adder.frame_count; });
}

std::uint64_t JournalReplay::lost_frame_count() const {
  return std::accumulate(adders_.begin(), adders_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Adder& adder) { return sum + adder.lost_frame_count; });
}

std::size_t JournalReplay::AdderOf(VehicleId vehicle) const { return vehicle / kNeighbours % adders_.size(); }

// Budget: 1.5 us of CPU for a frame of 420 values, memory that is used for the first time included.
Status JournalReplay::Take(std::span<const JournalRecord> records, std::uint32_t segment) {
  for (; !records.empty(); records = records.subspan(std::min(kRecordsAtOnce, records.size()))) {
    RETURN_IF_ERROR(TakeAtOnce(records.first(std::min(kRecordsAtOnce, records.size())), segment));
  }
  return OkStatus();
}

Status JournalReplay::TakeAtOnce(std::span<const JournalRecord> records, std::uint32_t segment) {
  const std::size_t threads = readers_.size();
  RunAtOnce(threads, [&](std::size_t i) {
    const std::size_t begin = records.size() * i / threads;
    const std::size_t end = records.size() * (i + 1) / threads;
    readers_[i].status = Read(records.subspan(begin, end - begin), readers_[i]);
  });
  for (const Reader& reader : readers_) RETURN_IF_ERROR(reader.status);
  RunAtOnce(threads, [&](std::size_t i) { adders_[i].status = Add(i, segment); });
  for (Adder& adder : adders_) {
    RETURN_IF_ERROR(adder.status);
    heads_.Count(adder.tally, journal_);
  }
  return OkStatus();
}

Status JournalReplay::Read(std::span<const JournalRecord> records, Reader& reader) {
  for (std::vector<PackedFrame>& frames : reader.frames) frames.clear();
  LayoutPool pool;
  reader.layouts.clear();
  for (const JournalRecord& record : records) {
    const Status status = ReadRecord(record, pool, reader);
    if (!status.ok()) return Status(status.code(), fmt::format("record {}: {}", record.sequence, MessageOf(status)));
  }
  return OkStatus();
}

Status JournalReplay::ReadRecord(const JournalRecord& record, LayoutPool& pool, Reader& reader) {
  JournalFrameReader::Head head;
  for (JournalFrameReader frames(record, pool); !frames.at_end();) {
    RETURN_IF_ERROR(frames.TakeHead(head));
    const std::int64_t day = DayOf(head.measure_time_ms);
    if (day < 0 || day >= kDayEnd) return absl::DataLossError("a time of the journal");
    ASSIGN_OR_RETURN(const std::string_view row, frames.TakePackedRow(head.layout->size()));
    auto& layout = reader.layouts[head.layout.get()];
    if (layout == nullptr) layout = Shared(head.layout);
    reader.frames[AdderOf(head.vehicle)].push_back({.vehicle = head.vehicle,
                                                    .measure_time_ms = head.measure_time_ms,
                                                    .layout = layout,
                                                    .base = head.base,
                                                    .sequence = record.sequence,
                                                    .row = row,
                                                    .old_row = record.old_rows});
  }
  return OkStatus();
}

const std::shared_ptr<const Layout>* JournalReplay::Shared(const std::shared_ptr<const Layout>& layout) {
  MutexLock lock(mutex_);
  for (const auto& known : layouts_) {
    if (**known == *layout) return known.get();
  }
  return layouts_.emplace_back(std::make_unique<const std::shared_ptr<const Layout>>(layout)).get();
}

Status JournalReplay::Add(std::size_t adder, std::uint32_t segment) {
  for (const Reader& reader : readers_) {
    const std::vector<PackedFrame>& frames = reader.frames[adder];
    for (std::size_t i = 0; i < frames.size(); ++i) {
      heads_.vehicles().PrefetchAhead(i, frames.size(), [&](std::size_t at) { return frames[at].vehicle; });
      const Status status = AddFrame(frames[i], segment, adders_[adder]);
      if (!status.ok()) {
        return Status(status.code(), fmt::format("record {}: {}", frames[i].sequence, MessageOf(status)));
      }
    }
  }
  return OkStatus();
}

Status JournalReplay::AddFrame(const PackedFrame& frame, std::uint32_t segment, Adder& adder) {
  VehicleTable::Page& page = heads_.vehicles().PageOf(frame.vehicle);
  VehicleState& state = heads_.OwnStateOf(page, frame.vehicle);
  if (!state.loaded) return *state.damage;
  if (frame.sequence <= state.sealed_sequence) return OkStatus();
  const Layout& layout = **frame.layout;
  const auto broken = adder.broken.find(frame.vehicle);
  const bool has_base = frame.base == 0 || (broken == adder.broken.end() && state.newest_layout != nullptr &&
                                            (state.newest_layout == *frame.layout || *state.newest_layout == layout) &&
                                            state.newest_sequence == frame.sequence - (frame.base - 1) &&
                                            frame.measure_time_ms > state.newest_time_ms);
  if (!has_base) {
    // A frame before it was in a damaged record.
    ++adder.lost_frame_count;
    std::int64_t& newest_ms = adder.broken.try_emplace(frame.vehicle, frame.measure_time_ms).first->second;
    newest_ms = std::max(newest_ms, frame.measure_time_ms);
    return OkStatus();
  }
  if (broken != adder.broken.end() && frame.measure_time_ms > broken->second) adder.broken.erase(broken);
  const bool packs_on_newest = frame.base != 0 && state.newest_in_head;
  // Packed again where the head does not have what it was packed against: some frames before it may be sealed.
  const bool packs_again = frame.old_row || (frame.base != 0 && !packs_on_newest);
  std::span<RawValue> newest;
  if (frame.base != 0) newest = {state.newest_values.get(), layout.size()};
  std::span<RawValue> values;
  if (!newest.empty() && !packs_again) {
    values = newest;  // which becomes this frame, in its place
  } else {
    adder.values.assign(layout.size(), 0);
    std::ranges::copy(newest, adder.values.begin());
    values = adder.values;
  }
  std::string_view row = frame.row;
  const bool taken = frame.old_row ? OldRowCodec::Decode(row, values) : RowCodec::Decode(row, values);
  if (!taken || !row.empty()) return absl::DataLossError("a row of the record");
  row = frame.row;
  if (packs_again) {
    adder.row.resize(RowCodec::MaxBytes(values.size()));
    const std::span<const RawValue> base = packs_on_newest ? newest : std::span<const RawValue>();
    const char* const end = RowCodec::Encode(base, values, adder.row.data());
    row = {adder.row.data(), static_cast<std::size_t>(end - adder.row.data())};
  }
  heads_.AddOwn(page, frame.vehicle,
                {.measure_time_ms = frame.measure_time_ms,
                 .layout = frame.layout,
                 .values = values,
                 .base = packs_on_newest ? PackedFrames::Base::kNewest : PackedFrames::Base::kZeros,
                 .row = row,
                 .sequence = frame.sequence},
                segment, adder.tally);
  ++adder.frame_count;
  return OkStatus();
}

}  // namespace telltale::internal
