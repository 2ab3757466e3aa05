#include "storage/fault_store.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using ::testing::IsEmpty;
using VehicleReport = FaultStore::VehicleReport;

constexpr Dtc kCoolant{.spn = 110, .fmi = 0, .occurrence_count = 1};
constexpr Dtc kOil{.spn = 100, .fmi = 1, .occurrence_count = 1};
constexpr Lamps kAmber{.malfunction = LampStatus::kOff,
                       .red_stop = LampStatus::kOff,
                       .amber_warning = LampStatus::kOn,
                       .protect = LampStatus::kOff};
constexpr Lamps kRed{.malfunction = LampStatus::kError,
                     .red_stop = LampStatus::kOn,
                     .amber_warning = LampStatus::kOff,
                     .protect = LampStatus::kNotAvailable};

VehicleReport Dm1(std::int64_t time_ms, std::vector<Dtc> dtcs, Lamps lamps = kAmber, std::uint8_t source_address = 0) {
  return {.vehicle_id = 1,
          .report = {.measure_time_ms = time_ms,
                     .source_address = source_address,
                     .previously_active = false,
                     .lamps = lamps,
                     .dtcs = std::move(dtcs)}};
}

VehicleReport Dm2(std::int64_t time_ms, std::vector<Dtc> dtcs, Lamps lamps = kAmber) {
  VehicleReport report = Dm1(time_ms, std::move(dtcs), lamps);
  report.report.previously_active = true;
  return report;
}

Dtc Counted(Dtc dtc, std::uint8_t occurrence_count) {
  dtc.occurrence_count = occurrence_count;
  return dtc;
}

bool Same(const Fault& a, const Fault& b) {
  return a.dtc == b.dtc && a.source_address == b.source_address && a.lamps == b.lamps && a.active == b.active &&
         a.first_seen_ms == b.first_seen_ms && a.last_seen_ms == b.last_seen_ms;
}

class FaultStoreTest : public ::testing::Test {
 protected:
  std::vector<Fault> Listed(VehicleId vehicle = 1) { return *store_.List(vehicle); }

  MemoryDocumentStore documents_;
  FaultStore store_{documents_};
};

TEST_F(FaultStoreTest, AVehicleWithoutReportsHasNoFaults) { EXPECT_THAT(Listed(), IsEmpty()); }

TEST_F(FaultStoreTest, KeepsWhatOneReportSays) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {Counted(kCoolant, 126)}, kRed, 253)}).ok());
  ASSERT_EQ(Listed().size(), 1U);
  const Fault fault = Listed()[0];
  EXPECT_EQ(fault.dtc, Counted(kCoolant, 126));
  EXPECT_EQ(fault.source_address, 253);
  EXPECT_EQ(fault.lamps, kRed);
  EXPECT_TRUE(fault.active);
  EXPECT_EQ(fault.first_seen_ms, 1000);
  EXPECT_EQ(fault.last_seen_ms, 1000);
}

TEST_F(FaultStoreTest, KeepsTheGreatestSpnAndFmi) {
  const Dtc greatest{.spn = Dtc::kMaxSpn, .fmi = Dtc::kMaxFmi, .occurrence_count = Dtc::kOccurrenceNotAvailable};
  ASSERT_TRUE(store_.Record({Dm1(1000, {greatest})}).ok());
  EXPECT_EQ(Listed()[0].dtc, greatest);
}

TEST_F(FaultStoreTest, TheNewestReportGivesCountAndLamps) {
  ASSERT_TRUE(store_.Record({Dm1(2000, {Counted(kCoolant, 3)}, kRed)}).ok());
  ASSERT_TRUE(store_.Record({Dm1(1000, {Counted(kCoolant, 9)}, kAmber)}).ok());  // late
  const Fault fault = Listed()[0];
  EXPECT_EQ(fault.dtc.occurrence_count, 3);
  EXPECT_EQ(fault.lamps, kRed);
  EXPECT_EQ(fault.first_seen_ms, 1000);
  EXPECT_EQ(fault.last_seen_ms, 2000);
}

TEST_F(FaultStoreTest, ANewerDm1WithoutTheCodeEndsIt) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant, kOil}), Dm1(2000, {kOil})}).ok());
  const auto faults = Listed();
  EXPECT_EQ(faults[0].dtc, kOil);
  EXPECT_TRUE(faults[0].active);
  EXPECT_EQ(faults[1].dtc, kCoolant);
  EXPECT_FALSE(faults[1].active);
}

TEST_F(FaultStoreTest, ANewerDm1WithoutCodesEndsAll) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant})}).ok());
  ASSERT_TRUE(store_.Record({Dm1(2000, {})}).ok());
  EXPECT_FALSE(Listed()[0].active);
}

TEST_F(FaultStoreTest, ALateDm1DoesNotRaiseAnEndedCode) {
  ASSERT_TRUE(store_.Record({Dm1(2000, {})}).ok());
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant})}).ok());
  EXPECT_FALSE(Listed()[0].active);
}

