// The telemetry store by itself, with the load generator's trucks: what a frame costs on its way into the journal, the
// heads and blocks; what is written to the disk for it; how fast a crash is made good; what reads take. Beside each
// figure stands a peer from the same run: memcpy, or RocksDB with values of the same size. No network, no gRPC.

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "bench/document.h"
#include "bench/load/report.h"
#include "bench/load/truck_model.h"
#include "bench/model_signals.h"
#include "catalog/catalog.h"
#include "storage/fleet_percentile.h"
#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "storage/signal_summary.h"

namespace telltale {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
  std::string folder = "build/bench-storage";
  std::uint32_t vehicles = 1'000'000;
  std::size_t frames_per_block = 48;  // heads of a million vehicles then are as large as they may be by default
  std::size_t signals = 420;
  std::uint32_t frames_per_batch = 64;
  std::optional<double> parked_share;
  std::uint32_t history_days = 30;
  std::uint32_t fleet = 2'181'336;
  std::uint32_t size_vehicles = 2'000;
  std::uint32_t size_frames = 512;
  std::string bytes_file;
};

constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kCadenceMs = 10'000;

double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What this process had written to the disk: "write_bytes" of proc(5).
std::uint64_t DiskBytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

std::uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

// Batches that were appended and not yet answered: at most so many.
class InFlight {
 public:
  static constexpr int kMax = 64;
  void Begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ < kMax; });
    ++count_;
  }
  void End() {
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_one();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// An odd factor below `count` without a common divisor: i * factor % count visits all, far from each other.
std::uint64_t FactorFor(std::uint64_t count, std::uint64_t round) {
  std::uint64_t factor = (count * 618 / 1000 + round * 7919) | 1U;
  while (std::gcd(factor, count) != 1) factor += 2;
  return factor;
}

struct Fleet {
  TruckModel model;
  std::shared_ptr<const Layout> layout;

  static Fleet Make(const Options& options, double parked_share) {
    auto catalog = Catalog::Load();
    CHECK(catalog.ok());
    auto model =
        TruckModel::Create(ModelSignalsOf(*catalog),
                           {.signal_count = options.signals, .parked_share = parked_share, .cadence_ms = kCadenceMs});
    CHECK(model.ok());
    auto layout = *Layout::Create(model->layout());
    return {*std::move(model), std::move(layout)};
  }
};

std::unique_ptr<RocksDbTelemetryStore> OpenStore(const TelemetryStoreOptions& options) {
  auto store = RocksDbTelemetryStore::Open(options);
  if (!store.ok()) {
    fmt::print(stderr, "{}\n", MessageOf(store.status()));
    std::exit(1);
  }
  return *std::move(store);
}

// Everything that was printed, for the document.
std::string printed;

void Print(std::string_view name, const std::string& figures) {
  const std::string line = fmt::format("{:<12} {}\n", name, figures);
  fmt::print("{}", line);
  std::fflush(stdout);
  printed += line;
}

// What one core copies from memory to memory: values of 32 bits.
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

// Frames of every vehicle, one in each round of [first, last), in an order that has neighbours far from each other.
void AppendRounds(const Options& options, const Fleet& fleet, TelemetryStore& store, std::uint32_t first,
                  std::uint32_t last) {
  InFlight in_flight;
  FrameBatch batch;
  const auto send = [&] {
    if (batch.empty()) return;
    in_flight.Begin();
    store.Append(std::exchange(batch, {}), [&in_flight](const StatusOr<AppendResult>& result) {
      CHECK(result.ok());
      in_flight.End();
    });
  };
  for (std::uint32_t round = first; round < last; ++round) {
    const std::uint64_t factor = FactorFor(options.vehicles, round);
    for (std::uint64_t i = 0; i < options.vehicles; ++i) {
      const auto vehicle = static_cast<std::uint32_t>(i * factor % options.vehicles);
      if (batch.empty()) batch.Reserve(options.frames_per_batch, options.frames_per_batch * options.signals);
      const std::int64_t time_ms = kStartTimeMs + round * kCadenceMs + vehicle % kCadenceMs;
      fleet.model.Fill(vehicle, round, batch.AddUninitialized(vehicle + 1, time_ms, fleet.layout));
      if (batch.size() == options.frames_per_batch) send();
    }
    if (isatty(STDERR_FILENO) == 0) continue;
    fmt::print(stderr, "\rround {} of {}, {:.1f} GB in memory ", round + 1, last,
               1e-9 * static_cast<double>(ResidentBytes()));
  }
  send();
  in_flight.Wait();
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
}

// The store as it is after hours: every vehicle has a head, of any length, before anything is measured; in as many
// rounds as a block has frames each vehicle then fills a block, so that as much is sealed as is appended.
void BenchAppend(const Options& options, TelemetryStoreOptions store_options, double parked_share) {
  store_options.archive_period = std::chrono::seconds{0};  // the frames' day is past, but here it is today
  const Fleet fleet = Fleet::Make(options, parked_share);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  const auto rounds = static_cast<std::uint32_t>(options.frames_per_block);
  AppendRounds(options, fleet, *store, 0, rounds);
  const StoreStats before = store->Stats();
  const std::uint64_t disk_before = DiskBytes();
  const double all_before = CpuSeconds(RUSAGE_SELF);
  const double own_before = CpuSeconds(RUSAGE_THREAD);
  const auto begun = SteadyClock::now();
  AppendRounds(options, fleet, *store, rounds, 2 * rounds);
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

// A crash's worth of journal, read back.
void BenchReplay(const Options& options, TelemetryStoreOptions store_options) {
  Options few = options;
  few.vehicles = std::min<std::uint32_t>(options.vehicles, 100'000);
  store_options.frames_per_block = 4096;  // nothing is sealed
  const Fleet fleet = Fleet::Make(few, options.parked_share.value_or(0.0));
  std::filesystem::remove_all(store_options.path);
  {
    auto store = OpenStore(store_options);
    AppendRounds(few, fleet, *store, 0, 20);
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

// How small a sealed vehicle is, keys and times and latest values included.
void BenchSize(const Options& options, TelemetryStoreOptions store_options, double parked_share) {
  Options few = options;
  few.vehicles = options.size_vehicles;
  store_options.frames_per_block = 128;
  store_options.archive_period = std::chrono::seconds{0};
  const Fleet fleet = Fleet::Make(few, parked_share);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  const double own_before = CpuSeconds(RUSAGE_THREAD);
  const double all_before = CpuSeconds(RUSAGE_SELF);
  AppendRounds(few, fleet, *store, 0, options.size_frames);
  CHECK(store->Flush().ok());
  CHECK(store->Flush().ok());
  const double store_cpu = CpuSeconds(RUSAGE_SELF) - all_before - (CpuSeconds(RUSAGE_THREAD) - own_before);
  const StoreStats stats = store->Stats();
  const double samples = static_cast<double>(few.vehicles) * options.size_frames * static_cast<double>(few.signals);
  Print(parked_share > 0.0 ? "parked" : "driving",
        fmt::format("{:.4f} bytes a sample, in blocks of 128 frames, with keys, times and latest values",
                    static_cast<double>(stats.size_bytes - stats.journal_bytes) / samples));
  if (options.bytes_file.empty()) return;
  std::ofstream file(options.bytes_file);
  file << fmt::format("{} {:.2f}\n", stats.size_bytes - stats.journal_bytes, store_cpu);
  CHECK(file.flush().good());
}

// The same bytes through RocksDB as it is: values as large as a block, keys in random order, its log synced as often.
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

std::string Percentiles(std::vector<double>& microseconds) {
  std::ranges::sort(microseconds);
  const auto at = [&](double share) {
    return microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
  };
  return fmt::format("p50 {:.0f} us, p99 {:.0f} us, max {:.0f} us", at(0.5), at(0.99), at(1.0));
}

// What the page cache has is forgotten, where we may: as after a start of the machine.
bool DropPageCache() {
  sync();
  std::ofstream drop("/proc/sys/vm/drop_caches");
  drop << "1" << std::flush;
  return drop.good();
}

// A frame of all signals at random instants.
std::string MeasureInstants(const Options& options, std::uint32_t vehicles, std::uint32_t rounds,
                            TelemetryStore& store) {
  std::mt19937_64 random(2);
  std::vector<double> times;
  for (int i = 0; i < 2'000; ++i) {
    const auto vehicle = static_cast<VehicleId>(1 + random() % vehicles);
    const std::int64_t at_ms = kStartTimeMs + static_cast<std::int64_t>(random() % rounds) * kCadenceMs;
    const auto begun = SteadyClock::now();
    std::size_t values = 0;
    const Status status =
        store.Scan(vehicle, {}, {at_ms, at_ms + kCadenceMs}, {.frame_limit = 1}, [&values](const Frame& frame) {
          values = frame.values.size();
          return false;
        });
    times.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count());
    CHECK(status.ok() && values == options.signals);
  }
  return Percentiles(times);
}

// One signal of each vehicle, from beginning to end; sets how many values that are.
std::string MeasureHistory(std::uint32_t vehicles, const std::vector<SignalId>& signals, TelemetryStore& store,
                           std::size_t& count) {
  std::vector<double> times;
  for (std::uint32_t i = 0; i < vehicles; ++i) {
    count = 0;
    const auto begun = SteadyClock::now();
    CHECK(store
              .ScanSignal(i + 1, signals[std::size_t{i} * 37 % signals.size()], {}, {},
                          [&count](const SignalRun& run) {
                            count += run.values.size();
                            return true;
                          })
              .ok());
    times.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count());
  }
  return Percentiles(times);
}

// Reads on some vehicles with a long history, as it was sealed and as it is archived.
void BenchReads(const Options& options, TelemetryStoreOptions store_options) {
  constexpr std::uint32_t kVehicles = 20;
  constexpr std::uint32_t kWarmVehicles = 5;  // that instants are asked of: all that they need is in memory
  Options few = options;
  few.vehicles = kVehicles;
  const std::uint32_t rounds = options.history_days * 8'640;
  few.frames_per_batch = 20;
  store_options.frames_per_block = 128;
  store_options.archive_period = std::chrono::seconds{0};
  store_options.cache_bytes = std::size_t{1} << 30;  // holds them all: what is warm is in memory
  const Fleet fleet = Fleet::Make(few, 0.0);
  const std::vector<SignalId>& signals = fleet.model.layout();
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(few, fleet, *store, 0, rounds);
  CHECK(store->Flush().ok());
  std::size_t count = 0;
  MeasureInstants(options, kWarmVehicles, rounds, *store);
  Print("sealed", fmt::format("a frame of {} values at any instant: {}", options.signals,
                              MeasureInstants(options, kWarmVehicles, rounds, *store)));
  MeasureHistory(kVehicles, signals, *store, count);
  const std::string sealed = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, warm: {}", count, sealed));

  const auto begun = SteadyClock::now();
  const double cpu_before = CpuSeconds(RUSAGE_SELF);
  CHECK(store->Archive(kStartTimeMs + (options.history_days + 1) * kMsPerDay).ok());
  const double frames = static_cast<double>(kVehicles) * rounds;
  Print("archiving",
        fmt::format("{} frames in {:.1f} s; {:.2f} us of CPU a frame; {:.4f} bytes a sample afterwards", Short(frames),
                    Seconds(SteadyClock::now() - begun).count(), 1e6 * (CpuSeconds(RUSAGE_SELF) - cpu_before) / frames,
                    static_cast<double>(store->Stats().size_bytes - store->Stats().journal_bytes) / frames /
                        static_cast<double>(options.signals)));
  MeasureInstants(options, kWarmVehicles, rounds, *store);
  Print("archived", fmt::format("a frame of {} values at any instant: {}", options.signals,
                                MeasureInstants(options, kWarmVehicles, rounds, *store)));
  MeasureHistory(kVehicles, signals, *store, count);
  const std::string warm = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, warm: {}", count, warm));
  store.reset();
  store = OpenStore(store_options);
  const bool dropped = DropPageCache();
  const std::string cold = MeasureHistory(kVehicles, signals, *store, count);
  Print("", fmt::format("{} values of one signal, {}: {}", count,
                        dropped ? "cold" : "new process, but the page cache could not be dropped", cold));
  std::vector<double> steps;
  for (std::uint32_t i = 0; i < kVehicles; ++i) {
    const auto summing = SteadyClock::now();
    CHECK(SummarizeSignal(*store, i + 1, signals[std::size_t{i} * 37 % signals.size()], {}, 3'600'000, {},
                          [](const SignalSummary&) { return true; })
              .ok());
    steps.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - summing).count());
  }
  Print("", fmt::format("{} values of one signal, summed up by the hour: {}", count, Percentiles(steps)));
}

// The newest value of one signal of the reference fleet, and what the fleet takes of memory.
void BenchLatest(const Options& options, TelemetryStoreOptions store_options) {
  Options whole = options;
  whole.vehicles = options.fleet;
  store_options.frames_per_block = 128;
  const Fleet fleet = Fleet::Make(whole, 0.0);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(whole, fleet, *store, 0, 1);
  Print("fleet", fmt::format("{} vehicles with one frame each: {:.2f} GB resident", whole.vehicles,
                             1e-9 * static_cast<double>(ResidentBytes())));
  const auto read = [&](SignalId signal) {
    std::uint64_t count = 0;
    std::int64_t sum = 0;
    const auto begun = SteadyClock::now();
    CHECK(store
              ->ScanLatest(signal, {},
                           [&](const LatestRun& run) {
                             for (const RawValue value : run.values) {
                               count += value != kAbsent ? 1 : 0;
                               sum += value;
                             }
                             return true;
                           })
              .ok());
    CHECK(count == whole.vehicles);
    return std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count();
  };
  const std::vector<SignalId>& signals = fleet.model.layout();
  std::vector<double> first;
  std::vector<double> again;
  for (std::size_t i = 0; i < store_options.latest_columns_max; ++i) first.push_back(read(signals[i * 37]));
  for (int repeat = 0; repeat < 10; ++repeat) {
    for (std::size_t i = 0; i < store_options.latest_columns_max; ++i) again.push_back(read(signals[i * 37]));
  }
  Print("latest", fmt::format("one signal of {} vehicles, the first time: {}", whole.vehicles, Percentiles(first)));
  Print("", fmt::format("again: {}", Percentiles(again)));
}

// An exact percentile of a day's rollups of the reference fleet. The frames are few and narrow: what a vehicle-day has
// in a rollup does not depend on how many there were.
void BenchRollups(const Options& options, TelemetryStoreOptions store_options) {
  Options few = options;
  few.vehicles = options.fleet;
  few.signals = 64;
  store_options.frames_per_block = 2;
  store_options.archive_period = std::chrono::seconds{0};
  const Fleet fleet = Fleet::Make(few, 0.0);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  AppendRounds(few, fleet, *store, 0, 2);
  CHECK(store->Flush().ok());
  CHECK(store->Archive(kStartTimeMs + 2 * kMsPerDay).ok());
  store.reset();
  store = OpenStore(store_options);
  std::vector<double> first;
  std::vector<double> again;
  for (const RollupPart part : {RollupPart::kMax, RollupPart::kLast, RollupPart::kSum}) {
    for (int repeat = 0; repeat <= 10; ++repeat) {
      for (std::size_t i = 0; i < 4; ++i) {
        const SignalId signal = fleet.model.layout()[i * 13];
        const auto begun = SteadyClock::now();
        CHECK(PercentileOfFleet(*store, DayOf(kStartTimeMs), signal, part, 95.0, {}).ok());
        (repeat == 0 ? first : again)
            .push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count());
      }
    }
  }
  Print("rollups", fmt::format("95th percentile of a part of a day of one signal, {} vehicles, the first time: {}",
                               few.vehicles, Percentiles(first)));
  Print("", fmt::format("again: {}", Percentiles(again)));
}

