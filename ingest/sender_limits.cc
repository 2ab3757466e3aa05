#include "ingest/sender_limits.h"

#include <algorithm>

namespace telltale {

Status Validate(const SenderLimitOptions& options) {
  if (options.burst.count() < 1) return absl::InvalidArgumentError("ingest.sender_burst_s must be at least 1");
  return OkStatus();
}

std::chrono::milliseconds SenderLimit::Delay(Clock::time_point now) const {
  const Clock::duration debt = used_up_until_.load() - now.time_since_epoch();
  if (debt < options_.burst) return {};
  return std::chrono::ceil<std::chrono::milliseconds>(debt - options_.burst / 2.0);
}

void SenderLimit::Count(std::uint64_t frames, Clock::time_point now) {
  const auto takes = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(frames) / static_cast<double>(options_.frames_per_second_max)));
  Clock::duration until = used_up_until_.load();
  while (!used_up_until_.compare_exchange_weak(until, std::max(until, now.time_since_epoch()) + takes)) {
  }
}

std::shared_ptr<SenderLimit> SenderLimits::Of(const std::string& sender) {
  if (options_.frames_per_second_max == 0) return nullptr;
  MutexLock lock(mutex_);
  if (senders_.size() >= size_to_tidy_) {
    const auto now = SenderLimit::Clock::now();
    std::erase_if(senders_,
                  [now](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(now); });
    size_to_tidy_ = std::max(size_to_tidy_, 2 * senders_.size());
  }
  std::shared_ptr<SenderLimit>& limit = senders_[sender];
  if (limit == nullptr) limit = std::make_shared<SenderLimit>(options_);
  return limit;
}

}  // namespace telltale
