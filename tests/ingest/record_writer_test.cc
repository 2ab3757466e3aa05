// Records beside frames: written in order on one thread, each answered once it is written or failed.

#include "ingest/record_writer.h"

#include <future>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telltale {
namespace {

FaultStore::VehicleReport ReportOf(VehicleId vehicle) {
  return {.vehicle_id = vehicle, .report = {.measure_time_ms = 1, .dtcs = {{.spn = 94, .fmi = 1}}}};
}

Status WriteAndWait(RecordWriter& writer, Records records) {
  std::promise<Status> done;
  writer.Write(std::move(records), [&done](const Status& status) { done.set_value(status); });
  return done.get_future().get();
}

TEST(RecordWriter, EveryKindGoesToItsSink) {
  std::vector<std::string> written;
  RecordWriter writer({.faults =
                           [&](const std::vector<FaultStore::VehicleReport>& reports) {
                             written.push_back("faults of " + std::to_string(reports.at(0).vehicle_id));
                             return OkStatus();
                           },
                       .drivers =
                           [&](VehicleId vehicle, const DriverChange& change) {
                             written.push_back(change.driver_id + " in " + std::to_string(vehicle));
                             return OkStatus();
                           },
                       .uploads =
                           [&](VehicleId vehicle, const Upload& upload) {
                             written.push_back(upload.content + " of " + std::to_string(vehicle));
                             return OkStatus();
                           }});
  EXPECT_TRUE(WriteAndWait(writer, {.faults = {ReportOf(1)},
                                    .drivers = {{2, {.time_ms = 1, .driver_id = "D"}}},
                                    .uploads = {{3, {.content = "x"}}}})
                  .ok());
  EXPECT_THAT(written, testing::ElementsAre("faults of 1", "D in 2", "x of 3"));
}

TEST(RecordWriter, WhatNobodyKeepsIsRefused) {
  RecordWriter writer({});
  EXPECT_TRUE(absl::IsUnimplemented(WriteAndWait(writer, {.faults = {ReportOf(1)}})));
  EXPECT_TRUE(absl::IsUnimplemented(WriteAndWait(writer, {.drivers = {{1, {}}}})));
  EXPECT_TRUE(absl::IsUnimplemented(WriteAndWait(writer, {.uploads = {{1, {}}}})));
}

// Those that wait are written as one; if that fails, each by itself, so that one's fault is not another's.
TEST(RecordWriter, OneThatCannotBeWrittenDoesNotHoldTheOthersBack) {
  std::promise<void> entered;
  std::promise<void> go_on;
  std::vector<std::size_t> sizes;
  std::map<int, Status> results;
  {
    RecordWriter writer({.faults =
                             [&, first = true](const std::vector<FaultStore::VehicleReport>& reports) mutable {
                               if (std::exchange(first, false)) {
                                 entered.set_value();
                                 go_on.get_future().wait();
                               }
                               sizes.push_back(reports.size());
                               for (const auto& report : reports) {
                                 if (report.vehicle_id == 3) return Status(absl::InvalidArgumentError("wrong"));
                               }
                               return OkStatus();
                             },
                         .drivers = {},
                         .uploads = {}});
    const auto write = [&](int vehicle) {
      writer.Write({.faults = {ReportOf(static_cast<VehicleId>(vehicle))}},
                   [&results, vehicle](const Status& status) { results[vehicle] = status; });
    };
    write(1);
    entered.get_future().wait();
    for (int vehicle = 2; vehicle <= 4; ++vehicle) write(vehicle);
    go_on.set_value();
  }  // what waits is written before it ends
  ASSERT_EQ(results.size(), 4U);
  EXPECT_TRUE(results[1].ok());
  EXPECT_TRUE(results[2].ok());
  EXPECT_TRUE(absl::IsInvalidArgument(results[3]));
  EXPECT_TRUE(results[4].ok());
  EXPECT_THAT(sizes, testing::ElementsAre(1, 3, 1, 1, 1));
}

}  // namespace
}  // namespace telltale
