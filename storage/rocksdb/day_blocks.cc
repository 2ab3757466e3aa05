#include "storage/rocksdb/day_blocks.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr std::size_t kReadAheadBytes = std::size_t{128} << 10;  // some blocks of 128 frames of 420 signals

std::unique_ptr<rocksdb::Iterator> NewIterator(const TelemetryDatabase& database, const std::vector<std::int64_t>& days,
                                               TimeRange range) {
  const auto first = std::ranges::lower_bound(days, DayOf(range.from_ms));
  if (first == days.end() || *first > DayOf(range.to_ms - 1)) return nullptr;
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  // Whoever wants a day wants all its blocks. The archiver, too, and then the neighbours', which lie behind.
  if (range.from_ms <= range.to_ms - kMsPerDay) options.readahead_size = kReadAheadBytes;
  return std::unique_ptr<rocksdb::Iterator>(database.db->NewIterator(options, database.blocks));
}

}  // namespace

DayBlocks::DayBlocks(const TelemetryDatabase& database, std::vector<std::int64_t> days, VehicleId vehicle,
                     TimeRange range)
    : days_(std::move(days)),
      vehicle_(vehicle),
      from_ms_(range.from_ms),
      long_blocks_end_(database.long_blocks_end),
      it_(NewIterator(database, days_, range)) {}

StatusOr<bool> DayBlocks::Seek(std::int64_t day) {
  valid_ = false;
  if (it_ == nullptr || !std::ranges::binary_search(days_, day)) return false;
  prefix_ = BlockPrefix(day, vehicle_);
  const std::int64_t day_ms = day * kMsPerDay;
  if (from_ms_ >= day_ms + kBlockSpanMs && from_ms_ < day_ms + kMsPerDay && day >= long_blocks_end_) {
    it_->Seek(BlockKey(vehicle_, from_ms_ - kBlockSpanMs, 0));
  } else {
    it_->Seek(prefix_);
  }
  RETURN_IF_ERROR(Look());
  return valid_;
}

Status DayBlocks::Next() {
  it_->Next();
  return Look();
}

Status DayBlocks::Look() {
  valid_ = it_->Valid() && it_->key().starts_with(prefix_);
  RETURN_IF_ERROR(ToStatus(it_->status(), fmt::format("read blocks of vehicle {}", vehicle_)));
  if (!valid_) return OkStatus();
  const auto parts = ParseBlockKey(ViewOf(it_->key()));
  if (!parts) return absl::DataLossError(fmt::format("a block of vehicle {} has a malformed key", vehicle_));
  first_time_ms_ = parts->first_time_ms;
  return OkStatus();
}

std::int64_t DayBlocks::NextDay(std::int64_t day) const {
  if (it_ == nullptr) return kDayEnd;
  const auto next = std::ranges::upper_bound(days_, day);
  return next == days_.end() ? kDayEnd : *next;
}

}  // namespace telltale::internal
