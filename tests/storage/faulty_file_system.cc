#include "tests/storage/faulty_file_system.h"

#include <utility>

namespace telltale {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using Operation = FaultyFileSystem::Operation;

class FaultyWritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWritableFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path, const FaultyFileSystem& files)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), files_(files) {}

  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options, IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kWrite, path_);
    if (fault.ok()) return target()->Append(bytes, options, debug);
    target()->Append({bytes.data(), bytes.size() / 2}, options, debug).PermitUncheckedError();
    return fault;
  }
  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(bytes, options, debug);
  }
  // Around the page cache: whole pages only.
  IOStatus PositionedAppend(const rocksdb::Slice& bytes, std::uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kWrite, path_);
    if (fault.ok()) return target()->PositionedAppend(bytes, offset, options, debug);
    constexpr std::size_t kPageBytes = 4096;
    const rocksdb::Slice half(bytes.data(), bytes.size() / 2 / kPageBytes * kPageBytes);
    target()->PositionedAppend(half, offset, options, debug).PermitUncheckedError();
    return fault;
  }
  IOStatus PositionedAppend(const rocksdb::Slice& bytes, std::uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
    return PositionedAppend(bytes, offset, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kSync, path_);
    return fault.ok() && !files_.skips_syncs() ? target()->Sync(options, debug) : fault;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

 private:
  const std::string path_;
  const FaultyFileSystem& files_;
};

class FaultyRandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultyRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, std::string path,
                         const FaultyFileSystem& files)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), path_(std::move(path)), files_(files) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) const override {
    IOStatus fault = files_.Check(Operation::kRead, path_);
    return fault.ok() ? target()->Read(offset, size, options, result, scratch, debug) : fault;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kRead, path_);
    return fault.ok() ? target()->MultiRead(requests, count, options, debug) : fault;
  }

 private:
  const std::string path_;
  const FaultyFileSystem& files_;
};

class FaultySequentialFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultySequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> file, std::string path, const FaultyFileSystem& files)
      : FSSequentialFileOwnerWrapper(std::move(file)), path_(std::move(path)), files_(files) {}

  IOStatus Read(std::size_t size, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kRead, path_);
    return fault.ok() ? target()->Read(size, options, result, scratch, debug) : fault;
  }

 private:
  const std::string path_;
  const FaultyFileSystem& files_;
};

class FaultyDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string path, const FaultyFileSystem& files)
      : FSDirectoryWrapper(std::move(directory)), path_(std::move(path)), files_(files) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus fault = files_.Check(Operation::kSync, path_);
    return fault.ok() && !files_.skips_syncs() ? FSDirectoryWrapper::Fsync(options, debug) : fault;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& how) override {
    IOStatus fault = files_.Check(Operation::kSync, path_);
    return fault.ok() && !files_.skips_syncs() ? FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how) : fault;
  }

 private:
  const std::string path_;
  const FaultyFileSystem& files_;
};

// Wraps what an operation opened, unless it failed.
template <typename Faulty, typename File>
IOStatus Wrapped(IOStatus opened, const std::string& path, const FaultyFileSystem& files, std::unique_ptr<File>* file) {
  if (opened.ok()) *file = std::make_unique<Faulty>(std::move(*file), path, files);
  return opened;
}

}  // namespace

void FaultyFileSystem::Fail(Rule rule) {
  MutexLock lock(mutex_);
  rule_ = std::move(rule);
}

void FaultyFileSystem::SetFreeBytes(std::optional<std::uint64_t> bytes) {
  MutexLock lock(mutex_);
  free_bytes_ = bytes;
}

IOStatus FaultyFileSystem::Broken(const std::string& path) {
  return IOStatus::IOError("While the disk is broken: " + path, "Input/output error");
}

IOStatus FaultyFileSystem::Full(const std::string& path) {
  IOStatus status = IOStatus::NoSpace("While the disk is full: " + path, "No space left on device");
  status.SetRetryable(true);
  return status;
}

IOStatus FaultyFileSystem::Check(Operation operation, const std::string& path) const {
  Rule rule;
  {
    MutexLock lock(mutex_);
    rule = rule_;
  }
  return rule ? rule(operation, path) : IOStatus::OK();
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (options.use_direct_writes && refuses_direct_writes_) return IOStatus::InvalidArgument(path, "Invalid argument");
  if (IOStatus fault = Check(Operation::kCreate, path); !fault.ok()) return fault;
  return Wrapped<FaultyWritableFile>(target()->NewWritableFile(path, options, file, debug), path, *this, file);
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                               IODebugContext* debug) {
  if (IOStatus fault = Check(Operation::kRead, path); !fault.ok()) return fault;
  return Wrapped<FaultyRandomAccessFile>(target()->NewRandomAccessFile(path, options, file, debug), path, *this, file);
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext* debug) {
  if (IOStatus fault = Check(Operation::kRead, path); !fault.ok()) return fault;
  return Wrapped<FaultySequentialFile>(target()->NewSequentialFile(path, options, file, debug), path, *this, file);
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) {
  return Wrapped<FaultyDirectory>(target()->NewDirectory(path, options, directory, debug), path, *this, directory);
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) {
  IOStatus fault = Check(Operation::kDelete, path);
  return fault.ok() ? target()->DeleteFile(path, options, debug) : fault;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  IOStatus fault = Check(Operation::kRename, to);
  return fault.ok() ? target()->RenameFile(from, to, options, debug) : fault;
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* bytes,
                                        IODebugContext* debug) {
  MutexLock lock(mutex_);
  if (!free_bytes_) return target()->GetFreeSpace(path, options, bytes, debug);
  *bytes = *free_bytes_;
  return IOStatus::OK();
}

rocksdb::Env* UnsyncedEnv() {
  static const std::unique_ptr<rocksdb::Env> env = [] {
    const auto files = std::make_shared<FaultyFileSystem>();
    files->SkipSyncs();
    return rocksdb::NewCompositeEnv(files);
  }();
  return env.get();
}

}  // namespace telltale
