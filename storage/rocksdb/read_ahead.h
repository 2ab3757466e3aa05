#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <rocksdb/db.h>

#include "base/mutex.h"

namespace telltale::internal {

// Reads what a scan will want of a disk that it finds slow, several places at a time, so that the scan then finds it
// in the cache. Its threads begin with the first read, and serve all scans. Thread-safe.
class ReadAhead {
 public:
  static constexpr std::size_t kThreads = 8;
  static constexpr std::size_t kPlacesMax = 32;  // that a scan should ask for at a time

  struct Place {
    rocksdb::ColumnFamilyHandle* family = nullptr;
    std::string key;
  };

  ReadAhead() = default;
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Reads the values of the keys, as far as there are some, and returns. What is wrong with one is for the scan to
  // find. `db` is the same in all calls and outlives this.
  void Read(rocksdb::DB& db, const std::vector<Place>& places);

 private:
  struct Task {
    rocksdb::DB* db;
    const Place* place;
    std::size_t* left;  // of a call's places
  };

  void Run();

  Mutex mutex_;
  CondVar begun_;
  CondVar done_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace telltale::internal
