// What a frame costs on its way into the journal, the heads and blocks, and back after a crash; beside it memcpy and
// RocksDB with values of the same size.

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <sys/resource.h>

#include "base/check.h"
#include "bench/load/report.h"
#include "bench/storage/measure.h"
#include "bench/storage/trucks.h"

namespace telltale::storage_bench {

void BenchMemcpy() {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  const std::vector<char> from(kBytes, 'x');
  std::vector<char> to(kBytes);
  std::vector<double> rates;
  for (int i = 0; i < 9; ++i) {
    const double before = CpuSeconds(RUSAGE_SELF);
    std::memcpy(to.data(), from.data(), kBytes);
    rates.push_back(static_cast<double>(kBytes) / (CpuSeconds(RUSAGE_SELF) - before));
  }
  std::ranges::sort(rates);
  const double rate = rates[rates.size() / 2];
  Print("memcpy", fmt::format("{:.1f} GB/s, {} values of 32 bits a second", 1e-9 * rate, Short(rate / 4)));
}

void BenchAppend(const Options& options, TelemetryStoreOptions store_options, double parked_share) {
  store_options.archive_period = std::chrono::seconds{0};  // the frames' day is past, but here it is today
  const Trucks trucks = Trucks::Make(options, parked_share);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  const auto rounds = static_cast<std::uint32_t>(options.frames_per_block);
  AppendRounds(options, trucks, *store, 0, rounds);
  const StoreStats before = store->Stats();
  const std::uint64_t disk_before = DiskBytes();
  const double all_before = CpuSeconds(RUSAGE_SELF);
  const double own_before = CpuSeconds(RUSAGE_THREAD);
  const auto begun = SteadyClock::now();
  AppendRounds(options, trucks, *store, rounds, 2 * rounds);
  const Seconds wall = SteadyClock::now() - begun;
  const double cpu = (CpuSeconds(RUSAGE_SELF) - all_before) - (CpuSeconds(RUSAGE_THREAD) - own_before);
  const double frames = static_cast<double>(options.vehicles) * rounds;
  const double samples = frames * static_cast<double>(options.signals);
  const StoreStats after = store->Stats();
  Print("append",
        fmt::format("{} vehicles, {} of them parked: {} frames, {} samples in {:.1f} s: {} samples/s; store's "
                    "threads {:.1f} s CPU: {} samples per CPU-second, {:.2f} us a frame",
                    Short(options.vehicles), parked_share, Short(frames), Short(samples), wall.count(),
                    Short(samples / wall.count()), cpu, Short(samples / cpu), 1e6 * cpu / frames));
  Print("", fmt::format("{:.2f} GB resident, {} frames in heads, {} blocks of {} frames made",
                        1e-9 * static_cast<double>(ResidentBytes()), Short(static_cast<double>(after.head_frame_count)),
                        Short(static_cast<double>(after.block_count - before.block_count)), options.frames_per_block));
  const auto kept_bytes = [](const StoreStats& stats) {
    return static_cast<double>(stats.size_bytes) - static_cast<double>(stats.journal_bytes);
  };
  const double kept = kept_bytes(after) - kept_bytes(before);
  const auto written = static_cast<double>(DiskBytes() - disk_before);
  Print("",
        fmt::format("{:.3f} bytes a sample kept; written to the disk, journal and merges included, {:.3f}: {:.2f} "
                    "times that, {:.2f} of the values' 32 bits; {:.0f} MB per CPU-second of the store",
                    kept / samples, written / samples, written / kept, written / samples / 4, 1e-6 * written / cpu));
}

void BenchReplay(const Options& options, TelemetryStoreOptions store_options) {
  Options few = options;
  few.vehicles = std::min<std::uint32_t>(options.vehicles, 100'000);
  store_options.frames_per_block = 4096;  // nothing is sealed
  const Trucks trucks = Trucks::Make(few, options.parked_share.value_or(0.0));
  std::filesystem::remove_all(store_options.path);
  {
    auto store = OpenStore(store_options);
    AppendRounds(few, trucks, *store, 0, 20);
  }
  const auto begun = SteadyClock::now();
  const double cpu_before = CpuSeconds(RUSAGE_SELF);
  auto store = OpenStore(store_options);
  const Seconds wall = SteadyClock::now() - begun;
  const double frames = static_cast<double>(store->Stats().replayed_frame_count);
  Print("replay", fmt::format("{} frames, {:.1f} MB, in {:.2f} s, {:.2f} s CPU: {} frames/s", Short(frames),
                              1e-6 * static_cast<double>(store->Stats().journal_bytes), wall.count(),
                              CpuSeconds(RUSAGE_SELF) - cpu_before, Short(frames / wall.count())));
}

void BenchRawRocksDb(const Options& options, std::size_t value_bytes, std::uint64_t total_bytes) {
  const std::string path = options.folder + "/raw";
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(options.folder);
  rocksdb::Options db_options;
  db_options.create_if_missing = true;
  db_options.compression = rocksdb::kNoCompression;
  db_options.write_buffer_size = 64 << 20;
  rocksdb::DB* opened = nullptr;
  CHECK(rocksdb::DB::Open(db_options, path, &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  std::string value(value_bytes, '\0');
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i + 8 <= value.size(); i += 8) {
    const std::uint64_t bits = random();
    std::memcpy(value.data() + i, &bits, 8);
  }
  const auto begun = SteadyClock::now();
  const double cpu_before = CpuSeconds(RUSAGE_SELF);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (std::uint64_t written = 0; written < total_bytes;) {
    rocksdb::WriteBatch batch;
    while (batch.GetDataSize() < (1 << 20)) {
      const std::uint64_t key = random();
      batch.Put({reinterpret_cast<const char*>(&key), 8}, value);
    }
    written += batch.GetDataSize();
    CHECK(db->Write(synced, &batch).ok());
  }
  CHECK(db->Flush({}).ok());
  const Seconds wall = SteadyClock::now() - begun;
  const double cpu = CpuSeconds(RUSAGE_SELF) - cpu_before;
  Print("raw RocksDB", fmt::format("values of {} bytes: {:.0f} MB/s, {:.0f} MB per CPU-second", value_bytes,
                                   1e-6 * static_cast<double>(total_bytes) / wall.count(),
                                   1e-6 * static_cast<double>(total_bytes) / cpu));
}

}  // namespace telltale::storage_bench
