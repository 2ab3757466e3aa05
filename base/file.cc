#include "base/file.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace telltale {

StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path, ignored))
    return absl::NotFoundError(fmt::format("{} cannot be read", path));
  return std::move(content).str();
}

Status WriteWholeFile(const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".new";
  std::ofstream out(unfinished, std::ios::binary);
  out << content;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(unfinished, path, error);
  if (out && !error) return OkStatus();
  std::remove(unfinished.c_str());
  return absl::UnavailableError(fmt::format("{} cannot be written", path));
}

}  // namespace telltale
