#include "storage/terminal_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/rocksdb/rocksdb_document_store.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

class TerminalRegistryTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<RocksDbDocumentStore> documents_ = *RocksDbDocumentStore::Open({.path = folder_.path()});
  TerminalRegistry registry_{*documents_};
};

TEST_F(TerminalRegistryTest, KeepsWhatItWasGiven) {
  Terminal terminal{.protocol = TerminalProtocol::kJt808,
                    .number = "13800138000",
                    .vehicle_id = 7,
                    .maker_id = "BOX0001",
                    .revoked = true,
                    .gcj02 = true};
  ASSERT_TRUE(registry_.Put(terminal).ok());
  EXPECT_EQ(*registry_.Find(TerminalProtocol::kJt808, "13800138000"), terminal);
  terminal.code_sha256.emplace().fill(0xab);
  terminal.revoked = false;
  ASSERT_TRUE(registry_.Put(terminal).ok());
  EXPECT_EQ(*registry_.Find(TerminalProtocol::kJt808, "13800138000"), terminal);
  EXPECT_TRUE(absl::IsNotFound(registry_.Find(TerminalProtocol::kGb32960, "13800138000").status()));
  EXPECT_TRUE(absl::IsNotFound(registry_.Find(TerminalProtocol::kJt808, "1380013800").status()));
}

TEST_F(TerminalRegistryTest, ListsPageByPageInOrder) {
  for (const char* number : {"2", "10", "1"}) {
    ASSERT_TRUE(registry_.Put({.number = number, .vehicle_id = 1}).ok());
  }
  ASSERT_TRUE(
      registry_.Put({.protocol = TerminalProtocol::kGb32960, .number = "LZYTBGCW4J1036497", .vehicle_id = 2}).ok());
  std::vector<std::string> numbers;
  std::optional<Terminal> after;
  for (auto page = *registry_.List(after, 2); !page.empty(); page = *registry_.List(after, 2)) {
    EXPECT_LE(page.size(), 2U);
    for (const Terminal& terminal : page) numbers.push_back(terminal.number);
    after = page.back();
  }
  EXPECT_THAT(numbers, ::testing::ElementsAre("1", "10", "2", "LZYTBGCW4J1036497"));
}

TEST_F(TerminalRegistryTest, AVinIsKeptInUpperCase) {
  ASSERT_TRUE(
      registry_.Put({.protocol = TerminalProtocol::kGb32960, .number = "lzytbgcw4j1036497", .vehicle_id = 2}).ok());
  for (const char* number : {"lzytbgcw4j1036497", "LZYTBGCW4J1036497"}) {
    const auto found = registry_.Find(TerminalProtocol::kGb32960, number);
    ASSERT_TRUE(found.ok()) << number;
    EXPECT_EQ(found->number, "LZYTBGCW4J1036497");
  }
}

TEST_F(TerminalRegistryTest, WrongNumbersAreRefusedAndDamageIsSeen) {
  for (const char* number : {"", "013800138000", "138-0", "123456789012345678901"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(registry_.Put({.number = number, .vehicle_id = 1}))) << number;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(registry_.Put({.number = "1"}))) << "no vehicle";
  EXPECT_TRUE(absl::IsInvalidArgument(
      registry_.Put({.protocol = TerminalProtocol::kGb32960, .number = "13800138000", .vehicle_id = 1})));
  ASSERT_TRUE(documents_
                  ->Write({{.key = "terminal/\x01"
                                   "5",
                            .value = "\x01\x02"}})
                  .ok());
  EXPECT_TRUE(absl::IsDataLoss(registry_.Find(TerminalProtocol::kJt808, "5").status()));
}

// The worked example of docs/formats/documents.md.
TEST_F(TerminalRegistryTest, WritesTheBytesOfTheDocument) {
  ASSERT_TRUE(registry_.Put({.number = "13800138000", .vehicle_id = 7, .maker_id = "B1"}).ok());
  const auto value = documents_->Get(
      "terminal/\x01"
      "13800138000");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, std::string("\x01\x07\x00\x00\x00\x00\x02"
                                "B1",
                                9));
}

}  // namespace
}  // namespace telltale
