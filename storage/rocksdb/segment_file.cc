#include "storage/rocksdb/segment_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <rocksdb/file_system.h>

namespace telltale::internal {
namespace {

constexpr std::size_t kPageBytes = PageBuffer::kPageBytes;
constexpr std::size_t kReadBytes = std::size_t{4} << 20;

std::size_t WholePages(std::size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

rocksdb::IOStatus NewFile(rocksdb::FileSystem& files, const std::string& path, bool direct,
                          std::unique_ptr<rocksdb::FSWritableFile>& file) {
  rocksdb::FileOptions options;
  options.use_mmap_writes = false;
  options.use_direct_writes = direct;
  return files.NewWritableFile(path, options, &file, nullptr);
}

}  // namespace

void PageBuffer::Free::operator()(char* memory) const { std::free(memory); }

void PageBuffer::Reserve(std::size_t bytes) {
  const std::size_t whole = WholePages(bytes);
  if (whole <= capacity) return;
  std::unique_ptr<char[], Free> larger(static_cast<char*>(std::aligned_alloc(kPageBytes, whole)));
  if (larger == nullptr) throw std::bad_alloc();
  if (size > 0) std::memcpy(larger.get(), pages.get(), size);
  pages = std::move(larger);
  capacity = whole;
}

SegmentFile::SegmentFile(std::unique_ptr<rocksdb::FSWritableFile> file, bool direct)
    : file_(std::move(file)), direct_(direct) {}

SegmentFile::~SegmentFile() {
  if (direct_) file_->Truncate(size_bytes_, {}, nullptr).PermitUncheckedError();
  file_->Close({}, nullptr).PermitUncheckedError();
}

rocksdb::IOStatus SegmentFile::Make(rocksdb::FileSystem& files, const std::string& path, bool direct,
                                    std::size_t preallocate_bytes, std::unique_ptr<SegmentFile>& made) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = NewFile(files, path, direct, file);
  if (!status.ok()) return status;
  file->SetPreallocationBlockSize(preallocate_bytes);
  made.reset(new SegmentFile(std::move(file), direct));
  return status;
}

rocksdb::IOStatus SegmentFile::Append(std::string_view bytes) {
  file_->PrepareWrite(size_bytes_, bytes.size(), {}, nullptr);
  rocksdb::IOStatus status = direct_ ? AppendPages(bytes) : file_->Append({bytes.data(), bytes.size()}, {}, nullptr);
  if (status.ok()) status = file_->Sync({}, nullptr);
  if (status.ok()) size_bytes_ += bytes.size();
  return status;
}

rocksdb::IOStatus SegmentFile::AppendPages(std::string_view bytes) {
  const std::uint64_t begin = size_bytes_ - tail_.size;
  const std::size_t end = tail_.size + bytes.size();
  const std::size_t whole = WholePages(end);
  tail_.Reserve(whole);
  char* const pages = tail_.pages.get();
  std::ranges::copy(bytes, pages + tail_.size);
  std::memset(pages + end, 0, whole - end);
  const rocksdb::IOStatus status = file_->PositionedAppend({pages, whole}, begin, {}, nullptr);
  const std::size_t last = end / kPageBytes * kPageBytes;
  tail_.size = end - last;
  if (last > 0) std::memcpy(pages, pages + last, tail_.size);
  return status;
}

rocksdb::IOStatus ReadSegmentFile(rocksdb::FileSystem& files, const std::string& path, bool direct, PageBuffer& bytes) {
  rocksdb::FileOptions options;
  options.use_mmap_reads = false;
  options.use_direct_reads = direct;
  std::uint64_t size = 0;
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  rocksdb::IOStatus status = files.GetFileSize(path, {}, &size, nullptr);
  if (status.ok()) status = files.NewRandomAccessFile(path, options, &file, nullptr);
  bytes.size = 0;
  bytes.Reserve(size);
  while (status.ok() && bytes.size < size) {
    char* const to = bytes.pages.get() + bytes.size;
    rocksdb::Slice read;
    status = file->Read(bytes.size, std::min(kReadBytes, WholePages(size) - bytes.size), {}, &read, to, nullptr);
    if (!status.ok() || read.empty()) break;
    if (read.data() != to) std::memcpy(to, read.data(), read.size());
    bytes.size += read.size();
    if (bytes.size % kPageBytes != 0) break;  // the end
  }
  return status;
}

bool TakesDirectWrites(rocksdb::FileSystem& files, const std::string& folder) {
  const std::string path = folder + "/direct_write_probe";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = NewFile(files, path, true, file);
  if (!status.ok()) return false;
  PageBuffer page;
  page.Reserve(kPageBytes);
  std::memset(page.pages.get(), 0, kPageBytes);
  status = file->PositionedAppend({page.pages.get(), kPageBytes}, 0, {}, nullptr);
  file->Close({}, nullptr).PermitUncheckedError();
  files.DeleteFile(path, {}, nullptr).PermitUncheckedError();
  return status.ok();
}

}  // namespace telltale::internal
