#include "base/mutex.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace telltale {
namespace {

using std::chrono::steady_clock;

struct Counter {
  Mutex mutex;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, LetsOneThreadInAtATime) {
  Counter counter;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int j = 0; j < 10'000; ++j) {
        const MutexLock lock(counter.mutex);
        ++counter.value;
      }
    });
  }
  threads.clear();  // joins
  const MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 40'000);
}

struct Pair {
  SharedMutex mutex;
  int first ABSL_GUARDED_BY(mutex) = 0;
  int second ABSL_GUARDED_BY(mutex) = 0;
};

TEST(SharedMutex, ReadersNeverSeeHalfAWrite) {
  Pair pair;
  std::atomic<bool> stop = false;
  std::atomic<int> torn_count = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const ReaderLock lock(pair.mutex);
        if (pair.first != pair.second) ++torn_count;
      }
    });
  }
  for (int i = 1; i <= 2'000; ++i) {
    const WriterLock lock(pair.mutex);
    pair.first = i;
    pair.second = i;
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(torn_count, 0);
}

TEST(SharedMutex, LetsReadersInTogether) {
  SharedMutex mutex;
  const ReaderLock lock(mutex);
  std::jthread([&mutex] { const ReaderLock second(mutex); }).join();  // would hang if readers shut each other out
}

struct Mailbox {
  Mutex mutex;
  CondVar changed;
  int letter_count ABSL_GUARDED_BY(mutex) = 0;
};

TEST(CondVar, WakesAWaitingThreadWithTheMutexHeldAgain) {
  Mailbox mailbox;
  std::jthread sender([&mailbox] {
    const MutexLock lock(mailbox.mutex);
    mailbox.letter_count = 1;
    mailbox.changed.NotifyOne();
  });
  const MutexLock lock(mailbox.mutex);
  while (mailbox.letter_count == 0) mailbox.changed.Wait(mailbox.mutex);
  EXPECT_EQ(mailbox.letter_count, 1);
}

TEST(CondVar, WakesEveryThreadWithNotifyAll) {
  Mailbox mailbox;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&mailbox] {
      const MutexLock lock(mailbox.mutex);
      while (mailbox.letter_count == 0) mailbox.changed.Wait(mailbox.mutex);
    });
  }
  {
    const MutexLock lock(mailbox.mutex);
    mailbox.letter_count = 1;
  }
  mailbox.changed.NotifyAll();
  readers.clear();  // would hang if one slept on
}

TEST(CondVar, GivesUpAtTheDeadlineWithTheMutexHeldAgain) {
  Mailbox mailbox;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds{5};
  {
    const MutexLock lock(mailbox.mutex);
    while (mailbox.changed.WaitUntil(mailbox.mutex, deadline)) {
    }
    EXPECT_GE(steady_clock::now(), deadline);
    mailbox.letter_count = 1;
  }
  const MutexLock lock(mailbox.mutex);  // would hang if the wait had kept it
  EXPECT_EQ(mailbox.letter_count, 1);
}

TEST(CondVar, SaysThatItWasWokenInTime) {
  Mailbox mailbox;
  std::jthread sender([&mailbox] {
    const MutexLock lock(mailbox.mutex);
    mailbox.letter_count = 1;
    mailbox.changed.NotifyAll();
  });
  const auto deadline = steady_clock::now() + std::chrono::minutes{5};
  const MutexLock lock(mailbox.mutex);
  bool in_time = true;
  while (mailbox.letter_count == 0 && in_time) in_time = mailbox.changed.WaitUntil(mailbox.mutex, deadline);
  EXPECT_TRUE(in_time);
}

}  // namespace
}  // namespace telltale
