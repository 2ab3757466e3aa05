#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/frame.h"

namespace telltale {

// One Layout for each sequence of signals that comes again and again, so that frames share it. Not thread-safe.
class LayoutCache {
 public:
  // A truck's bus gives some hundred; a file made to hurt could give any number. Beyond it, the cache begins anew.
  static constexpr std::size_t kMaxLayouts = 1024;

  // `signals` is what Layout::Create takes.
  const std::shared_ptr<const Layout>& Get(std::span<const SignalId> signals);

  std::size_t size() const { return layouts_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::span<const SignalId> signals) const {
      return std::hash<std::string_view>{}(
          {reinterpret_cast<const char*>(signals.data()), signals.size() * sizeof(SignalId)});
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::span<const SignalId> a, std::span<const SignalId> b) const;
  };
  std::unordered_map<std::vector<SignalId>, std::shared_ptr<const Layout>, Hash, Equal> layouts_;
};

}  // namespace telltale
