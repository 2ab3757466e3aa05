#include "server/day_publisher.h"

#include <deque>
#include <unordered_set>
#include <vector>

#include "base/log.h"

namespace telltale {
namespace {

constexpr std::size_t kNewsPerRound = 100'000;

}  // namespace

DayPublisher::DayPublisher(TelemetryStore& telemetry, const VehicleRegistry& registry, VehicleFolds& folds,
                           const Options& options)
    : telemetry_(telemetry), registry_(registry), folds_(folds), options_(options), thread_([this] { Run(); }) {}

DayPublisher::~DayPublisher() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    stop_requested_.NotifyAll();
  }
  thread_.join();
  const auto marked = folds_.MarkLate(telemetry_.TakeNews(SIZE_MAX));
  if (!marked.ok()) spdlog::error("late frames are not noted, restate by hand: {}", marked.status().ToString());
}

bool DayPublisher::Wait(std::chrono::milliseconds time) {
  MutexLock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + time;
  while (!stopping_ && std::chrono::steady_clock::now() < until) stop_requested_.WaitUntil(mutex_, until);
  return !stopping_;
}

void DayPublisher::Run() {
  struct Waiting {
    VehicleId vehicle = 0;
    std::chrono::steady_clock::time_point due;
  };
  std::deque<Waiting> waiting;
  std::unordered_set<VehicleId> is_waiting;
  const auto add = [&](const std::vector<VehicleId>& vehicles, std::chrono::milliseconds delay) {
    const auto due = std::chrono::steady_clock::now() + delay;
    for (const VehicleId vehicle : vehicles) {
      if (is_waiting.insert(vehicle).second) waiting.push_back({vehicle, due});
    }
  };
  add(folds_.MarkedVehicles(), std::chrono::milliseconds(0));
  bool failed = false;
  while (Wait(failed ? 10 * options_.interval : options_.interval)) {
    failed = false;
    const std::vector<VehicleId> news = telemetry_.TakeNews(kNewsPerRound);
    add(news, options_.settle_after);
    if (const auto marked = folds_.MarkLate(news); !marked.ok()) {
      spdlog::warn("late frames are not noted yet: {}", marked.status().ToString());
    }
    const auto round_end = std::chrono::steady_clock::now() + options_.interval;
    while (!waiting.empty() && waiting.front().due <= std::chrono::steady_clock::now() &&
           std::chrono::steady_clock::now() < round_end) {
      backlog_ = waiting.size();
      const auto start = std::chrono::steady_clock::now();
      const auto vehicle = registry_.Get(waiting.front().vehicle);
      const Status status = vehicle.ok() ? folds_.Settle(*vehicle) : OkStatus();
      if (!status.ok()) {
        spdlog::warn("days are not published yet vehicle={} error=\"{}\"", waiting.front().vehicle, status.ToString());
        failed = true;
        waiting.push_back({waiting.front().vehicle, start + options_.settle_after});
      } else {
        is_waiting.erase(waiting.front().vehicle);
      }
      waiting.pop_front();
      if (failed) break;
      const auto worked =
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
      const auto rest = worked * ((1.0 - options_.cpu_share_max) / options_.cpu_share_max);
      if (rest > std::chrono::milliseconds(1)) std::this_thread::sleep_for(rest);
    }
    backlog_ = waiting.size();
  }
}

}  // namespace telltale
