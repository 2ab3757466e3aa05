// What recordings of real vehicles take, decoded as an import does and kept in a store as it is by default. Beside it,
// zstd of the file and of the decoded rows.

#include <algorithm>
#include <filesystem>
#include <future>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include "base/check.h"
#include "bench/recording.h"
#include "bench/storage/measure.h"
#include "bench/storage/trucks.h"
#include "catalog/catalog.h"

namespace telltale::storage_bench {
namespace {

// Decoded files, and bytes that they take.
struct Sizes {
  std::size_t frames = 0;
  std::size_t values = 0;  // neither not available nor an error
  std::size_t states = 0;  // not available, or an error
  std::size_t file_bytes = 0;
  std::size_t file_zstd_bytes = 0;
  std::size_t rows_zstd_bytes = 0;

  void operator+=(const Sizes& other) {
    frames += other.frames;
    values += other.values;
    states += other.states;
    file_bytes += other.file_bytes;
    file_zstd_bytes += other.file_zstd_bytes;
    rows_zstd_bytes += other.rows_zstd_bytes;
  }
};

std::size_t ZstdBytes(std::string_view bytes) {
  constexpr int kLevel = 3;
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  CHECK(ZSTD_isError(size) == 0);
  return size;
}

// As a plain table has them: the time in 8 bytes, each value in 4.
std::string RowsOf(const FrameBatch& frames) {
  std::string rows;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Frame frame = frames[i];
    rows.append(reinterpret_cast<const char*>(&frame.measure_time_ms), sizeof(frame.measure_time_ms));
    rows.append(reinterpret_cast<const char*>(frame.values.data()), frame.values.size_bytes());
  }
  return rows;
}

FrameBatch Decode(const Catalog& catalog, const std::filesystem::path& path, VehicleId vehicle, Sizes& sizes) {
  const std::string bytes = BytesOf(path);
  FrameBatch frames = DecodeRecording(catalog, path, bytes, vehicle, kStartTimeMs);
  const auto values = static_cast<std::size_t>(std::ranges::count_if(frames.MutableValues(), IsValue));
  sizes = {.frames = frames.size(),
           .values = values,
           .states = frames.sample_count() - values,
           .file_bytes = bytes.size(),
           .file_zstd_bytes = ZstdBytes(bytes),
           .rows_zstd_bytes = ZstdBytes(RowsOf(frames))};
  return frames;
}

// Appends them to an empty store, and prints what they take there.
void Measure(const std::string& name, const Sizes& sizes, std::vector<FrameBatch> batches,
             const TelemetryStoreOptions& store_options) {
  std::filesystem::remove_all(store_options.path);
  const auto store = OpenStore(store_options);
  for (FrameBatch& batch : batches) {
    std::promise<bool> appended;
    store->Append(std::move(batch),
                  [&appended](const StatusOr<AppendResult>& result) { appended.set_value(result.ok()); });
    CHECK(appended.get_future().get());
  }
  CHECK(store->Flush().ok());
  const StoreStats sealed = store->Stats();
  CHECK(store->Archive(kStartTimeMs + 100 * 365 * kMsPerDay).ok());
  const StoreStats archived = store->Stats();
  const auto each = [&sizes](std::size_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(sizes.values);
  };
  Print("", fmt::format("{:<46} {:>7} {:>8} {:>8} {:>9} {:>7.3f} {:>9.3f} {:>7} {:>8} {:>10.3f} {:>10.3f}", name,
                        sizes.frames, sizes.values, sizes.states, sizes.file_bytes, each(sealed.block_bytes),
                        each(archived.archive_bytes), sealed.latest_bytes, archived.rollup_bytes,
                        each(sizes.file_zstd_bytes), each(sizes.rows_zstd_bytes)));
}

}  // namespace

void BenchRecordings(const Options& options, TelemetryStoreOptions store_options) {
  store_options = {.path = store_options.path};
  store_options.archive_period = std::chrono::seconds{0};  // only when it is asked to
  const auto catalog = Catalog::Load();
  CHECK(catalog.ok());
  Print("recordings",
        "bytes a value in blocks and once archived, with keys and times; bytes of latest values and "
        "rollups; bytes a value by zstd -3 of the file and of its rows");
  Print("", fmt::format("{:<46} {:>7} {:>8} {:>8} {:>9} {:>7} {:>9} {:>7} {:>8} {:>10} {:>10}", "", "frames", "values",
                        "states", "bytes", "blocks", "archived", "latest", "rollups", "zstd file", "zstd rows"));
  Sizes all;
  std::vector<FrameBatch> all_frames;
  for (const std::filesystem::path& path : RecordingPaths(options.recordings)) {
    Sizes sizes;
    std::vector<FrameBatch> frames;
    frames.push_back(Decode(*catalog, path, 1, sizes));
    Measure(path.filename().string(), sizes, std::move(frames), store_options);
    all_frames.push_back(Decode(*catalog, path, static_cast<VehicleId>(all_frames.size() + 1), sizes));
    all += sizes;
  }
  Measure("all of them, each a vehicle", all, std::move(all_frames), store_options);
}

}  // namespace telltale::storage_bench
