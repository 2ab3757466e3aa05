#include "storage/rocksdb/sealer.h"

#include <algorithm>

#include <pthread.h>

#include "base/log.h"
#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kBytesPerWrite = std::size_t{4} << 20;  // of packed heads: about as much of blocks

}  // namespace

Sealer::Sealer(TelemetryDatabase& database, BlockWrites& writes, VehicleTable& vehicles, const Options& options)
    : database_(database), writes_(writes), vehicles_(vehicles), options_(options), thread_([this] { Run(); }) {}

Sealer::~Sealer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    progress_.NotifyAll();
  }
  thread_.join();
}

void Sealer::Add(std::shared_ptr<const SealingHead> head) {
  MutexLock lock(mutex_);
  while (queue_bytes_ > options_.queue_bytes_max && status_.ok() && !stopping_) progress_.Wait(mutex_);
  queue_bytes_ += head->frames.size_bytes();
  queue_.push_back(std::move(head));
  wake_.NotifyOne();
}

Status Sealer::Drain() {
  MutexLock lock(mutex_);
  if (!status_.ok()) return status_;
  flush_wanted_ = true;
  wake_.NotifyOne();
  const std::uint64_t failures = failure_count_;
  while (!stopping_ && failure_count_ == failures && (flush_wanted_ || !queue_.empty() || !idle_)) {
    progress_.Wait(mutex_);
  }
  return status_;
}

void Sealer::FlushSoon() {
  MutexLock lock(mutex_);
  flush_wanted_ = true;
  wake_.NotifyOne();
}

std::vector<std::uint32_t> Sealer::TakeDurable() {
  MutexLock lock(mutex_);
  return std::exchange(durable_, {});
}

Status Sealer::status() const {
  MutexLock lock(mutex_);
  return status_;
}

std::size_t Sealer::queued_bytes() const {
  MutexLock lock(mutex_);
  return queue_bytes_;
}

bool Sealer::Next(Work& work) {
  work = {};
  MutexLock lock(mutex_);
  idle_ = true;
  progress_.NotifyAll();
  while (!stopping_ && queue_.empty() && !flush_wanted_) {
    if (unflushed_.empty()) {
      wake_.Wait(mutex_);
    } else if (!wake_.WaitUntil(mutex_, unflushed_since_ + options_.flush_age)) {
      flush_wanted_ = true;
    }
  }
  if (stopping_) return false;
  idle_ = false;
  std::size_t bytes = 0;
  while (!queue_.empty() && bytes < kBytesPerWrite) {
    bytes += queue_.front()->frames.size_bytes();
    work.heads.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  // A flush that was asked for comes behind everything that was queued before.
  work.flush = (flush_wanted_ && queue_.empty()) || unflushed_bytes_ >= options_.flush_bytes;
  return true;
}

void Sealer::Run() {
  pthread_setname_np(pthread_self(), "sealer");  // for top and perf
  Work work;
  bool failed = false;
  while (!work.heads.empty() || Next(work)) {
    // After a failed write RocksDB refuses further ones. This may wait for as long as the disk does, so it is not the
    // committer's. Whether it helped shows in what follows.
    if (failed) database_.db->Resume().PermitUncheckedError();
    Status status = work.heads.empty() ? OkStatus() : Write(work.heads);
    if (status.ok()) {
      Forget(work.heads);
      work.heads.clear();
      if (work.flush) status = Flush();
    }
    MutexLock lock(mutex_);
    if (!status.ok()) {
      if (status_.ok()) spdlog::error("blocks cannot be written error=\"{}\"", MessageOf(status));
      ++failure_count_;
      status_ = std::move(status);
      flush_wanted_ = true;
      progress_.NotifyAll();
      const auto retry = std::chrono::steady_clock::now() + options_.retry_interval;
      while (!stopping_ && wake_.WaitUntil(mutex_, retry)) {
      }
      if (stopping_) return;
      failed = true;
      continue;
    }
    failed = false;
    status_ = OkStatus();
  }
}

// Budget: BlockCodec, and 0.5 us a frame to unpack it and to write the block.
Status Sealer::Write(const Heads& heads) {
  write_.Clear();
  std::vector<BlockWrites::Block> blocks;
  // In the order of keys, RocksDB finds the places of neighbours together.
  std::vector<const SealingHead*> by_vehicle;
  for (const auto& head : heads) by_vehicle.push_back(head.get());
  std::ranges::sort(by_vehicle, {}, &SealingHead::vehicle);
  for (const SealingHead* const head : by_vehicle) {
    const std::uint64_t sequence = head->latest.sealed_sequence;
    head->frames.Unpack(unpacked_);
    const FrameRun& frames = unpacked_;
    for (std::size_t from = 0; from < frames.size();) {
      const std::int64_t day_end_ms = (DayOf(frames.time_ms(from)) + 1) * kMsPerDay;
      const std::size_t end = frames.LowerBound(std::min(day_end_ms, frames.time_ms(from) + kBlockSpanMs));
      const std::size_t to = std::min(end, from + BlockCodec::kMaxFrames);
      write_.Put(database_.blocks, BlockKey(head->vehicle, frames.time_ms(from), sequence),
                 BlockCodec::Encode(head->vehicle, sequence, frames, from, to));
      blocks.push_back({DayOf(frames.time_ms(from)), head->vehicle});
      from = to;
    }
    write_.Put(database_.latest, LatestKey(head->vehicle), head->latest.Encode());
  }
  database_.PutSealedSequence(heads.back()->latest.sealed_sequence, write_);  // the greatest: heads come in order
  RETURN_IF_ERROR(writes_.Write(*database_.db, write_, blocks));
  block_count_ += blocks.size();
  if (unflushed_.empty()) unflushed_since_ = std::chrono::steady_clock::now();
  for (const auto& head : heads) unflushed_.push_back(head->segment);
  unflushed_bytes_ += write_.GetDataSize();
  return OkStatus();
}

// Only when its blocks are there may a head go: a reader finds a frame in the head, in the block, or in both.
void Sealer::Forget(const Heads& heads) {
  std::size_t bytes = 0;
  for (const auto& head : heads) {
    bytes += head->frames.size_bytes();
    VehicleTable::Page& page = vehicles_.PageOf(head->vehicle);
    MutexLock lock(page.mutex);
    page.vehicles[VehicleTable::IndexOf(head->vehicle)].sealing.reset();
  }
  MutexLock lock(mutex_);
  queue_bytes_ -= bytes;
  progress_.NotifyAll();
}

Status Sealer::Flush() {
  if (!unflushed_.empty()) RETURN_IF_ERROR(database_.Flush());
  MutexLock lock(mutex_);
  durable_.insert(durable_.end(), unflushed_.begin(), unflushed_.end());
  unflushed_.clear();
  unflushed_bytes_ = 0;
  flush_wanted_ = flush_wanted_ && !queue_.empty();
  return OkStatus();
}

}  // namespace telltale::internal
