#include "storage/document_store.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "tests/storage/memory_document_store.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<RocksDbDocumentStore> OpenIn(const std::string& path) {
  auto store = RocksDbDocumentStore::Open({.path = path});
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::vector<std::string> Keys(DocumentStore& store, std::string_view prefix, std::string_view after = "") {
  std::vector<std::string> keys;
  const Status status = store.Scan(prefix, after, [&keys](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return keys;
}

// What every DocumentStore does. A new implementation adds itself to the list at the end.
struct Implementation {
  std::string name;
  std::function<std::unique_ptr<DocumentStore>(const std::string& folder)> open;
};

class DocumentStoreConformance : public ::testing::TestWithParam<Implementation> {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<DocumentStore> store_ = GetParam().open(folder_.path());
};

TEST_P(DocumentStoreConformance, ReadsWhatWasWritten) {
  const std::string bytes("\0\xFF value", 8);
  ASSERT_TRUE(store_->Write({{"a/1", "one"}, {"a/2", bytes}, {"a/3", ""}}).ok());
  EXPECT_EQ(*store_->Get("a/1"), "one");
  EXPECT_EQ(*store_->Get("a/2"), bytes);
  EXPECT_EQ(*store_->Get("a/3"), "");
}

TEST_P(DocumentStoreConformance, AnAbsentDocumentIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(store_->Get("a/1").status()));
}

TEST_P(DocumentStoreConformance, OverwritesAndDeletes) {
  ASSERT_TRUE(store_->Write({{"a/1", "one"}, {"a/2", "two"}}).ok());
  ASSERT_TRUE(store_->Write({{"a/1", "uno"}, {"a/2", std::nullopt}, {"a/9", std::nullopt}}).ok());
  EXPECT_EQ(*store_->Get("a/1"), "uno");
  EXPECT_TRUE(absl::IsNotFound(store_->Get("a/2").status()));
}

TEST_P(DocumentStoreConformance, LaterWritesOfABatchWin) {
  ASSERT_TRUE(store_->Write({{"a/1", "one"}, {"a/1", "two"}, {"a/2", "x"}, {"a/2", std::nullopt}}).ok());
  EXPECT_EQ(*store_->Get("a/1"), "two");
  EXPECT_TRUE(absl::IsNotFound(store_->Get("a/2").status()));
}

TEST_P(DocumentStoreConformance, ScansAPrefixInTheOrderOfBytes) {
  const std::string high = "a/\xFF";
  const std::string low = std::string("a/\0", 3);
  ASSERT_TRUE(store_->Write({{"b/1", ""}, {high, ""}, {"a/2", ""}, {"a/10", ""}, {low, ""}, {"a", ""}}).ok());
  EXPECT_THAT(Keys(*store_, "a/"), ElementsAre(low, "a/10", "a/2", high));
  EXPECT_THAT(Keys(*store_, ""), ElementsAre("a", low, "a/10", "a/2", high, "b/1"));
}

TEST_P(DocumentStoreConformance, ScansAPrefixThatEndsInTheGreatestByte) {
  ASSERT_TRUE(store_->Write({{"a\xFE", ""}, {"a\xFF", ""}, {"a\xFF\xFF", ""}, {"b", ""}, {"\xFF\xFF!", ""}}).ok());
  EXPECT_THAT(Keys(*store_, "a\xFF"), ElementsAre("a\xFF", "a\xFF\xFF"));
  EXPECT_THAT(Keys(*store_, "\xFF\xFF"), ElementsAre("\xFF\xFF!"));
}

TEST_P(DocumentStoreConformance, ContinuesAScanBehindAKeyThatNeedNotExist) {
  ASSERT_TRUE(store_->Write({{"a/1", ""}, {"a/2", ""}, {"a/3", ""}, {"b/1", ""}}).ok());
  EXPECT_THAT(Keys(*store_, "a/", "a/1"), ElementsAre("a/2", "a/3"));
  EXPECT_THAT(Keys(*store_, "a/", "a/11"), ElementsAre("a/2", "a/3"));
  EXPECT_THAT(Keys(*store_, "a/", "a/3"), IsEmpty());
  EXPECT_THAT(Keys(*store_, "a/", "b/1"), IsEmpty());
  EXPECT_THAT(Keys(*store_, "a/", "A"), ElementsAre("a/1", "a/2", "a/3"));
}

TEST_P(DocumentStoreConformance, StopsAScanWhenTheVisitorHasEnough) {
  ASSERT_TRUE(store_->Write({{"a/1", "one"}, {"a/2", "two"}, {"a/3", "three"}}).ok());
  std::vector<std::string> values;
  ASSERT_TRUE(store_
                  ->Scan("a/", "",
                         [&](std::string_view, std::string_view value) {
                           values.emplace_back(value);
                           return values.size() < 2;
                         })
                  .ok());
  EXPECT_THAT(values, ElementsAre("one", "two"));
}

TEST_P(DocumentStoreConformance, WritesFromManyThreadsAllArrive) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(store_->Write({{"t" + std::to_string(t) + "/" + std::to_string(i), "x"}}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Keys(*store_, "t").size(), 100U);
}

INSTANTIATE_TEST_SUITE_P(
    Stores, DocumentStoreConformance,
    ::testing::Values(Implementation{"RocksDb",
                                     [](const std::string& folder) -> std::unique_ptr<DocumentStore> {
                                       return OpenIn(folder + "/documents");
                                     }},
                      Implementation{"Memory",
                                     [](const std::string&) -> std::unique_ptr<DocumentStore> {
                                       return std::make_unique<MemoryDocumentStore>();
                                     }}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(RocksDbDocumentStore, KeepsDocumentsOverARestart) {
  const TemporaryFolder folder;
  ASSERT_TRUE(OpenIn(folder.path())->Write({{"a/1", "one"}}).ok());
  EXPECT_EQ(*OpenIn(folder.path())->Get("a/1"), "one");
}

TEST(RocksDbDocumentStore, MakesItsFolderWithTheFoldersAbove) {
  const TemporaryFolder folder;
  OpenIn(folder.path() / "var/telltale/documents");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "var/telltale/documents"));
}

TEST(RocksDbDocumentStore, RefusesAWrongOption) {
  EXPECT_TRUE(absl::IsInvalidArgument(RocksDbDocumentStore::Open({.path = ""}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Validate({.path = "x", .open_file_count_max = 0})));
}

TEST(RocksDbDocumentStore, CannotMakeItsFolderBelowAFile) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_TRUE(absl::IsUnavailable(RocksDbDocumentStore::Open({.path = folder.path() / "file/documents"}).status()));
}

TEST(RocksDbDocumentStore, SaysThatAnotherHasItOpen) {
  const TemporaryFolder folder;
  const auto first = OpenIn(folder.path());
  const Status second = RocksDbDocumentStore::Open({.path = folder.path()}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
}

TEST(RocksDbDocumentStore, TakesNoReservedEmptyOrOversizedDocuments) {
  const TemporaryFolder folder;
  const auto store = OpenIn(folder.path());
  const std::string too_long_key(RocksDbDocumentStore::kMaxKeyBytes + 1, 'k');
  const std::string too_long_value(RocksDbDocumentStore::kMaxValueBytes + 1, 'v');
  EXPECT_TRUE(absl::IsInvalidArgument(store->Write({{"a/1", "one"}, {std::string("\0x", 2), "x"}})));
  EXPECT_TRUE(absl::IsInvalidArgument(store->Write({{"", "x"}})));
  EXPECT_TRUE(absl::IsInvalidArgument(store->Write({{too_long_key, "x"}})));
  EXPECT_TRUE(absl::IsInvalidArgument(store->Write({{"a/1", too_long_value}})));
  EXPECT_THAT(Keys(*store, ""), IsEmpty());
  EXPECT_TRUE(store->Write({{std::string(RocksDbDocumentStore::kMaxKeyBytes, 'k'), "x"}}).ok());
}

TEST(RocksDbDocumentStore, ShowsNobodyItsOwnKeys) {
  const TemporaryFolder folder;
  const auto store = OpenIn(folder.path());
  EXPECT_THAT(Keys(*store, ""), IsEmpty());
  EXPECT_THAT(Keys(*store, std::string_view("\0", 1)), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store->Get(std::string_view("\0format_version", 15)).status()));
}

void OverwriteFormatVersion(const std::string& path, const std::string& version) {
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, path, &db).ok());
  const std::unique_ptr<rocksdb::DB> owned(db);
  ASSERT_TRUE(owned->Put({}, rocksdb::Slice("\0format_version", 15), version).ok());
}

