#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"

// Folders of which it is known what every file should be: their checksums stand in a file of their own, in the form
// that `xxh128sum --check` of Debian's xxhash reads. What backups are made of, checked and restored with.
namespace telltale {

inline constexpr const char* kFileSumsName = "XXH128SUMS";

// Called while files are read, with the bytes since the beginning. What it returns ends the work, unless it is OK.
using FileProgress = std::function<Status(std::uint64_t done_bytes)>;

// The bytes of all files below the folder, XXH128SUMS left out. Errors: NOT_FOUND.
StatusOr<std::uint64_t> FolderBytes(const std::string& folder);

// Makes `to`, which must not exist, a folder of the files below `from` and their checksums: links where both are on one
// file system, else copies. Everything is durable when it returns; until then it is "<to>.unfinished". Errors:
// ALREADY_EXISTS; UNAVAILABLE the disk; those of `progress`.
Status CollectFiles(const std::string& from, const std::string& to, const FileProgress& progress);

// Reads every file. Errors: NOT_FOUND there is no XXH128SUMS; DATA_LOSS names the files that are missing, too many or
// not as they were; UNAVAILABLE the disk; those of `progress`.
Status CheckFiles(const std::string& folder, const FileProgress& progress);

// Copies the files that XXH128SUMS names, checking each, to `to`, which must not exist or be empty; XXH128SUMS itself
// stays behind. All or nothing: until it is done the copy is "<to>.unfinished". Errors: those of CheckFiles;
// ALREADY_EXISTS `to` has something in it.
Status RestoreFiles(const std::string& folder, const std::string& to, const FileProgress& progress);

}  // namespace telltale
