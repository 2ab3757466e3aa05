#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "base/mutex.h"

namespace telltale {

// The system's files, failing as a test asks for. A write that fails leaves half of its bytes behind, a sync that fails
// leaves all of them, as a disk may. Thread-safe.
class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  enum class Operation { kCreate, kWrite, kSync, kDelete, kRename, kRead };
  // Not OK: the operation fails with it. Called by many threads at once; may take its time, as a slow disk.
  using Rule = std::function<rocksdb::IOStatus(Operation operation, const std::string& path)>;

  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  void Fail(Rule rule);
  void Heal() { Fail({}); }
  // Syncs still fail where they have to, but wait for no disk: no power loss follows.
  void SkipSyncs() { skips_syncs_ = true; }
  bool skips_syncs() const { return skips_syncs_; }
  // As a file system that knows only the page cache.
  void RefuseDirectWrites() { refuses_direct_writes_ = true; }
  // nullopt: what there really is.
  void SetFreeBytes(std::optional<std::uint64_t> bytes);

  // What the system's files answer to EIO and to ENOSPC.
  static rocksdb::IOStatus Broken(const std::string& path);
  static rocksdb::IOStatus Full(const std::string& path);

  rocksdb::IOStatus Check(Operation operation, const std::string& path) const;

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* bytes,
                                 rocksdb::IODebugContext* debug) override;

 private:
  std::atomic<bool> skips_syncs_ = false;
  std::atomic<bool> refuses_direct_writes_ = false;
  mutable Mutex mutex_;
  Rule rule_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> free_bytes_ ABSL_GUARDED_BY(mutex_);
};

// The system's files without syncs: a test's process may be killed, but the machine stays up, so these would only take
// time.
rocksdb::Env* UnsyncedEnv();

}  // namespace telltale