TEST(RocksDbDocumentStore, RefusesAStoreOfANewerProgram) {
  const TemporaryFolder folder;
  OpenIn(folder.path());
  OverwriteFormatVersion(folder.path(), "2");
  const Status status = RocksDbDocumentStore::Open({.path = folder.path()}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(MessageOf(status), HasSubstr("format version 2, this program knows versions up to 1"));
}

TEST(RocksDbDocumentStore, RefusesAFormatVersionThatIsNotANumber) {
  const TemporaryFolder folder;
  OpenIn(folder.path());
  for (const char* version : {"", "x", "1x", "-1", "0", "99999999999999999999"}) {
    OverwriteFormatVersion(folder.path(), version);
    EXPECT_TRUE(absl::IsDataLoss(RocksDbDocumentStore::Open({.path = folder.path()}).status())) << version;
  }
}

std::string NewestLog(const std::string& folder) {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
  }
  return newest;
}

// Two writes of 1,000 bytes each; what a crash or a bad disk then leaves of the log.
std::string WriteTwoDocuments(const std::string& folder) {
  const auto store = OpenIn(folder);
  EXPECT_TRUE(store->Write({{"a/1", std::string(1000, 'x')}}).ok());
  EXPECT_TRUE(store->Write({{"a/2", std::string(1000, 'y')}}).ok());
  return NewestLog(folder);
}

