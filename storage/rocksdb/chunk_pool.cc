#include "storage/rocksdb/chunk_pool.h"

#include <new>

#include "base/mutex.h"
#include "storage/rocksdb/huge_memory.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kChunksAtOnce = 128;

struct FreeChunks {
  Mutex mutex;
  Chunk* first ABSL_GUARDED_BY(mutex) = nullptr;
};

// Never destroyed: heads may end after it would.
FreeChunks& Free() {
  static auto* const free = new FreeChunks;
  return *free;
}

}  // namespace

Chunk* ChunkPool::Take() {
  FreeChunks& free = Free();
  MutexLock lock(free.mutex);
  if (free.first == nullptr) {
    auto* const memory = static_cast<char*>(HugeMemory::Take(kChunksAtOnce * sizeof(Chunk)));
    for (std::size_t i = kChunksAtOnce; i-- > 0;) {
      auto* const chunk = new (memory + i * sizeof(Chunk)) Chunk;
      chunk->next = free.first;
      free.first = chunk;
    }
  }
  Chunk* const chunk = free.first;
  free.first = chunk->next;
  // Who takes the next one will look where the one behind it is.
  if (free.first != nullptr) __builtin_prefetch(&free.first->next, 1);
  chunk->next = nullptr;
  return chunk;
}

void ChunkPool::GiveBack(Chunk* first, Chunk* last) {
  FreeChunks& free = Free();
  MutexLock lock(free.mutex);
  last->next = free.first;
  free.first = first;
}

}  // namespace telltale::internal
