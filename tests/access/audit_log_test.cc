#include "access/audit_log.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TestClock : public Clock {
 public:
  std::int64_t NowMs() const override { return now_ms; }
  std::int64_t now_ms = 1'800'000'000'000;
};

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() { Reopen(); }
  void Reopen() {
    log_.reset();
    auto opened = AuditLog::Open(documents_, clock_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  void Record(VehicleId vehicle, const std::string& rpc = "TripService/ListTrips") {
    ASSERT_TRUE(log_->Record({.time_ms = 0,
                              .key_id = "abcd2345",
                              .organisation = 2,
                              .rpc = rpc,
                              .vehicle = vehicle,
                              .outcome = AuditOutcome::kAllowed,
                              .peer = "ipv4:192.0.2.1:4711"})
                    .ok());
  }
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    EXPECT_TRUE(documents_
                    .Scan("audit/entry/", "",
                          [&keys](std::string_view key, std::string_view) {
                            keys.emplace_back(key);
                            return true;
                          })
                    .ok());
    return keys;
  }

  MemoryDocumentStore documents_;
  TestClock clock_;
  AuditLog::Options options_{.write_interval = std::chrono::milliseconds{1}};
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, KeepsEntriesOfAVehicleInOrderOverRestarts) {
  for (int round = 0; round < 5; ++round) {
    for (VehicleId vehicle = 1; vehicle <= 3; ++vehicle) Record(vehicle, "Round/" + std::to_string(round));
    if (round % 2 == 0) Reopen();
  }
  ASSERT_TRUE(log_->Flush().ok());
  const auto entries = log_->EntriesOf(2, 0, 100);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_THAT(*entries, SizeIs(5));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ((*entries)[i].number, 3 * i + 2);
    EXPECT_EQ((*entries)[i].entry, (AuditEntry{.time_ms = clock_.now_ms,
                                               .key_id = "abcd2345",
                                               .organisation = 2,
                                               .rpc = "Round/" + std::to_string(i),
                                               .vehicle = 2,
                                               .outcome = AuditOutcome::kAllowed,
                                               .peer = "ipv4:192.0.2.1:4711"}));
  }
  const auto page = log_->EntriesOf(2, 5, 2);
  ASSERT_THAT(*page, SizeIs(2));
  EXPECT_EQ(page->front().number, 8U);
  const auto extent = log_->Verify();
  ASSERT_TRUE(extent.ok()) << extent.status();
  EXPECT_EQ(extent->first, 1U);
  EXPECT_EQ(extent->last, 15U);
}

TEST_F(AuditLogTest, EveryChangedByteAndEveryMissingEntryIsFound) {
  for (VehicleId vehicle = 1; vehicle <= 5; ++vehicle) Record(vehicle);
  ASSERT_TRUE(log_->Flush().ok());
  const std::string key = Keys()[2];
  const std::string record = *documents_.Get(key);
  for (std::size_t at = 0; at < record.size(); ++at) {
    std::string changed = record;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_TRUE(documents_.Write({{.key = key, .value = changed}}).ok());
    const Status status = log_->Verify().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << "byte " << at;
    EXPECT_THAT(status.ToString(), HasSubstr("entry 3")) << "byte " << at;
  }
  ASSERT_TRUE(documents_.Write({{.key = key, .value = std::nullopt}}).ok());
  EXPECT_TRUE(absl::IsDataLoss(log_->Verify().status()));
  EXPECT_TRUE(absl::IsDataLoss(log_->EntriesOf(3, 0, 10).status())) << "its vehicle knows of it";
  ASSERT_TRUE(documents_.Write({{.key = key, .value = record}}).ok());
  EXPECT_TRUE(log_->Verify().ok());
}

TEST_F(AuditLogTest, WhatCannotBeNotedIsNotDone) {
  options_.waiting_max = 3;
  Reopen();
  documents_.FailWrites(absl::UnavailableError("the disk is full"));
  for (int i = 0; i < 100 && log_->Record({.rpc = "A/B"}).ok(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  EXPECT_TRUE(absl::IsUnavailable(log_->Record({.rpc = "A/B"})));
  EXPECT_TRUE(absl::IsUnavailable(log_->Flush()));
  documents_.FailWrites(OkStatus());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!log_->Record({.rpc = "A/B"}).ok() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_TRUE(log_->Flush().ok());
  const auto extent = log_->Verify();
  ASSERT_TRUE(extent.ok()) << extent.status();
  EXPECT_GE(extent->last, 4U) << "nothing that was taken is lost";
}

TEST_F(AuditLogTest, OldEntriesGoAndTheRestIsStillAChain) {
  for (VehicleId vehicle = 1; vehicle <= 3; ++vehicle) Record(vehicle);
  ASSERT_TRUE(log_->Flush().ok());
  options_.retention = std::chrono::days{1};
  clock_.now_ms += 2 * 86'400'000;
  Reopen();
  Record(4);
  ASSERT_TRUE(log_->Flush().ok());
  const auto extent = log_->Verify();
  ASSERT_TRUE(extent.ok()) << extent.status();
  EXPECT_GE(extent->first, 3U);
  EXPECT_EQ(extent->last, 4U);
  EXPECT_THAT(*log_->EntriesOf(1, 0, 10), SizeIs(0));
  EXPECT_THAT(*log_->EntriesOf(4, 0, 10), SizeIs(1));
}

TEST_F(AuditLogTest, TextsAreCutNotRefused) {
  Record(1, std::string(1'000, 'x'));
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(log_->EntriesOf(1, 0, 1)->front().entry.rpc, std::string(AuditLog::kMaxTextBytes, 'x'));
}

}  // namespace
}  // namespace telltale
