#include "storage/rocksdb/packed_frames.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/varint.h"
#include "storage/codec/row_codec.h"
#include "storage/rocksdb/frame_merge.h"

namespace telltale::internal {

PackedFrames& PackedFrames::operator=(PackedFrames&& other) noexcept {
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(last_used_, other.last_used_);
  std::swap(chunk_count_, other.chunk_count_);
  std::swap(frame_count_, other.frame_count_);
  std::swap(value_count_, other.value_count_);
  std::swap(first_time_ms_, other.first_time_ms_);
  std::swap(newest_time_ms_, other.newest_time_ms_);
  std::swap(last_layout_, other.last_layout_);
  std::swap(last_layout_seen_, other.last_layout_seen_);
  std::swap(layouts_, other.layouts_);
  return *this;
}

PackedFrames::~PackedFrames() {
  if (first_ != nullptr) ChunkPool::GiveBack(first_, last_);
}

std::uint64_t PackedFrames::IndexOf(const std::shared_ptr<const Layout>& layout) {
  const auto is_layout = [&layout](const std::shared_ptr<const Layout>& known) {
    return known == layout || *known == *layout;
  };
  // That of the last frame first: streams rarely change their layout.
  if (layout.get() == last_layout_seen_) [[likely]]
    return last_layout_;
  const auto found = std::ranges::find_if(layouts_, is_layout);
  last_layout_ = static_cast<std::uint32_t>(found - layouts_.begin());
  if (found == layouts_.end()) layouts_.push_back(layout);
  last_layout_seen_ = layouts_[last_layout_].get();
  return last_layout_;
}

void PackedFrames::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (last_ == nullptr || last_used_ == last_->bytes.size()) {
      Chunk*& next = last_ == nullptr ? first_ : last_->next;
      next = ChunkPool::Take();
      last_ = next;
      last_used_ = 0;
      ++chunk_count_;
    }
    const std::size_t size = std::min<std::size_t>(bytes.size(), last_->bytes.size() - last_used_);
    std::memcpy(last_->bytes.data() + last_used_, bytes.data(), size);
    last_used_ += static_cast<std::uint32_t>(size);
    bytes.remove_prefix(size);
  }
}

void PackedFrames::Add(std::int64_t measure_time_ms, const std::shared_ptr<const Layout>& layout, Base base,
                       std::string_view row) {
  if (empty()) {
    CHECK(base == Base::kZeros);
    newest_time_ms_ = 0;
    first_time_ms_ = measure_time_ms;
  }
  std::array<char, 20> head;
  char* end = PutVarint(head.data(), ZigZag(measure_time_ms - newest_time_ms_));
  end = PutVarint(end, 2 * IndexOf(layout) + (base == Base::kNewest ? 1 : 0));
  Append({head.data(), static_cast<std::size_t>(end - head.data())});
  Append(row);
  ++frame_count_;
  value_count_ += static_cast<std::uint32_t>(layout->size());
  first_time_ms_ = std::min(first_time_ms_, measure_time_ms);
  newest_time_ms_ = std::max(newest_time_ms_, measure_time_ms);
}

void PackedFrames::Copy(std::string& bytes) const {
  bytes.clear();
  bytes.reserve(chunk_count_ * sizeof(Chunk::bytes));
  for (const Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
    bytes.append(chunk->bytes.data(), chunk == last_ ? last_used_ : chunk->bytes.size());
  }
}

void PackedFrames::AppendTimes(std::vector<std::int64_t>& times_ms) const {
  thread_local std::string packed;  // keeps its memory
  Copy(packed);
  std::string_view bytes = packed;
  std::int64_t newest_time_ms = 0;
  for (std::uint32_t i = 0; i < frame_count_; ++i) {
    std::uint64_t step = 0;
    std::uint64_t layout_and_base = 0;
    CHECK(TakeVarint(bytes, step) && TakeVarint(bytes, layout_and_base));
    const std::int64_t time_ms = newest_time_ms + UnZigZag(step);
    const auto size = RowCodec::PackedSize(bytes, layouts_[layout_and_base / 2]->size());
    CHECK(size.has_value());
    bytes.remove_prefix(*size);
    times_ms.push_back(time_ms);
    if (i == 0 || time_ms > newest_time_ms) newest_time_ms = time_ms;
  }
}

FrameRun PackedFrames::Unpack() const {
  FrameRun run;
  Unpack(run);
  return run;
}

// Budget: 0.25 us a frame of 420 values.
void PackedFrames::Unpack(FrameRun& run) const {
  thread_local std::string packed;  // keeps its memory
  Copy(packed);
  std::string_view bytes = packed;
  run.Clear();
  run.Reserve(frame_count_, value_count_);
  std::vector<RawValue> late;
  std::int64_t newest_time_ms = 0;  // the first frame's difference is to 1970
  std::size_t newest = 0;           // its place in the run
  for (std::uint32_t i = 0; i < frame_count_; ++i) {
    std::uint64_t step = 0;
    std::uint64_t layout_and_base = 0;
    CHECK(TakeVarint(bytes, step) && TakeVarint(bytes, layout_and_base));
    const auto& layout = layouts_[layout_and_base / 2];
    const std::int64_t time_ms = newest_time_ms + UnZigZag(step);
    if (i > 0 && time_ms <= newest_time_ms) {
      late.assign(layout->size(), 0);
      CHECK(RowCodec::Decode(bytes, late));
      PutFrame(time_ms, layout, late, run);
      newest = run.size() - 1;
      continue;
    }
    newest_time_ms = time_ms;
    const std::span<RawValue> values = run.AddUninitialized(time_ms, layout);
    if (layout_and_base % 2 == 0) {
      std::ranges::fill(values, 0);
    } else {
      std::ranges::copy(run.values(newest), values.begin());
    }
    CHECK(RowCodec::Decode(bytes, values));
    newest = run.size() - 1;
  }
}

}  // namespace telltale::internal
