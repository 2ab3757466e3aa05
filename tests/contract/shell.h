#pragma once

#include <string>
#include <vector>

#include "tests/temporary_folder.h"

namespace telltale::contract {

class ScratchFolder : public TemporaryFolder {
 public:
  void Write(const std::string& name, const std::string& text) const;
};

struct ShellOutcome {
  int exit_code = 0;
  std::string output;  // standard output, bytes as they are
  std::string errors;  // standard error
};

// Runs a program to its end; the words reach it as they are.
ShellOutcome RunCommand(const std::vector<std::string>& words);

}  // namespace telltale::contract