TEST_F(FaultStoreTest, OnlyTheSameControllerEndsACode) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant}, kAmber, 0), Dm1(2000, {}, kAmber, 3)}).ok());
  EXPECT_TRUE(Listed()[0].active);
}

TEST_F(FaultStoreTest, Dm2NeitherRaisesNorEndsACode) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant}), Dm2(2000, {kOil})}).ok());
  const auto faults = Listed();
  EXPECT_EQ(faults[0].dtc, kCoolant);
  EXPECT_TRUE(faults[0].active);
  EXPECT_EQ(faults[1].dtc, kOil);
  EXPECT_FALSE(faults[1].active);
}

TEST_F(FaultStoreTest, ACodeInBothDm1AndDm2IsActive) {
  ASSERT_TRUE(store_.Record({Dm2(1000, {Counted(kOil, 9)}, kRed), Dm1(1000, {Counted(kOil, 2)}, kAmber)}).ok());
  EXPECT_TRUE(Listed()[0].active);
  EXPECT_EQ(Listed()[0].dtc.occurrence_count, 2);  // at the same instant DM1 goes before DM2
  EXPECT_EQ(Listed()[0].lamps, kAmber);
}

TEST_F(FaultStoreTest, ListsActiveFirstThenTheLastSeen) {
  ASSERT_TRUE(store_
                  .Record({Dm1(1000, {kCoolant}, kAmber, 0), Dm1(5000, {kOil}, kAmber, 3), Dm1(6000, {}, kAmber, 3),
                           Dm1(2000, {kOil}, kAmber, 11), Dm1(4000, {kCoolant}, kAmber, 17), Dm1(7000, {}, kAmber, 17)})
                  .ok());
  std::vector<std::uint8_t> source_addresses;
  for (const Fault& fault : Listed()) source_addresses.push_back(fault.source_address);
  EXPECT_EQ(source_addresses, (std::vector<std::uint8_t>{11, 0, 3, 17}));
}

TEST_F(FaultStoreTest, KeepsVehiclesApart) {
  VehicleReport of_256 = Dm1(1000, {kOil});
  of_256.vehicle_id = 256;
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant}), of_256}).ok());
  ASSERT_EQ(Listed(1).size(), 1U);
  ASSERT_EQ(Listed(256).size(), 1U);
  EXPECT_EQ(Listed(256)[0].dtc, kOil);
  EXPECT_THAT(Listed(2), IsEmpty());
}

TEST_F(FaultStoreTest, ReportsThatChangeNothingWriteNothing) {
  const std::vector<VehicleReport> reports = {Dm1(1000, {kCoolant}), Dm2(1000, {kOil})};
  ASSERT_TRUE(store_.Record(reports).ok());
  ASSERT_TRUE(store_.Record(reports).ok());
  ASSERT_TRUE(store_.Record({}).ok());
  EXPECT_EQ(documents_.write_count(), 1);
}

