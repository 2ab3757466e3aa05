#include "storage/rocksdb/head_set.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {

HeadSet::HeadSet(TelemetryDatabase& database, BlockWrites& writes, const Options& options)
    : database_(database), options_(options), sealer_(database, writes, vehicles_, options.sealer) {}

VehicleState& HeadSet::StateOf(VehicleTable::Page& page, VehicleId vehicle) {
  VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
  if (!state.loaded) [[unlikely]]
    Load(vehicle, state);
  return state;
}

StatusOr<LatestRow> HeadSet::ReadStored(VehicleId vehicle) const {
  rocksdb::PinnableSlice bytes;
  const rocksdb::Status read = database_.db->Get({}, database_.latest, LatestKey(vehicle), &bytes);
  RETURN_IF_ERROR(ToStatus(read, fmt::format("read the latest values of vehicle {}", vehicle)));
  auto row = LatestRow::Decode(ViewOf(bytes));
  if (row.ok()) return row;
  return Status(row.status().code(), fmt::format("vehicle {}: {}", vehicle, MessageOf(row.status())));
}

void HeadSet::Load(VehicleId vehicle, VehicleState& state) const {
  state.damage.reset();
  auto row = ReadStored(vehicle);
  // What cannot be read now may be readable later, and must not be written over: it is not loaded.
  state.loaded = row.ok() || absl::IsNotFound(row.status()) || absl::IsDataLoss(row.status());
  if (absl::IsNotFound(row.status())) return;
  if (row.ok()) {
    state.newest_time_ms = row->newest_time_ms;
    state.sealed_sequence = row->sealed_sequence;
    state.older = std::make_unique<LatestRow>(*std::move(row));
    return;
  }
  // Of a damaged row: the next sealing writes a sound one; until then whoever asks is told.
  spdlog::error("latest values cannot be read vehicle={} error=\"{}\"", vehicle, MessageOf(row.status()));
  state.damage = std::make_unique<const Status>(row.status());
}

StatusOr<LatestRow> HeadSet::LatestOf(VehicleId vehicle) {
  {
    VehicleTable::Page& page = vehicles_.PageOf(vehicle);
    MutexLock lock(page.mutex);
    const VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
    if (state.loaded) return state.Latest();
  }
  auto row = ReadStored(vehicle);
  return absl::IsNotFound(row.status()) ? LatestRow() : std::move(row);
}

StatusOr<VehicleExtent> HeadSet::ExtentOf(VehicleId vehicle) {
  {
    VehicleTable::Page& page = vehicles_.PageOf(vehicle);
    MutexLock lock(page.mutex);
    const VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
    if (state.damage != nullptr) return *state.damage;
    if (state.loaded) {
      VehicleExtent extent{.newest_time_ms = state.newest_time_ms, .rewrite_count = state.rewrite_count};
      if (state.rewritten_from_ms <= state.rewritten_to_ms) {
        extent.rewritten = {.from_ms = state.rewritten_from_ms, .to_ms = state.rewritten_to_ms + 1};
      }
      return extent;
    }
  }
  const auto row = ReadStored(vehicle);
  if (absl::IsNotFound(row.status())) return VehicleExtent();
  RETURN_IF_ERROR(row.status());
  return VehicleExtent{.newest_time_ms = row->newest_time_ms};
}

void HeadSet::ForgetRewrites(VehicleId vehicle, std::uint64_t rewrite_count) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  MutexLock lock(page.mutex);
  VehicleState& state = page.vehicles[VehicleTable::IndexOf(vehicle)];
  if (state.rewrite_count != rewrite_count) return;
  state.rewritten_from_ms = std::numeric_limits<std::int64_t>::max();
  state.rewritten_to_ms = std::numeric_limits<std::int64_t>::min();
}

std::vector<VehicleId> HeadSet::TakeNews(std::size_t limit) {
  std::vector<VehicleId> news;
  {
    MutexLock lock(news_mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit, news_.size()));
    news.assign(news_.begin(), news_.begin() + count);
    news_.erase(news_.begin(), news_.begin() + count);
  }
  for (const VehicleId vehicle : news) {
    VehicleTable::Page& page = vehicles_.PageOf(vehicle);
    MutexLock lock(page.mutex);
    page.vehicles[VehicleTable::IndexOf(vehicle)].is_news = false;
  }
  return news;
}

FrameRun HeadSet::UnsealedOf(VehicleId vehicle, TimeRange range) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  MutexLock lock(page.mutex);
  return page.vehicles[VehicleTable::IndexOf(vehicle)].Unsealed(range);
}

