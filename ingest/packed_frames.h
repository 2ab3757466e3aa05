#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/signal.h"

namespace telltale {

// Frames of one vehicle in few bytes, for the way over the air: what v1.PackedFrames carries. Each row is a difference
// to the one before. docs/formats/packed_frames.md draws the bytes.
class PackedFramesWriter {
 public:
  // Begins anew. `base` is the row that the receiver has of the vehicle; empty: none, and the first row is packed
  // against zeros.
  void Begin(std::span<const RawValue> base);
  // A row as long as those before it.
  void Add(std::int64_t measure_time_ms, std::span<const RawValue> row);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::vector<RawValue> last_row_;
  std::int64_t last_time_ms_ = 0;
};

// Not thread-safe, as the writer.
class PackedFramesReader {
 public:
  // Errors: INVALID_ARGUMENT the bytes are no packed frames.
  static StatusOr<PackedFramesReader> Open(std::string_view bytes);

  // The first row is a difference to the last row that the receiver has of the vehicle, else to zeros.
  bool on_last_row() const { return on_last_row_; }
  bool at_end() const { return rest_.empty(); }

  // The next frame: `row` holds the one before it, and becomes it. Errors: INVALID_ARGUMENT the bytes are no frame of
  // rows as long as `row`, which then is anything.
  Status Take(std::int64_t& measure_time_ms, std::span<RawValue> row);

 private:
  std::string_view rest_;
  bool on_last_row_ = false;
  std::int64_t time_ms_ = 0;
};

}  // namespace telltale
