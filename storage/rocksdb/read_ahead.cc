#include "storage/rocksdb/read_ahead.h"

#include <pthread.h>

namespace telltale::internal {

ReadAhead::~ReadAhead() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    begun_.NotifyAll();
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void ReadAhead::Read(rocksdb::DB& db, const std::vector<Place>& places) {
  std::size_t left = places.size();
  MutexLock lock(mutex_);
  while (threads_.size() < kThreads) threads_.emplace_back([this] { Run(); });
  for (const Place& place : places) tasks_.push_back({&db, &place, &left});
  begun_.NotifyAll();
  while (left > 0) done_.Wait(mutex_);
}

void ReadAhead::Run() {
  pthread_setname_np(pthread_self(), "read_ahead");
  rocksdb::PinnableSlice value;
  while (true) {
    Task task{};
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) begun_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = tasks_.front();
      tasks_.pop_front();
    }
    task.db->Get({}, task.place->family, task.place->key, &value).PermitUncheckedError();
    value.Reset();
    MutexLock lock(mutex_);
    if (--*task.left == 0) done_.NotifyAll();
  }
}

}  // namespace telltale::internal
