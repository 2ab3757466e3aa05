#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/status.h"

namespace telltale {

struct SenderLimitOptions {
  std::uint64_t frames_per_second_max = 0;  // of one sender, in all its streams; 0: no limit
  std::chrono::seconds burst{10};           // so many seconds' worth may come at once
};

// Errors: INVALID_ARGUMENT.
Status Validate(const SenderLimitOptions& options);

// How much one sender has sent of late. Thread-safe.
class SenderLimit {
 public:
  using Clock = std::chrono::steady_clock;

  explicit SenderLimit(const SenderLimitOptions& options) : options_(options) {}

  // Zero: the sender may send; else for how long not, after which half of a burst may come.
  std::chrono::milliseconds Delay(Clock::time_point now) const;
  // So many frames came, whatever became of them.
  void Count(std::uint64_t frames, Clock::time_point now);
  // As a sender that was never heard of.
  bool idle(Clock::time_point now) const { return used_up_until_.load() <= now.time_since_epoch(); }

 private:
  const SenderLimitOptions options_;
  std::atomic<Clock::duration> used_up_until_{Clock::duration::zero()};  // what was sent takes so long at the rate
};

// The limits of all senders; those that are idle are forgotten. Thread-safe.
class SenderLimits {
 public:
  explicit SenderLimits(const SenderLimitOptions& options) : options_(options) {}

  // Null: there is no limit.
  std::shared_ptr<SenderLimit> Of(const std::string& sender);

 private:
  const SenderLimitOptions options_;
  Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<SenderLimit>> senders_ ABSL_GUARDED_BY(mutex_);
  std::size_t size_to_tidy_ ABSL_GUARDED_BY(mutex_) = 1024;
};

}  // namespace telltale
