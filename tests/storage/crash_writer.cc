// Appends frames to a store until it is killed: crash_writer PATH FIRST. A program of its own, as a store's threads do
// not survive a fork. Batch i has a frame for vehicle 1 and one for vehicle 2; each acknowledged batch is a byte on
// kAckDescriptor.

#include "tests/storage/crash_writer.h"

#include <cstdlib>
#include <future>

#include <unistd.h>

#include "storage/rocksdb/rocksdb_telemetry_store.h"

using namespace telltale;

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  auto store = RocksDbTelemetryStore::Open(SmallOptions(argv[1]));
  for (int i = std::atoi(argv[2]); store.ok(); ++i) {
    FrameBatch batch;
    batch.Add(1, kTimeMs + i * 1000LL, *Layout::Create({1, 2}), std::array<RawValue, 2>{i, -i});
    batch.Add(2, kTimeMs + i * 1000LL, *Layout::Create({3}), std::array<RawValue, 1>{i});
    std::promise<bool> acknowledged;
    (*store)->Append(std::move(batch),
                     [&acknowledged](const StatusOr<AppendResult>& result) { acknowledged.set_value(result.ok()); });
    const char byte = 'a';
    if (!acknowledged.get_future().get() || write(kAckDescriptor, &byte, 1) != 1) break;
  }
  return EXIT_FAILURE;
}
