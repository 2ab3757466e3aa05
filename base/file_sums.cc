#include "base/file_sums.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

namespace telltale {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kDamageNamedMax = 20;

struct FileSum {
  std::string path;    // below the folder
  std::string xxh128;  // as xxh128sum prints it
};

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : path_(path), file_(open(path.c_str(), flags, mode)) {}
  ~File() {
    if (file_ >= 0) close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return file_ >= 0; }
  int get() const { return file_; }
  Status Error(const char* what) const {
    return absl::UnavailableError(fmt::format("cannot {} {}: {}", what, path_, std::strerror(errno)));
  }
  Status Write(const char* bytes, std::size_t size) const {
    while (size > 0) {
      const ssize_t written = write(file_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Error("write");
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
    return OkStatus();
  }
  Status Sync() const { return fsync(file_) == 0 ? OkStatus() : Error("sync"); }

 private:
  const std::string path_;
  const int file_;
};

Status SyncFolder(const std::string& path) {
  const File folder(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder.is_open() ? folder.Sync() : folder.Error("open");
}

// Reads files one after the other, and tells how far it is.
class Reader {
 public:
  explicit Reader(const FileProgress& progress) : progress_(progress) {}

  // The file's checksum; writes what it reads to `copy`, unless that is null.
  StatusOr<std::string> Read(const std::string& path, const File* copy) {
    const File file(path, O_RDONLY | O_CLOEXEC);
    if (!file.is_open()) return file.Error("open");
    XXH3_128bits_reset(state_.get());
    while (true) {
      const ssize_t count = read(file.get(), piece_.data(), piece_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file.Error("read");
      if (count == 0) break;
      const auto size = static_cast<std::size_t>(count);
      XXH3_128bits_update(state_.get(), piece_.data(), size);
      if (copy != nullptr) RETURN_IF_ERROR(copy->Write(piece_.data(), size));
      done_bytes_ += size;
      if (progress_) RETURN_IF_ERROR(progress_(done_bytes_));
    }
    // It is read once: others' pages are of more use in memory.
    posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    std::string text;
    for (const unsigned char byte : canonical.digest) text += fmt::format("{:02x}", byte);
    return text;
  }

  StatusOr<std::string> Copy(const std::string& from, const std::string& to) {
    const File copy(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (!copy.is_open()) return copy.Error("make");
    ASSIGN_OR_RETURN(std::string sum, Read(from, &copy));
    RETURN_IF_ERROR(copy.Sync());
    return sum;
  }

 private:
  struct FreeState {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };

  const FileProgress& progress_;
  const std::unique_ptr<XXH3_state_t, FreeState> state_{XXH3_createState()};
  std::vector<char> piece_ = std::vector<char>(kReadBytes);
  std::uint64_t done_bytes_ = 0;
};

// The files below a folder, in order, as paths below it. Errors: NOT_FOUND.
StatusOr<std::vector<std::string>> FilesBelow(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error) || error) continue;
    std::string path = fs::relative(it->path(), folder, error).generic_string();
    if (path != kFileSumsName) files.push_back(std::move(path));
  }
  if (error) return absl::NotFoundError(fmt::format("cannot read the folder {}: {}", folder, error.message()));
  std::ranges::sort(files);
  return files;
}

StatusOr<std::vector<FileSum>> ReadSums(const std::string& folder) {
  const std::string path = folder + "/" + kFileSumsName;
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(fmt::format("{} is no backup: there is no {} in it", folder, kFileSumsName));
  std::vector<FileSum> sums;
  for (std::string line; std::getline(in, line);) {
    // 32 digits, two blanks, the path.
    const std::string name = line.size() > 34 ? line.substr(34) : "";
    const fs::path relative(name);
    if (name.empty() || line.substr(32, 2) != "  " || relative.is_absolute() ||
        std::ranges::find(relative, fs::path("..")) != relative.end()) {
      return absl::DataLossError(fmt::format("{}, line {}, is not a checksum and a file", path, sums.size() + 1));
    }
    sums.push_back({.path = name, .xxh128 = line.substr(0, 32)});
  }
  if (sums.empty()) return absl::DataLossError(fmt::format("{} is empty", path));
  return sums;
}

Status WriteSums(const std::string& folder, const std::vector<FileSum>& sums) {
  std::string text;
  for (const FileSum& sum : sums) text += fmt::format("{}  {}\n", sum.xxh128, sum.path);
  const File file(folder + "/" + kFileSumsName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (!file.is_open()) return file.Error("make");
  RETURN_IF_ERROR(file.Write(text.data(), text.size()));
  return file.Sync();
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? absl::UnavailableError(fmt::format("cannot make {}: {}", path, error.message())) : OkStatus();
}

// Fills "<to>.unfinished", makes it durable, and gives it its name. `replaces`: `to` may be there as an empty folder.
Status Finish(const std::string& unfinished, const std::string& to) {
  std::error_code error;
  std::vector<std::string> folders = {unfinished};
  for (fs::recursive_directory_iterator it(unfinished, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) folders.push_back(it->path());
  }
  for (const std::string& folder : folders) RETURN_IF_ERROR(SyncFolder(folder));
  if (!error) fs::rename(unfinished, to, error);
  if (error) return absl::UnavailableError(fmt::format("cannot make {}: {}", to, error.message()));
  const std::string parent = fs::absolute(to).parent_path();
  return SyncFolder(parent);
}

// Calls `fill` with an empty "<to>.unfinished"; what is left of it after an error goes.
Status MakeWhole(const std::string& to, const std::function<Status(const std::string& folder)>& fill) {
  const std::string unfinished = to + ".unfinished";
  std::error_code error;
  fs::remove_all(unfinished, error);
  RETURN_IF_ERROR(MakeFolder(unfinished));
  Status status = fill(unfinished);
  if (status.ok()) status = Finish(unfinished, to);
  if (!status.ok()) fs::remove_all(unfinished, error);
  return status;
}

}  // namespace

StatusOr<std::uint64_t> FolderBytes(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesBelow(folder));
  std::uint64_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(fs::path(folder) / file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

Status CollectFiles(const std::string& from, const std::string& to, const FileProgress& progress) {
  if (fs::exists(to)) return absl::AlreadyExistsError(fmt::format("{} is there already; take another name", to));
  ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesBelow(from));
  return MakeWhole(to, [&](const std::string& folder) -> Status {
    Reader reader(progress);
    std::vector<FileSum> sums;
    for (const std::string& file : files) {
      const fs::path source = fs::path(from) / file;
      const fs::path target = fs::path(folder) / file;
      RETURN_IF_ERROR(MakeFolder(target.parent_path()));
      std::error_code error;
      fs::create_hard_link(source, target, error);
      ASSIGN_OR_RETURN(std::string sum, error ? reader.Copy(source, target) : reader.Read(source, nullptr));
      sums.push_back({.path = file, .xxh128 = std::move(sum)});
    }
    return WriteSums(folder, sums);
  });
}

Status CheckFiles(const std::string& folder, const FileProgress& progress) {
  ASSIGN_OR_RETURN(const std::vector<FileSum> sums, ReadSums(folder));
  ASSIGN_OR_RETURN(std::vector<std::string> unknown, FilesBelow(folder));
  std::vector<std::string> damage;
  Reader reader(progress);
  for (const FileSum& sum : sums) {
    const auto found = std::ranges::find(unknown, sum.path);
    if (found == unknown.end()) {
      damage.push_back(sum.path + " is missing");
      continue;
    }
    unknown.erase(found);
    ASSIGN_OR_RETURN(const std::string now, reader.Read(folder + "/" + sum.path, nullptr));
    if (now != sum.xxh128) damage.push_back(sum.path + " is not as it was");
  }
  for (const std::string& path : unknown) damage.push_back(path + " does not belong there");
  if (damage.empty()) return OkStatus();
  const std::size_t count = damage.size();
  damage.resize(std::min(count, kDamageNamedMax));
  return absl::DataLossError(
      fmt::format("{}: {}{}", folder, fmt::join(damage, "; "),
                  count > damage.size() ? fmt::format("; and {} files more", count - damage.size()) : ""));
}

Status RestoreFiles(const std::string& folder, const std::string& to, const FileProgress& progress) {
  ASSIGN_OR_RETURN(const std::vector<FileSum> sums, ReadSums(folder));
  std::error_code error;
  if (fs::exists(to) && !(fs::is_directory(to, error) && fs::is_empty(to, error))) {
    return absl::AlreadyExistsError(
        fmt::format("{} has something in it; name a folder that is empty or not there", to));
  }
  return MakeWhole(to, [&](const std::string& unfinished) -> Status {
    Reader reader(progress);
    for (const FileSum& sum : sums) {
      const std::string source = fs::path(folder) / sum.path;
      const fs::path target = fs::path(unfinished) / sum.path;
      if (!fs::exists(source)) return absl::DataLossError(fmt::format("{} is missing", source));
      RETURN_IF_ERROR(MakeFolder(target.parent_path()));
      ASSIGN_OR_RETURN(const std::string now, reader.Copy(source, target));
      if (now != sum.xxh128) {
        return absl::DataLossError(
            fmt::format("{} is not as it was; nothing is restored: take another backup", source));
      }
    }
    return OkStatus();
  });
}

}  // namespace telltale
