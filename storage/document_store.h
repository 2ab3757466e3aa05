#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace telltale {

// A change of one document; no value: delete it.
struct DocumentWrite {
  std::string key;
  std::optional<std::string> value;
};

// Small records: vehicles, faults, grants, trips, rollups, advice, audit. Keys are bytes in lexicographic order; by
// custom
// "<collection>/<id>", integers big-endian, so that a prefix scan lists a collection in order. Thread-safe.
class DocumentStore {
 public:
  using DocumentFunction = std::function<bool(std::string_view key, std::string_view value)>;  // false: stop

  virtual ~DocumentStore() = default;

  // All or none; durable when it returns. Errors: UNAVAILABLE the disk does not take writes.
  virtual Status Write(const std::vector<DocumentWrite>& writes) = 0;

  // Errors: NOT_FOUND.
  virtual StatusOr<std::string> Get(std::string_view key) = 0;

  // Documents whose key begins with `prefix`, in order, beginning after `after` (empty: with the first).
  virtual Status Scan(std::string_view prefix, std::string_view after, const DocumentFunction& visit) = 0;
};

}  // namespace telltale
