// Writes the load generator's frames to standard output, in the form that another store takes in. bench/peers.sh.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "bench/load/truck_model.h"
#include "bench/model_signals.h"
#include "catalog/catalog.h"

namespace telltale {
namespace {

constexpr std::int64_t kStartTimeMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kCadenceMs = 10'000;

struct Options {
  std::uint32_t vehicles = 100;
  std::uint32_t frames = 720;
  std::size_t signals = 420;
  double parked_share = 0.0;
  std::string format = "count";
};

void Write(std::string_view bytes) { CHECK(std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()); }

template <typename Integer>
void PutBinary(std::string& to, Integer value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Every frame of a vehicle, one row after the other.
std::vector<RawValue> RowsOf(const TruckModel& model, std::uint32_t vehicle, const Options& options) {
  std::vector<RawValue> rows(options.frames * options.signals);
  for (std::uint32_t frame = 0; frame < options.frames; ++frame) {
    model.Fill(vehicle, frame, {rows.data() + frame * options.signals, options.signals});
  }
  return rows;
}

std::int64_t TimeOf(std::uint32_t vehicle, std::uint32_t frame) {
  return kStartTimeMs + frame * kCadenceMs + vehicle % kCadenceMs;
}

// A line of JSON for each signal of a vehicle, as VictoriaMetrics' /api/v1/import takes them; in the signal's unit, to
// as many digits as it has. What is not available is not sent.
void WriteSeries(const TruckModel& model, const Catalog& catalog, const Options& options) {
  for (std::uint32_t vehicle = 0; vehicle < options.vehicles; ++vehicle) {
    const std::vector<RawValue> rows = RowsOf(model, vehicle, options);
    for (std::size_t s = 0; s < options.signals; ++s) {
      const Signal& signal = *catalog.Find(model.layout()[s]);
      std::string values;
      std::string times;
      for (std::uint32_t frame = 0; frame < options.frames; ++frame) {
        const RawValue raw = rows[frame * options.signals + s];
        if (!IsValue(raw)) continue;
        fmt::format_to(std::back_inserter(values), "{}{:.10g}", values.empty() ? "" : ",", signal.ToPhysical(raw));
        fmt::format_to(std::back_inserter(times), "{}{}", times.empty() ? "" : ",", TimeOf(vehicle, frame));
      }
      if (values.empty()) continue;
      Write(fmt::format(R"({{"metric":{{"__name__":"{}","vehicle":"{}"}},"values":[{}],"timestamps":[{}]}})"
                        "\n",
                        signal.name, vehicle, values, times));
    }
  }
}

// ClickHouse's RowBinary of the table that WriteTable makes.
void WriteRows(const TruckModel& model, const Options& options) {
  std::string bytes;
  for (std::uint32_t vehicle = 0; vehicle < options.vehicles; ++vehicle) {
    const std::vector<RawValue> rows = RowsOf(model, vehicle, options);
    for (std::uint32_t frame = 0; frame < options.frames; ++frame) {
      PutBinary(bytes, vehicle);
      PutBinary(bytes, TimeOf(vehicle, frame));
      for (std::size_t s = 0; s < options.signals; ++s) {
        const RawValue raw = rows[frame * options.signals + s];
        bytes += IsValue(raw) ? '\0' : '\1';
        if (IsValue(raw)) PutBinary(bytes, raw);
      }
    }
    Write(bytes);
    bytes.clear();
  }
}

void WriteTable(const TruckModel& model) {
  std::string columns;
  for (const SignalId signal : model.layout()) columns += fmt::format(", s{} Nullable(Int32)", signal);
  Write(fmt::format(
      "CREATE TABLE frames (vehicle UInt32, time Int64{}) ENGINE = MergeTree() ORDER BY (vehicle, time)\n", columns));
}

// How many values there are, those not available left out.
void WriteCount(const TruckModel& model, const Options& options) {
  std::uint64_t count = 0;
  for (std::uint32_t vehicle = 0; vehicle < options.vehicles; ++vehicle) {
    for (const RawValue raw : RowsOf(model, vehicle, options)) count += IsValue(raw) ? 1 : 0;
  }
  Write(fmt::format("{}\n", count));
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Writes frames for other stores.");
  app.add_option("--vehicles", options.vehicles)->capture_default_str();
  app.add_option("--frames", options.frames, "Of each vehicle")->capture_default_str();
  app.add_option("--parked-share", options.parked_share)->capture_default_str();
  app.add_option("--format", options.format)
      ->check(CLI::IsMember({"victoria-metrics", "clickhouse", "clickhouse-table", "count"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto catalog = Catalog::Load();
  CHECK(catalog.ok());
  const auto model = TruckModel::Create(
      ModelSignalsOf(*catalog),
      {.signal_count = options.signals, .parked_share = options.parked_share, .cadence_ms = kCadenceMs});
  CHECK(model.ok());
  if (options.format == "victoria-metrics") WriteSeries(*model, *catalog, options);
  if (options.format == "clickhouse") WriteRows(*model, options);
  if (options.format == "clickhouse-table") WriteTable(*model);
  if (options.format == "count") WriteCount(*model, options);
  return 0;
}

}  // namespace
}  // namespace telltale

int main(int argc, char** argv) { return telltale::Main(argc, argv); }
