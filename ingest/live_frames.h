#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "catalog/frame.h"

namespace telltale {

// A frame that owns its values.
struct OwnedFrame {
  VehicleId vehicle_id = 0;
  std::int64_t measure_time_ms = 0;
  std::shared_ptr<const Layout> layout;
  std::vector<RawValue> values;
};

// Hands frames, once they are durable, to those who watch their vehicles. A watcher that is slow loses the oldest
// frames and learns how many; nobody waits for it. Thread-safe. Frames of vehicles that nobody watches cost one atomic
// load a batch.
class LiveFrames {
 public:
  struct Options {
    std::size_t watchers_max = 1'000;
    std::size_t frames_per_watcher_max = 256;  // waiting for one slow watcher
  };

  // One watcher. Ends its watch when it is destroyed. Thread-safe.
  class Watcher {
   public:
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    // The oldest frame that waits; nullopt: none. `missed` is set to the frames left out since the last call that gave
    // one.
    std::optional<OwnedFrame> Next(std::uint64_t& missed);

    // True once EndAll() was called: nothing more will come.
    bool ended() const;

   private:
    friend class LiveFrames;
    struct State;
    Watcher(LiveFrames& owner, std::shared_ptr<State> state) : owner_(owner), state_(std::move(state)) {}
    LiveFrames& owner_;
    std::shared_ptr<State> state_;
  };

  explicit LiveFrames(Options options) : options_(options) {}

  // `wake` is called, from a thread of the store, when a frame waits that did not before; it must be quick. It may
  // still be called for a moment after the watcher was destroyed: capture what it needs weakly. Errors:
  // RESOURCE_EXHAUSTED more than watchers_max watchers.
  StatusOr<std::unique_ptr<Watcher>> Watch(const std::vector<VehicleId>& vehicles, std::function<void()> wake);

  // Tells every watcher, and each that comes later, that nothing more will come. For a graceful stop.
  void EndAll();

  // Copies the frames of `batch` that somebody watches, to be published when they are durable.
  std::vector<OwnedFrame> Capture(const FrameBatch& batch) const;
  void Publish(std::span<const OwnedFrame> frames);

 private:
  void Remove(const std::shared_ptr<Watcher::State>& state);

  const Options options_;
  mutable Mutex mutex_;
  std::unordered_map<VehicleId, std::vector<std::shared_ptr<Watcher::State>>> watchers_ ABSL_GUARDED_BY(mutex_);
  std::size_t watcher_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> watched_ = false;
  std::atomic<bool> ended_ = false;
};

}  // namespace telltale
