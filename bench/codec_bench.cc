// The storage codecs, on frames of the load generator's trucks: samples a second on one core (items_per_second) and
// bytes a sample, with memcpy of the same values beside them. The arguments are frames of a block and whether the
// trucks are parked, and the path (0: scalar, 1: AVX2). Each pass goes over many vehicles, so that the values come from
// the outer caches, as in the server.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "bench/load/truck_model.h"
#include "bench/model_signals.h"
#include "catalog/catalog.h"
#include "catalog/frame.h"
#include "storage/codec/block_codec.h"
#include "storage/codec/column_kernels.h"
#include "storage/codec/row_codec.h"

namespace telltale {
namespace {

constexpr std::size_t kSignalCount = 420;
constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z: 512 frames of 10 s stay in its day
constexpr std::int64_t kCadenceMs = 10'000;
constexpr std::uint32_t kVehicleCount = 64;

TruckModel MakeModel(bool parked) {
  auto catalog = Catalog::Load();
  CHECK(catalog.ok());
  auto model =
      TruckModel::Create(ModelSignalsOf(*catalog),
                         {.signal_count = kSignalCount, .parked_share = parked ? 1.0 : 0.0, .cadence_ms = kCadenceMs});
  CHECK(model.ok());
  return *std::move(model);
}

std::shared_ptr<const Layout> LayoutOf(const TruckModel& model) { return *Layout::Create(model.layout()); }

std::vector<FrameRun> MakeRuns(const TruckModel& model, std::size_t frame_count) {
  const auto layout = LayoutOf(model);
  std::vector<RawValue> row(kSignalCount);
  std::vector<FrameRun> runs(kVehicleCount);
  for (std::uint32_t vehicle = 0; vehicle < kVehicleCount; ++vehicle) {
    for (std::size_t i = 0; i < frame_count; ++i) {
      model.Fill(vehicle, i, row);
      runs[vehicle].Add(kStartTimeMs + static_cast<std::int64_t>(i) * kCadenceMs, layout, row);
    }
  }
  return runs;
}

std::vector<std::string> MakeBlocks(const std::vector<FrameRun>& runs) {
  std::vector<std::string> blocks;
  for (std::uint32_t vehicle = 0; vehicle < kVehicleCount; ++vehicle) {
    blocks.push_back(BlockCodec::Encode(vehicle + 1, 1, runs[vehicle], 0, runs[vehicle].size()));
  }
  return blocks;
}

std::size_t SizeOf(const std::vector<std::string>& blocks) {
  std::size_t size_bytes = 0;
  for (const std::string& block : blocks) size_bytes += block.size();
  return size_bytes;
}

void Report(benchmark::State& state, std::size_t samples_per_pass, std::size_t bytes_per_pass) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(samples_per_pass));
  state.counters["bytes_per_sample"] = static_cast<double>(bytes_per_pass) / static_cast<double>(samples_per_pass);
}

// False: this processor does not have the path.
bool TakePath(benchmark::State& state, std::int64_t path) {
  if (!ColumnKernels::Has(static_cast<CodecPath>(path))) {
    state.SkipWithError("this processor does not have the path");
    return false;
  }
  ColumnKernels::ForceForTest(static_cast<CodecPath>(path));
  return true;
}

void EncodeBlock(benchmark::State& state) {
  if (!TakePath(state, state.range(2))) return;
  const auto frame_count = static_cast<std::size_t>(state.range(0));
  const auto runs = MakeRuns(MakeModel(state.range(1) != 0), frame_count);
  std::string block;
  for (auto _ : state) {
    for (std::uint32_t vehicle = 0; vehicle < kVehicleCount; ++vehicle) {
      block.clear();
      BlockCodec::Append(vehicle + 1, 1, runs[vehicle], 0, frame_count, block);
      benchmark::DoNotOptimize(block.data());
    }
  }
  Report(state, kVehicleCount * frame_count * kSignalCount, SizeOf(MakeBlocks(runs)));
}
BENCHMARK(EncodeBlock)->ArgNames({"frames", "parked", "path"})->ArgsProduct({{64, 128, 512}, {0, 1}, {0, 1}});

void DecodeBlock(benchmark::State& state) {
  if (!TakePath(state, state.range(2))) return;
  const auto frame_count = static_cast<std::size_t>(state.range(0));
  const auto blocks = MakeBlocks(MakeRuns(MakeModel(state.range(1) != 0), frame_count));
  LayoutPool layouts;
  FrameRun run;
  for (auto _ : state) {
    for (const std::string& block : blocks) {
      run.Clear();
      CHECK(BlockCodec::Decode(block, {}, {}, layouts, run).ok());
      benchmark::DoNotOptimize(run.values(0).data());
    }
  }
  Report(state, kVehicleCount * frame_count * kSignalCount, SizeOf(blocks));
}
BENCHMARK(DecodeBlock)->ArgNames({"frames", "parked", "path"})->ArgsProduct({{64, 128, 512}, {0, 1}, {0, 1}});

// What downsampling and a history of many signals read.
void DecodeColumns(benchmark::State& state) {
  if (!TakePath(state, state.range(2))) return;
  const auto frame_count = static_cast<std::size_t>(state.range(0));
  const auto blocks = MakeBlocks(MakeRuns(MakeModel(state.range(1) != 0), frame_count));
  BlockColumns columns;
  for (auto _ : state) {
    for (const std::string& block : blocks) {
      CHECK(BlockCodec::DecodeColumns(block, {}, columns).ok());
      benchmark::DoNotOptimize(columns.column(0).data());
    }
  }
  Report(state, kVehicleCount * frame_count * kSignalCount, SizeOf(blocks));
}
BENCHMARK(DecodeColumns)->ArgNames({"frames", "parked", "path"})->ArgsProduct({{64, 128, 512}, {0, 1}, {0, 1}});

