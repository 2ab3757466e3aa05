#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/frame.h"
#include "storage/codec/frame_run.h"

namespace telltale {

// What each signal of a vehicle did over frames that are added in order of time. What is not available or an error does
// not count. Reuse it: it keeps its memory. Not thread-safe.
class SignalSums {
 public:
  struct Sums {
    SignalId signal = 0;
    std::uint32_t count = 0;  // 0: the frames had the signal, but never a value; the rest then means nothing
    RawValue first = 0;
    RawValue last = 0;
    RawValue min = 0;
    RawValue max = 0;
    std::int64_t sum = 0;
  };

  void Add(const FrameRun& run);
  // Of the signals that the frames had, in the order of ids; then begins anew.
  const std::vector<Sums>& Take();

 private:
  void Merge(const Sums& later);

  std::vector<Sums> by_signal_;    // by id; signal 0: nothing yet
  std::vector<SignalId> signals_;  // of which there is something
  std::vector<Sums> taken_;
  std::vector<std::int64_t> sums_;  // column by column, of one run
  std::vector<RawValue> columns_;
};

namespace internal {

// What rows of one width add up to, column by column. To begin with `first`, `last` and `max` are kAbsent.
struct RowSums {
  std::uint32_t* count;
  RawValue* first;
  RawValue* last;
  RawValue* min;
  RawValue* max;
  std::int64_t* sum;
};
void AddRows(const RawValue* rows, std::size_t row_count, std::size_t width, const RowSums& sums);
void AddRowsPortably(const RawValue* rows, std::size_t row_count, std::size_t width, const RowSums& sums);

}  // namespace internal
}  // namespace telltale
