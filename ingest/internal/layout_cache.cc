#include "ingest/internal/layout_cache.h"

#include <algorithm>

#include "base/check.h"

namespace telltale {

bool LayoutCache::Equal::operator()(std::span<const SignalId> a, std::span<const SignalId> b) const {
  return std::ranges::equal(a, b);
}

const std::shared_ptr<const Layout>& LayoutCache::Get(std::span<const SignalId> signals) {
  if (const auto found = layouts_.find(signals); found != layouts_.end()) return found->second;
  if (layouts_.size() == kMaxLayouts) layouts_.clear();
  std::vector<SignalId> key(signals.begin(), signals.end());
  auto layout = Layout::Create(key);
  CHECK(layout.ok());
  return layouts_.emplace(std::move(key), *std::move(layout)).first->second;
}

}  // namespace telltale
