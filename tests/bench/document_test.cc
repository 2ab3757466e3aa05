#include "bench/document.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

TEST(Document, ReplacesASectionAndNothingElse) {
  const std::string path = testing::TempDir() + "telltale_document.md";
  std::ofstream(path) << "before\n<!-- store: begin -->\nold\n<!-- store: end -->\nafter\n";
  ASSERT_EQ(ReplaceSection(path, "store", "new\nlines\n"), OkStatus());
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "before\n<!-- store: begin -->\nnew\nlines\n<!-- store: end -->\nafter\n");
  EXPECT_TRUE(absl::IsNotFound(ReplaceSection(path, "other", "")));
  EXPECT_TRUE(absl::IsNotFound(ReplaceSection(path + ".none", "store", "")));
  std::filesystem::remove(path);
}

TEST(Document, KnowsThisMachine) {
  EXPECT_THAT(Hardware(), testing::ContainsRegex("^[0-9]+ cores of .+, [0-9]+ GiB of memory, Linux "));
}

}  // namespace
}  // namespace telltale