FrameChange HeadSet::AddTo(VehicleState& state, VehicleTable::Page& page, VehicleId vehicle,
                           const VehicleState::Addition& frame, std::uint32_t segment, Tally& tally) const {
  state.pending = 0;
  const bool begins = state.head.empty();
  const std::size_t bytes_before = state.head.size_bytes();
  const std::int64_t newest_time_ms = state.newest_time_ms;
  const FrameChange change = state.Add(vehicle, frame, tally.known_times);
  if (change == FrameChange::kRepeated) return change;
  if (!state.is_news && (!state.was_news || frame.measure_time_ms <= newest_time_ms ||
                         DayOf(frame.measure_time_ms) != DayOf(newest_time_ms))) {
    state.is_news = true;
    state.was_news = true;
    tally.news.push_back(vehicle);
  }
  for (const auto& column : page.columns) {
    column->Take(VehicleTable::IndexOf(vehicle), frame.measure_time_ms, **frame.layout, frame.values);
  }
  if (begins) {
    state.head_segment = segment;
    tally.begun.push_back({vehicle, state.head_generation, segment});
  }
  tally.bytes += state.head.size_bytes() - bytes_before;
  ++tally.frame_count;
  if (state.sealing == nullptr && IsFull(vehicle, state)) tally.full.push_back(vehicle);
  return change;
}

void HeadSet::Count(Tally& tally, Journal& journal) {
  for (const Begin& begin : tally.begun) journal.AddHead(begin.segment);
  begun_.insert(begun_.end(), tally.begun.begin(), tally.begun.end());
  head_count_ += tally.begun.size();
  full_.insert(full_.end(), tally.full.begin(), tally.full.end());
  if (!tally.news.empty()) {
    MutexLock lock(news_mutex_);
    news_.insert(news_.end(), tally.news.begin(), tally.news.end());
  }
  bytes_ += tally.bytes;
  frame_count_ += tally.frame_count;
  tally.begun.clear();
  tally.full.clear();
  tally.news.clear();
  tally.bytes = 0;
  tally.frame_count = 0;
}

bool HeadSet::IsFull(VehicleId vehicle, const VehicleState& state) const {
  const std::size_t frames = state.head.size();
  if (frames >= BlockCodec::kMaxFrames || state.head.value_count() >= (std::size_t{1} << 22)) return true;
  std::size_t enough = options_.frames_per_block;
  if (state.head_generation == 0) enough -= vehicle * 0x9E3779B97F4A7C15U % (enough / 2 + 1);
  return frames >= enough && state.head.value_count() >= options_.block_values_min;
}

bool HeadSet::Seal(VehicleId vehicle, std::optional<std::uint32_t> generation, std::uint64_t sequence) {
  VehicleTable::Page& page = vehicles_.PageOf(vehicle);
  std::shared_ptr<const SealingHead> frozen;
  {
    MutexLock lock(page.mutex);
    VehicleState& state = StateOf(page, vehicle);
    if (state.head.empty() || state.sealing != nullptr) return false;
    if (generation && state.head_generation != *generation) return false;
    frozen = state.Freeze(vehicle, sequence);
  }
  --head_count_;
  bytes_ -= frozen->frames.size_bytes();
  frame_count_ -= frozen->frames.size();
  sealer_.Add(std::move(frozen));
  return true;
}

void HeadSet::SealFull(std::uint64_t sequence) {
  for (const VehicleId vehicle : full_) Seal(vehicle, std::nullopt, sequence);
  full_.clear();
}

bool HeadSet::IsCurrent(const Begin& begin) {
  VehicleTable::Page& page = vehicles_.PageOf(begin.vehicle);
  MutexLock lock(page.mutex);
  return StateOf(page, begin.vehicle).head_generation == begin.generation;
}

bool HeadSet::IsSmall(const Begin& begin) {
  VehicleTable::Page& page = vehicles_.PageOf(begin.vehicle);
  MutexLock lock(page.mutex);
  const VehicleState& state = StateOf(page, begin.vehicle);
  return state.head_generation == begin.generation && 2 * head_count_ * state.head.size_bytes() < bytes_;
}

Status HeadSet::SealAll(std::uint64_t sequence) {
  RETURN_IF_ERROR(sealer_.Drain());  // so that no vehicle has a head on its way
  for (std::deque<Begin>* const heads : {&begun_, &passed_over_}) {
    for (const Begin& begin : *heads) Seal(begin.vehicle, begin.generation, sequence);
    heads->clear();
  }
  return sealer_.Drain();
}

}  // namespace telltale::internal
