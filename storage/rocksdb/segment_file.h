#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/io_status.h>

namespace rocksdb {
class FileSystem;
class FSWritableFile;
}  // namespace rocksdb

namespace telltale::internal {

// Whole pages of the machine, at their boundary, of which some first bytes are used.
struct PageBuffer {
  static constexpr std::size_t kPageBytes = 4096;
  struct Free {
    void operator()(char* memory) const;
  };

  std::unique_ptr<char[], Free> pages;
  std::size_t capacity = 0;
  std::size_t size = 0;

  std::string_view view() const { return {pages.get(), size}; }
  // Makes room for so many bytes; keeps the first `size`.
  void Reserve(std::size_t bytes);
};

// A file that is written at its end, each time with a sync. Around the page cache, where the file system lets us:
// copying there would be a tenth of what a frame costs. Then whole pages are written, the last one again with what
// follows, and until the file is closed there are zeros behind its end. Not thread-safe.
class SegmentFile {
 public:
  static constexpr std::size_t kPageBytes = PageBuffer::kPageBytes;

  // Makes the file at `path`; `files` outlives it.
  static rocksdb::IOStatus Make(rocksdb::FileSystem& files, const std::string& path, bool direct,
                                std::size_t preallocate_bytes, std::unique_ptr<SegmentFile>& made);
  // Closes the file, which then ends behind the last sound Append. What goes wrong leaves zeros.
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  // After an error it is not known what the file has of `bytes`, and nothing more may be appended.
  rocksdb::IOStatus Append(std::string_view bytes);

 private:
  SegmentFile(std::unique_ptr<rocksdb::FSWritableFile> file, bool direct);
  rocksdb::IOStatus AppendPages(std::string_view bytes);

  const std::unique_ptr<rocksdb::FSWritableFile> file_;
  const bool direct_;
  std::uint64_t size_bytes_ = 0;  // of all that was appended
  PageBuffer tail_;               // what the last page has
};

// Reads a file into `bytes`, in place of what was there; `direct` as above.
rocksdb::IOStatus ReadSegmentFile(rocksdb::FileSystem& files, const std::string& path, bool direct, PageBuffer& bytes);

// Whether files in the folder can be written around the page cache: not every file system takes that (tmpfs does not).
bool TakesDirectWrites(rocksdb::FileSystem& files, const std::string& folder);

}  // namespace telltale::internal
