// What terminals pass through: kept as it is, the newest of each vehicle.

#include "storage/upload_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kNowMs = 1'772'323'200'000;

Upload UploadOf(std::int64_t receive_time_ms, std::string content) {
  return {.receive_time_ms = receive_time_ms, .message_id = 0x0900, .kind = 0x41, .content = std::move(content)};
}

TEST(UploadLog, ListsTheNewestFirstByVehicle) {
  MemoryDocumentStore documents;
  UploadLog log(documents, {});
  const Upload first = UploadOf(kNowMs, std::string("\0\x7e", 2));
  const Upload at_once = UploadOf(kNowMs, "b");
  const Upload later = UploadOf(kNowMs + 1, "");
  for (const Upload& upload : {first, at_once, later}) ASSERT_TRUE(log.Record(7, upload).ok());
  EXPECT_THAT(*log.List(7), ElementsAre(later, at_once, first));
  EXPECT_THAT(*log.List(8), IsEmpty());
}

TEST(UploadLog, TheSameAgainIsARepetitionForSomeTime) {
  MemoryDocumentStore documents;
  UploadLog log(documents, {});
  const Upload first = UploadOf(kNowMs, "a");
  ASSERT_TRUE(log.Record(7, first).ok());
  ASSERT_TRUE(log.Record(7, UploadOf(kNowMs + UploadLog::kRepeatMs - 1, "a")).ok());
  EXPECT_THAT(*log.List(7), ElementsAre(first));
  const Upload again = UploadOf(kNowMs + UploadLog::kRepeatMs, "a");
  ASSERT_TRUE(log.Record(7, again).ok());
  EXPECT_THAT(*log.List(7), ElementsAre(again, first));
}

TEST(UploadLog, OfAVehicleTheNewestAreKept) {
  MemoryDocumentStore documents;
  UploadLog log(documents, {.per_vehicle_max = 3});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(log.Record(7, UploadOf(kNowMs + i, std::to_string(i))).ok());
  ASSERT_TRUE(log.Record(8, UploadOf(kNowMs, "other")).ok());
  EXPECT_THAT(*log.List(7),
              ElementsAre(UploadOf(kNowMs + 9, "9"), UploadOf(kNowMs + 8, "8"), UploadOf(kNowMs + 7, "7")));
  EXPECT_EQ(log.List(8)->size(), 1U);
}

}  // namespace
}  // namespace telltale
