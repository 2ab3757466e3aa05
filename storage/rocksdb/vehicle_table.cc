#include "storage/rocksdb/vehicle_table.h"

#include <algorithm>
#include <utility>

namespace telltale::internal {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kNewestBytes = 27 * kCacheLine;  // 432 values; asking for more than a row has does no harm

void PrefetchBytes(const void* begin, std::size_t size) {
  for (std::size_t i = 0; i < size; i += kCacheLine) __builtin_prefetch(static_cast<const char*>(begin) + i, 1);
}

}  // namespace

bool KnownTimes::Has(VehicleId vehicle, const VehicleState& state, std::int64_t time_ms) {
  if (vehicle_ != vehicle || head_generation_ != state.head_generation) {
    vehicle_ = vehicle;
    head_generation_ = state.head_generation;
    times_ms_.clear();
    state.head.AppendTimes(times_ms_);
    if (state.sealing != nullptr) state.sealing->frames.AppendTimes(times_ms_);
    std::ranges::sort(times_ms_);
  }
  return std::ranges::binary_search(times_ms_, time_ms);
}

void KnownTimes::Took(VehicleId vehicle, std::int64_t time_ms) {
  if (vehicle_ == vehicle) times_ms_.insert(std::ranges::upper_bound(times_ms_, time_ms), time_ms);
}

FrameChange VehicleState::Add(VehicleId vehicle, const Addition& frame, KnownTimes& known_times) {
  const bool in_order = frame.measure_time_ms > newest_time_ms;
  FrameChange change = FrameChange::kNew;
  if (!in_order) {
    const auto may_have_it = [&frame](const PackedFrames& frames) {
      return !frames.empty() && frame.measure_time_ms >= frames.first_time_ms() &&
             frame.measure_time_ms <= frames.newest_time_ms();
    };
    if ((may_have_it(head) || (sealing != nullptr && may_have_it(sealing->frames))) &&
        known_times.Has(vehicle, *this, frame.measure_time_ms)) {
      FrameRun present = Unsealed();  // slow, and rare
      change = PutFrame(frame.measure_time_ms, *frame.layout, frame.values, present);
      if (change == FrameChange::kRepeated) return change;
    }
    ++rewrite_count;
    rewritten_from_ms = std::min(rewritten_from_ms, frame.measure_time_ms);
    rewritten_to_ms = std::max(rewritten_to_ms, frame.measure_time_ms);
  }
  head.Add(frame.measure_time_ms, *frame.layout, frame.base, frame.row);
  known_times.Took(vehicle, frame.measure_time_ms);
  if (in_order) {
    if (newest_layout != nullptr && newest_layout != *frame.layout && !(*newest_layout == **frame.layout)) FoldNewest();
    SetNewest(frame);
    newest_in_head = true;
  } else if (frame.measure_time_ms == newest_time_ms) {
    // Written over the newest frame: what the next one is packed against is no longer what the head has.
    FoldNewest();
    if (older == nullptr) older = std::make_unique<LatestRow>();
    older->Merge(frame.measure_time_ms, **frame.layout, frame.values);
    newest_in_head = false;
  } else if (newest_layout == nullptr || !(*newest_layout == **frame.layout)) {
    if (older == nullptr) older = std::make_unique<LatestRow>();
    older->Merge(frame.measure_time_ms, **frame.layout, frame.values);
  }
  return change;
}

void VehicleState::SetNewest(const Addition& frame) {
  if (newest_layout == nullptr || newest_layout->size() != frame.values.size()) {
    const std::size_t bytes = frame.values.size_bytes();
    newest_values = HugeRow(static_cast<RawValue*>(HugeMemory::Take(bytes)), {frame.values.size()});
  }
  if (newest_layout == nullptr) {
    // The first frame after loading or folding makes most of `older` old.
    if (older != nullptr) older->Remove(**frame.layout);
    if (older != nullptr && older->values.empty()) older.reset();
  }
  if (newest_layout != *frame.layout) newest_layout = *frame.layout;
  if (frame.values.data() != newest_values.get()) std::ranges::copy(frame.values, newest_values.get());
  newest_time_ms = frame.measure_time_ms;
  newest_sequence = frame.sequence;
}

