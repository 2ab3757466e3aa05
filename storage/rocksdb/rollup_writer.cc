#include "storage/rocksdb/rollup_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/codec/block_codec.h"
#include "storage/rocksdb/rocksdb_status.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {
namespace {

constexpr RollupPart kParts[] = {RollupPart::kCount, RollupPart::kFirst, RollupPart::kLast,
                                 RollupPart::kMin,   RollupPart::kMax,   RollupPart::kSum};

std::int64_t ValueOf(const SignalSums::Sums& sums, RollupPart part) {
  switch (part) {
    case RollupPart::kCount:
      return sums.count;
    case RollupPart::kFirst:
      return sums.first;
    case RollupPart::kLast:
      return sums.last;
    case RollupPart::kMin:
      return sums.min;
    case RollupPart::kMax:
      return sums.max;
    case RollupPart::kSum:
      return sums.sum;
  }
  return 0;
}

}  // namespace

RollupWriter::RollupWriter(TelemetryDatabase& database)
    : database_(database), low_(*Layout::Create({kLow})), both_(*Layout::Create({kLow, kHigh})) {}

void RollupWriter::Begin(std::int64_t day) {
  day_ = day;
  added_.clear();
  const std::string prefix = RollupPrefix(day);
  const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator({}, database_.rollups));
  it->Seek(prefix);
  day_is_written_ = !it->status().ok() || (it->Valid() && it->key().starts_with(prefix));
  written_pages_.clear();
}

Status RollupWriter::Add(VehicleId vehicle, const std::vector<SignalSums::Sums>& sums) {
  const std::uint32_t page = vehicle / kVehiclesPerPage;
  if (page != page_) RETURN_IF_ERROR(Flush());
  page_ = page;
  for (const SignalSums::Sums& sum : sums) added_[sum.signal].emplace_back(vehicle % kVehiclesPerPage, sum);
  return OkStatus();
}

Status RollupWriter::AddWritten(const std::string& key, RollupPart part, Values& values) const {
  rocksdb::PinnableSlice block;
  const rocksdb::Status read = database_.db->Get({}, database_.rollups, key, &block);
  if (read.IsNotFound()) return OkStatus();
  RETURN_IF_ERROR(ToStatus(read, "read a rollup"));
  BlockColumns columns;
  RETURN_IF_ERROR(BlockCodec::DecodeColumns(ViewOf(block), {}, columns).status());
  if (columns.signals().size() != (part == RollupPart::kSum ? 2U : 1U)) return absl::DataLossError("other columns");
  for (std::size_t i = 0; i < columns.times_ms().size(); ++i) {
    std::int64_t value = columns.column(0)[i];
    if (part == RollupPart::kSum) value = JoinSum(columns.column(0)[i], columns.column(1)[i]);
    values[static_cast<std::uint32_t>(columns.times_ms()[i])] = value;
  }
  return OkStatus();
}

Status RollupWriter::PutPart(SignalId signal, RollupPart part,
                             const std::vector<std::pair<std::uint32_t, SignalSums::Sums>>& added,
                             rocksdb::WriteBatch& batch) {
  const std::string key = RollupKey(day_, signal, part, page_);
  run_.Clear();
  const auto put = [&](std::uint32_t index, std::int64_t value) {
    const RawValue row[] = {static_cast<RawValue>(value), static_cast<RawValue>(value >> 32)};
    const bool is_sum = part == RollupPart::kSum;
    run_.Add(index, is_sum ? both_ : low_, std::span<const RawValue>(row, is_sum ? 2 : 1));
  };
  // Vehicles are added in order, but for those that come a second time, perhaps right behind the first.
  const auto not_after = [](const auto& one, const auto& next) { return one.first >= next.first; };
  const bool is_in_order = std::ranges::adjacent_find(added, not_after) == added.end();
  const bool is_written = day_is_written_ || written_pages_.contains(page_);
  if (is_written || !is_in_order) {
    Values values;
    if (is_written) RETURN_IF_ERROR(AddWritten(key, part, values));
    for (const auto& [index, sums] : added) {
      if (sums.count == 0) values.erase(index);
      if (sums.count > 0) values[index] = ValueOf(sums, part);
    }
    for (const auto& [index, value] : values) put(index, value);
  } else {
    for (const auto& [index, sums] : added) {
      if (sums.count > 0) put(index, ValueOf(sums, part));
    }
  }
  if (run_.empty()) {
    if (is_written) batch.Delete(database_.rollups, key);
    return OkStatus();
  }
  block_.clear();
  BlockCodec::Append(page_, 0, run_, 0, run_.size(), block_);
  batch.Put(database_.rollups, key, block_);
  return OkStatus();
}

Status RollupWriter::Flush() {
  if (added_.empty()) return OkStatus();
  rocksdb::WriteBatch batch;
  for (const auto& [signal, added] : added_) {
    for (const RollupPart part : kParts) {
      if (const Status status = PutPart(signal, part, added, batch); !status.ok()) {
        return Status(status.code(), fmt::format("rollups of signal {}, vehicles from {}: {}", signal,
                                                 page_ * kVehiclesPerPage, MessageOf(status)));
      }
    }
  }
  added_.clear();
  written_pages_.insert(page_);
  rocksdb::WriteOptions options;
  options.disableWAL = true;  // what it comes from is there until this is durable
  return ToStatus(database_.db->Write(options, &batch), "write rollups");
}

}  // namespace telltale::internal
