#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "server/vehicle_folds.h"
#include "storage/telemetry_store.h"
#include "storage/vehicle_registry.h"

namespace telltale {

// Publishes the days of vehicles as they end, and restates those that late frames touch, without being asked: what was
// known at a time does not depend on who asked for it. One thread, which leaves most of its core to others.
// Thread-safe.
class DayPublisher {
 public:
  struct Options {
    double cpu_share_max = 0.5;  // of one core; above 0 and at most 1
    std::chrono::milliseconds interval{1000};
    // A vehicle is looked at no more often than this: late frames of a terminal come in many batches.
    std::chrono::milliseconds settle_after{15'000};
  };

  // What refers to something outlives the publisher.
  DayPublisher(TelemetryStore& telemetry, const VehicleRegistry& registry, VehicleFolds& folds, const Options& options);
  // Notes what is due, so that the next process goes on with it.
  ~DayPublisher();
  DayPublisher(const DayPublisher&) = delete;
  DayPublisher& operator=(const DayPublisher&) = delete;

  std::size_t backlog() const { return backlog_; }  // vehicles that wait

 private:
  void Run();
  bool Wait(std::chrono::milliseconds time);  // false: stop

  TelemetryStore& telemetry_;
  const VehicleRegistry& registry_;
  VehicleFolds& folds_;
  const Options options_;
  std::atomic<std::size_t> backlog_ = 0;

  Mutex mutex_;
  CondVar stop_requested_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace telltale
