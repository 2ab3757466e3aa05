#include "storage/rocksdb/block_list.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/varint.h"
#include "storage/codec/column_codec.h"
#include "storage/record_coding.h"

namespace telltale::internal {
namespace {

constexpr std::uint64_t kFormCount = 5;

Status Damaged(const char* what) { return absl::DataLossError(fmt::format("damaged list of blocks: {}", what)); }

std::uint32_t ChecksumOf(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

// Takes a pace that begins at or behind `last_ms`, which becomes its last time.
bool TakePace(std::string_view& from, std::int64_t& last_ms, Pace& pace) {
  std::uint64_t gap = 0;
  std::uint64_t step = 0;
  std::uint64_t more = 0;
  constexpr std::uint64_t kDay = kMsPerDay;
  if (!TakeVarint(from, gap) || !TakeVarint(from, step) || !TakeVarint(from, more) || gap >= kDay || step >= kDay ||
      more >= ColumnCodec::kMaxCount || (more > 0 && step == 0)) {
    return false;
  }
  pace = {.first_ms = last_ms + static_cast<std::int64_t>(gap),
          .step_ms = static_cast<std::int64_t>(step),
          .count = more + 1};
  last_ms = pace.first_ms + static_cast<std::int64_t>(more * step);
  return last_ms < kMsPerDay;
}

bool TakePaces(std::string_view& from, BlockList::Entry& entry) {
  std::uint64_t count = 0;
  if (!TakeVarint(from, count) || count == 0 || count > kPacesMax) return false;
  const std::string_view begin = from;
  std::int64_t last_ms = 0;
  entry.frame_count = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t before_ms = last_ms;
    Pace pace;
    if (!TakePace(from, last_ms, pace) || (i > 0 && pace.first_ms == before_ms)) return false;
    if (i == 0) entry.first_time_ms = pace.first_ms;
    entry.frame_count += pace.count;
  }
  entry.paces = begin.substr(0, begin.size() - from.size());
  return entry.frame_count <= ColumnCodec::kMaxCount;
}

}  // namespace

std::vector<Pace> PacesOf(std::span<const std::int64_t> times_ms, std::int64_t day_ms) {
  std::vector<Pace> paces;
  for (const std::int64_t time_ms : times_ms) {
    const std::int64_t within_ms = time_ms - day_ms;
    if (!paces.empty()) {
      Pace& pace = paces.back();
      const std::int64_t step_ms =
          within_ms - (pace.first_ms + pace.step_ms * static_cast<std::int64_t>(pace.count - 1));
      if (pace.count == 1 || step_ms == pace.step_ms) {
        pace.step_ms = step_ms;
        ++pace.count;
        continue;
      }
      if (paces.size() == kPacesMax) return {};
    }
    paces.push_back({.first_ms = within_ms, .count = 1});
  }
  return paces;
}

void BlockListWriter::Add(BlockForm form, std::string_view block) {
  CHECK(count_ < kMaxBlocks);
  ++count_;
  PutVarint(directory_, block.size() * kFormCount + static_cast<std::uint64_t>(form));
  blocks_ += block;
}

void BlockListWriter::AddSteady(std::span<const Pace> paces, std::string_view block) {
  Add(BlockForm::kSteady, block);
  PutVarint(directory_, paces.size());
  std::int64_t last_ms = 0;
  for (const Pace& pace : paces) {
    PutVarint(directory_, static_cast<std::uint64_t>(pace.first_ms - last_ms));
    PutVarint(directory_, static_cast<std::uint64_t>(pace.step_ms));
    PutVarint(directory_, pace.count - 1);
    last_ms = pace.first_ms + pace.step_ms * static_cast<std::int64_t>(pace.count - 1);
  }
}

void BlockListWriter::Add(BlockForm form, std::size_t frame_count, std::int64_t first_time_ms, std::string_view block) {
  Add(form, block);
  PutVarint(directory_, frame_count);
  PutVarint(directory_, static_cast<std::uint64_t>(first_time_ms));
}

void BlockListWriter::AddTimed(std::size_t frame_count, std::int64_t first_time_ms, std::string_view block) {
  Add(BlockForm::kTimed, frame_count, first_time_ms, block);
}

void BlockListWriter::AddNumbered(std::string_view block) { Add(BlockForm::kNumbered, block); }

void BlockListWriter::AddWhole(std::size_t frame_count, std::int64_t first_time_ms, std::string_view block) {
  Add(BlockForm::kWhole, frame_count, first_time_ms, block);
}

void BlockListWriter::FillUp(std::size_t count) {
  while (count_ < count) Add(BlockForm::kAbsent, {});
}

std::string BlockListWriter::Take(VehicleId vehicle, std::uint64_t sequence) {
  CHECK(count_ > 0);
  std::string list;
  list.reserve(directory_.size() + blocks_.size() + 24);
  PutLittleEndian(list, vehicle);
  PutVarint(list, sequence);
  PutVarint(list, count_);
  list += directory_;
  PutLittleEndian(list, ChecksumOf(list));
  list += blocks_;
  count_ = 0;
  directory_.clear();
  blocks_.clear();
  return list;
}

void BlockList::Entry::GetTimes(std::int64_t day_ms, std::vector<std::int64_t>& times_ms) const {
  times_ms.resize(frame_count);
  std::int64_t* to = times_ms.data();
  std::int64_t last_ms = 0;
  Pace pace;
  for (std::string_view rest = paces; !rest.empty();) {
    CHECK(TakePace(rest, last_ms, pace));
    std::int64_t time_ms = day_ms + pace.first_ms;
    for (std::size_t i = 0; i < pace.count; ++i, time_ms += pace.step_ms) *to++ = time_ms;
  }
}

Status BlockList::Read(std::string_view list) {
  entries.clear();
  std::string_view rest = list;
  std::uint64_t count = 0;
  if (rest.size() < 4) return Damaged("it is cut short");
  RecordReader fixed(rest.substr(0, 4));
  vehicle = fixed.Read<VehicleId>();
  rest.remove_prefix(4);
  if (!TakeVarint(rest, sequence) || !TakeVarint(rest, count) || count == 0 || count > BlockListWriter::kMaxBlocks) {
    return Damaged("the count");
  }
  entries.resize(count);
  for (Entry& entry : entries) {
    std::uint64_t code = 0;
    if (!TakeVarint(rest, code) || code / kFormCount > list.size()) return Damaged("a size");
    entry.form = static_cast<BlockForm>(code % kFormCount);
    entry.block = list.substr(0, code / kFormCount);  // its size for now
    if (entry.form == BlockForm::kSteady && !TakePaces(rest, entry)) return Damaged("a pace");
    if (entry.form == BlockForm::kTimed || entry.form == BlockForm::kWhole) {
      std::uint64_t frame_count = 0;
      std::uint64_t first_time_ms = 0;
      if (!TakeVarint(rest, frame_count) || frame_count == 0 || frame_count > ColumnCodec::kMaxCount ||
          !TakeVarint(rest, first_time_ms) || first_time_ms >= std::uint64_t{kMsPerDay}) {
        return Damaged("a time");
      }
      entry.frame_count = frame_count;
      entry.first_time_ms = static_cast<std::int64_t>(first_time_ms);
    }
  }
  const std::string_view directory = list.substr(0, list.size() - rest.size());
  RecordReader checksum(rest.substr(0, std::min<std::size_t>(rest.size(), 4)));
  if (checksum.Read<std::uint32_t>() != ChecksumOf(directory) || !checksum.ok()) return Damaged("wrong checksum");
  rest.remove_prefix(4);
  for (Entry& entry : entries) {
    const std::size_t size = entry.block.size();
    if (size > rest.size()) return Damaged("a block is cut short");
    entry.block = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  return rest.empty() ? OkStatus() : Damaged("bytes are left over");
}

}  // namespace telltale::internal
