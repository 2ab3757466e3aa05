#include "ingest/checked_layouts.h"

#include <algorithm>

namespace telltale {

StatusOr<std::shared_ptr<const CheckedLayout>> CheckedLayouts::Get(const Catalog& catalog,
                                                                   std::span<const std::uint32_t> signal_ids) {
  const std::string key(reinterpret_cast<const char*>(signal_ids.data()), signal_ids.size_bytes());
  {
    MutexLock lock(mutex_);
    const auto known = layouts_.find(key);
    if (known != layouts_.end()) {
      if (auto layout = known->second.lock()) return layout;
    }
  }
  ASSIGN_OR_RETURN(CheckedLayout created, CheckedLayout::Create(catalog, signal_ids));
  auto layout = std::make_shared<const CheckedLayout>(std::move(created));
  MutexLock lock(mutex_);
  if (layouts_.size() >= size_to_tidy_) {
    std::erase_if(layouts_, [](const auto& entry) { return entry.second.expired(); });
    size_to_tidy_ = std::max(size_to_tidy_, 2 * layouts_.size());
  }
  std::weak_ptr<const CheckedLayout>& known = layouts_[key];
  if (auto other = known.lock()) return other;  // another stream was faster
  known = layout;
  return layout;
}

}  // namespace telltale
