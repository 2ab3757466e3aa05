#include "storage/rocksdb/disk_space.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace telltale::internal {

DiskSpace::DiskSpace(rocksdb::Env& env, const std::string& path, std::uint64_t free_bytes_min)
    : env_(env), path_(path), free_bytes_min_(free_bytes_min) {}

Status DiskSpace::Check() {
  if (free_bytes_min_ == 0) return OkStatus();
  const std::uint64_t wanted = free_bytes_min_ + (too_little_ ? free_bytes_min_ / 10 : 0);
  std::uint64_t free_bytes = 0;
  too_little_ = env_.GetFileSystem()->GetFreeSpace(path_, {}, &free_bytes, nullptr).ok() && free_bytes < wanted;
  if (!too_little_) return OkStatus();
  return absl::UnavailableError(
      fmt::format("{} bytes are free on the disk of {}, {} are wanted: "
                  "store.disk_free_bytes_min is {}",
                  free_bytes, path_, wanted, free_bytes_min_));
}

}  // namespace telltale::internal
