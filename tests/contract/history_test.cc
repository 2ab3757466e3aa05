#include "tests/contract/history.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/shell.h"

namespace telltale::contract {
namespace {

using testing::HasSubstr;

// A repository of its own, independent of the user's git configuration.
class History : public testing::Test {
 protected:
  History() { Git({"init", "--quiet"}); }

  void Commit() {
    Git({"add", "--all"});
    Git({"-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "commit", "--quiet",
         "--no-verify", "--message", "change"});
  }

  void Git(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", root_.path().string()});
    const ShellOutcome outcome = RunCommand(words);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  }

  // The text of fleet.proto in the contract before, or why there is none.
  std::string Before() {
    const ScratchFolder folder;
    const auto commit = ExtractContractBefore(root_.path(), folder.path());
    if (!commit.ok()) return MessageOf(commit.status());
    std::stringstream text;
    text << std::ifstream(folder.path() / "v1/fleet.proto").rdbuf();
    return text.str();
  }

  ScratchFolder root_;
};

TEST_F(History, HasNothingBeforeTheFirstCommit) {
  root_.Write("proto/v1/fleet.proto", "one\n");
  EXPECT_THAT(Before(), HasSubstr("git:"));
}

TEST_F(History, HasNothingBeforeTheFirstContract) {
  root_.Write("README.md", "");
  Commit();
  root_.Write("proto/v1/fleet.proto", "one\n");
  Commit();
  EXPECT_THAT(Before(), HasSubstr("has no contract"));
}

TEST_F(History, SaysThatItBeginsWithTheContract) {
  root_.Write("proto/v1/fleet.proto", "one\n");
  Commit();
  EXPECT_THAT(Before(), HasSubstr("the history begins with this contract"));
}

TEST_F(History, ComparesWithHeadWhileTheContractIsBeingChanged) {
  root_.Write("proto/v1/fleet.proto", "one\n");
  Commit();
  root_.Write("proto/v1/fleet.proto", "two\n");
  EXPECT_EQ(Before(), "one\n");
}

TEST_F(History, ComparesWithHeadWhileAFileIsNewInIt) {
  root_.Write("proto/v1/fleet.proto", "one\n");
  Commit();
  root_.Write("proto/v1/trips.proto", "trips\n");
  EXPECT_EQ(Before(), "one\n");
}

TEST_F(History, ComparesWithTheCommitBeforeTheLastChangeOtherwise) {
  root_.Write("proto/v1/fleet.proto", "one\n");
  Commit();
  root_.Write("proto/v1/fleet.proto", "two\n");
  Commit();
  root_.Write("proto/CMakeLists.txt", "# no part of the contract\n");
  Commit();
  root_.Write("README.md", "more\n");
  Commit();
  EXPECT_EQ(Before(), "one\n");
}

TEST_F(History, IsNotThereInADownload) {
  const ScratchFolder download;
  const ScratchFolder folder;
  const auto commit = ExtractContractBefore(download.path(), folder.path());
  EXPECT_EQ(commit.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace telltale::contract
