#include "storage/rocksdb/chunk_pool.h"

#include <cstdlib>
#include <new>

#include <sys/mman.h>

#include "base/mutex.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kSlabBytes = std::size_t{2} << 20;  // a huge page

struct FreeChunks {
  Mutex mutex;
  Chunk* first ABSL_GUARDED_BY(mutex) = nullptr;
  char* slab ABSL_GUARDED_BY(mutex) = nullptr;  // never used before
  std::size_t slab_bytes ABSL_GUARDED_BY(mutex) = 0;
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
  Chunk* chunk = free.first;
  if (chunk != nullptr) {
    free.first = chunk->next;
    chunk->next = nullptr;
    return chunk;
  }
  if (free.slab_bytes < sizeof(Chunk)) {
    free.slab = static_cast<char*>(std::aligned_alloc(kSlabBytes, kSlabBytes));
    if (free.slab == nullptr) throw std::bad_alloc();
    madvise(free.slab, kSlabBytes, MADV_HUGEPAGE);  // fewer misses; not needed
    free.slab_bytes = kSlabBytes;
  }
  chunk = new (free.slab) Chunk;
  free.slab += sizeof(Chunk);
  free.slab_bytes -= sizeof(Chunk);
  return chunk;
}

void ChunkPool::GiveBack(Chunk* first, Chunk* last) {
  FreeChunks& free = Free();
  MutexLock lock(free.mutex);
  last->next = free.first;
  free.first = first;
}

}  // namespace telltale::internal
