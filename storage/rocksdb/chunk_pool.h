#pragma once

#include <array>
#include <cstddef>

namespace telltale::internal {

// A piece of a head. With what points to the next one it is 512 bytes.
struct Chunk {
  Chunk* next = nullptr;
  std::array<char, 504> bytes;  // uninitialised
};

// The memory of all heads. Chunks are taken one by one and come back in chains, from another thread: malloc() spends
// more on that than the frames cost otherwise. What came back is used again, and is never returned to the system;
// heads have a limit. Thread-safe.
class ChunkPool {
 public:
  static Chunk* Take();
  // A chain of chunks from `first` to `last`.
  static void GiveBack(Chunk* first, Chunk* last);
};

}  // namespace telltale::internal
