#include "storage/rocksdb/retryable_file_system.h"

#include <string>
#include <utility>

namespace telltale::internal {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus Retryable(const IOStatus& status) {
  if (!status.IsIOError() || status.IsPathNotFound()) return status;
  // Of its own kind, as RocksDB leaves a full disk to a part of it that we do without.
  IOStatus retryable = IOStatus::IOError(status.getState() != nullptr ? status.getState() : "");
  retryable.SetRetryable(true);
  return retryable;
}

class RetryableWritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const Slice& bytes, const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Append(bytes, options, debug));
  }
  IOStatus Append(const Slice& bytes, const IOOptions& options, const rocksdb::DataVerificationInfo& info,
                  IODebugContext* debug) override {
    return Retryable(target()->Append(bytes, options, info, debug));
  }
  IOStatus PositionedAppend(const Slice& bytes, std::uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    return Retryable(target()->PositionedAppend(bytes, offset, options, debug));
  }
  IOStatus PositionedAppend(const Slice& bytes, std::uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return Retryable(target()->PositionedAppend(bytes, offset, options, info, debug));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Flush(options, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Fsync(options, debug));
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t size, const IOOptions& options,
                     IODebugContext* debug) override {
    return Retryable(target()->RangeSync(offset, size, options, debug));
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Truncate(size, options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->Close(options, debug));
  }
};

class RetryableDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  using FSDirectoryWrapper::FSDirectoryWrapper;

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Retryable(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& how) override {
    return Retryable(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how));
  }
};

class RetryableFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "RetryableFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus status = target()->NewWritableFile(path, options, file, debug);
    if (status.ok()) *file = std::make_unique<RetryableWritableFile>(std::move(*file));
    return Retryable(status);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) override {
    IOStatus status = target()->NewDirectory(path, options, directory, debug);
    if (status.ok()) *directory = std::make_unique<RetryableDirectory>(std::move(*directory));
    return Retryable(status);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return Retryable(target()->RenameFile(from, to, options, debug));
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    return Retryable(target()->DeleteFile(path, options, debug));
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeRetryable(const std::shared_ptr<rocksdb::FileSystem>& files) {
  return std::make_shared<RetryableFileSystem>(files);
}

}  // namespace telltale::internal
