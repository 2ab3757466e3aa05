// Stores that earlier programs wrote still open, with everything that is in them.

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/rocksdb/rocksdb_document_store.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/vehicle_registry.h"
#include "tests/temporary_folder.h"

namespace telltale {
namespace {

// What a scan of everything shows, in a form that can be written down.
struct Digest {
  std::size_t frames = 0;
  std::size_t values = 0;
  std::uint64_t hash = 0;
};

Digest DigestOf(TelemetryStore& store, VehicleId vehicle) {
  Digest digest;
  const auto mix = [&digest](std::uint64_t value) { digest.hash = (digest.hash ^ value) * 0x9E3779B97F4A7C15U; };
  const Status status = store.Scan(vehicle, {}, {}, {}, [&](const Frame& frame) {
    ++digest.frames;
    digest.values += frame.values.size();
    mix(static_cast<std::uint64_t>(frame.measure_time_ms));
    for (std::size_t i = 0; i < frame.values.size(); ++i) {
      mix(frame.layout->signals()[i]);
      mix(static_cast<std::uint32_t>(frame.values[i]));
    }
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return digest;
}

class FormatVersion : public ::testing::TestWithParam<int> {};

TEST_P(FormatVersion, OpensWithEverythingInIt) {
  const TemporaryFolder folder;
  const std::filesystem::path store_of_version = fmt::format("{}/v{}", TELLTALE_STORES, GetParam());
  ASSERT_TRUE(std::filesystem::exists(store_of_version)) << "docs/development.md tells how to add one";
  std::filesystem::copy(store_of_version, folder.path(), std::filesystem::copy_options::recursive);
  auto documents = RocksDbDocumentStore::Open({.path = folder.path() / "documents"});
  ASSERT_TRUE(documents.ok()) << documents.status();
  const auto registry = VehicleRegistry::Open(**documents);
  ASSERT_TRUE(registry.ok()) << registry.status();
  for (const char* vin : {"1XKTESTDATA000001", "1XKTESTDATA000002"}) {
    EXPECT_TRUE((*registry)->Find(vin).id != 0) << vin;
  }
  for (const char* pass : {"first", "second"}) {
    SCOPED_TRACE(pass);
    auto store = RocksDbTelemetryStore::Open({.path = folder.path() / "telemetry"});
    ASSERT_TRUE(store.ok()) << store.status();
    const Digest blocks = DigestOf(**store, 1);
    EXPECT_EQ(blocks.frames, 1'330U);
    EXPECT_EQ(blocks.values, 21'031U);
    EXPECT_EQ(blocks.hash, 6'189'417'701'300'204'439U);
    const Digest journal = DigestOf(**store, 2);
    EXPECT_EQ(journal.frames, 1'712U);
    EXPECT_EQ(journal.values, 16'899U);
    EXPECT_EQ(journal.hash, 6'487'841'884'434'422'360U);
    EXPECT_TRUE((*store)->Flush().ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, FormatVersion, ::testing::Range(1, RocksDbTelemetryStore::kFormatVersion + 1));

}  // namespace
}  // namespace telltale
