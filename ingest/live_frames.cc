#include "ingest/live_frames.h"

#include <fmt/format.h>

namespace telltale {

struct LiveFrames::Watcher::State {
  std::vector<VehicleId> vehicles;
  std::function<void()> wake;

  Mutex mutex;
  std::deque<OwnedFrame> waiting ABSL_GUARDED_BY(mutex);
  std::uint64_t missed ABSL_GUARDED_BY(mutex) = 0;
};

LiveFrames::Watcher::~Watcher() { owner_.Remove(state_); }

std::optional<OwnedFrame> LiveFrames::Watcher::Next(std::uint64_t& missed) {
  MutexLock lock(state_->mutex);
  if (state_->waiting.empty()) return std::nullopt;
  OwnedFrame frame = std::move(state_->waiting.front());
  state_->waiting.pop_front();
  missed = std::exchange(state_->missed, 0);
  return frame;
}

bool LiveFrames::Watcher::ended() const { return owner_.ended_; }

StatusOr<std::unique_ptr<LiveFrames::Watcher>> LiveFrames::Watch(const std::vector<VehicleId>& vehicles,
                                                                 std::function<void()> wake) {
  auto state = std::make_shared<Watcher::State>();
  state->vehicles = vehicles;
  state->wake = std::move(wake);
  MutexLock lock(mutex_);
  if (watcher_count_ >= options_.watchers_max) {
    return absl::ResourceExhaustedError(
        fmt::format("{} watchers are open already (server.watchers_max); end one or try later", watcher_count_));
  }
  ++watcher_count_;
  watched_ = true;
  for (const VehicleId vehicle : vehicles) watchers_[vehicle].push_back(state);
  return std::unique_ptr<Watcher>(new Watcher(*this, std::move(state)));
}

void LiveFrames::Remove(const std::shared_ptr<Watcher::State>& state) {
  MutexLock lock(mutex_);
  for (const VehicleId vehicle : state->vehicles) {
    const auto it = watchers_.find(vehicle);
    if (it == watchers_.end()) continue;
    std::erase(it->second, state);
    if (it->second.empty()) watchers_.erase(it);
  }
  --watcher_count_;
  watched_ = watcher_count_ > 0;
}

void LiveFrames::EndAll() {
  ended_ = true;
  std::vector<std::shared_ptr<Watcher::State>> states;
  {
    MutexLock lock(mutex_);
    for (const auto& [vehicle, watching] : watchers_) states.insert(states.end(), watching.begin(), watching.end());
  }
  for (const auto& state : states) state->wake();
}

std::vector<OwnedFrame> LiveFrames::Capture(const FrameBatch& batch) const {
  std::vector<OwnedFrame> captured;
  if (!watched_) return captured;
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Frame frame = batch[i];
    if (!watchers_.contains(frame.vehicle_id)) continue;
    captured.push_back({frame.vehicle_id, frame.measure_time_ms, batch.layout_of(i),
                        std::vector<RawValue>(frame.values.begin(), frame.values.end())});
  }
  return captured;
}

void LiveFrames::Publish(std::span<const OwnedFrame> frames) {
  for (const OwnedFrame& frame : frames) {
    std::vector<std::shared_ptr<Watcher::State>> states;
    {
      MutexLock lock(mutex_);
      if (const auto it = watchers_.find(frame.vehicle_id); it != watchers_.end()) states = it->second;
    }
    for (const auto& state : states) {
      bool wake = false;
      {
        MutexLock lock(state->mutex);
        if (state->waiting.size() >= options_.frames_per_watcher_max) {
          state->waiting.pop_front();
          ++state->missed;
        }
        state->waiting.push_back(frame);
        wake = state->waiting.size() == 1;
      }
      // Outside the lock: the watcher takes its frames at once.
      if (wake) state->wake();
    }
  }
}

}  // namespace telltale
