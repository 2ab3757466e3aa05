#include "base/file_sums.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileSums : public ::testing::Test {
 protected:
  FileSums() {
    Write("store/a", "a");
    Write("store/deep/er/b", std::string(3'000'000, 'b'));
  }

  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  std::string Read(const std::string& path) const {
    std::ifstream in(folder_ / path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string At(const std::string& path) const { return folder_ / path; }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(FileSums, ABackupIsRestoredAsItWas) {
  EXPECT_EQ(*FolderBytes(At("store")), 3'000'001U);
  std::uint64_t done = 0;
  const FileProgress progress = [&done](std::uint64_t bytes) {
    done = bytes;
    return OkStatus();
  };
  ASSERT_EQ(CollectFiles(At("store"), At("backup"), progress), OkStatus());
  EXPECT_EQ(done, 3'000'001U);
  // Known from `printf a | xxh128sum`.
  EXPECT_THAT(Read("backup/XXH128SUMS"), HasSubstr("a96faf705af16834e6c632b61e964e1f  a\n"));
  EXPECT_EQ(CheckFiles(At("backup"), progress), OkStatus());
  ASSERT_EQ(RestoreFiles(At("backup"), At("restored"), progress), OkStatus());
  EXPECT_EQ(Read("restored/a"), "a");
  EXPECT_EQ(Read("restored/deep/er/b"), std::string(3'000'000, 'b'));
  EXPECT_FALSE(fs::exists(At("restored/XXH128SUMS")));
  EXPECT_EQ(fs::hard_link_count(At("restored/a")), 1U) << "what is restored is written, what is backed up is not";
}

TEST_F(FileSums, SaysWhichFileIsDamaged) {
  ASSERT_EQ(CollectFiles(At("store"), At("backup"), {}), OkStatus());
  fs::remove(At("backup/a"));
  Write("backup/c", "c");
  std::string text = Read("backup/deep/er/b");
  text[1'000'000] ^= 1;
  fs::remove(At("backup/deep/er/b"));
  Write("backup/deep/er/b", text);
  const Status status = CheckFiles(At("backup"), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(MessageOf(status), HasSubstr("a is missing"));
  EXPECT_THAT(MessageOf(status), HasSubstr("deep/er/b is not as it was"));
  EXPECT_THAT(MessageOf(status), HasSubstr("c does not belong there"));
}

TEST_F(FileSums, RestoresAllOrNothing) {
  ASSERT_EQ(CollectFiles(At("store"), At("backup"), {}), OkStatus());
  Write("backup/deep/er/b", "changed");
  const Status status = RestoreFiles(At("backup"), At("restored"), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(MessageOf(status), HasSubstr("deep/er/b"));
  EXPECT_FALSE(fs::exists(At("restored")));
  EXPECT_FALSE(fs::exists(At("restored.unfinished")));
}

TEST_F(FileSums, OverwritesNothing) {
  ASSERT_EQ(CollectFiles(At("store"), At("backup"), {}), OkStatus());
  EXPECT_EQ(CollectFiles(At("store"), At("backup"), {}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(RestoreFiles(At("backup"), At("store"), {}).code(), absl::StatusCode::kAlreadyExists);
  fs::create_directory(At("empty"));
  EXPECT_EQ(RestoreFiles(At("backup"), At("empty"), {}), OkStatus());
}

TEST_F(FileSums, TakesNoFileFromOutside) {
  Write("backup/a", "a");
  Write("backup/XXH128SUMS", "a96faf705af16834e6c632b61e964e1f  ../store/a\n");
  EXPECT_EQ(RestoreFiles(At("backup"), At("restored"), {}).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CheckFiles(At("store"), {}).code(), absl::StatusCode::kNotFound);
}

TEST_F(FileSums, EndsWhenAsked) {
  const FileProgress stop = [](std::uint64_t) { return Status(absl::CancelledError("the caller left")); };
  EXPECT_EQ(CollectFiles(At("store"), At("backup"), stop).code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(fs::exists(At("backup")));
  EXPECT_FALSE(fs::exists(At("backup.unfinished")));
}

}  // namespace
}  // namespace telltale
