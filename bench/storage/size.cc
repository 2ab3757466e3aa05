#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/check.h"
#include "bench/storage/measure.h"
#include "bench/storage/trucks.h"

namespace telltale::storage_bench {

void BenchSize(const Options& options, TelemetryStoreOptions store_options, double parked_share) {
  Options few = options;
  few.vehicles = options.size_vehicles;
  store_options.frames_per_block = 128;
  store_options.archive_period = std::chrono::seconds{0};
  const Trucks trucks = Trucks::Make(few, parked_share);
  std::filesystem::remove_all(store_options.path);
  auto store = OpenStore(store_options);
  const double own_before = CpuSeconds(RUSAGE_THREAD);
  const double all_before = CpuSeconds(RUSAGE_SELF);
  AppendRounds(few, trucks, *store, 0, options.size_frames);
  CHECK(store->Flush().ok());
  CHECK(store->Flush().ok());
  const double store_cpu = CpuSeconds(RUSAGE_SELF) - all_before - (CpuSeconds(RUSAGE_THREAD) - own_before);
  const StoreStats stats = store->Stats();
  const double samples = static_cast<double>(few.vehicles) * options.size_frames * static_cast<double>(few.signals);
  Print(parked_share > 0.0 ? "parked" : "driving",
        fmt::format("{:.4f} bytes a sample in blocks of 128 frames, with keys and times; rows of latest values "
                    "{:.0f} bytes a vehicle; with these {:.4f} after {} frames",
                    static_cast<double>(stats.block_bytes) / samples,
                    static_cast<double>(stats.latest_bytes) / few.vehicles,
                    static_cast<double>(stats.size_bytes - stats.journal_bytes) / samples, options.size_frames));
  if (options.bytes_file.empty()) return;
  std::ofstream file(options.bytes_file);
  file << fmt::format("{} {:.2f}\n", stats.size_bytes - stats.journal_bytes, store_cpu);
  CHECK(file.flush().good());
}

}  // namespace telltale::storage_bench
