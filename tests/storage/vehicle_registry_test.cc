#include "storage/vehicle_registry.h"

#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/memory_document_store.h"

namespace telltale {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Vin VinOf(int number) { return *Vin::Parse(fmt::format("WDB9634031L{:06}", number)); }

Vehicle VehicleOf(int number) {
  return {.id = 0, .vin = VinOf(number), .display_name = {}, .traits = {}, .built_time_ms = {}};
}

std::unique_ptr<VehicleRegistry> OpenOn(DocumentStore& documents) {
  auto registry = VehicleRegistry::Open(documents);
  EXPECT_TRUE(registry.ok()) << registry.status();
  return *std::move(registry);
}

std::vector<VehicleId> Ids(const std::vector<Vehicle>& vehicles) {
  std::vector<VehicleId> ids;
  for (const Vehicle& vehicle : vehicles) ids.push_back(vehicle.id);
  return ids;
}

void ExpectSame(const Vehicle& a, const Vehicle& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.vin, b.vin);
  EXPECT_EQ(a.display_name, b.display_name);
  EXPECT_EQ(a.traits.vehicle_class, b.traits.vehicle_class);
  EXPECT_EQ(a.traits.fuel_type, b.traits.fuel_type);
  EXPECT_EQ(a.traits.engine_displacement_l, b.traits.engine_displacement_l);
  EXPECT_EQ(a.built_time_ms, b.built_time_ms);
}

TEST(VehicleRegistry, GivesDenseIdsFromOne) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  EXPECT_EQ(registry->Register(VehicleOf(7))->id, 1U);
  EXPECT_EQ(registry->Register(VehicleOf(5))->id, 2U);
  EXPECT_EQ(registry->size(), 2U);
}

TEST(VehicleRegistry, RegistersManyOrNone) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry->Register(VehicleOf(5)).ok());
  Vehicle renamed = VehicleOf(5);
  renamed.display_name = "renamed";
  const auto many = registry->RegisterAll({VehicleOf(7), renamed, VehicleOf(9)});
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_THAT(Ids(*many), ElementsAre(2, 1, 3));
  EXPECT_EQ(registry->Get(1)->display_name, "renamed");

  Vehicle wrong = VehicleOf(12);
  wrong.traits.engine_displacement_l = -1.0;
  EXPECT_TRUE(absl::IsInvalidArgument(registry->RegisterAll({VehicleOf(11), wrong}).status()));
  EXPECT_EQ(registry->size(), 3U);
}

TEST(VehicleRegistry, OfAVinThatComesTwiceTheLaterCounts) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry->Register(VehicleOf(5)).ok());
  Vehicle other = VehicleOf(5);
  other.display_name = "other";
  EXPECT_THAT(Ids(*registry->RegisterAll({other, VehicleOf(5), VehicleOf(6), VehicleOf(6)})), ElementsAre(1, 1, 2, 2));
  EXPECT_EQ(registry->Get(1)->display_name, "");
  EXPECT_EQ(registry->size(), 2U);
}

TEST(VehicleRegistry, IgnoresTheIdOfTheCaller) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  Vehicle vehicle = VehicleOf(7);
  vehicle.id = 99;
  EXPECT_EQ(registry->Register(vehicle)->id, 1U);
}

TEST(VehicleRegistry, KeepsEveryFieldOverARestart) {
  MemoryDocumentStore documents;
  Vehicle full = VehicleOf(1);
  full.display_name = "Öchslein";
  full.traits = {.vehicle_class = VehicleClass::kBus, .fuel_type = FuelType::kGas, .engine_displacement_l = 12.8};
  full.built_time_ms = -1;  // a second before 1970 is as good as any
  {
    const auto registry = OpenOn(documents);
    full = *registry->Register(full);
    ASSERT_TRUE(registry->Register(VehicleOf(2)).ok());
  }
  const auto registry = OpenOn(documents);
  ExpectSame(*registry->Get(VehicleId{1}), full);
  ExpectSame(*registry->Get(VinOf(1)), full);
  EXPECT_EQ(registry->Find(VinOf(1).text()).earliest_time_ms, -1);
  EXPECT_EQ(registry->Find(VinOf(2).text()).earliest_time_ms, kLeast);
  EXPECT_EQ(registry->Get(VehicleId{2})->built_time_ms, std::nullopt);
  EXPECT_EQ(registry->Register(VehicleOf(3))->id, 3U);
}

