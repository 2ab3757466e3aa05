#pragma once

// CHECK stops the program when an invariant of ours is broken. It never judges input: that gets a Status.
#define CHECK(condition)                                                 \
  do {                                                                   \
    if (!(condition)) [[unlikely]] {                                     \
      ::telltale::internal::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                                    \
  } while (false)

namespace telltale::internal {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace telltale::internal