TEST_F(FaultStoreTest, TakesAllOrNone) {
  Dtc beyond = kOil;
  beyond.spn = Dtc::kMaxSpn + 1;
  EXPECT_TRUE(absl::IsInvalidArgument(store_.Record({Dm1(1000, {kCoolant}), Dm1(1000, {beyond})})));
  EXPECT_THAT(Listed(), IsEmpty());
  documents_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_TRUE(absl::IsUnavailable(store_.Record({Dm1(1000, {kCoolant})})));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(FaultStoreTest, ListsTheFirstOfTooMany) {
  // A broken controller: 12 codes more than are listed, and only these 12 active.
  std::vector<Dtc> dtcs;
  for (std::uint32_t spn = 0; spn < FaultStore::kMaxListed * 2; ++spn) dtcs.push_back({.spn = spn, .fmi = 1});
  const std::vector<Dtc> active(dtcs.end() - 12, dtcs.end());
  ASSERT_TRUE(store_.Record({Dm1(1000, dtcs), Dm1(2000, active)}).ok());
  const auto faults = Listed();
  EXPECT_EQ(faults.size(), FaultStore::kMaxListed);
  EXPECT_EQ(std::count_if(faults.begin(), faults.end(), [](const Fault& fault) { return fault.active; }), 12);
  EXPECT_EQ(faults[0].dtc.spn, dtcs.size() - 12);
}

TEST_F(FaultStoreTest, SaysThatAStoredFaultIsDamaged) {
  ASSERT_TRUE(store_.Record({Dm1(1000, {kCoolant})}).ok());
  std::vector<std::pair<std::string, std::string>> stored;
  ASSERT_TRUE(documents_
                  .Scan("fault/", "",
                        [&](std::string_view key, std::string_view record) {
                          stored.emplace_back(key, record);
                          return true;
                        })
                  .ok());
  ASSERT_EQ(stored.size(), 2U);
  for (const auto& [key, record] : stored) {
    for (const std::string& bytes :
         {record.substr(0, record.size() - 1), record + "x", std::string(), "\2" + record.substr(1)}) {
      ASSERT_TRUE(documents_.Write({{key, bytes}}).ok());
      EXPECT_TRUE(absl::IsDataLoss(store_.List(1).status()));
      EXPECT_TRUE(absl::IsDataLoss(store_.Record({Dm1(3000, {kCoolant})})));
    }
    ASSERT_TRUE(documents_.Write({{key, record}}).ok());
  }
}

// What the store must say, worked out the slow way: all reports at once, in the order of their times.
std::vector<Fault> Model(std::vector<VehicleReport> reports) {
  std::stable_sort(reports.begin(), reports.end(), [](const VehicleReport& a, const VehicleReport& b) {
    return a.report.measure_time_ms < b.report.measure_time_ms;
  });
  std::map<std::tuple<std::uint8_t, std::uint32_t, std::uint8_t>, Fault> faults;
  for (const auto& [vehicle, report] : reports) {
    if (!report.previously_active) {
      for (auto& [key, fault] : faults) {
        if (fault.source_address == report.source_address) fault.active = false;
      }
    }
    for (const Dtc& dtc : report.dtcs) {
      Fault& fault =
          faults
              .try_emplace({report.source_address, dtc.spn, dtc.fmi}, Fault{.dtc = dtc,
                                                                            .source_address = report.source_address,
                                                                            .lamps = {},
                                                                            .active = false,
                                                                            .first_seen_ms = report.measure_time_ms,
                                                                            .last_seen_ms = 0})
              .first->second;
      fault.dtc = dtc;
      fault.lamps = report.lamps;
      fault.active = fault.active || !report.previously_active;
      fault.last_seen_ms = report.measure_time_ms;
    }
  }
  std::vector<Fault> list;
  for (const auto& [key, fault] : faults) list.push_back(fault);
  std::stable_sort(list.begin(), list.end(), [](const Fault& a, const Fault& b) {
    return a.active != b.active ? a.active : a.last_seen_ms > b.last_seen_ms;
  });
  return list;
}

// Each of a few controllers says something at most once at an instant; times at which several speak are frequent.
std::vector<VehicleReport> RandomReports(std::mt19937& random) {
  std::vector<VehicleReport> reports;
  for (int time = 1; time <= 12; ++time) {
    for (const std::uint8_t source_address : {0, 3, 255}) {
      if (random() % 3 == 0) continue;
      VehicleReport report = Dm1(time * 1000, {}, {}, source_address);
      report.report.previously_active = random() % 4 == 0;
      report.report.lamps = {.malfunction = static_cast<LampStatus>(random() % 4),
                             .red_stop = static_cast<LampStatus>(random() % 4),
                             .amber_warning = static_cast<LampStatus>(random() % 4),
                             .protect = static_cast<LampStatus>(random() % 4)};
      for (std::uint32_t code = 0; code < 6; ++code) {
        if (random() % 2 == 0) continue;
        report.report.dtcs.push_back({.spn = code / 2 * 0x3FFFF,
                                      .fmi = static_cast<std::uint8_t>(code % 2 * 31),
                                      .occurrence_count = static_cast<std::uint8_t>(random() % 128)});
      }
      reports.push_back(report);
    }
  }
  return reports;
}

TEST(FaultStoreProperty, ShuffledRepeatedAndSplitReportsGiveTheResultOfTheirTimes) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const std::vector<VehicleReport> reports = RandomReports(random);
    std::vector<VehicleReport> sent = reports;
    for (const VehicleReport& report : reports) {
      if (random() % 2 == 0) sent.push_back(report);
    }
    std::shuffle(sent.begin(), sent.end(), random);
    MemoryDocumentStore documents;
    FaultStore store(documents);
    for (std::size_t begin = 0; begin < sent.size();) {
      const std::size_t end = std::min<std::size_t>(sent.size(), begin + 1 + random() % 8);
      const auto at = [&sent](std::size_t i) { return sent.begin() + static_cast<std::ptrdiff_t>(i); };
      ASSERT_TRUE(store.Record({at(begin), at(end)}).ok());
      begin = end;
    }
    const auto listed = *store.List(1);
    const auto expected = Model(reports);
    ASSERT_TRUE(std::equal(listed.begin(), listed.end(), expected.begin(), expected.end(), Same)) << "seed " << seed;
  }
}

TEST(FaultStoreProperty, ReportsOfOneInstantThatContradictEachOtherGiveOneResultInAnyOrder) {
  std::vector<VehicleReport> reports = {Dm1(1000, {Counted(kOil, 5)}, kRed), Dm1(1000, {Counted(kOil, 7)}, kAmber),
                                        Dm1(1000, {kCoolant}, kRed), Dm2(1000, {Counted(kOil, 127)}, kRed)};
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    MemoryDocumentStore documents;
    FaultStore store(documents);
    for (const std::size_t i : order) ASSERT_TRUE(store.Record({reports[i]}).ok());
    const auto faults = *store.List(1);
    ASSERT_EQ(faults.size(), 2U);
    EXPECT_TRUE(faults[0].active);
    EXPECT_EQ(faults[0].dtc, Counted(kOil, 7));  // the greater count
    EXPECT_EQ(faults[0].lamps, kAmber);          // of the same report
    EXPECT_TRUE(faults[1].active);               // the two DM1 count as one with the codes of both
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace telltale
