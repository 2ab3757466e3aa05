// Who drove when, however the changes come in.

#include "storage/driver_log.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DriverLog, ListsChangesInOrderOfTimeInWhateverOrderTheyCome) {
  const DriverChange morning{.time_ms = 1'000, .driver_id = "D-1", .source = DriverSource::kTerminal};
  const DriverChange noon{.time_ms = 2'000, .driver_id = "", .source = DriverSource::kTerminal};
  const DriverChange evening{.time_ms = 1'772'323'200'000, .driver_id = "D-2", .source = DriverSource::kAssigned};
  std::vector<DriverChange> changes = {morning, noon, evening};
  const auto by_time = [](const DriverChange& a, const DriverChange& b) { return a.time_ms < b.time_ms; };
  do {
    MemoryDocumentStore documents;
    DriverLog log(documents);
    for (const DriverChange& change : changes) EXPECT_EQ(*log.Record(7, change), true);
    EXPECT_EQ(*log.Record(7, noon), false);  // again
    EXPECT_THAT(*log.Changes(7), ElementsAre(morning, noon, evening));
    EXPECT_THAT(*log.Changes(8), IsEmpty());
  } while (std::next_permutation(changes.begin(), changes.end(), by_time));
}

TEST(DriverLog, OfOneInstantTheGreaterSourceCounts) {
  MemoryDocumentStore documents;
  DriverLog log(documents);
  const DriverChange assigned{.time_ms = 1'000, .driver_id = "A", .source = DriverSource::kAssigned};
  ASSERT_TRUE(log.Record(7, assigned).ok());
  ASSERT_TRUE(log.Record(7, {.time_ms = 1'000, .driver_id = "T", .source = DriverSource::kTerminal}).ok());
  EXPECT_THAT(*log.Changes(7), ElementsAre(assigned));
}

TEST(DriverLog, TellsWhoDrivesAtATime) {
  const std::vector<DriverChange> changes = {{.time_ms = 1'000, .driver_id = "D-1"},
                                             {.time_ms = 2'000, .driver_id = ""}};
  EXPECT_EQ(DriverAt(changes, 999), "");
  EXPECT_EQ(DriverAt(changes, 1'000), "D-1");
  EXPECT_EQ(DriverAt(changes, 1'999), "D-1");
  EXPECT_EQ(DriverAt(changes, 2'000), "");
  EXPECT_EQ(DriverAt({}, 2'000), "");
}

TEST(DriverLog, RefusesWhatIsNoNumberOfADriver) {
  MemoryDocumentStore documents;
  DriverLog log(documents);
  const auto record = [&log](const std::string& id, std::int64_t time_ms) {
    return log.Record(7, {.time_ms = time_ms, .driver_id = id}).status();
  };
  EXPECT_TRUE(record(std::string(DriverLog::kMaxDriverIdBytes, 'x'), 0).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(record(std::string(DriverLog::kMaxDriverIdBytes + 1, 'x'), 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(record("Li Si", 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(record("\xC0\xEE", 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(record("D-1", -1)));
}

}  // namespace
}  // namespace telltale