TEST(RocksDbDocumentStore, OpensAfterACrashTornTheLastRecord) {
  const TemporaryFolder folder;
  const std::string log = WriteTwoDocuments(folder.path());
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);
  EXPECT_THAT(Keys(*OpenIn(folder.path()), "a/"), ElementsAre("a/1"));
}

TEST(RocksDbDocumentStore, DoesNotQuietlyDropWhatIsBehindADamagedRecord) {
  const TemporaryFolder folder;
  const std::string log = WriteTwoDocuments(folder.path());
  {
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(500);  // inside a/1: its record begins within the first 100 bytes and has more than 1,000
    file.put('!');
  }
  const Status status = RocksDbDocumentStore::Open({.path = folder.path()}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(ToStatus, KeepsWhatACallerDecidesOn) {
  EXPECT_TRUE(ToStatus(rocksdb::Status::OK(), "x").ok());
  EXPECT_TRUE(absl::IsNotFound(ToStatus(rocksdb::Status::NotFound(), "x")));
  EXPECT_TRUE(absl::IsDataLoss(ToStatus(rocksdb::Status::Corruption(), "x")));
  EXPECT_TRUE(absl::IsUnavailable(ToStatus(rocksdb::Status::IOError(), "x")));
  EXPECT_TRUE(absl::IsUnavailable(ToStatus(rocksdb::Status::NoSpace(), "x")));
  EXPECT_TRUE(absl::IsUnavailable(ToStatus(rocksdb::Status::ShutdownInProgress(), "x")));
  EXPECT_TRUE(absl::IsInvalidArgument(ToStatus(rocksdb::Status::InvalidArgument(), "x")));
  EXPECT_TRUE(absl::IsInternal(ToStatus(rocksdb::Status::NotSupported(), "x")));
}

TEST(ToStatus, SaysWhatWasTried) {
  EXPECT_EQ(MessageOf(ToStatus(rocksdb::Status::NoSpace(), "write to documents in /x")),
            "write to documents in /x: IO error: No space left on device");
}

}  // namespace
}  // namespace telltale
