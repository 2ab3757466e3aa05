// Published days, the ledger, and what is marked to be folded again.

#include "storage/day_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PublishedDay Day(std::int64_t day, const std::string& results) {
  return {.day = day, .published_time_ms = 1'772'323'200'000, .pending_since_ms = -5, .results = results};
}

TEST(DayStore, GivesBackWhatWasPublished) {
  MemoryDocumentStore documents;
  DayStore days(documents);
  EXPECT_THAT(days.ReadHead(7)->days, IsEmpty());
  const DayStore::Head head{.basis = "b", .days = {20'500, 20'501}};
  ASSERT_TRUE(
      days.Publish(7, head, {{.day = Day(20'500, "one"), .state = "s1"}, {.day = Day(20'501, "two"), .state = "s2"}})
          .ok());
  EXPECT_EQ(documents.write_count(), 1);
  EXPECT_THAT(days.ReadHead(7)->days, ElementsAre(20'500, 20'501));
  EXPECT_EQ(days.ReadHead(7)->basis, "b");
  EXPECT_EQ(**days.ReadDay(7, 20'501), Day(20'501, "two"));
  EXPECT_EQ(*days.ReadDay(7, 20'502), std::nullopt);
  EXPECT_EQ(*days.ReadDay(8, 20'501), std::nullopt);
  EXPECT_EQ(*days.ReadState(7, 20'500), "s1");
}

TEST(DayStore, TheLedgerListsByDayAndTime) {
  MemoryDocumentStore documents;
  DayStore days(documents);
  const auto restate = [&](std::int64_t day, std::int64_t time_ms, const std::string& before) {
    const Restatement restatement{.day = day, .time_ms = time_ms, .before = Day(day, before)};
    ASSERT_TRUE(days.Publish(7, {}, {{.day = Day(day, "now"), .state = "", .restatement = restatement}}).ok());
  };
  restate(20'501, 1'772'323'200'002, "b");
  restate(20'500, 1'772'323'200'003, "a");
  restate(20'501, 1'772'323'200'001, "c");
  const auto all = *days.ReadRestatements(7, 0, 30'000);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].day, 20'500);
  EXPECT_EQ(all[1].before->results, "c");
  EXPECT_EQ(all[2].before->results, "b");
  EXPECT_THAT(*days.ReadRestatements(7, 20'501, 20'502), SizeIs(2));
  EXPECT_THAT(*days.ReadRestatements(7, 20'502, 30'000), IsEmpty());
  EXPECT_THAT(*days.ReadRestatements(6, 0, 30'000), IsEmpty());
}

TEST(DayStore, MarksAreJoinedAndDoneWithWhatIsPublished) {
  MemoryDocumentStore documents;
  DayStore days(documents);
  ASSERT_TRUE(days.Mark({{7, {.late = {.from_ms = 100, .to_ms = 200}, .late_frame_count = 2}},
                         {8, {.reason = RestatementReason::kDrivers, .late = {.from_ms = 1, .to_ms = 2}}}})
                  .ok());
  ASSERT_TRUE(days.Mark({{7, {.late = {.from_ms = 50, .to_ms = 60}, .late_frame_count = 1}}}).ok());
  const auto marks = *days.ReadMarks();
  ASSERT_THAT(marks, SizeIs(2));
  EXPECT_EQ(marks.at(7).late, (TimeRange{.from_ms = 50, .to_ms = 200}));
  EXPECT_EQ(marks.at(7).late_frame_count, 3U);
  EXPECT_EQ(marks.at(8).reason, RestatementReason::kDrivers);
  ASSERT_TRUE(days.Publish(7, {}, {}).ok());
  ASSERT_TRUE(days.Unmark(8).ok());
  EXPECT_THAT(*days.ReadMarks(), IsEmpty());
}

TEST(DayStore, DamageIsSaid) {
  MemoryDocumentStore documents;
  DayStore days(documents);
  ASSERT_TRUE(days.Publish(7, {.basis = "b", .days = {20'500}}, {{.day = Day(20'500, "one"), .state = "s"}}).ok());
  std::vector<std::string> keys;
  ASSERT_TRUE(documents
                  .Scan("", "",
                        [&keys](std::string_view key, std::string_view) {
                          keys.emplace_back(key);
                          return true;
                        })
                  .ok());
  for (const std::string& key : keys) {
    const std::string value = *documents.Get(key);
    ASSERT_TRUE(documents.Write({{key, value.substr(0, value.size() - 1)}}).ok());
  }
  EXPECT_TRUE(absl::IsDataLoss(days.ReadHead(7).status()));
  EXPECT_TRUE(absl::IsDataLoss(days.ReadDay(7, 20'500).status()));
}

}  // namespace
}  // namespace telltale
