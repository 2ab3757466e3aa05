#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace rocksdb {
class Env;
}

namespace telltale::internal {

// Whether the store's disk has as much free space as it shall keep. Not thread-safe: the committer's own.
class DiskSpace {
 public:
  // `env` outlives it. `free_bytes_min` of 0: any is enough.
  DiskSpace(rocksdb::Env& env, const std::string& path, std::uint64_t free_bytes_min);

  // Errors: UNAVAILABLE there is less, both are named. After that a tenth more is wanted, so that a disk at its limit
  // is not taken for a well one and a full one by turns. A file system that does not tell has enough.
  Status Check();

 private:
  rocksdb::Env& env_;
  const std::string path_;
  const std::uint64_t free_bytes_min_;
  bool too_little_ = false;
};

}  // namespace telltale::internal
