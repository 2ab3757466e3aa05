#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/frame.h"
#include "storage/codec/frame_run.h"
#include "storage/rocksdb/chunk_pool.h"

namespace telltale::internal {

// Frames of one vehicle in the order they came, in memory: each as RowCodec packed it against the newest frame before
// it, so that the head of a truck that drives takes some 0.5 bytes a sample and that of a parked one next to nothing.
// Added one by one, read all at once. Not thread-safe; movable.
class PackedFrames {
 public:
  PackedFrames() = default;
  PackedFrames(PackedFrames&& other) noexcept { *this = std::move(other); }
  PackedFrames& operator=(PackedFrames&& other) noexcept;
  PackedFrames(const PackedFrames&) = delete;
  PackedFrames& operator=(const PackedFrames&) = delete;
  ~PackedFrames();

  // `row` is packed against the newest frame of the run, which is of the same layout, or against zeros.
  enum class Base : std::uint8_t { kZeros, kNewest };
  void Add(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout, Base base, std::string_view row);

  // Asks the memory for where the next frame goes.
  void PrefetchEnd() const {
    if (last_ == nullptr) return;
    for (std::size_t i = 0; i < 4; ++i) __builtin_prefetch(last_->bytes.data() + last_used_ + 64 * i, 1);
  }

  std::size_t size() const { return frame_count_; }
  bool empty() const { return frame_count_ == 0; }
  std::size_t value_count() const { return value_count_; }
  std::size_t size_bytes() const { return chunk_count_ * sizeof(Chunk); }
  std::int64_t first_time_ms() const { return first_time_ms_; }    // the least; of a non-empty run
  std::int64_t newest_time_ms() const { return newest_time_ms_; }  // the greatest

  // The frames' times, in the order they came.
  void AppendTimes(std::vector<std::int64_t>& times_ms) const;

  // In order of time, each time once.
  FrameRun Unpack() const;
  // The same into `run`, in place of what was there: keeps its memory.
  void Unpack(FrameRun& run) const;

 private:
  std::uint64_t IndexOf(const std::shared_ptr<const Layout>& layout);
  void Append(std::string_view bytes);
  void Copy(std::string& bytes) const;

  // For each frame: zigzag varint of its time less the newest before it, varint 2 * layout + base, RowCodec.
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  std::uint32_t last_used_ = 0;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t frame_count_ = 0;
  std::uint32_t value_count_ = 0;
  std::int64_t first_time_ms_ = 0;
  std::int64_t newest_time_ms_ = 0;
  std::uint32_t last_layout_ = 0;
  const Layout* last_layout_seen_ = nullptr;  // as it came with the last frame; is kept by layouts_, or equal to that
  std::vector<std::shared_ptr<const Layout>> layouts_;
};

}  // namespace telltale::internal
