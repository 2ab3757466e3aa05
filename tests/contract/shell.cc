#include "tests/contract/shell.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <sys/wait.h>

namespace telltale::contract {
namespace {

std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

void ScratchFolder::Write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path() / name).parent_path());
  std::ofstream(path() / name) << text;
}

ShellOutcome RunCommand(const std::vector<std::string>& words) {
  const ScratchFolder scratch;
  const std::string errors = (scratch.path() / "errors").string();
  std::string command;
  for (const std::string& word : words) command += Quoted(word) + " ";
  ShellOutcome outcome;
  FILE* pipe = popen((command + "2>" + Quoted(errors)).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.output.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::stringstream text;
  text << std::ifstream(errors).rdbuf();
  outcome.errors = text.str();
  return outcome;
}

}  // namespace telltale::contract
