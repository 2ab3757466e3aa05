#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/driver_log.h"
#include "storage/fault_store.h"
#include "storage/upload_log.h"

namespace telltale {

// What vehicles send beside frames: rare, small, and kept in documents.
struct Records {
  struct Driver {
    VehicleId vehicle_id = 0;
    DriverChange change;
  };
  struct PassedThrough {
    VehicleId vehicle_id = 0;
    Upload upload;
  };
  std::vector<FaultStore::VehicleReport> faults;
  std::vector<Driver> drivers;
  std::vector<PassedThrough> uploads;

  bool empty() const { return faults.empty() && drivers.empty() && uploads.empty(); }
  void Clear();
};

// Where records go. Each makes them durable before it returns, and the same again changes nothing. Empty: such records
// are refused as UNIMPLEMENTED.
struct RecordSinks {
  std::function<Status(const std::vector<FaultStore::VehicleReport>&)> faults;
  std::function<Status(VehicleId, const DriverChange&)> drivers;
  std::function<Status(VehicleId, const Upload&)> uploads;
};

// Of faults alone.
RecordSinks SinksOf(FaultStore& faults);

// Writes records on a thread of its own, so that no thread that receives waits for the disk. Thread-safe.
class RecordWriter {
 public:
  static constexpr std::size_t kWaitingMax = 4'096;  // calls; more are answered with UNAVAILABLE

  explicit RecordWriter(RecordSinks sinks);
  // Writes what waits.
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // Calls `done` once they are durable, or could not be made so, from the writer's thread; it must be quick.
  using DoneFunction = std::function<void(const Status&)>;
  void Write(Records records, DoneFunction done);

 private:
  struct Waiting {
    Records records;
    DoneFunction done;
  };
  void Run();
  void WriteAll(std::vector<Waiting>& waiting);
  Status WriteOne(const Records& records) const;

  const RecordSinks sinks_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace telltale
