// How the tests of the telemetry store write and read.
#pragma once

#include <cstdint>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "storage/rocksdb/rocksdb_telemetry_store.h"
#include "tests/storage/faulty_file_system.h"

namespace telltale {

// Without syncs, unless the test has an Env of its own.
inline std::unique_ptr<RocksDbTelemetryStore> Open(TelemetryStoreOptions options) {
  if (options.env == nullptr) options.env = UnsyncedEnv();
  auto store = RocksDbTelemetryStore::Open(options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

inline StatusOr<AppendResult> AppendAndWait(TelemetryStore& store, FrameBatch batch) {
  std::promise<StatusOr<AppendResult>> promise;
  store.Append(std::move(batch), [&promise](const StatusOr<AppendResult>& result) { promise.set_value(result); });
  return promise.get_future().get();
}

inline FrameBatch OneFrame(VehicleId vehicle, std::int64_t time_ms, std::vector<SignalId> signals,
                           const std::vector<RawValue>& values) {
  FrameBatch batch;
  batch.Add(vehicle, time_ms, *Layout::Create(std::move(signals)), values);
  return batch;
}

// A frame as the model and the scan both give it.
using Cells = std::map<SignalId, RawValue>;
using VehicleFrames = std::map<std::int64_t, Cells>;

inline StatusOr<VehicleFrames> ScanAll(TelemetryStore& store, VehicleId vehicle, std::vector<SignalId> signals = {},
                                       TimeRange range = {}, ScanOptions options = {}) {
  VehicleFrames frames;
  std::int64_t last_ms = std::numeric_limits<std::int64_t>::min();
  const Status status = store.Scan(vehicle, signals, range, options, [&](const Frame& frame) {
    EXPECT_GT(frame.measure_time_ms, last_ms) << "in order of time, each time once";
    last_ms = frame.measure_time_ms;
    EXPECT_EQ(frame.vehicle_id, vehicle);
    EXPECT_TRUE(std::ranges::is_sorted(frame.layout->signals()));
    Cells& cells = frames[frame.measure_time_ms];
    for (std::size_t i = 0; i < frame.values.size(); ++i) cells[frame.layout->signals()[i]] = frame.values[i];
    return true;
  });
  if (!status.ok()) return status;
  return frames;
}

}  // namespace telltale