void VehicleState::FoldNewest() {
  if (newest_layout == nullptr) return;
  if (older == nullptr) older = std::make_unique<LatestRow>();
  older->Merge(newest_time_ms, *newest_layout, {newest_values.get(), newest_layout->size()});
  newest_layout.reset();
  newest_values.reset();
}

StatusOr<LatestRow> VehicleState::Latest() const {
  if (damage != nullptr) return *damage;
  LatestRow row;
  if (older != nullptr) row = *older;
  if (newest_layout != nullptr) {
    row.Merge(newest_time_ms, *newest_layout, {newest_values.get(), newest_layout->size()});
  }
  row.newest_time_ms = newest_time_ms;
  return row;
}

LatestValue VehicleState::LatestOf(SignalId signal) const {
  if (newest_layout != nullptr) {
    if (const auto position = newest_layout->PositionOf(signal)) {
      return {.signal = signal, .raw = newest_values[*position], .measure_time_ms = newest_time_ms};
    }
  }
  const LatestValue* const value = older != nullptr ? older->Find(signal) : nullptr;
  if (value != nullptr) return *value;
  return {.signal = signal, .raw = kAbsent, .measure_time_ms = std::numeric_limits<std::int64_t>::min()};
}

FrameRun VehicleState::Unsealed(TimeRange range) const {
  const auto overlaps = [range](const PackedFrames& frames) {
    return !frames.empty() && frames.first_time_ms() < range.to_ms && frames.newest_time_ms() >= range.from_ms;
  };
  FrameRun frames;
  if (overlaps(head)) head.Unpack(frames);
  if (sealing == nullptr || !overlaps(sealing->frames)) return frames;
  FrameRun all = sealing->frames.Unpack();
  for (std::size_t i = 0; i < frames.size(); ++i) PutFrame(frames.time_ms(i), frames.layout(i), frames.values(i), all);
  return all;
}

std::shared_ptr<const SealingHead> VehicleState::Freeze(VehicleId vehicle, std::uint64_t sequence) {
  auto frozen = std::make_shared<SealingHead>();
  frozen->vehicle = vehicle;
  frozen->frames = std::exchange(head, PackedFrames());
  damage.reset();  // what was lost of the latest values is lost; the row that is written now is sound
  frozen->latest = *Latest();
  frozen->latest.sealed_sequence = sequence;
  frozen->segment = head_segment;
  sealing = frozen;
  newest_in_head = false;
  ++head_generation;
  return frozen;
}

VehicleTable::VehicleTable() : pages_((std::size_t{1} << 32) / kVehiclesPerPage) {}

VehicleTable::~VehicleTable() {
  for (std::atomic<Page*>& page : pages_) delete page.load();
}

VehicleTable::Page& VehicleTable::PageOf(VehicleId vehicle) {
  std::atomic<Page*>& slot = pages_[vehicle / kVehiclesPerPage];
  Page* page = slot.load(std::memory_order_acquire);
  if (page != nullptr) [[likely]]
    return *page;
  auto made = std::make_unique<Page>();
  if (slot.compare_exchange_strong(page, made.get(), std::memory_order_acq_rel)) page = made.release();
  const std::size_t wanted = vehicle / kVehiclesPerPage + 1;
  for (std::size_t count = page_count_; count < wanted && !page_count_.compare_exchange_weak(count, wanted);) {
  }
  return *page;
}

void VehicleTable::PrefetchState(VehicleId vehicle) const {
  const Page* const page = pages_[vehicle / kVehiclesPerPage].load(std::memory_order_acquire);
  if (page != nullptr) PrefetchBytes(&page->vehicles[IndexOf(vehicle)], sizeof(VehicleState));
}

void VehicleTable::PrefetchNewest(VehicleId vehicle) const {
  const Page* const page = pages_[vehicle / kVehiclesPerPage].load(std::memory_order_acquire);
  if (page == nullptr) return;
  const VehicleState& state = page->vehicles[IndexOf(vehicle)];
  state.head.PrefetchEnd();
  if (state.newest_values != nullptr) PrefetchBytes(state.newest_values.get(), kNewestBytes);
}

}  // namespace telltale::internal