TEST(VehicleRegistry, WritesWhatTheFormatDocumentShows) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry
                  ->Register({.id = 0,
                              .vin = *Vin::Parse("WDB9634031L000001"),
                              .display_name = "Ox",
                              .traits = {.vehicle_class = VehicleClass::kHeavyTruck,
                                         .fuel_type = FuelType::kDiesel,
                                         .engine_displacement_l = 12.8},
                              .built_time_ms = 1'704'067'200'000})  // 2024-01-01T00:00:00Z
                  .ok());
  const std::string record = *documents.Get(std::string_view("vehicle/\0\0\0\1", 12));
  std::string hex;
  for (const char c : record) hex += fmt::format("{:02x} ", static_cast<unsigned char>(c));
  EXPECT_EQ(hex,
            "01 57 44 42 39 36 33 34 30 33 31 4c 30 30 30 30 30 31 01 01 9a 99 99 99 99 99 29 40 "
            "01 00 f4 51 c2 8c 01 00 00 02 4f 78 ");
}

TEST(VehicleRegistry, UpdatesAKnownVehicleUnderItsId) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry->Register(VehicleOf(1)).ok());
  Vehicle changed = VehicleOf(1);
  changed.display_name = "Ox";
  changed.built_time_ms = 1000;
  EXPECT_EQ(registry->Register(changed)->id, 1U);
  EXPECT_EQ(registry->Get(VehicleId{1})->display_name, "Ox");
  EXPECT_EQ(registry->Find(VinOf(1).text()).earliest_time_ms, 1000);
  EXPECT_EQ(registry->size(), 1U);
}

TEST(VehicleRegistry, RegisteringTheSameAgainWritesNothing) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry->Register(VehicleOf(1)).ok());
  ASSERT_TRUE(registry->Register(VehicleOf(1)).ok());
  EXPECT_EQ(documents.write_count(), 1);
}

TEST(VehicleRegistry, DoesNotKnowOthers) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  ASSERT_TRUE(registry->Register(VehicleOf(1)).ok());
  EXPECT_EQ(registry->Find(VinOf(2).text()).id, 0U);
  EXPECT_EQ(registry->Find("").id, 0U);
  EXPECT_EQ(registry->Find("WDB9634031L0000011").id, 0U);  // one character more
  EXPECT_TRUE(absl::IsNotFound(registry->Get(VinOf(2)).status()));
  EXPECT_TRUE(absl::IsNotFound(registry->Get(VehicleId{2}).status()));
  EXPECT_THAT(registry->Get(VinOf(2)).status().ToString(), Not(HasSubstr(VinOf(2).text())));
}

TEST(VehicleRegistry, ListsInTheOrderOfIdsPageByPage) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  for (int i = 1; i <= 300; ++i) ASSERT_TRUE(registry->Register(VehicleOf(1000 - i)).ok());
  EXPECT_THAT(Ids(registry->List(0, 3)), ElementsAre(1, 2, 3));
  EXPECT_THAT(Ids(registry->List(254, 4)), ElementsAre(255, 256, 257, 258));  // over the border of a byte
  EXPECT_THAT(Ids(registry->List(298, 100)), ElementsAre(299, 300));
  EXPECT_THAT(registry->List(300, 100), IsEmpty());
  EXPECT_THAT(registry->List(0, 0), IsEmpty());
  EXPECT_EQ(registry->List(0, 1000).size(), 300U);
}

