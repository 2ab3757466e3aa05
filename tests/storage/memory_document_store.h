#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "storage/document_store.h"

namespace telltale {

// A DocumentStore for tests of what is built on one: held in memory, counts writes, and fails them when told to. It
// passes the same conformance tests as the real ones. Thread-safe.
class MemoryDocumentStore : public DocumentStore {
 public:
  Status Write(const std::vector<DocumentWrite>& writes) override {
    MutexLock lock(mutex_);
    if (!write_error_.ok()) return write_error_;
    ++write_count_;
    for (const DocumentWrite& write : writes) {
      if (write.value) {
        documents_[write.key] = *write.value;
      } else {
        documents_.erase(write.key);
      }
    }
    return OkStatus();
  }

  StatusOr<std::string> Get(std::string_view key) override {
    MutexLock lock(mutex_);
    const auto it = documents_.find(key);
    if (it == documents_.end()) return absl::NotFoundError("no such document");
    return it->second;
  }

  Status Scan(std::string_view prefix, std::string_view after, const DocumentFunction& visit) override {
    const auto documents = Copy();
    for (auto it = documents.lower_bound(prefix); it != documents.end() && it->first.starts_with(prefix); ++it) {
      if (!after.empty() && it->first <= after) continue;
      if (!visit(it->first, it->second)) break;
    }
    return OkStatus();
  }

  void FailWrites(Status error) {
    MutexLock lock(mutex_);
    write_error_ = std::move(error);
  }

  int write_count() const {
    MutexLock lock(mutex_);
    return write_count_;
  }

 private:
  using Documents = std::map<std::string, std::string, std::less<>>;

  Documents Copy() const {
    MutexLock lock(mutex_);
    return documents_;
  }

  mutable Mutex mutex_;
  Documents documents_ ABSL_GUARDED_BY(mutex_);
  Status write_error_ ABSL_GUARDED_BY(mutex_);
  int write_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace telltale
