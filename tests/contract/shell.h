#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace telltale::contract {

// A folder of a test's own, removed with it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void Write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

struct ShellOutcome {
  int exit_code = 0;
  std::string output;  // standard output, bytes as they are
  std::string errors;  // standard error
};

// Runs a program to its end; the words reach it as they are.
ShellOutcome RunCommand(const std::vector<std::string>& words);

}  // namespace telltale::contract
