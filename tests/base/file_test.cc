#include "base/file.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace telltale {
namespace {

TEST(File, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "a";
  for (const std::string& content : {std::string("one\r\n\0two", 9), std::string()}) {
    ASSERT_TRUE(WriteWholeFile(path, content).ok());
    const auto read = ReadWholeFile(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, content);
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(File, WhatCannotBeReadOrWrittenIsNamed) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "no" / "such";
  EXPECT_TRUE(absl::IsNotFound(ReadWholeFile(path).status()));
  EXPECT_NE(ReadWholeFile(folder.path()).status().ToString().find(folder.path().string()), std::string::npos)
      << "a folder";
  const Status written = WriteWholeFile(path, "x");
  EXPECT_TRUE(absl::IsUnavailable(written));
  EXPECT_NE(written.ToString().find(path), std::string::npos);
}

}  // namespace
}  // namespace telltale
