#include "ingest/record_writer.h"

#include <utility>

namespace telltale {

void Records::Clear() {
  faults.clear();
  drivers.clear();
  uploads.clear();
}

RecordSinks SinksOf(FaultStore& faults) {
  return {.faults = [&faults](const std::vector<FaultStore::VehicleReport>& reports) { return faults.Record(reports); },
          .drivers = {},
          .uploads = {}};
}

RecordWriter::RecordWriter(RecordSinks sinks) : sinks_(std::move(sinks)), thread_([this] { Run(); }) {}

RecordWriter::~RecordWriter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void RecordWriter::Write(Records records, DoneFunction done) {
  {
    MutexLock lock(mutex_);
    if (waiting_.size() < kWaitingMax) {
      waiting_.push_back({.records = std::move(records), .done = std::move(done)});
      changed_.NotifyAll();
      return;
    }
  }
  done(absl::UnavailableError("too many records wait for the disk; send it again"));
}

void RecordWriter::Run() {
  while (true) {
    std::vector<Waiting> waiting;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      waiting.swap(waiting_);
    }
    WriteAll(waiting);
  }
}

// Faults are by far the most: those that wait are written as one.
void RecordWriter::WriteAll(std::vector<Waiting>& waiting) {
  std::vector<FaultStore::VehicleReport> faults;
  for (const Waiting& one : waiting) faults.insert(faults.end(), one.records.faults.begin(), one.records.faults.end());
  const bool together = waiting.size() > 1 && !faults.empty() && sinks_.faults && sinks_.faults(faults).ok();
  for (Waiting& one : waiting) {
    if (together) one.records.faults.clear();
    one.done(WriteOne(one.records));
  }
}

Status RecordWriter::WriteOne(const Records& records) const {
  const auto unimplemented = [] { return absl::UnimplementedError("this server keeps no such records"); };
  if (!records.faults.empty()) {
    if (!sinks_.faults) return unimplemented();
    RETURN_IF_ERROR(sinks_.faults(records.faults));
  }
  for (const Records::Driver& driver : records.drivers) {
    if (!sinks_.drivers) return unimplemented();
    RETURN_IF_ERROR(sinks_.drivers(driver.vehicle_id, driver.change));
  }
  for (const Records::PassedThrough& passed : records.uploads) {
    if (!sinks_.uploads) return unimplemented();
    RETURN_IF_ERROR(sinks_.uploads(passed.vehicle_id, passed.upload));
  }
  return OkStatus();
}

}  // namespace telltale