// What a history of one signal costs: samples of that signal only.
void DecodeOneSignal(benchmark::State& state) {
  if (!TakePath(state, state.range(1))) return;
  const auto frame_count = static_cast<std::size_t>(state.range(0));
  const TruckModel model = MakeModel(false);
  const auto blocks = MakeBlocks(MakeRuns(model, frame_count));
  const std::vector<SignalId> signals = {model.layout()[kSignalCount / 2]};
  BlockColumns columns;
  for (auto _ : state) {
    for (const std::string& block : blocks) {
      CHECK(BlockCodec::DecodeColumns(block, signals, columns).ok());
      benchmark::DoNotOptimize(columns.column(0).data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kVehicleCount * frame_count));
}
BENCHMARK(DecodeOneSignal)->ArgNames({"frames", "path"})->ArgsProduct({{128, 512}, {0, 1}});

// Frames of raw CAN: forty layouts of a few signals each, in turn.
FrameRun MakeNarrowRun(const TruckModel& model, std::size_t frame_count) {
  constexpr std::size_t kNarrowSignals = 8;
  std::vector<std::shared_ptr<const Layout>> layouts;
  for (std::size_t at = 0; at + kNarrowSignals <= 40 * kNarrowSignals; at += kNarrowSignals) {
    const auto begin = model.layout().begin() + static_cast<std::ptrdiff_t>(at);
    layouts.push_back(*Layout::Create({begin, begin + kNarrowSignals}));
  }
  std::vector<RawValue> row(kSignalCount);
  FrameRun run;
  for (std::size_t i = 0; i < frame_count; ++i) {
    model.Fill(1, i / layouts.size(), row);
    const std::size_t l = i % layouts.size();
    run.Add(kStartTimeMs + static_cast<std::int64_t>(i) * 100, layouts[l],
            std::span(row).subspan(l * kNarrowSignals, kNarrowSignals));
  }
  return run;
}

void EncodeNarrow(benchmark::State& state) {
  const FrameRun run = MakeNarrowRun(MakeModel(false), static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(BlockCodec::Encode(1, 1, run, 0, run.size()));
  Report(state, run.value_count(), BlockCodec::Encode(1, 1, run, 0, run.size()).size());
}
BENCHMARK(EncodeNarrow)->ArgName("frames")->Arg(512)->Arg(4096);

void DecodeNarrow(benchmark::State& state) {
  const FrameRun run = MakeNarrowRun(MakeModel(false), static_cast<std::size_t>(state.range(0)));
  const std::string block = BlockCodec::Encode(1, 1, run, 0, run.size());
  LayoutPool layouts;
  FrameRun decoded;
  for (auto _ : state) {
    decoded.Clear();
    CHECK(BlockCodec::Decode(block, {}, {}, layouts, decoded).ok());
  }
  Report(state, run.value_count(), block.size());
}
BENCHMARK(DecodeNarrow)->ArgName("frames")->Arg(512)->Arg(4096);

// A row against the one before it, as the journal and the heads have it.
void EncodeRow(benchmark::State& state) {
  const FrameRun run = MakeRuns(MakeModel(state.range(0) != 0), 128)[0];
  std::vector<char> packed(RowCodec::MaxBytes(kSignalCount));
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    for (std::size_t i = 1; i < run.size(); ++i) {
      bytes +=
          static_cast<std::size_t>(RowCodec::Encode(run.values(i - 1), run.values(i), packed.data()) - packed.data());
    }
    benchmark::DoNotOptimize(packed.data());
  }
  Report(state, (run.size() - 1) * kSignalCount, bytes);
}
BENCHMARK(EncodeRow)->ArgName("parked")->Arg(0)->Arg(1);

void DecodeRow(benchmark::State& state) {
  const FrameRun run = MakeRuns(MakeModel(state.range(0) != 0), 128)[0];
  std::string packed;
  std::vector<char> row(RowCodec::MaxBytes(kSignalCount));
  for (std::size_t i = 1; i < run.size(); ++i) {
    packed.append(row.data(), RowCodec::Encode(run.values(i - 1), run.values(i), row.data()));
  }
  std::vector<RawValue> values(run.values(0).begin(), run.values(0).end());
  for (auto _ : state) {
    std::string_view rest = packed;
    while (!rest.empty()) CHECK(RowCodec::Decode(rest, values));
    benchmark::DoNotOptimize(values.data());
  }
  Report(state, (run.size() - 1) * kSignalCount, packed.size());
}
BENCHMARK(DecodeRow)->ArgName("parked")->Arg(0)->Arg(1);

// The bound: as many values copied, 4 bytes each; the argument is MiB, in the caches and far beyond them.
void Memcpy(benchmark::State& state) {
  const std::vector<RawValue> from(static_cast<std::size_t>(state.range(0)) * (1 << 20) / sizeof(RawValue), 1);
  std::vector<RawValue> to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size() * sizeof(RawValue));
    benchmark::ClobberMemory();
  }
  Report(state, from.size(), from.size() * sizeof(RawValue));
}
BENCHMARK(Memcpy)->ArgName("MiB")->Arg(1)->Arg(8)->Arg(256);

}  // namespace
}  // namespace telltale

BENCHMARK_MAIN();
