#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace telltale {

// The time by our own clock. Dependencies take a Clock so that tests can set it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Milliseconds since 1970-01-01T00:00:00Z.
  virtual std::int64_t NowMs() const = 0;
};

class SystemClock : public Clock {
 public:
  std::int64_t NowMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// Stands still until it is set.
class FakeClock : public Clock {
 public:
  explicit FakeClock(std::int64_t now_ms) : now_ms_(now_ms) {}
  std::int64_t NowMs() const override { return now_ms_; }
  void Set(std::int64_t now_ms) { now_ms_ = now_ms; }
  void Advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

}  // namespace telltale
