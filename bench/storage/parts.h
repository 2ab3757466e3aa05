// The parts of storage_bench, each of which empties its store's folder first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "storage/rocksdb/rocksdb_telemetry_store.h"

namespace telltale::storage_bench {

struct Options {
  std::string folder = "build/bench-storage";
  std::uint32_t vehicles = 1'000'000;
  std::size_t frames_per_block = 48;  // heads of a million vehicles then are as large as they may be by default
  std::size_t signals = 420;
  std::uint32_t frames_per_batch = 64;
  std::optional<double> parked_share;
  std::uint32_t history_days = 30;
  std::uint32_t fleet = 2'181'336;
  std::uint32_t size_vehicles = 300;
  std::uint32_t size_frames = 8'640;  // a day at 10 s
  std::string bytes_file;
  std::string recordings = TELLTALE_SOURCE_DIR "/tests/data";
};

// What one core copies from memory to memory: values of 32 bits.
void BenchMemcpy();

// The store as it is after hours: every vehicle has a head, of any length, before anything is measured; in as many
// rounds as a block has frames each vehicle then fills a block, so that as much is sealed as is appended.
void BenchAppend(const Options& options, TelemetryStoreOptions store_options, double parked_share);

// A crash's worth of journal, read back.
void BenchReplay(const Options& options, TelemetryStoreOptions store_options);

// The same bytes through RocksDB as it is: values as large as a block, keys in random order, its log synced as often.
void BenchRawRocksDb(const Options& options, std::size_t value_bytes, std::uint64_t total_bytes);

// How small a sealed vehicle is: blocks with keys and times, and rows of latest values.
void BenchSize(const Options& options, TelemetryStoreOptions store_options, double parked_share);

// The same of the recordings of real vehicles in tests/data, sealed and archived, each in a store of its own.
void BenchRecordings(const Options& options, TelemetryStoreOptions store_options);

// Reads on some vehicles with a long history, as it was sealed and as it is archived.
void BenchReads(const Options& options, TelemetryStoreOptions store_options);

// The newest value of one signal of the reference fleet, and what the fleet takes of memory.
void BenchLatest(const Options& options, TelemetryStoreOptions store_options);

// An exact percentile of a day's rollups of the reference fleet. The frames are few and narrow: what a vehicle-day has
// in a rollup does not depend on how many there were.
void BenchRollups(const Options& options, TelemetryStoreOptions store_options);

}  // namespace telltale::storage_bench
