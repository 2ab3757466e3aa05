#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/status.h"
#include "ingest/pipeline.h"

namespace telltale {

// One CheckedLayout for all streams that send the same signals: terminals of a kind all do. Those that no stream has
// any more are forgotten. Thread-safe.
class CheckedLayouts {
 public:
  // Errors: those of CheckedLayout::Create.
  StatusOr<std::shared_ptr<const CheckedLayout>> Get(const Catalog& catalog, std::span<const std::uint32_t> signal_ids);

 private:
  Mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const CheckedLayout>> layouts_
      ABSL_GUARDED_BY(mutex_);  // by ids' bytes
  std::size_t size_to_tidy_ ABSL_GUARDED_BY(mutex_) = 64;
};

}  // namespace telltale