TEST(VehicleRegistry, FindsEachOfManyVehicles) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  constexpr int kCount = 5000;  // the index grows three times
  for (int i = 0; i < kCount; ++i) ASSERT_TRUE(registry->Register(VehicleOf(i)).ok());
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(registry->Find(VinOf(i).text()).id, static_cast<VehicleId>(i + 1));
  EXPECT_EQ(registry->Find(VinOf(kCount).text()).id, 0U);
}

TEST(VehicleRegistry, RefusesFieldsOutOfTheirRange) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  Vehicle vehicle = VehicleOf(1);
  vehicle.display_name = std::string(VehicleRegistry::kMaxDisplayNameBytes + 1, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(registry->Register(vehicle).status()));
  vehicle = VehicleOf(1);
  for (const double displacement_l : {-0.1, std::numeric_limits<double>::infinity(), std::nan("")}) {
    vehicle.traits.engine_displacement_l = displacement_l;
    EXPECT_TRUE(absl::IsInvalidArgument(registry->Register(vehicle).status())) << displacement_l;
  }
  vehicle = VehicleOf(1);
  vehicle.traits.fuel_type = static_cast<FuelType>(5);
  EXPECT_TRUE(absl::IsInvalidArgument(registry->Register(vehicle).status()));
  EXPECT_EQ(registry->size(), 0U);
  vehicle = VehicleOf(1);
  vehicle.display_name = std::string(VehicleRegistry::kMaxDisplayNameBytes, 'x');
  EXPECT_EQ(registry->Register(vehicle)->id, 1U);
}

TEST(VehicleRegistry, AVehicleThatWasNotWrittenIsNotKnown) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  documents.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_TRUE(absl::IsUnavailable(registry->Register(VehicleOf(1)).status()));
  EXPECT_EQ(registry->Find(VinOf(1).text()).id, 0U);
  documents.FailWrites(OkStatus());
  // The failed write may have reached the disk after all, so its id is not given again.
  EXPECT_EQ(registry->Register(VehicleOf(2))->id, 2U);
}

TEST(VehicleRegistry, OneVinGetsOneIdFromManyThreads) {
  MemoryDocumentStore documents;
  const auto registry = OpenOn(documents);
  constexpr int kVins = 50;
  std::vector<std::vector<VehicleId>> ids(4);
  std::vector<std::thread> threads;
  for (std::vector<VehicleId>& mine : ids) {
    threads.emplace_back([&registry, &mine] {
      for (int i = 0; i < kVins; ++i) mine.push_back(registry->Register(VehicleOf(i))->id);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : ids) EXPECT_EQ(mine, ids[0]);
  EXPECT_EQ(std::set(ids[0].begin(), ids[0].end()).size(), static_cast<std::size_t>(kVins));
  EXPECT_EQ(*std::max_element(ids[0].begin(), ids[0].end()), static_cast<VehicleId>(kVins));
}

TEST(VehicleRegistry, DoesNotOpenWithADamagedRecord) {
  MemoryDocumentStore good;
  ASSERT_TRUE(OpenOn(good)->Register(VehicleOf(1)).ok());
  const std::string key("vehicle/\0\0\0\1", 12);
  const std::string record = *good.Get(key);
  // Every truncation, a byte too many, and a version and a VIN that cannot be.
  std::vector<std::string> damaged = {record + "x", "\2" + record.substr(1), "\1I" + record.substr(2)};
  for (std::size_t size = 0; size < record.size(); ++size) damaged.push_back(record.substr(0, size));
  for (const std::string& bytes : damaged) {
    MemoryDocumentStore documents;
    ASSERT_TRUE(documents.Write({{key, bytes}}).ok());
    EXPECT_TRUE(absl::IsDataLoss(VehicleRegistry::Open(documents).status())) << bytes.size();
  }
  MemoryDocumentStore documents;
  ASSERT_TRUE(documents.Write({{"vehicle/x", record}}).ok());
  EXPECT_TRUE(absl::IsDataLoss(VehicleRegistry::Open(documents).status()));
}

}  // namespace
}  // namespace telltale
