#include "tests/contract/history.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

constexpr const char* kProtos = "proto/*.proto";

// What git prints, without the last line end.
StatusOr<std::string> Git(const std::filesystem::path& root, std::vector<std::string> words) {
  words.insert(words.begin(), {"git", "-C", root.string()});
  ShellOutcome outcome = RunCommand(words);
  if (outcome.exit_code != 0) return absl::NotFoundError("git: " + outcome.errors);
  if (outcome.output.ends_with('\n')) outcome.output.pop_back();
  return std::move(outcome.output);
}

StatusOr<std::string> CommitBefore(const std::filesystem::path& root) {
  ASSIGN_OR_RETURN(const std::string head, Git(root, {"rev-parse", "--verify", "--quiet", "HEAD"}));
  ASSIGN_OR_RETURN(const std::string changed, Git(root, {"status", "--porcelain", "--", kProtos}));
  if (!changed.empty()) return head;
  ASSIGN_OR_RETURN(const std::string last_change, Git(root, {"log", "-1", "--format=%H", "--", kProtos}));
  const auto parent = Git(root, {"rev-parse", "--verify", "--quiet", last_change + "^"});
  if (!parent.ok()) {
    return absl::NotFoundError("the history begins with this contract, or it is cut off before it (a shallow clone)");
  }
  return *parent;
}

}  // namespace

StatusOr<std::string> ExtractContractBefore(const std::filesystem::path& root, const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const std::string commit, CommitBefore(root));
  ASSIGN_OR_RETURN(const std::string listing, Git(root, {"ls-tree", "-r", "--name-only", commit, "--", "proto"}));
  std::istringstream names(listing);
  bool has_contract = false;
  for (std::string name; std::getline(names, name);) {
    if (!name.ends_with(".proto")) continue;
    has_contract = true;
    const std::filesystem::path to = folder / std::filesystem::path(name).lexically_relative("proto");
    std::filesystem::create_directories(to.parent_path());
    ASSIGN_OR_RETURN(const std::string text, Git(root, {"show", fmt::format("{}:{}", commit, name)}));
    std::ofstream(to) << text << '\n';
  }
  if (!has_contract) return absl::NotFoundError(fmt::format("commit {} has no contract", commit.substr(0, 12)));
  return commit;
}

}  // namespace telltale::contract
