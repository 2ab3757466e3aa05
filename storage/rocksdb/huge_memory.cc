#include "storage/rocksdb/huge_memory.h"

#include <cstdlib>
#include <map>
#include <new>

#include <sys/mman.h>

#include "base/check.h"
#include "base/mutex.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
constexpr std::size_t kSlabBytes = std::size_t{32} << 20;  // of which only what is used takes memory

struct FreePiece {
  FreePiece* next = nullptr;
};

struct Pieces {
  Mutex mutex;
  std::map<std::size_t, FreePiece*> free ABSL_GUARDED_BY(mutex);  // by size
  char* slab ABSL_GUARDED_BY(mutex) = nullptr;                    // its part that was never taken
  std::size_t slab_bytes ABSL_GUARDED_BY(mutex) = 0;
};

// Never destroyed: what was taken may be given back after it would.
Pieces& AllPieces() {
  static auto* const pieces = new Pieces;
  return *pieces;
}

std::size_t WholeLines(std::size_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

}  // namespace

void* HugeMemory::Take(std::size_t bytes) {
  const std::size_t size = WholeLines(bytes);
  CHECK(size > 0 && size <= kSlabBytes / 2);
  Pieces& pieces = AllPieces();
  MutexLock lock(pieces.mutex);
  if (const auto free = pieces.free.find(size); free != pieces.free.end() && free->second != nullptr) {
    FreePiece* const piece = free->second;
    free->second = piece->next;
    return piece;
  }
  if (pieces.slab_bytes < size) {
    pieces.slab = static_cast<char*>(std::aligned_alloc(kHugePageBytes, kSlabBytes));
    pieces.slab_bytes = 0;
    if (pieces.slab == nullptr) throw std::bad_alloc();
    madvise(pieces.slab, kSlabBytes, MADV_HUGEPAGE);  // fewer misses; not needed
    pieces.slab_bytes = kSlabBytes;
  }
  char* const taken = pieces.slab;
  pieces.slab += size;
  pieces.slab_bytes -= size;
  return taken;
}

void HugeMemory::GiveBack(void* memory, std::size_t bytes) {
  Pieces& pieces = AllPieces();
  MutexLock lock(pieces.mutex);
  FreePiece*& first = pieces.free[WholeLines(bytes)];
  first = new (memory) FreePiece{first};
}

}  // namespace telltale::internal