int Main(int argc, char** argv) {
  Options options;
  std::string only;
  std::string report;
  CLI::App app("Measures the telemetry store by itself.");
  app.add_option("--folder", options.folder, "For its stores; emptied")->capture_default_str();
  app.add_option("--vehicles", options.vehicles, "Vehicles of the append path")->capture_default_str();
  app.add_option("--frames-per-block", options.frames_per_block, "Of the append path")->capture_default_str();
  app.add_option("--parked-share", options.parked_share,
                 "Of the append path's vehicles: it, instead of none and then 3/8");
  app.add_option("--history-days", options.history_days, "Of the reads")->capture_default_str();
  app.add_option("--fleet", options.fleet, "Vehicles whose latest values are read")->capture_default_str();
  app.add_option("--size-vehicles", options.size_vehicles, "Vehicles of the size")->capture_default_str();
  app.add_option("--size-frames", options.size_frames, "Frames of each")->capture_default_str();
  app.add_option("--bytes-file", options.bytes_file, "For peers.sh: sizes of one share of parked vehicles go here");
  app.add_option("--only", only, "One of append, raw, replay, size, reads, latest, rollups");
  app.add_option("--report", report, "Put what is printed into the section 'storage' of this document");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::warn);
  TelemetryStoreOptions store_options{
      .path = options.folder + "/store", .frames_per_block = options.frames_per_block, .block_values_min = 1};
  const auto wanted = [&only](std::string_view name) { return only.empty() || only == name; };
  BenchMemcpy();
  if (wanted("latest")) BenchLatest(options, store_options);  // first: it says what a fleet takes of memory
  if (wanted("append")) {
    BenchAppend(options, store_options, options.parked_share.value_or(0.0));
    if (!options.parked_share) BenchAppend(options, store_options, 0.375);
  }
  if (wanted("raw")) BenchRawRocksDb(options, 5'000, std::uint64_t{2} << 30);
  if (wanted("replay")) BenchReplay(options, store_options);
  if (wanted("size")) {
    if (options.bytes_file.empty()) BenchSize(options, store_options, 0.0);
    BenchSize(options, store_options, options.bytes_file.empty() ? 1.0 : options.parked_share.value_or(0.0));
  }
  if (wanted("reads")) BenchReads(options, store_options);
  if (wanted("rollups")) BenchRollups(options, store_options);
  std::filesystem::remove_all(options.folder);
  if (report.empty()) return 0;
  const std::string today = FormatTime(SystemClock().NowMs()).substr(0, 10);
  const Status written =
      ReplaceSection(report, "storage", fmt::format("{}, on {}:\n\n```\n{}```\n", today, Hardware(), printed));
  if (!written.ok()) fmt::print(stderr, "{}\n", MessageOf(written));
  return written.ok() ? 0 : 1;
}

}  // namespace
}  // namespace telltale

int main(int argc, char** argv) { return telltale::Main(argc, argv); }
