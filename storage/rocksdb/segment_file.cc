#include "storage/rocksdb/segment_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <rocksdb/file_system.h>

namespace telltale::internal {
namespace {

constexpr std::size_t kPageBytes = SegmentFile::kPageBytes;

std::size_t WholePages(std::size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

char* NewPages(std::size_t bytes) {
  auto* const pages = static_cast<char*>(std::aligned_alloc(kPageBytes, bytes));
  if (pages == nullptr) throw std::bad_alloc();
  return pages;
}

rocksdb::IOStatus NewFile(rocksdb::FileSystem& files, const std::string& path, bool direct,
                          std::unique_ptr<rocksdb::FSWritableFile>& file) {
  rocksdb::FileOptions options;
  options.use_mmap_writes = false;
  options.use_direct_writes = direct;
  return files.NewWritableFile(path, options, &file, nullptr);
}

}  // namespace

void SegmentFile::Free::operator()(char* pages) const { std::free(pages); }

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
  const std::size_t tail = size_bytes_ % kPageBytes;  // bytes that the last page has
  const std::size_t end = tail + bytes.size();
  const std::size_t whole = WholePages(end);
  if (whole > pages_bytes_) {
    std::unique_ptr<char[], Free> larger(NewPages(whole));
    if (tail > 0) std::memcpy(larger.get(), pages_.get(), tail);
    pages_ = std::move(larger);
    pages_bytes_ = whole;
  }
  std::ranges::copy(bytes, pages_.get() + tail);
  std::memset(pages_.get() + end, 0, whole - end);
  const rocksdb::IOStatus status = file_->PositionedAppend({pages_.get(), whole}, size_bytes_ - tail, {}, nullptr);
  const std::size_t last = end / kPageBytes * kPageBytes;
  if (last > 0) std::memcpy(pages_.get(), pages_.get() + last, end - last);
  return status;
}

bool TakesDirectWrites(rocksdb::FileSystem& files, const std::string& folder) {
  const std::string path = folder + "/direct_write_probe";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = NewFile(files, path, true, file);
  if (!status.ok()) return false;
  const std::unique_ptr<char, decltype(&std::free)> page(NewPages(kPageBytes), &std::free);
  std::memset(page.get(), 0, kPageBytes);
  status = file->PositionedAppend({page.get(), kPageBytes}, 0, {}, nullptr);
  file->Close({}, nullptr).PermitUncheckedError();
  files.DeleteFile(path, {}, nullptr).PermitUncheckedError();
  return status.ok();
}

}  // namespace telltale::internal
