#pragma once

#include <cstddef>

namespace telltale::internal {

// Memory for what stays, is small beside a page of the machine, and is touched in random order: it comes from huge
// pages, where the system has them, so that the processor finds it without walking its page tables. What is given back
// serves requests of the same size; the system gets nothing back. Thread-safe.
class HugeMemory {
 public:
  // Uninitialised, at a cache line. As operator new, throws std::bad_alloc. `bytes` is at most 16 MiB.
  static void* Take(std::size_t bytes);
  // `bytes` as it was taken with.
  static void GiveBack(void* memory, std::size_t bytes);
};

}  // namespace telltale::internal
