#pragma once

namespace telltale {

// Whether a sanitizer watches: everything takes several times as long, opening a store thirty times.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// Threads do not meet more often for other random numbers.
#if defined(__SANITIZE_THREAD__)
inline constexpr int kRoundsDivisor = 10;
#else
inline constexpr int kRoundsDivisor = kSanitized ? 5 : 1;
#endif

// How often a test repeats itself with other random numbers: under a sanitizer a part is enough, as the build without
// one runs them all.
template <typename Integer>
constexpr Integer Rounds(Integer all) {
  return (all + static_cast<Integer>(kRoundsDivisor - 1)) / static_cast<Integer>(kRoundsDivisor);
}

}  // namespace telltale
